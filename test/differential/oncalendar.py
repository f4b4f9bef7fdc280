#!/usr/bin/python3
"""oncalendar.py BELFRY [SEED [COUNT]] - random calendar events, asked of belfry and of systemd 252.

The texts follow the grammar of systemd.time(7); in one of four something is then broken. `belfry next --batch` and
`systemd-analyze calendar` must accept and refuse the same ones and give the same five next times. The zones have no change of
clocks in the years asked for: there belfry follows its own rule (test/data/vectors/README.md). What systemd prints has no
fractions, so they are cut off here; test/unit/trigger/fraction_test.c looks at them.

Ends with "N passed, N failed"; exit status 0 when none failed.
"""
import json, os, random, re, subprocess, sys
from datetime import datetime, timezone

ZONES = ['UTC', 'UTC', 'Asia/Kolkata', 'Asia/Tokyo', 'America/Phoenix', 'Africa/Lagos']
DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
WORDS = ['minutely', 'hourly', 'daily', 'weekly', 'monthly', 'quarterly', 'semiannually', 'semi-annually', 'biannually',
         'bi-annually', 'yearly', 'annually', 'anually']
LIMITS = {'year': (1970, 2199), 'month': (1, 12), 'day': (1, 31), '~': (1, 28), 'hour': (0, 23), 'minute': (0, 59), 'second': (0, 59)}
RUNS, BATCH = 5, 40

# What belfry and systemd do not both accept, as (which of them does, pattern, reason). One more difference is known: a step
# without an end (0/7:00) makes systemd pass over a slot where it leads beyond its part two parts up (00:00 on the first of a
# month). With an end (0..23/7:00) it finds them all: see closed().
KNOWN = [
    ('belfry', r'^\s|\s$|  ', 'blanks around the text and runs of them count as systemd has them in unit files'),
    ('systemd', r'@[ +]', 'a moment is digits behind @: what strtoul takes beside them is a slip'),
    ('systemd', r'@\d+ +(?!utc$)[a-z]', 'a moment is in UTC: another zone behind it would be dropped'),
    ('systemd', r'\.\.\d+/\d', 'a range beyond the limits is refused even where its steps stay inside'),
    ('belfry', r'~[^ ]*,', 'a list behind ~ takes all of 1-28: systemd lowers the limit by 3 with each item'),
]


# ---- texts

def number(r, part):
    low, high = LIMITS[part]
    if part == 'year':
        n = r.choice([r.randint(1990, 2060), r.randint(1970, 2199), r.randint(0, 99)])
        return '%02d' % n if n < 100 else str(n)
    n = r.randint(low, high)
    text = r.choice(['%d', '%02d']) % n
    if part == 'second' and r.random() < .12:
        text += '.' + ''.join(r.choice('0123456789') for _ in range(r.randint(1, 8)))
    return text


def value_of(text, part):
    n = float(text) if part == 'second' else int(text)
    return n + (2000 if n < 70 else 1900) if part == 'year' and n < 100 else n


