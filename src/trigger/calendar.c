// calendar.c - finds the next local time in a set of bit masks.
//
// A month's days are computed as one word: weekdays are a pattern of seven bits, turned to the
// weekday of the first and repeated; the second Friday is the same pattern shifted by a week. So
// a day is found by counting zeros, and an expression with weekdays costs no more than one
// without.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/calendar.h"

#include <stddef.h>

#include "time/civil.h"

#define WEEK_BITS CALENDAR_WEEKDAYS
#define YEARS_LAST 0x3fU // the last word of the years: 2194 to 2199

void calendar_init(struct calendar *c)
{
    *c = (struct calendar){
        .seconds = CALENDAR_SECONDS,
        .minutes = CALENDAR_MINUTES,
        .hours = CALENDAR_HOURS,
        .days = CALENDAR_DAYS,
        .weeks = CALENDAR_WEEKS,
        .months = CALENDAR_MONTHS,
        .weekdays = CALENDAR_WEEKDAYS,
    };
    for (int i = 0; i < 8; i++)
        c->years[i] = 0xffffffffU;
}

void calendar_add_year(struct calendar *c, int64_t year)
{
    if (year >= CALENDAR_YEAR_MIN && year <= CALENDAR_YEAR_MAX)
        c->years[(year - CALENDAR_YEAR_MIN) / 32] |= 1U << (year - CALENDAR_YEAR_MIN) % 32;
}

bool calendar_has_year(const struct calendar *c, int64_t year)
{
    return year >= CALENDAR_YEAR_MIN && year <= CALENDAR_YEAR_MAX &&
           (c->years[(year - CALENDAR_YEAR_MIN) / 32] >> (year - CALENDAR_YEAR_MIN) % 32 & 1);
}

bool calendar_has_all_years(const struct calendar *c)
{
    uint32_t all = ~0U;

    for (int i = 0; i < 8; i++)
        all &= i < 7 ? c->years[i] : c->years[i] | ~YEARS_LAST;
    return all == ~0U;
}

bool calendar_is_daily(const struct calendar *c)
{
    bool is_day = c->days == CALENDAR_DAYS, is_weekday = c->weekdays == CALENDAR_WEEKDAYS;

    return (c->is_either ? is_day || is_weekday : is_day && is_weekday) &&
           c->months == CALENDAR_MONTHS && c->weeks == CALENDAR_WEEKS && calendar_has_all_years(c);
}

// Seven weekday bits, turned so that bit 0 is the weekday `first`.
static uint32_t turned(uint32_t weekdays, int first)
{
    return (weekdays >> first | weekdays << (7 - first)) & WEEK_BITS;
}

static uint32_t nth_days(const struct calendar *c, int first_weekday, int length)
{
    uint32_t days = 0;

    for (int week = 0; week < CALENDAR_NTH_LAST; week++)
        days |= turned(c->nth >> week * 7 & WEEK_BITS, first_weekday) << week * 7 << 1;
    // The last seven days begin at length - 6.
    return days |
           turned(c->nth >> CALENDAR_NTH_LAST * 7 & WEEK_BITS, (first_weekday + length - 7) % 7)
               << (length - 6);
}

// The working day nearest to a day, without leaving the month.
static int nearest_day(int day, int first_weekday, int length)
{
    int weekday = (first_weekday + day - 1) % 7;

    if (weekday == 5)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 6)
        return day < length ? day + 1 : day - 2;
    return day;
}

static uint32_t nearest_days(const struct calendar *c, int first_weekday, int length)
{
    uint32_t days = 0;

    for (uint32_t left = c->nearest; left != 0; left &= left - 1) {
        int day = __builtin_ctz(left);

        if (day <= length)
            days |= 1U << nearest_day(day, first_weekday, length);
    }
    for (uint32_t left = c->last_nearest; left != 0; left &= left - 1) {
        int day = length - __builtin_ctz(left);

        if (day >= 1)
            days |= 1U << nearest_day(day, first_weekday, length);
    }
    return days;
}

static uint32_t last_days(const struct calendar *c, int length)
{
    uint32_t days = 0;

    for (uint32_t left = c->last; left != 0; left &= left - 1) {
        int before = __builtin_ctz(left);

        if (before < length)
            days |= 1U << (length - before);
    }
    return days;
}

