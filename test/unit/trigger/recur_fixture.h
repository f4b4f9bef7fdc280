// recur_fixture.h - what the tests of recurrence rules share: rules from text, random rules, and
// the meaning of a rule in the simplest words there are.
#pragma once

#include <stdio.h>
#include <string.h>

#include "time/civil.h"
#include "trigger/recur.h"
#include "trigger/scan.h"
#include "unit.h"

// Local seconds of 20260131T090000.
static inline int64_t local_of(const char *text)
{
    struct err e = {0};
    struct scan s = {
        .text = str_of(text), .end = strlen(text), .key = "expr", .what = "a date", .e = &e};
    struct recur_date date;

    if (!recur_date_read(&s, &date))
        fail_msg("%s: %s", text, e.message);
    return date.local_s;
}

static inline bool recur_of(const char *text, struct recur *ret_rule, struct err *e)
{
    struct scan s = {
        .text = str_of(text), .end = strlen(text), .key = "expr", .what = "RRULE", .e = e};

    memset(e, 0, sizeof *e);
    return recur_read(&s, ret_rule);
}

// A rule that is sound, filled from DTSTART.
static inline struct recur recur_good(const char *text, int64_t start_s)
{
    struct recur rule;
    struct err e;

    if (!recur_of(text, &rule, &e))
        fail_msg("%s: %s", text, e.message);
    recur_fill(&rule, start_s);
    return rule;
}

static inline uint64_t rnd(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x * UINT64_C(0x2545f4914f6cdd1d) ^ *x >> 29;
}

static inline int below(uint64_t *x, int n)
{
    return (int)(rnd(x) % (uint64_t)n);
}

// ";NAME=" and up to `most` numbers from min to max; some negative when is_signed.
static inline void random_part(uint64_t *x, char *text, const char *name, int min, int max,
                               bool is_signed, int most)
{
    size_t len = strlen(text);
    int count = 1 + below(x, most);

    len += (size_t)snprintf(text + len, 500 - len, ";%s", name);
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, 500 - len, "%c%s%d", i == 0 ? '=' : ',',
                                is_signed && below(x, 3) == 0 ? "-" : "",
                                min + below(x, max - min + 1));
}

static inline void random_weekdays(uint64_t *x, char *text, int numbers)
{
    static const char *const days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    size_t len = strlen(text);
    int count = 1 + below(x, 4);

    len += (size_t)snprintf(text + len, 500 - len, ";BYDAY");
    for (int i = 0; i < count; i++) {
        int n = numbers && below(x, 3) ? below(x, 2 * numbers + 1) - numbers : 0;

        len += (size_t)snprintf(text + len, 500 - len, "%c", i == 0 ? '=' : ',');
        if (n != 0)
            len += (size_t)snprintf(text + len, 500 - len, "%d", n);
        len += (size_t)snprintf(text + len, 500 - len, "%s", days[below(x, 7)]);
    }
}

// Parts on days, as the frequency allows them.
static inline void random_days(uint64_t *x, char *text, int freq)
{
    bool has_week = freq == RECUR_YEARLY && below(x, 4) == 0, has_month = below(x, 3) == 0;

    if (has_month)
        random_part(x, text, "BYMONTH", 1, 12, false, 5);
    if (has_week)
        random_part(x, text, "BYWEEKNO", 1, 53, true, 5);
    if ((freq == RECUR_YEARLY || freq < RECUR_DAILY) && below(x, 4) == 0)
        random_part(x, text, "BYYEARDAY", 1, 366, true, 12);
    if (freq != RECUR_WEEKLY && below(x, 3) == 0)
        random_part(x, text, "BYMONTHDAY", 1, 31, true, 8);
    if (below(x, 2) == 0)
        random_weekdays(x, text,
                        freq < RECUR_MONTHLY || has_week     ? 0
                        : freq == RECUR_MONTHLY || has_month ? 5
                                                             : 53);
    if (below(x, 3) == 0)
        snprintf(text + strlen(text), 500 - strlen(text), ";WKST=%s", below(x, 2) ? "SU" : "WE");
}

// ---- the meaning

static inline bool among(const struct recur_positions *p, int64_t index, int64_t total)
{
    return (index < RECUR_BITS && (p->front[index / 64] >> index % 64 & 1)) ||
           (total - index <= RECUR_BITS &&
            (p->back[(RECUR_BITS - (total - index)) / 64] >> (RECUR_BITS - (total - index)) % 64 &
             1));
}

static inline int64_t week_of(const struct recur *rule, int64_t day)
{
    while (civil_weekday(day) != rule->week_start)
        day--;
    return day;
}

// The first day of the first week that has four days of the year.
static inline int64_t first_week(const struct recur *rule, int year)
{
    return week_of(rule, civil_days(year, 1, 4));
}

static inline int week_year(const struct recur *rule, int64_t day)
{
    int year = civil_date(day).year + 1;

    while (first_week(rule, year) > day)
        year--;
    return year;
}

static inline bool weekday_matches(const struct recur *rule, int64_t day)
{
    struct civil c = civil_date(day);
    bool in_month = rule->freq == RECUR_MONTHLY || (rule->given >> RECUR_BYMONTH & 1);
    int64_t first = civil_days(c.year, in_month ? c.month : 1, 1);
    int64_t end =
        in_month ? first + civil_month_days(c.year, c.month) : civil_days(c.year + 1, 1, 1);
    int64_t n = (day - first) / 7 * 7 + civil_weekday(day);
    int64_t back = (end - 1 - day) / 7 * 7 + civil_weekday(day);

    return (rule->weekdays >> civil_weekday(day) & 1) || (rule->nth[n / 64] >> n % 64 & 1) ||
           (rule->nth_back[back / 64] >> back % 64 & 1);
}

// Does a day match all BY parts on days of a filled rule?
static inline bool day_matches(const struct recur *rule, int64_t day)
{
    struct civil c = civil_date(day);
    int64_t new_year = civil_days(c.year, 1, 1), length = 365 + civil_is_leap(c.year);
    bool ok = rule->months >> c.month & 1;

    if (recur_has(rule, RECUR_BYMONTHDAY))
        ok &= among(&rule->month_days, c.day - 1, civil_month_days(c.year, c.month));
    if (recur_has(rule, RECUR_BYYEARDAY))
        ok &= among(&rule->year_days, day - new_year, length);
    if (recur_has(rule, RECUR_BYDAY))
        ok &= weekday_matches(rule, day);
    if (recur_has(rule, RECUR_BYWEEKNO)) {
        int year = week_year(rule, day);
        int64_t n = (day - first_week(rule, year)) / 7 + 1;
        int64_t back = (first_week(rule, year + 1) - 1 - day) / 7 + 1;

        ok &= (rule->weeks >> n & 1) || (rule->weeks_back >> back & 1);
    }
    return ok;
}
