#!/usr/bin/python3
"""Random schedules that repeat or are combined, beside APScheduler 3.9.1 and beside naive walks in Python.

usage: repeat.py build/release/belfry [SEED [COUNT]]

  iso8601           against walk(): from the start step by step, with zoneinfo for the clocks; half of the texts are then
                    damaged in one place, and belfry must accept exactly what sound() accepts, which is the grammar of
                    src/trigger/iso_repeat.h written down a second time
  calendarinterval  against the same walk, with months that lack the day left out or cut
  interval, date    against APScheduler
  and, or           of cron fields, intervals and dates, against APScheduler's triggers

Where APScheduler differs, and why belfry stands:
  zones      interval and cron are compared in zones without summer time only: 3.9.1 adds intervals to the clock on the
             wall (an hour is lost or run twice), and loses the hour that comes twice
  past       a date that is over is still its next time for APScheduler, until it has run
  endless    AndTrigger seeks until the year 9999; here its search ends with belfry's horizon, or after SEARCH_MAX steps,
             and from there on belfry's answer counts
"""
import datetime, json, random, re, subprocess, sys
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

UTC = datetime.timezone.utc
ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/Santiago',
         'Africa/Casablanca', 'Asia/Tehran', 'Asia/Kolkata']
STEADY = ['UTC', 'Asia/Kolkata', 'America/Phoenix']
EPOCH = datetime.datetime(1970, 1, 1)
SECOND = datetime.timedelta(seconds=1)
HORIZON = datetime.datetime(2200, 1, 1)
GAP_MAX = 3 * 3600
SEARCH_MAX = 100
COUNT = 5


def micros(delta):
    return (delta.days * 86400 + delta.seconds) * 10**6 + delta.microseconds


# ---- from local times to moments (naive datetimes in UTC)

def moment(local, zone, is_elapsed):
    """The moment of a local time by the one DST rule; None where a day was left out."""
    before, after = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    first = local - before
    if offset(first, zone) == before or before >= after:
        return first
    if micros(after - before) > GAP_MAX * 10**6 and not is_elapsed:
        return None
    low, high = (int((local - o - EPOCH).total_seconds()) for o in (after, before))
    while high - low > 1:  # the clocks change in between
        middle = (low + high) // 2
        if offset(EPOCH + middle * SECOND, zone) == before:
            low = middle
        else:
            high = middle
    return EPOCH + high * SECOND


def offset(at, zone):
    return at.replace(tzinfo=UTC).astimezone(zone).utcoffset()


def month_days(year, month):
    return (datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.date(year, month, 1)).days


