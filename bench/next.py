#!/usr/bin/python3
"""How long does one next fire time take in APScheduler (Debian's 3.9.1), beside belfry's?

usage: next.py build/release/programs/next [FOLDER]

Takes the schedules of the trigger vectors that APScheduler reads as well (fields, and crontab text of five fields with
plain items), gives the very same ones to both, and prints both figures and their ratio.
"""
import json, os, re, subprocess, sys, tempfile, time
from datetime import datetime

from apscheduler.triggers.cron import CronTrigger

PLAIN = re.compile(r'[-0-9*/, ]+$')


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


def main(bench, folder='test/data/vectors'):
    shared = []
    for name in sorted(os.listdir(folder)):
        if name.endswith('.jsonl'):
            with open(os.path.join(folder, name), encoding='utf-8') as f:
                vectors = [json.loads(line) for line in f]
            shared += [v for v in vectors if v.get('expect') and compiled(v)]
    parse, took, asked = 0.0, 0.0, 0
    for v in shared:
        start = time.perf_counter()
        trigger = compiled(v)
        parse += time.perf_counter() - start
        at = datetime.fromisoformat(v['after'])
        for _ in range(3):
            if at is None:
                break
            start = time.perf_counter()
            following = trigger.get_next_fire_time(at, at)
            took += time.perf_counter() - start
            asked += 1
            at = following
    print('APScheduler  next %.1f us   parse %.1f us   (%d schedules)' % (took / asked * 1e6, parse / len(shared) * 1e6, len(shared)))
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, 'shared.jsonl'), 'w', encoding='utf-8') as f:
            f.writelines(json.dumps(v) + '\n' for v in shared)
        out = subprocess.run([bench, tmp], check=True, capture_output=True, text=True).stdout
    print(out, end='')
    mean = {line[:22].strip(): float(line[22:].split()[0]) for line in out.splitlines()}
    print('belfry is %.0f times as fast at next, %.0f times at parse' %
          (took / asked * 1e9 / mean['next, with zones'], parse / len(shared) * 1e9 / mean['parse']))


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
