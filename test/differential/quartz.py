#!/usr/bin/python3
"""Random Quartz schedules, beside Quartz itself (Debian's libquartz2-java).

usage: quartz.py build/release/belfry [SEED [COUNT]]

The schedules are made by the grammar; half of them are then damaged in one place. sound() is that grammar as belfry
documents it (src/trigger/quartz.h), written down a second time: belfry must accept exactly that. Where Quartz accepts
it as well, the next five moments must be the same, in UTC and in zones with summer time, there away from the nights in
which clocks change (Quartz skips a time inside the gap, and runs in the second of two equal hours).

Where the two differ, and why belfry stands:
  not sound()  Quartz reads past what it does not know: MONDAY, 1-5-, *5, 15W/2, 1,,2, an eighth field, the day range
             5-0, the step of 0-9/99
  LIST_L     refused by Quartz: L beside other days of the month ("not implemented")
  MIXED      refused by Quartz: a range from a name to a number
  NAME_STEP  Quartz drops a step behind names (MON-FRI/2 is every working day)
  W_LIST     Quartz looks only at the first of several days when one of them has a W
  NTH_LIST   Quartz looks only at the first of several weekdays when one of them has a #
  LATE_L     L-28 and more: Quartz counts back out of a short month, and with W it never returns
  LATE_W     29W and more: Quartz takes 1 March for 29 February, and the Friday before it when that is a Saturday
"""
import datetime, json, os, random, re, subprocess, sys
from zoneinfo import ZoneInfo

HERE = os.path.dirname(os.path.abspath(__file__))
JARS = '/usr/share/java/quartz2.jar:/usr/share/java/slf4j-api.jar:/usr/share/java/slf4j-nop.jar'
COUNT = 5
ZONES = ['UTC', 'UTC', 'Asia/Kolkata', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe']
MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split()
WEEKDAYS = 'SUN MON TUE WED THU FRI SAT'.split()
LIMITS = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199)]
DAY, MONTH, WEEKDAY, YEAR = 3, 4, 5, 6
NAMES = {MONTH: MONTHS, WEEKDAY: WEEKDAYS}

LIST_L = re.compile(r'^\S+ \S+ \S+ (?=\S*,)\S*L')
MIXED = re.compile(r'[A-Z]{3}-\d|\d-[A-Z]{3}')
NAME_STEP = re.compile(r'[A-Z]{3}/')
W_LIST = re.compile(r'^\S+ \S+ \S+ (?=\S*,)\S*W')
NTH_LIST = re.compile(r' (?=\S*,)\S*#\S*')
LATE_L = re.compile(r'L-0*(2[89]|30)')
LATE_W = re.compile(r'\b0*(29|30|31)W')


def normal(expr):
    return ' '.join(expr.upper().split())


# ---- the grammar

def value(text, field):
    """The number that a text means in a field, None when it means none."""
    least, most = LIMITS[field]
    if text in NAMES.get(field, []):
        return NAMES[field].index(text) + 1
    return int(text) if re.fullmatch('[0-9]+', text) and least <= int(text) <= most else None


def sound_item(text, field):
    if field == DAY and (re.fullmatch('LW?|L-([0-9]+)W?', text) or re.fullmatch('[0-9]+W', text)):
        n = re.search('[0-9]+', text)
        return not n or (int(n[0]) <= 30 if text[0] == 'L' else value(n[0], DAY) is not None)
    if field == WEEKDAY and text[-1:] == 'L':
        return text == 'L' or value(text[:-1], field) is not None
    if field == WEEKDAY and re.search('#[1-5]$', text):
        return value(text[:-2], field) is not None
    body, slash, step = text.partition('/')
    if slash and not (re.fullmatch('[0-9]+', step) and 0 < int(step) <= LIMITS[field][1]):
        return False
    if body == '*' or (body == '' and slash):
        return True
    ends = [value(end, field) for end in body.split('-')]
    return len(ends) <= 2 and None not in ends and (field != YEAR or ends[0] <= ends[-1])


def sound(expr):
    fields = expr.split(' ')
    if len(fields) not in (6, 7) or (fields[DAY] == '?') == (fields[WEEKDAY] == '?'):
        return False
    if ',' in fields[WEEKDAY] and ('L' in fields[WEEKDAY] or fields[WEEKDAY].count('#') > 1):
        return False
    return all(text == '?' and field in (DAY, WEEKDAY) or all(sound_item(item, field) for item in text.split(','))
               for field, text in enumerate(fields))


# ---- random schedules

def random_value(r, field):
    least, most = LIMITS[field]
    n = r.randint(least, most) if field != YEAR else r.randint(2000, 2060)
    return r.choice([NAMES[field][n - 1], str(n)]) if field in NAMES else str(n)