def nth(anchor, k, months, days, us, zone, is_cut):
    """The k-th slot, None when there is none. The rest is counted from the anchor, so is the elapsed part."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + k * months, 12)
    if not 1 <= year < 9999:
        return None
    if anchor.day > month_days(year, month + 1) and not is_cut:
        return None
    local = anchor.replace(year=year, month=month + 1, day=min(anchor.day, month_days(year, month + 1)))
    at = moment(local + datetime.timedelta(k * days), zone, not months and not days)
    return None if at is None else at + datetime.timedelta(microseconds=k * us)


def walk(anchor, step, first, last, zone, after, is_cut=True):
    """The slots after a moment, from the first one on; where that is too far away, from nearby (moments rise with k)."""
    months, days, us = step
    about = micros(after - moment(anchor, zone, True)) // (months * 2629746 * 10**6 + days * 86400 * 10**6 + us)
    k, found = max(first, about - 60) if first is not None else about - 60, []
    limit = max(k, about) + 2000
    while len(found) < COUNT and (last is None or k <= last) and k <= limit:
        at = nth(anchor, k, months, days, us, zone, is_cut)
        if at is not None and at >= HORIZON:
            break
        if at is not None and at > after and (first is not None or at >= EPOCH):
            found.append(at)
        k += 1
    return found


# ---- ISO 8601

DATES = [r'(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)', r'(?P<y>\d{4})-W(?P<w>\d\d)-(?P<wd>\d)', r'(?P<y>\d{4})-(?P<o>\d{3})']
TIME = r'(?:T(?P<h>\d\d)(?::(?P<mi>\d\d)(?::(?P<s>\d\d))?)?(?:[.,](?P<f>\d+))?(?P<z>Z|[+-]\d\d(?::?\d\d(?::\d\d)?)?)?)?'
STAMPS = [re.compile(date + TIME) for date in DATES] + [re.compile((date + TIME.replace(r'(?::(?P', r'(?:(?P'))
                                                                   .replace('-(?P', '(?P').replace('-W', 'W')) for date in DATES]
NUMBER = r'(\d+(?:[.,]\d+)?)'
PERIOD = re.compile('P(?=.)(?:%sY)?(?:%sM)?(?:%sW)?(?:%sD)?(?:T(?=.)(?:%sH)?(?:%sM)?(?:%sS)?)?' % ((NUMBER,) * 7))
PERIODS = [re.compile(r'P(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d))?'), re.compile(r'P(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d))?')]
UNITS_US = [7 * 86400 * 10**6, 86400 * 10**6, 3600 * 10**6, 60 * 10**6, 10**6]


def fraction_us(digits, unit_us, most):
    digits = digits[:most].ljust(most, '0')
    return int(digits) * unit_us // 10**most


def stamp(text):
    """(local time, offset or None), None when the text is none."""
    match = next((m for m in (pattern.fullmatch(text) for pattern in STAMPS) if m), None)
    if not match:
        return None
    g = {'m': None, 'w': None, 'o': None, **match.groupdict()}
    try:
        if g['w']:
            date = datetime.date.fromisocalendar(int(g['y']), int(g['w']), int(g['wd']))
        elif g['o']:
            date = datetime.date(int(g['y']), 1, 1) + datetime.timedelta(int(g['o']) - 1)
            if date.year != int(g['y']):
                return None
        else:
            date = datetime.date(int(g['y']), int(g['m']), int(g['d']))
        local = datetime.datetime(date.year, date.month, date.day, int(g['h'] or 0), int(g['mi'] or 0), int(g['s'] or 0))
    except (ValueError, OverflowError):
        return None
    if g['f']:
        unit = 1 if g['s'] else 60 if g['mi'] else 3600
        local += datetime.timedelta(microseconds=fraction_us(g['f'], unit * 10**6, 9))
    if not 2 <= local.year <= 9998:
        return None
    if not g['z'] or g['z'] == 'Z':
        return local, datetime.timedelta(0) if g['z'] else None
    parts = [int(x) for x in re.findall(r'\d\d', g['z'])] + [0, 0]
    if parts[0] > 23 or parts[1] > 59 or parts[2] > 59:
        return None
    size = datetime.timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
    return local, -size if g['z'][0] == '-' else size


def period(text):
    """(months, days, us), None when the text is none."""
    for pattern in PERIODS:
        match = pattern.fullmatch(text)
        if match:
            n = [int(x or 0) for x in match.groups()]
            if n[1] > 12 or n[2] > 30 or n[3] > 24 or n[4] > 60 or n[5] > 60:
                return None
            return n[0] * 12 + n[1], n[2], (n[3] * 3600 + n[4] * 60 + n[5]) * 10**6
    match = PERIOD.fullmatch(text)
    if not match:
        return None
    given = [x for x in match.groups() if x]
    if any(re.search('[.,]', x) for x in given[:-1]) or any(re.search('[.,]', x or '') for x in match.groups()[:2]):
        return None
    n = [x and re.split('[.,]', x) for x in match.groups()]
    years, months = (int(x[0]) if x else 0 for x in n[:2])
    days = us = 0
    for i, (x, unit_us) in enumerate(zip(n[2:], UNITS_US)):
        part = fraction_us(x[1], unit_us, 12) if x and len(x) > 1 else 0
        if i < 2:
            days += (int(x[0]) if x else 0) * (7 if i == 0 else 1) + part // (86400 * 10**6)
            us += part % (86400 * 10**6)
        else:
            us += (int(x[0]) if x else 0) * unit_us + part
    months += years * 12
    if months > 9000 * 12 or days > 9000 * 366 or us > 9000 * 366 * 86400 * 10**6:
        return None
    return months, days, us


def sound(text, tz):
    """(anchor, step, first, last, zone), None when the text is refused."""
    parts = text.split('/')
    if len(parts) != 3 or not re.fullmatch(r'R[0-9]{0,18}', parts[0]):
        return None
    runs = int(parts[0][1:]) if len(parts[0]) > 1 else None
    zone_of = lambda s: ZoneInfo(tz) if s[1] is None else datetime.timezone(s[1])
    if parts[1][:1] == 'P':
        step, end = period(parts[1]), stamp(parts[2])
        if not step or not end or step == (0, 0, 0):
            return None
        return end[0], step, None if runs is None else 1 - runs, 0, zone_of(end)
    start, last = stamp(parts[1]), None if runs is None else runs - 1
    if parts[2][:1] == 'P':
        step = period(parts[2])
    else:
        end = stamp(parts[2])
        if not start or not end:
            return None
        end = end if end[1] is not None else (end[0], start[1])
        us = micros(moment(end[0], zone_of(end), True) - moment(start[0], zone_of(start), True))
        step = (0, 0, us) if us > 0 else None
    if not step or not start or step == (0, 0, 0):
        return None
    return start[0], step, 0, last, zone_of(start)


# ---- random texts

def random_local(r, low=1975, high=2090):
    at = datetime.datetime(low, 1, 1) + datetime.timedelta(r.randrange((high - low) * 365))
    if r.randrange(4) == 0:
        at = at.replace(day=month_days(at.year, at.month))
    if r.randrange(4) == 0:  # close to what clocks do
        at = at.replace(month=r.choice([3, 4, 9, 10, 11]), day=r.randint(1, 30))
    return at.replace(hour=r.choice([0, 1, 2, 2, 3, r.randrange(24)]), minute=r.choice([0, 15, 30, r.randrange(60)]),
                      second=r.choice([0, 0, r.randrange(60)]))


def random_stamp(r, at):
    form, basic = r.randrange(3), r.randrange(2)
    week = at.isocalendar()
    text = ['%04d-%02d-%02d' % (at.year, at.month, at.day), '%04d-W%02d-%d' % (week[0], week[1], week[2]),
            '%04d-%03d' % (at.year, at.timetuple().tm_yday)][form if r.randrange(2) else 0]
    if r.randrange(8):
        text += 'T%02d:%02d' % (at.hour, at.minute)
        if r.randrange(4):
            text += ':%02d' % at.second
        if r.randrange(10) == 0:
            text += r.choice('.,') + str(r.randrange(10**r.randint(1, 7)))
    text = text.replace('-', '').replace(':', '') if basic else text
    if 'T' in text and r.randrange(3) == 0:
        text += r.choice(['Z', '+02:00', '-0500', '+0530', '+01'])
    return text


def random_period(r):
    if r.randrange(12) == 0:
        return 'P%04d-%02d-%02dT%02d:%02d:%02d' % (r.randrange(2), r.randrange(13), r.randrange(31), r.randrange(25), r.randrange(60),
                                                   r.randrange(60))
    kind = r.randrange(8)
    if kind < 4:
        return ['P%dD' % r.randint(1, 20), 'P%dW' % r.randint(1, 9), 'P%dM' % r.randint(1, 20), 'P%dY' % r.randint(1, 4)][kind]
    text = ''.join('%d%s' % (r.randint(0, 3), unit) for unit in 'YMWD' if r.randrange(3) == 0)
    clock = ''.join('%d%s' % (r.randint(0, 90), unit) for unit in 'HMS' if r.randrange(2))
    if clock and r.randrange(6) == 0:
        clock = clock[:-1] + r.choice('.,') + str(r.randrange(10**r.randint(1, 5))) + clock[-1]
    return 'P' + text + ('T' + clock if clock else '')


def random_iso(r):
    at = random_local(r)
    runs = 'R' + r.choice(['', '', str(r.randrange(400))])
    form = r.randrange(8)
    if form == 0:
        return '/'.join([runs, random_stamp(r, at), random_stamp(r, at + datetime.timedelta(seconds=r.randrange(10**6)))]), at
    if form == 1:
        return '/'.join([runs, random_period(r), random_stamp(r, at)]), at
    return '/'.join([runs, random_stamp(r, at), random_period(r)]), at


def damaged(r, text):
    i = r.randrange(len(text))
    c = r.choice('RPTWYMDHSZ/-:+., 0123456789zpt')
    return r.choice([text[:i] + text[i + 1:], text[:i] + c + text[i:], text[:i] + c + text[i + 1:]])


# ---- APScheduler

def seek(trigger, after):
    """APScheduler's first time at or after a moment: a naive UTC time, or None."""
    at = trigger.get_next_fire_time(None, after.replace(tzinfo=UTC))
    return at and at.astimezone(UTC).replace(tzinfo=None)


