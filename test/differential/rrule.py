#!/usr/bin/python3
"""Random recurrences (RFC 5545), asked of belfry, of python3-dateutil and of libical (gir1.2-ical-3.0).

usage: rrule.py BELFRY SEED COUNT      ends with "N passed, N failed"

Both others expand local times without a zone; what clocks do to them is done here, by the rule of the vectors: a time
that is skipped is left out and not counted, a repeated one is meant the first time. UNTIL in UTC is applied to moments.
A case passes when belfry gives the answer of every program that is fit to judge it, and at least one is.

Known disagreements, decided by the RFC (3.3.10), so that the program named does not judge:
  dateutil  BYDAY with numbered and plain weekdays together (BYDAY=MO,1TU): takes what is both, the RFC's list is either.
  dateutil  BYWEEKNO without a BY part that names days: all seven days; the RFC takes the weekday from DTSTART.
  dateutil  BYWEEKNO, days of a week that lie in the next or last calendar year: wrong for negative numbers (it looks at
            -1 only), and with INTERVAL or BYSETPOS it tears the week apart; in belfry a year is then one of whole weeks.
  dateutil  WEEKLY with BYSETPOS: counts from DTSTART in its week; the RFC's set is the whole week. Here it is given the
            week's first day for DTSTART.
  dateutil, libical  COUNT counts times that clocks skip; the RFC: MUST NOT be counted. COUNT is applied here.
  libical   BYWEEKNO: gives days before the year the wrong year; refuses it beside other parts.
  libical   BYSETPOS: looks at it with MONTHLY and YEARLY only, and not beside BYHOUR, BYMINUTE, BYSECOND. A day that is
            named from both ends of its month (BYMONTHDAY=16,-16) takes two places.
  libical   BYMONTHDAY with YEARLY: DTSTART's month only; the RFC expands to every month. Negative ones: with MONTHLY only.
  libical   BYSECOND=60 is the next minute; the RFC's advice is 59. dateutil refuses it.
  libical   BYHOUR, BYMINUTE, BYSECOND below a day: begins later than it should, or misses some. INTERVAL has 15 bits.
  libical   INTERVAL beside BY parts that leave whole periods out (below a day, WEEKLY with BYMONTH): loses count of it.
  libical   WEEKLY at an INTERVAL with WKST other than MO and SU, or with DTSTART's weekday not in BYDAY: takes days of
            another week than DTSTART's.
  libical   BYYEARDAY beside BYMONTH or BYMONTHDAY, or below a day: refused.
"""
import json, random, signal, subprocess, sys, tempfile
from datetime import datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
try:
    import gi
    gi.require_version('ICalGLib', '3.0')
    from gi.repository import ICalGLib
except (ImportError, ValueError):
    ICalGLib = None

ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Asia/Tehran', 'Pacific/Apia',
         'Europe/Dublin', 'Asia/Kolkata', 'America/St_Johns', 'Antarctica/Troll']
DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
FREQS = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY']
STEPS = 10000  # instances that an oracle may walk over


def some(r, values, most):
    return sorted(r.sample(list(values), r.randint(1, most)))


def signed(r, top, most):
    return sorted({r.choice([1, 1, -1]) * r.randint(1, top) for _ in range(r.randint(1, most))})


def clock_parts(r, freq, chance):
    parts = {}
    if r.random() < chance:
        parts['BYHOUR'] = some(r, range(24), 4) if r.random() < .7 else [0, 1, 2, 3]
    if r.random() < chance:
        parts['BYMINUTE'] = some(r, range(60), 4) if r.random() < .5 else some(r, [0, 15, 30, 45], 3)
    if r.random() < chance / 2:
        parts['BYSECOND'] = some(r, range(60), 3)
    return parts


def day_parts(r, freq):
    parts = {}
    if r.random() < .3:
        parts['BYMONTH'] = some(r, range(1, 13), 5)
    if freq == 'YEARLY' and r.random() < .2:
        parts['BYWEEKNO'] = signed(r, 53, 4)
    if freq in ('YEARLY', 'HOURLY', 'MINUTELY', 'SECONDLY') and r.random() < .15:
        parts['BYYEARDAY'] = signed(r, 366, 8)
    if freq != 'WEEKLY' and r.random() < .3:
        parts['BYMONTHDAY'] = signed(r, 31, 6)
    if r.random() < .5:
        days = some(r, range(7), 5)
        if freq in ('MONTHLY', 'YEARLY') and 'BYWEEKNO' not in parts and r.random() < .6:
            top = 5 if freq == 'MONTHLY' or 'BYMONTH' in parts else 53
            days = [(r.choice([1, -1]) * r.randint(1, top) if r.random() < .9 else 0, d) for d in days]
            parts['BYDAY'] = ['%s%s' % (n or '', DAYS[d]) for n, d in days]
        else:
            parts['BYDAY'] = [DAYS[d] for d in days]
    return parts