def random_item(r, field):
    kind = r.randrange(12)
    step = str(r.randint(1, LIMITS[field][1])) if field != YEAR else str(r.randint(1, 5))
    one, two = random_value(r, field), random_value(r, field)
    if r.randrange(8):  # small steps are what people write
        step = str(r.randint(1, max(2, LIMITS[field][1] // 4))) if field != YEAR else step
    if field == DAY and kind < 4:
        return r.choice(['L', 'LW', 'L-%d' % r.randint(0, 30), 'L-%dW' % r.randint(0, 30), one + 'W', one + 'W'])
    if field == WEEKDAY and kind < 4:
        return r.choice(['L', one + 'L', '%s#%d' % (one, r.randint(1, 5))])
    if field == YEAR and kind < 8:
        one, two = sorted((one, two))
    return ['*', '*/' + step, '/' + step, one + '/' + step, one + '-' + two, one + '-' + two + '/' + step][kind] if kind < 6 else one


def random_field(r, field):
    if r.randrange(3) == 0:
        return '*'
    return ','.join(random_item(r, field) for _ in range(r.choice([1, 1, 1, 1, 2, 3])))


def random_schedule(r):
    fields = [random_field(r, field) for field in range(r.choice([6, 6, 7]))]
    if r.randrange(2):
        fields[0] = '0'
    fields[r.choice([DAY, WEEKDAY])] = '?'
    text = ' '.join(fields)
    if r.randrange(2):
        return text
    at = r.randrange(len(text))
    return text[:at] + r.choice(['', text[at] + text[at], r.choice('0123456789*/,-?LW# MONFRI')]) + text[at + 1:]


# ---- the two programs

def belfry(binary, questions):
    lines = ''.join(json.dumps({'id': i, 'dialect': 'quartz', 'expr': expr, 'tz': zone, 'n': COUNT, 'after':
                    datetime.datetime.fromtimestamp(start, datetime.timezone.utc).isoformat()}) + '\n'
                    for i, (expr, zone, start) in enumerate(questions))
    out = subprocess.run([binary, 'next', '--batch'], input=lines, stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        answer = json.loads(line)
        if 'never fires' in answer.get('error', ''):
            yield []
        elif 'error' in answer:
            yield None
        else:
            yield [int(datetime.datetime.fromisoformat(t.replace('Z', '+00:00')).timestamp()) for t in answer['next']]


def quartz(questions):
    lines = ''.join('%s %d %d\t%s\n' % (zone, start, COUNT, expr) for expr, zone, start in questions)
    out = subprocess.run(['java', '-cp', JARS, os.path.join(HERE, 'quartz', 'Oracle.java')], input=lines,
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        yield None if line == 'refused' else [int(slot) for slot in line.split()]


def calm(slots, zone):
    """Those that have no change of the clocks within a day and a half."""
    def offset(at):
        return datetime.datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
    return [at for at in slots if offset(at - 129600) == offset(at + 129600)]


def complaint(expr, zone, ours, theirs):
    """What is wrong with our answer, '' when nothing is."""
    if (ours is not None) != sound(expr):
        return 'accepted' if ours is not None else 'refused'
    if ours is None:
        return ''
    if theirs is None:
        return '' if LIST_L.search(expr) or MIXED.search(expr) else 'accepted, unlike Quartz'
    if any(p.search(expr) for p in (NAME_STEP, W_LIST, NTH_LIST, LATE_L, LATE_W)):
        return ''
    ours, theirs = calm(ours, zone), calm(theirs, zone)
    n = COUNT if zone == 'UTC' else min(len(ours), len(theirs))
    return '' if ours[:n] == theirs[:n] else 'Quartz: %s' % theirs


def main(binary, seed='1', count='300'):
    r = random.Random(int(seed))
    questions, passed, failed, compared = [], 0, 0, 0
    while len(questions) < int(count):
        expr = normal(random_schedule(r))
        start = r.randint(946684800, 2208988800)  # 2000 to 2039
        questions.append((expr, r.choice(ZONES), start))
    # What it would not return from is not asked: some steps of 0 and days before the first are loops to Quartz.
    asked = [q for q in questions if sound(q[0]) and not LATE_L.search(q[0])]
    answers = dict(zip(asked, quartz(asked)))
    for question, ours in zip(questions, belfry(binary, questions)):
        expr, zone, start = question
        theirs = answers.get(question, ours)
        why = complaint(expr, zone, ours, theirs)
        compared += bool(ours and theirs)
        passed, failed = passed + (not why), failed + bool(why)
        if why:
            print('FAIL %r in %s after %d: %s\n     %s' % (expr, zone, start, ours, why))
    print('%d schedules with slots from both' % compared)
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0 or passed == 0


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
