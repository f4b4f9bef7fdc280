// civil.h - the civil calendar: days since 1970 <-> year, month, day, and what can be counted
// from them.
//
// Proleptic Gregorian, as ISO 8601 has it. A moment without a zone is "local seconds": seconds
// since 1970-01-01T00:00:00 on some clock on the wall, every day 86,400 of them long. Weekdays
// count from 0, Monday.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DAY_S 86400

struct civil {
    int32_t year;
    int8_t month;  // 1-12
    int8_t day;    // 1-31
    int8_t hour;   // 0-23
    int8_t minute; // 0-59
    int8_t second; // 0-59
    int32_t us;    // 0-999999
};

// Days since 1970-01-01. month 1-12; day may lie outside of the month (day 0 is the last of the
// month before).
int64_t civil_days(int64_t year, int month, int64_t day);

// The date of a day; only year, month and day are set, the rest is 0. Right for |days| below 700
// billion.
struct civil civil_date(int64_t days);

// Local seconds <-> civil time. civil_seconds ignores us; civil_at leaves it 0.
int64_t civil_seconds(const struct civil *c);
struct civil civil_at(int64_t seconds);

bool civil_is_leap(int64_t year);
int civil_month_days(int64_t year, int month);

// 0 is Monday.
int civil_weekday(int64_t days);

// The ISO 8601 week, 1-53, and the year it belongs to (ret_year may be NULL).
int civil_week(int64_t days, int64_t *ret_year);

// True when every part is in its range and the day exists in its month.
bool civil_is_valid(const struct civil *c);

// Division that rounds towards the past, as calendars need it for times before 1970. d > 0.
static inline int64_t floor_div(int64_t n, int64_t d)
{
    return n / d - (n % d < 0);
}
