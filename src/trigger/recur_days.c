// recur_days.c - a month's days as one word: every BY part is a word, and they are combined.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/recur_days.h"

#include "time/civil.h"
#include "trigger/calendar.h"

#define WEEK_BITS 0x7fU
#define YEAR_PARTS \
    (1U << RECUR_BYYEARDAY | 1U << RECUR_BYWEEKNO | 1U << RECUR_BYDAY | 1U << RECUR_BYMONTHDAY)

// A month, and where it lies in its year.
struct month {
    int64_t first;             // day since 1970
    int year, length, weekday; // of the first
    int year_day, year_length; // days of the year before it
};

int64_t recur_last_day(void)
{
    return civil_days(CALENDAR_YEAR_MAX + 1, 1, 1) - 1;
}

// Seven weekday bits, turned so that bit 0 is the weekday `first`.
static uint32_t turned(uint32_t weekdays, int first)
{
    return (weekdays >> first | weekdays << (7 - first)) & WEEK_BITS;
}

// `length` bits of a set from bit `from` on.
static uint32_t bits_cut(const uint64_t *set, int from, int length)
{
    int word = from / 64, shift = from % 64;
    uint64_t bits = set[word] >> shift;

    if (shift != 0 && word + 1 < RECUR_WORDS)
        bits |= set[word + 1] << (64 - shift);
    return (uint32_t)(bits & ((UINT64_C(1) << length) - 1));
}

// Which of `length` things from index `from` on the positions mean, among total: bit 0 is the
// first of them.
static uint32_t positions_cut(const struct recur_positions *p, int from, int length, int total)
{
    return bits_cut(p->front, from, length) | bits_cut(p->back, RECUR_BITS - total + from, length);
}

// Moves a word by a distance of any sign.
static uint64_t shifted(uint64_t bits, int by)
{
    return by >= 0 ? bits << by : bits >> -by;
}

// Numbered weekdays within a span of days (the month itself, or its year) that begins `before`
// days before the month: bit 0 is the month's first day.
static uint64_t nth_days(const struct recur *rule, const struct month *m, int before, int total)
{
    int weekday = (m->weekday + 371 - before) % 7; // of the span's first day
    int from_front = before / 7, from_back = (total - before - m->length) / 7;
    uint64_t days = 0;

    for (int n = from_front; n <= (before + m->length - 1) / 7; n++)
        days |= shifted(turned(bits_cut(rule->nth, n * 7, 7), weekday), n * 7 - before);
    // The n-th seven days from the back begin with the same weekday, whatever n.
    weekday = (weekday + total) % 7;
    for (int n = from_back; n <= (total - before - 1) / 7; n++)
        days |= shifted(turned(bits_cut(rule->nth_back, n * 7, 7), weekday),
                        total - (n + 1) * 7 - before);
    return days;
}

// Is there any numbered weekday?
static bool has_nth(const struct recur *rule)
{
    uint64_t any = 0;

    for (int i = 0; i < RECUR_WORDS; i++)
        any |= rule->nth[i] | rule->nth_back[i];
    return any != 0;
}

static uint32_t week_days(const struct recur *rule, const struct month *m)
{
    uint32_t pattern = turned(rule->weekdays, m->weekday);
    uint64_t days = pattern | pattern << 7 | pattern << 14 | pattern << 21;

    days |= (uint64_t)pattern << 28;
    if (!has_nth(rule))
        return (uint32_t)days;
    // Within the month, or within the year when no month is named.
    if (rule->freq == RECUR_MONTHLY || recur_has(rule, RECUR_BYMONTH))
        return (uint32_t)(days | nth_days(rule, m, 0, m->length));
    return (uint32_t)(days | nth_days(rule, m, m->year_day, m->year_length));
}

// The first day of the first week of a year: the week that holds 4 January.
static int64_t year_start(const struct recur *rule, int64_t year)
{
    int64_t fourth = civil_days(year, 1, 4);

    return fourth - (civil_weekday(fourth) - rule->week_start + 7) % 7;
}

static int64_t week_start(const struct recur *rule, int64_t day)
{
    return day - (civil_weekday(day) - rule->week_start + 7) % 7;
}