def rule_make(r):
    freq = r.choice(FREQS + FREQS[:4])
    rule = {'FREQ': freq}
    if r.random() < .5:
        rule['INTERVAL'] = r.choice([1, 2, 3, 4, 5, 6, 7, 11, 12, 15, 18, 24, 26, 30, 45, 60, 84, 90, 100, 1000, 1440, 3600, 86399])
        if freq in FREQS[:3]:
            rule['INTERVAL'] = r.randint(1, 13)
    simple = r.random() < .3
    if not simple:
        rule.update(day_parts(r, freq))
        rule.update(clock_parts(r, freq, .25))
        if r.random() < .2 and any(k.startswith('BY') for k in rule):
            rule['BYSETPOS'] = signed(r, r.choice([2, 5, 30, 366]), 3)
    if r.random() < .3:
        rule['WKST'] = r.choice(DAYS)
    return rule


def text_of(rule):
    return ';'.join('%s=%s' % (k, ','.join(map(str, v)) if isinstance(v, list) else v) for k, v in rule.items())


def local_make(r):
    d = datetime(r.randint(1975, 2090), r.randint(1, 12), r.randint(1, 28), r.randint(0, 23), r.choice([0, 15, 30, 45, r.randint(0, 59)]),
                 r.choice([0, 0, r.randint(0, 59)]))
    d += timedelta(days=r.choice([0, 0, 1, 2, 3]))
    if r.random() < .5:
        d = d.replace(hour=r.choice([0, 1, 2, 3]), minute=r.choice([0, 30, 15]))
    return d


# How far an oracle can walk from DTSTART.
def reach(rule):
    unit = {'YEARLY': 366 * 86400, 'MONTHLY': 31 * 86400, 'WEEKLY': 7 * 86400, 'DAILY': 86400, 'HOURLY': 3600, 'MINUTELY': 60, 'SECONDLY': 1}
    periods = {'YEARLY': 30, 'MONTHLY': 200, 'WEEKLY': 400, 'DAILY': 1000, 'HOURLY': 3000, 'MINUTELY': 5000, 'SECONDLY': 8000}
    f = rule['FREQ']
    return timedelta(seconds=min(unit[f] * rule.get('INTERVAL', 1) * periods[f], 80 * 366 * 86400))


def case_make(r):
    start = local_make(r)
    zone = r.choice(ZONES)
    rules = [rule_make(r) for _ in range(1 if r.random() < .85 else 2)]
    far = min(reach(x) for x in rules)
    until = []
    for x in rules:
        kind = r.random()
        if kind < .2:
            x['COUNT'] = r.choice([1, 2, 5, 10, 40, r.randint(1, 300)])
        elif kind < .4:
            u = start + far * r.random()
            x['UNTIL'] = (u.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).strftime('%Y%m%dT%H%M%SZ') if r.random() < .7
                          else u.strftime('%Y%m%dT%H%M%S'))
    after = start + far * r.random() ** 3
    after = after.replace(tzinfo=ZoneInfo(zone), microsecond=0)
    if r.random() < .15:
        after = (start - timedelta(days=r.randint(1, 400))).replace(tzinfo=ZoneInfo(zone))
    dates = [start + timedelta(hours=r.randint(0, 9000)) for _ in range(r.randint(1, 3))] if r.random() < .1 else []
    without = [dict(rule_make(r), COUNT=r.randint(1, 200))] if r.random() < .1 else []
    return {'zone': zone, 'start': start, 'rules': rules, 'exrules': without, 'after': after, 'end': start + far, 'rdates': dates, 'exdates': []}