def combined(is_and, triggers, at):
    """The first moment at or after one; None when there is none, 'lost' when it was not found."""
    for _ in range(SEARCH_MAX):
        found = [seek(t, at) for t in triggers]
        found = [None if x is None or x < at or x >= HORIZON else x for x in found]
        if not is_and:
            return min((x for x in found if x), default=None)
        if None in found:
            return None
        if min(found) == max(found):
            return found[0]
        at = max(found)
    return 'lost'


def random_fields(r):
    fields = {'year': '2026-2045'}  # APScheduler would seek until 9999
    for name, values in (('month', ['*/2', '1-6', '3,9', '6-12/3']), ('day', ['1-7', 'last', '*/2', '13', '2nd fri', 'last sun', '8-14']),
                         ('day_of_week', ['mon', 'mon-fri', 'sat,sun', '2,4']), ('hour', ['9', '*/3', '8-17', '0']),
                         ('minute', ['0', '30', '*/15', '0,20'])):
        if r.randrange(2):
            fields[name] = r.choice(values)
    return fields if len(fields) > 1 else {'hour': '9', **fields}


def text_of(at):
    return at.strftime('%Y-%m-%d %H:%M:%S')


def random_part(r, tz):
    """A schedule for belfry and APScheduler's trigger, in a zone without summer time."""
    zone, kind = ZoneInfo(tz), r.randrange(6)
    if kind == 0:
        every = {r.choice(['minutes', 'hours', 'days']): r.randint(1, 30)}
        start = random_local(r, 2020, 2026).replace(second=0, minute=0)
        return ({'dialect': 'interval', 'fields': {**every, 'start_date': text_of(start)}},
                IntervalTrigger(start_date=start.replace(tzinfo=zone), timezone=zone, **every))
    fields = random_fields(r)
    return {'dialect': 'fields', 'fields': fields}, CronTrigger(timezone=zone, **fields)


