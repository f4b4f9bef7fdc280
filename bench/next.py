#!/usr/bin/python3
"""How long does one next fire time take, and one parse, in APScheduler, croner, cron-parser and Quartz, beside belfry?

usage: next.py build/release/belfry [FOLDER]

Each peer gets those schedules of the trigger vectors that it can read (APScheduler: fields, and crontab text of five
fields with plain items; croner and cron-parser: crontab text; Quartz: its own language), and belfry the very same ones
in the same run. A figure is a mean over schedules and three starts each. Peers: Debian's python3-apscheduler and
libquartz2-java, npm's croner and cron-parser at the versions in package-lock.json.
"""
import glob, json, os, re, shutil, subprocess, sys, tempfile, time
from datetime import datetime

from apscheduler.triggers.cron import CronTrigger

PLAIN = re.compile(r'[-0-9*/, ]+$')
HERE = os.path.dirname(os.path.abspath(__file__))
JARS = ['/usr/share/java/quartz2.jar', '/usr/share/java/slf4j-api.jar']
ROUNDS, STARTS = 10, 3


def compiled(v):
    """APScheduler's trigger of a vector, None when it has none."""
    try:
        if v['dialect'] == 'fields':
            return CronTrigger(timezone=v['tz'], **v['fields'])
        if v['dialect'] == 'cron' and PLAIN.match(v['expr']) and len(v['expr'].split()) == 5:
            return CronTrigger.from_crontab(v['expr'], timezone=v['tz'])
    except ValueError:
        pass
    return None


def timed(work):
    start = time.perf_counter()
    for _ in range(ROUNDS):
        work()
    return (time.perf_counter() - start) / ROUNDS * 1e6


def apscheduler(vectors):
    parse = took = asked = 0
    for v in vectors:
        parse += timed(lambda: compiled(v))
        trigger, at = compiled(v), datetime.fromisoformat(v['after'])
        for _ in range(STARTS):
            if at is None:
                break
            took += timed(lambda: trigger.get_next_fire_time(at, at))
            asked += 1
            at = trigger.get_next_fire_time(at, at)
    return {'name': 'APScheduler', 'parse_us': parse / len(vectors), 'next_us': took / asked, 'asked': asked, 'refused': 0}


def by_node(name, vectors):
    lines = ''.join(json.dumps({k: v[k] for k in ('expr', 'tz', 'after')}) + '\n' for v in vectors)
    return json.loads(subprocess.run(['node', os.path.join(HERE, 'peer_next.mjs'), name], input=lines, check=True,
                                     capture_output=True, text=True).stdout)


def quartz(vectors):
    lines = ''.join('%s\t%s\t%d\n' % (v['expr'], v['tz'], datetime.fromisoformat(v['after']).timestamp() * 1000) for v in vectors)
    return json.loads(subprocess.run(['java', '-cp', ':'.join(JARS), os.path.join(HERE, 'peer_next.java')], input=lines,
                                     check=True, stdout=subprocess.PIPE, text=True).stdout)


def belfry(program, vectors):
    """Mean microseconds of parse and next of the same schedules, from bench/next.c."""
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, 'shared.jsonl'), 'w', encoding='utf-8') as f:
            f.writelines(json.dumps(v) + '\n' for v in vectors)
        out = subprocess.run([program, tmp], check=True, capture_output=True, text=True).stdout
    mean = {line[:22].strip(): float(line[22:].split()[0]) / 1000 for line in out.splitlines()}
    return mean['parse'], mean['next, with zones']


def main(binary, folder='test/data/vectors'):
    program = os.path.join(os.path.dirname(binary), 'programs', 'next')
    vectors = []
    for path in sorted(glob.glob(os.path.join(folder, '*.jsonl'))):
        with open(path, encoding='utf-8') as f:
            vectors += [v for v in map(json.loads, f) if v.get('expect')]
    crontab = [v for v in vectors if v['dialect'] == 'cron']
    groups = [(apscheduler, [v for v in vectors if compiled(v)])]
    for name in ('croner', 'cron-parser'):
        groups.append((lambda some, name=name: by_node(name, some), crontab))
    if all(map(os.path.exists, JARS)) and shutil.which('java'):
        groups.append((quartz, [v for v in vectors if v['dialect'] == 'quartz']))
    print('%-12s %9s %9s   %9s %9s   %6s %6s   %s' % ('peer', 'next us', 'belfry', 'parse us', 'belfry', 'next', 'parse', 'schedules'))
    for peer, some in groups:
        theirs, (parse, following) = peer(some), belfry(program, some)
        print('%-12s %9.2f %9.3f   %9.2f %9.3f   %5.0fx %5.0fx   %d, of which it refused %d' % (
            theirs['name'], theirs['next_us'], following, theirs['parse_us'], parse,
            theirs['next_us'] / following, theirs['parse_us'] / parse, len(some), theirs['refused']))


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