def expr_of(case):
    start = case['start'].strftime('%Y%m%dT%H%M%S')
    lines = ['DTSTART;TZID=%s:%s' % (case['zone'], start)]
    lines += ['RRULE:' + text_of(x) for x in case['rules']] + ['EXRULE:' + text_of(x) for x in case['exrules']]
    for name, dates in ('RDATE', case['rdates']), ('EXDATE', case['exdates']):
        if dates:
            lines.append('%s;TZID=%s:%s' % (name, case['zone'], ','.join(d.strftime('%Y%m%dT%H%M%S') for d in dates)))
    return '\n'.join(lines)


# ---- what clocks do

def moment(local, zone):
    """The moment of a local time of a rule, None when clocks skip it."""
    t = local.replace(tzinfo=zone).astimezone(timezone.utc)
    return t if t.astimezone(zone).replace(tzinfo=None) == local else None


def bounded(locals_, rule, zone):
    """Moments of the local times of a rule, by COUNT and UNTIL."""
    count = rule.get('COUNT')
    until = rule.get('UNTIL')
    for local in locals_:
        if until and not until.endswith('Z') and local > datetime.strptime(until, '%Y%m%dT%H%M%S'):
            return
        t = moment(local, zone)
        if t is None:
            continue
        if until and until.endswith('Z') and t > datetime.strptime(until, '%Y%m%dT%H%M%SZ').replace(tzinfo=timezone.utc):
            return
        yield t
        if count is not None:
            count -= 1
            if count == 0:
                return


# ---- the others

def plain(rule):
    return {k: v for k, v in rule.items() if k not in ('COUNT', 'UNTIL')}


def dateutil_fit(rule, _):
    days = rule.get('BYDAY', [])
    numbered = [len(d) > 2 for d in days]
    if any(numbered) and not all(numbered):
        return False
    if 'BYWEEKNO' in rule:
        if not any(k in rule for k in ('BYDAY', 'BYMONTHDAY', 'BYYEARDAY')):
            return False
        if rule.get('INTERVAL', 1) > 1 or 'BYSETPOS' in rule or any(n < 0 for n in rule['BYWEEKNO']):
            return False
    return True


def dateutil_times(rule, start, end):
    rule, first = plain(rule), start
    if rule['FREQ'] == 'WEEKLY' and 'BYSETPOS' in rule:
        for k, v in ('BYDAY', DAYS[start.weekday()]), ('BYHOUR', start.hour), ('BYMINUTE', start.minute), ('BYSECOND', start.second):
            rule.setdefault(k, [v])
        first -= timedelta(days=(start.weekday() - DAYS.index(rule.get('WKST', 'MO'))) % 7)
    return (t for t in rrulestr(text_of(rule), dtstart=first).replace(until=end) if t >= start)


def libical_fit(rule, start):
    freq = rule['FREQ']
    clock = [k for k in ('BYHOUR', 'BYMINUTE', 'BYSECOND') if k in rule]
    if ICalGLib is None or 'BYWEEKNO' in rule or rule.get('INTERVAL', 1) > 32767:
        return False
    if 'BYSETPOS' in rule and (clock or freq not in ('MONTHLY', 'YEARLY') or min(rule.get('BYMONTHDAY', [1])) < 0):
        return False
    if 'BYYEARDAY' in rule and (freq != 'YEARLY' or 'BYMONTH' in rule or 'BYMONTHDAY' in rule):
        return False
    if 'BYMONTHDAY' in rule and (freq == 'YEARLY' and 'BYMONTH' not in rule or freq != 'MONTHLY' and min(rule['BYMONTHDAY']) < 0):
        return False
    if freq in FREQS[4:] and (clock or rule.get('INTERVAL', 1) > 1 and len(rule) > 2):
        return False
    if freq == 'WEEKLY' and rule.get('INTERVAL', 1) > 1:
        return 'BYMONTH' not in rule and rule.get('WKST') in (None, 'MO', 'SU') and DAYS[start.weekday()] in rule.get('BYDAY', DAYS)
    return True


def libical_times(rule, start, end):
    recur = ICalGLib.Recurrence.new_from_string(text_of(plain(rule)))
    try:
        i = ICalGLib.RecurIterator.new(recur, ICalGLib.Time.new_from_string(start.strftime('%Y%m%dT%H%M%S')))
    except TypeError:
        raise ValueError('libical refuses it')
    while True:
        t = i.next()
        if t is None or t.is_null_time():
            return
        t = datetime.strptime(t.as_ical_string(), '%Y%m%dT%H%M%S')
        if t > end:
            return
        yield t