# ---- questions and answers

class Cases:
    """Collects requests and what must come of them, then asks belfry once."""

    def __init__(self, binary):
        self.binary, self.requests, self.wants = binary, [], []

    def add(self, dialect, schedule, tz, after, want):
        """want(next, error) says what is wrong, or None."""
        key = 'expr' if isinstance(schedule, str) else 'fields'
        self.requests.append({'id': len(self.wants), 'dialect': dialect, key: schedule, 'tz': tz,
                              'after': after.isoformat() + '+00:00', 'n': COUNT})
        self.wants.append(want)

    def ask(self):
        lines = ''.join(json.dumps(request) + '\n' for request in self.requests)
        out = subprocess.run([self.binary, 'next', '--batch'], input=lines, capture_output=True, text=True, check=True, timeout=250)
        failed = 0
        for request, line, want in zip(self.requests, out.stdout.splitlines(), self.wants, strict=True):
            answer = json.loads(line)
            moments = [datetime.datetime.fromisoformat(x.replace('Z', '+00:00')).astimezone(UTC).replace(tzinfo=None)
                       for x in answer.get('next', [])]
            wrong = want(moments, answer.get('error'))
            if wrong:
                failed += 1
                print('FAIL', json.dumps(request), wrong, answer, sep='\n    ')
        print('%d passed, %d failed' % (len(self.wants) - failed, failed))
        return failed


def same(expect):
    def check(moments, error):
        if error:
            return 'refused' if expect or 'never fires' not in error else None
        return None if moments == expect else 'expected %s' % [x.isoformat() for x in expect]
    return check


def refused(moments, error):
    return None if error else 'accepted'