static uint32_t week_days(const struct calendar *c, int64_t first, int first_weekday, int length)
{
    uint32_t days = 0;

    // Monday of the first week may lie before the month: day 1 - first_weekday.
    for (int monday = 1 - first_weekday; monday <= length; monday += 7) {
        uint32_t week = monday < 1 ? WEEK_BITS << 1 >> (1 - monday) & ~1U : WEEK_BITS << monday;

        if (c->weeks >> civil_week(first + monday - 1, NULL) & 1)
            days |= week;
    }
    return days;
}

// As calendar_month; first is the month's first day since 1970.
static uint32_t month_days(const struct calendar *c, int64_t first, int length)
{
    int first_weekday = civil_weekday(first);
    uint32_t pattern = turned(c->weekdays, first_weekday);
    uint32_t day = c->days;
    uint32_t weekday = (pattern | pattern << 7 | pattern << 14 | pattern << 21 | pattern << 28)
                       << 1;

    if (c->last)
        day |= last_days(c, length);
    if (c->nearest | c->last_nearest)
        day |= nearest_days(c, first_weekday, length);
    if (c->nth && c->nth_is_day)
        day |= nth_days(c, first_weekday, length);
    else if (c->nth)
        weekday |= nth_days(c, first_weekday, length);

    uint32_t days = c->is_either ? day | weekday : day & weekday;
    if (c->weeks != CALENDAR_WEEKS)
        days &= week_days(c, first, first_weekday, length);
    return days & (uint32_t)((UINT64_C(2) << length) - 2);
}

uint32_t calendar_month(const struct calendar *c, int64_t year, int month)
{
    return month_days(c, civil_days(year, month, 1), civil_month_days(year, month));
}

// The least matching second of a day at or after from, -1 when there is none.
static int32_t second_of_day(const struct calendar *c, int32_t from)
{
    int32_t hour = from / 3600, minute = from / 60 % 60, second = from % 60;
    uint64_t left;

    if (c->hours >> hour & 1) {
        if (c->minutes >> minute & 1) {
            left = c->seconds >> second;
            if (left != 0)
                return from + __builtin_ctzll(left);
        }
        left = c->minutes >> minute >> 1;
        if (left != 0)
            return hour * 3600 + (minute + 1 + __builtin_ctzll(left)) * 60 +
                   __builtin_ctzll(c->seconds);
    }
    left = c->hours >> hour >> 1;
    if (left == 0)
        return -1;
    return (hour + 1 + __builtin_ctzll(left)) * 3600 + __builtin_ctzll(c->minutes) * 60 +
           __builtin_ctzll(c->seconds);
}

// The next year of the mask at or after one, 0 when there is none.
static int year_find(const struct calendar *c, int year)
{
    for (; year <= CALENDAR_YEAR_MAX; year++)
        if (calendar_has_year(c, year))
            return year;
    return 0;
}

// The first matching day at or after a date, as days since 1970; CALENDAR_NEVER when there is none.
static int64_t day_find(const struct calendar *c, const struct civil *from)
{
    int year = from->year, month = from->month, day = from->day;

    for (;;) {
        uint32_t months = calendar_has_year(c, year) ? c->months & (~0U << month) : 0;

        for (; months != 0; months &= months - 1) {
            int m = __builtin_ctz(months);
            int64_t first = civil_days(year, m, 1);
            uint32_t days = month_days(c, first, civil_month_days(year, m));

            if (m == month)
                days &= ~0U << day;
            if (days != 0)
                return first + __builtin_ctz(days) - 1;
        }
        year = year_find(c, year + 1);
        if (year == 0)
            return CALENDAR_NEVER;
        month = 1;
        day = 1;
    }
}

int64_t calendar_next(const struct calendar *c, int64_t from)
{
    if (from < 0)
        from = 0;

    int64_t days = from / DAY_S;
    struct civil date = civil_date(days);
    int32_t second = (int32_t)(from - days * DAY_S);
    int64_t found = date.year <= CALENDAR_YEAR_MAX ? day_find(c, &date) : CALENDAR_NEVER;

    if (found == days) {
        second = second_of_day(c, second);
        if (second >= 0)
            return days * DAY_S + second;
        date = civil_date(days + 1);
        found = date.year <= CALENDAR_YEAR_MAX ? day_find(c, &date) : CALENDAR_NEVER;
    }
    if (found == CALENDAR_NEVER)
        return CALENDAR_NEVER;
    return found * DAY_S + second_of_day(c, 0);
}