def item(r, part):
    a, kind = number(r, part), r.random()
    if kind < .45:
        return a
    low, high = LIMITS[part]
    if kind < .75:
        b = number(r, part)
        if value_of(b, part) < value_of(a, part) and r.random() < .95:
            a, b = b, a
        text = a + '..' + b
        return text + '/%d' % r.randint(1, max(2, (high - low) // 3)) if r.random() < .4 else text
    room = value_of(a, part) - low if part == '~' else high - value_of(a, part)
    step = r.randint(1, max(1, int(room))) if r.random() < .95 else r.randint(0, 70)
    fraction = r.choice(['.5', '.25', '.1', '.000001', '.7']) if part == 'second' and r.random() < .15 else ''
    return '%s/%d%s' % (a, step, fraction)


def part(r, name, star):
    if r.random() < star:
        return '*'
    return ','.join(item(r, name) for _ in range(r.choice([1, 1, 1, 2, 3])))


def weekdays(r):
    items = []
    for _ in range(r.choice([1, 1, 2, 3])):
        a = r.randrange(14)
        b = r.randrange(14)
        if a % 7 > b % 7 and r.random() < .9:
            a, b = b, a
        items.append(DAYS[a] + r.choice(['..', '..', '-']) + DAYS[b] if r.random() < .4 else DAYS[a])
    text = ','.join(items) + (',' if r.random() < .05 else '')
    return r.choice([str, str.lower, str.upper])(text)


def date(r):
    back = r.random() < .2
    text = part(r, 'month', .5) + ('~' if back else '-') + part(r, '~' if back else 'day', .4)
    return part(r, 'year', .7) + '-' + text if r.random() < .7 else text


def time(r):
    text = part(r, 'hour', .35) + ':' + part(r, 'minute', .3)
    return text + ':' + part(r, 'second', .1) if r.random() < .5 else text


def event(r):
    if r.random() < .05:
        words = [r.choice(WORDS)]
    elif r.random() < .03:
        words = ['@%d' % r.randint(0, 7258118400)]
    else:
        words = [f(r) for f, p in ((weekdays, .35), (date, .6), (time, .7)) if r.random() < p] or [time(r)]
    if r.random() < .08:
        words.append(r.choice(['UTC', 'utc', 'Asia/Kolkata', 'Asia/Tokyo', 'Nowhere/City']))
    return ' '.join(words)


def broken(r, text):
    for _ in range(r.choice([1, 1, 2])):
        at = r.randrange(len(text) + 1)
        bit = r.choice(['', '', ' ', ',', '-', '~', ':', '..', '.', '/', '*', '@', '0', '7', '60', 'a', 'Mon'])
        text = text[:at] + bit + text[at + r.choice([0, 1, 1, 2]):]
    return text


def events(seed, count):
    r = random.Random(seed)
    for _ in range(count):
        text = event(r)
        if r.random() < .25:
            text = broken(r, text)
        after = datetime(r.choice([2000, 2024, 2026, 2096, r.randint(1990, 2190)]), r.randint(1, 12), r.randint(1, 28), r.randint(0, 23),
                         r.randint(0, 59), r.randint(0, 59), tzinfo=timezone.utc)
        yield text, r.choice(ZONES), after


# ---- answers: 'refused', or the next times, in whole seconds

def ask_belfry(program, cases):
    lines = [json.dumps({'id': i, 'dialect': 'oncalendar', 'expr': text, 'tz': zone, 'after': after.isoformat(), 'n': RUNS})
             for i, (text, zone, after) in enumerate(cases)]
    out = subprocess.run([program, 'next', '--batch'], input='\n'.join(lines), capture_output=True, text=True, check=True).stdout
    answers = {}
    for a in map(json.loads, out.splitlines()):
        if 'error' in a:
            answers[a['id']] = [] if 'never fires' in a['error'] else 'refused'
        else:
            answers[a['id']] = [datetime.fromisoformat(x).astimezone(timezone.utc).replace(microsecond=0) for x in a['next']]
    return [answers[i] for i in range(len(cases))]


def ask_systemd(texts, zone, after):
    """One call for texts that share zone and time. The times are those of the (in UTC) lines, where there are any."""
    run = subprocess.run(['systemd-analyze', 'calendar', '--iterations=%d' % RUNS, '--base-time=%s UTC' % after.strftime('%F %T'), '--'] + texts,
                         capture_output=True, text=True, env=dict(os.environ, TZ=zone, LC_ALL='C.UTF-8'))
    refused = re.findall(r"^Failed to parse calendar specification '(.*)': ", run.stderr, re.M)
    blocks = iter(re.split(r'^Normalized form: ', run.stdout, flags=re.M)[1:])
    for text in texts:
        if text in refused:
            refused.remove(text)
            yield 'refused'
            continue
        block = next(blocks)
        times = re.findall(r'\(in UTC\): \w+ (\S+ \S+) UTC$', block, re.M) or re.findall(r'(?:elapse|#\d+): \w+ (\S+ \S+) UTC$', block, re.M)
        yield [datetime.strptime(t, '%Y-%m-%d %H:%M:%S').replace(tzinfo=timezone.utc) for t in times]


def closed(text):
    """The same with an end for each step: 0..23/7:00 for 0/7:00."""
    def item(text, name):
        match = re.fullmatch(r'(\d+(?:\.\d+)?)/([\d.]+)', text)
        if not match:
            return text
        a, step = match.groups()
        if name == '~':
            return '%d..%s/%s' % (1 + (int(a) - 1) % int(step), a, step)
        return '%s..%s/%s' % (a, '59.999999' if name == 'second' else LIMITS[name][1], step)

    def word(text):
        if re.match('[A-Za-z@]', text):
            return text
        pieces = re.split('([-~:])', text)
        parts = len(pieces) // 2 + 1
        names = ['hour', 'minute', 'second'] if ':' in text else ['year', 'month', '~' if '~' in text else 'day'][-parts:]
        return ''.join(','.join(item(i, names[n // 2]) for i in piece.split(',')) if n % 2 == 0 else piece for n, piece in enumerate(pieces))

    return ' '.join(map(word, text.split()))


def reason(text, zone, after, mine, theirs):
    """Why two different answers are no fault, or None."""
    if (mine == 'refused') != (theirs == 'refused'):
        accepts = 'systemd' if mine == 'refused' else 'belfry'
        return next((why for who, pattern, why in KNOWN if who == accepts and re.search(pattern, text, re.I)), None)
    if list(ask_systemd([closed(text)], zone, after)) == [mine]:
        return 'a step without an end'
    return None


def shown(answer):
    return answer if answer == 'refused' else ', '.join(t.strftime('%F %T') for t in answer) or 'never'


def main(program, seed='1', count='400'):
    passed, failed, known = 0, 0, 0
    cases = list(events(int(seed), int(count)))
    # systemd-analyze takes many texts, but one zone and one time.
    for i in range(0, len(cases), BATCH):
        _, zone, after = cases[i]
        group = [(text, zone, after) for text, _, _ in cases[i:i + BATCH]]
        for (text, _, _), mine, theirs in zip(group, ask_belfry(program, group), ask_systemd([g[0] for g in group], zone, after)):
            if mine == theirs:
                passed += 1
            elif reason(text, zone, after, mine, theirs):
                known += 1
            else:
                failed += 1
                print('%r in %s after %s\n    belfry  %s\n    systemd %s' % (text, zone, after, shown(mine), shown(theirs)))
    print('oncalendar: seed %s, %d known differences' % (seed, known))
    print('%d passed, %d failed' % (passed + known, failed))
    return 0 if passed and not failed else 1


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:4]))