ORACLES = [('dateutil', dateutil_fit, dateutil_times), ('libical', libical_fit, libical_times)]


class Slow(Exception):
    pass


def slow(*_):
    raise Slow


def answer(case, times):
    """The moments after case['after'] that an oracle gives, up to the end of what it can walk."""
    zone = ZoneInfo(case['zone'])
    found, out = set(), set()
    for rule in case['rules'] + case['exrules']:
        signal.setitimer(signal.ITIMER_REAL, .1)
        walked = list(islice(bounded(times(rule, case['start'], case['end']), rule, zone), STEPS))
        signal.setitimer(signal.ITIMER_REAL, 0)
        if len(walked) == STEPS:
            raise Slow
        (out if rule in case['exrules'] else found).update(walked)
    for d in case['rdates']:
        found.add(d.replace(tzinfo=zone).astimezone(timezone.utc))
    found -= out
    for d in case['exdates']:
        found.discard(d.replace(tzinfo=zone).astimezone(timezone.utc))
    return sorted(t for t in found if t > case['after'])


# Takes some of the times that there are out again.
def exdates_add(r, case, found):
    if found and r.random() < .15:
        zone = ZoneInfo(case['zone'])
        locals_ = [t.astimezone(zone) for t in r.sample(found[:12], min(len(found), 12, r.randint(1, 4)))]
        case['exdates'] = [t.replace(tzinfo=None) for t in locals_ if not t.fold]


def prepare(r, count):
    """Cases with what the oracles say of them."""
    cases = []
    signal.signal(signal.SIGALRM, slow)
    while len(cases) < count:
        case = case_make(r)
        case['answers'] = {}
        try:
            for name, fit, times in ORACLES:
                if all(fit(x, case['start']) for x in case['rules'] + case['exrules']):
                    found = answer(case, times)
                    if name == 'dateutil':
                        exdates_add(r, case, found)
                        found = answer(case, times) if case['exdates'] else found
                    case['answers'][name] = found
        except Slow:
            continue
        except ValueError as e:
            case['error'] = str(e)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if case['answers']:
            cases.append(case)
    return cases


def ask(belfry, cases):
    with tempfile.TemporaryFile('w+') as f:
        for i, c in enumerate(cases):
            f.write(json.dumps({'id': i, 'dialect': 'rrule', 'expr': expr_of(c), 'tz': c['zone'], 'after': c['after'].isoformat(), 'n': 12}) + '\n')
        f.flush()
        f.seek(0)
        out = subprocess.run([belfry, 'next', '--batch'], stdin=f, capture_output=True, text=True, check=True, timeout=200).stdout
    return {a['id']: a for a in map(json.loads, out.splitlines())}


def verdict(case, got):
    if 'error' in got and not got['error'].startswith('this'):  # "this schedule never fires", "this rule never fires"
        return 'refused: ' + got['error']
    mine = [datetime.fromisoformat(t.replace('Z', '+00:00')) for t in got.get('next', [])]
    end = min([case['end'].replace(tzinfo=ZoneInfo(case['zone'])).astimezone(timezone.utc)])
    for name, theirs in case['answers'].items():
        if 'error' in got and any(t > case['after'] for t in theirs):
            return '%s has %s' % (name, theirs[:3])
        m = [t for t in mine if t <= end][:12]
        want = [t for t in theirs if t <= end][:12]
        if 'error' not in got and m != want:
            return '%s: %s\n   belfry: %s' % (name, [t.isoformat() for t in want[:6]], [t.isoformat() for t in m[:6]])
    return None


def main(belfry, seed, count):
    r = random.Random(int(seed))
    cases = prepare(r, int(count))
    answers = ask(belfry, cases)
    failed, by = 0, {}
    for i, case in enumerate(cases):
        why = verdict(case, answers[i])
        for name in case['answers']:
            by[name] = by.get(name, 0) + 1
        if why:
            failed += 1
            if failed <= 20:
                print('FAIL %s\n   after %s\n   %s' % (expr_of(case).replace('\n', '\n     '), case['after'].isoformat(), why))
    print('judged by ' + ', '.join('%s %d' % x for x in sorted(by.items())))
    print('%d passed, %d failed' % (len(cases) - failed, failed))
    return failed > 0


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