def combination(is_and, triggers, after):
    expect, at = [], after + SECOND
    while len(expect) < COUNT:
        found = combined(is_and, triggers, at)
        if found is None or found == 'lost':
            break
        expect.append(found)
        at = found + SECOND
    is_lost = len(expect) < COUNT and found == 'lost'

    def check(moments, error):
        if error:
            return 'refused' if expect else None
        if moments[:len(expect)] != expect or (len(moments) > len(expect) and not is_lost):
            return 'expected %s' % [x.isoformat() for x in expect]
    return check


def add_iso(r, cases, is_damaged):
    text, at = random_iso(r)
    text = damaged(r, text) if is_damaged else text
    tz = r.choice(ZONES)
    after = at + datetime.timedelta(seconds=r.choice([-1, 1]) * r.randrange(10**r.randint(1, 9)))
    after = max(after, EPOCH)
    meant = sound(text.strip(), tz)
    if meant is None:
        cases.add('iso8601', text, tz, after, refused)
        return
    anchor, step, first, last, zone = meant
    cases.add('iso8601', text, tz, after, same(walk(anchor, step, first, last, zone, after)))


def add_calendar_interval(r, cases):
    at, tz = random_local(r, 1990, 2080), r.choice(ZONES)
    months, days = r.choice([(1, 0), (1, 0), (0, 1), (0, 3), (12, 0), (3, 0), (0, 14), (1, 15), (7, 2)])
    fields = {'months': months, 'days': days, 'time': at.strftime('%H:%M:%S'), 'start_date': at.strftime('%Y-%m-%d'),
              'month_end': r.choice(['skip', 'last'])}
    after = at + datetime.timedelta(seconds=r.randrange(10**r.randint(1, 9)) - 10**6)
    start = moment(at.replace(hour=0, minute=0, second=0), ZoneInfo(tz), True)
    expect = walk(at, (months, days, 0), 0, None, ZoneInfo(tz), max(after, start - SECOND), fields['month_end'] == 'last')
    cases.add('calendarinterval', fields, tz, after, same(expect))


def add_interval(r, cases):
    every = {unit: r.randint(0, 60) for unit in ('weeks', 'days', 'hours', 'minutes', 'seconds') if r.randrange(3) == 0}
    if not any(every.values()):
        every = {'minutes': 5}
    start, tz = random_local(r), r.choice(ZONES)
    after = start + datetime.timedelta(seconds=r.randrange(10**r.randint(1, 9)) - 10**5)
    trigger = IntervalTrigger(start_date=start.replace(tzinfo=UTC), timezone=UTC, **every)
    expect, at = [], after
    while len(expect) < COUNT and (at := seek(trigger, at + SECOND)) < HORIZON:
        expect.append(at)
    cases.add('interval', {**every, 'start_date': text_of(start) + '+00:00'}, tz, after, same(expect))


def add_dates(r, cases):
    dates = sorted({random_local(r) for _ in range(r.randint(1, 9))})
    tz = r.choice(ZONES)
    zone = ZoneInfo(tz)
    local = [moment(x, zone, True) for x in dates]
    after = random_local(r)
    triggers = [DateTrigger(run_date=x.replace(tzinfo=UTC), timezone=UTC) for x in local]
    expect = sorted({at for at in (seek(t, after) for t in triggers) if at > after})[:COUNT]
    shuffled = [text_of(x) for x in dates]
    r.shuffle(shuffled)
    fields = {'run_date': shuffled[0]} if len(dates) == 1 else {'run_dates': shuffled}
    cases.add('date', fields, tz, after, same(expect))


def add_combination(r, cases):
    tz = r.choice(STEADY)
    parts = [random_part(r, tz) for _ in range(r.randint(2, 3))]
    is_and, after = r.randrange(2), random_local(r, 2026, 2040)
    cases.add('and' if is_and else 'or', {'triggers': [part for part, _ in parts]}, tz, after,
              combination(is_and, [trigger for _, trigger in parts], after))


def main(binary, seed='1', count='300'):
    r, n, cases = random.Random('repeat ' + seed), int(count), Cases(binary)
    for i in range(n):
        add_iso(r, cases, False)
        add_iso(r, cases, True)
        add_calendar_interval(r, cases)
        if i % 2 == 0:
            add_interval(r, cases)
            add_dates(r, cases)
            add_combination(r, cases)
    return 1 if cases.ask() else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:4]))