// The days of the month that lie in the weeks of BYWEEKNO. The first week may belong to the year
// before, the last to the year after.
static uint32_t numbered_weeks(const struct recur *rule, const struct month *m)
{
    int64_t week = week_start(rule, m->first), start = year_start(rule, m->year);
    int64_t year = week < start ? m->year - 1 : m->year;
    uint64_t days = 0;

    if (week < start)
        start = year_start(rule, year);
    for (int64_t end = year_start(rule, year + 1); week < m->first + m->length; week += 7) {
        if (week >= end) {
            start = end;
            end = year_start(rule, ++year + 1);
        }
        if ((rule->weeks >> ((week - start) / 7 + 1) & 1) ||
            (rule->weeks_back >> (end - week) / 7 & 1))
            days |= shifted(WEEK_BITS, (int)(week - m->first));
    }
    return (uint32_t)days;
}

static uint32_t month_days(const struct recur *rule, int year, int month)
{
    struct month m = {
        .first = civil_days(year, month, 1), .year = year, .length = civil_month_days(year, month)};
    uint32_t days = (uint32_t)((UINT64_C(1) << m.length) - 1);

    m.weekday = civil_weekday(m.first);
    if (recur_has(rule, RECUR_BYMONTHDAY))
        days &= positions_cut(&rule->month_days, 0, m.length, m.length);
    if (days == 0 || !(rule->given & YEAR_PARTS))
        return days << 1;
    m.year_day = (int)(m.first - civil_days(year, 1, 1));
    m.year_length = 365 + civil_is_leap(year);
    if (recur_has(rule, RECUR_BYYEARDAY))
        days &= positions_cut(&rule->year_days, m.year_day, m.length, m.year_length);
    if (recur_has(rule, RECUR_BYDAY))
        days &= week_days(rule, &m);
    if (recur_has(rule, RECUR_BYWEEKNO))
        days &= numbered_weeks(rule, &m);
    return days << 1;
}

uint32_t recur_days(const struct recur *rule, int64_t year, int month)
{
    return rule->months >> month & 1 ? month_days(rule, (int)year, month) : 0;
}

int64_t recur_day_next(const struct recur *rule, int64_t day)
{
    if (day > recur_last_day())
        return RECUR_NEVER;

    struct civil date = civil_date(day);
    uint32_t kept = ~0U << date.day;

    for (int year = date.year, month = date.month; year <= CALENDAR_YEAR_MAX; year++, month = 1) {
        for (uint32_t left = rule->months & ~0U << month; left != 0; left &= left - 1) {
            int m = __builtin_ctz(left);
            uint32_t days = month_days(rule, year, m);

            if (m == month)
                days &= kept;
            if (days != 0)
                return civil_days(year, m, __builtin_ctz(days));
        }
        kept = ~0U;
    }
    return RECUR_NEVER;
}

int64_t recur_day_count(const struct recur *rule, int64_t first, int64_t end)
{
    int64_t count = 0;

    while (first < end) {
        struct civil date = civil_date(first);
        int64_t start = first - date.day + 1;
        int64_t next = start + civil_month_days(date.year, date.month);
        uint32_t days = recur_days(rule, date.year, date.month) & ~0U << date.day;

        if (end < next)
            days &= (1U << (end - start + 1)) - 1;
        count += __builtin_popcount(days);
        first = next;
    }
    return count;
}

int64_t recur_day_at(const struct recur *rule, int64_t first, int64_t n)
{
    for (;;) {
        struct civil date = civil_date(first);
        int64_t start = first - date.day + 1;
        uint32_t days = recur_days(rule, date.year, date.month) & ~0U << date.day;
        int count = __builtin_popcount(days);

        if (n < count) {
            while (n-- > 0)
                days &= days - 1;
            return start + __builtin_ctz(days) - 1;
        }
        n -= count;
        first = start + civil_month_days(date.year, date.month);
    }
}

int64_t recur_period(const struct recur *rule, int64_t day)
{
    struct civil date;

    switch (rule->freq) {
    case RECUR_WEEKLY:
        return floor_div(day + 3 - rule->week_start, 7); // 1970 began with a Thursday
    case RECUR_MONTHLY:
        date = civil_date(day);
        return (int64_t)date.year * 12 + date.month - 1;
    case RECUR_YEARLY:
        return civil_date(recur_has(rule, RECUR_BYWEEKNO) ? week_start(rule, day) + 3 : day).year;
    default:
        return day;
    }
}

int64_t recur_period_start(const struct recur *rule, int64_t period)
{
    switch (rule->freq) {
    case RECUR_WEEKLY:
        return period * 7 - 3 + rule->week_start;
    case RECUR_MONTHLY:
        return civil_days(floor_div(period, 12), (int)(period - floor_div(period, 12) * 12) + 1, 1);
    case RECUR_YEARLY:
        return recur_has(rule, RECUR_BYWEEKNO) ? year_start(rule, period)
                                               : civil_days(period, 1, 1);
    default:
        return period;
    }
}
