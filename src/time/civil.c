// civil.c - the civil calendar by arithmetic, without tables or loops.
//
// The year is taken to begin on 1 March: then the leap day is the last of its year, and the days
// before a month are a straight line, (153 m + 2) / 5. 400 years are one era of 146,097 days,
// which is also a whole number of weeks.
// SPDX-License-Identifier: Apache-2.0
#include "time/civil.h"

#define ERA_DAYS 146097
#define EPOCH_DAYS 719468 // from 0000-03-01 to 1970-01-01

int64_t civil_days(int64_t year, int month, int64_t day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

struct civil civil_date(int64_t days)
{
    int64_t from_epoch = days + EPOCH_DAYS;
    int64_t era = floor_div(from_epoch, ERA_DAYS);
    int32_t doe = (int32_t)(from_epoch - era * ERA_DAYS);
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int32_t month_from_march = (5 * doy + 2) / 153;
    int32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

    return (struct civil){
        .year = (int32_t)(era * 400 + yoe + (month <= 2)),
        .month = (int8_t)month,
        .day = (int8_t)(doy - (153 * month_from_march + 2) / 5 + 1),
    };
}

int64_t civil_seconds(const struct civil *c)
{
    return civil_days(c->year, c->month, c->day) * DAY_S + c->hour * 3600 + c->minute * 60 +
           c->second;
}

struct civil civil_at(int64_t seconds)
{
    int64_t days = floor_div(seconds, DAY_S);
    int32_t rest = (int32_t)(seconds - days * DAY_S);
    struct civil c = civil_date(days);

    c.hour = (int8_t)(rest / 3600);
    c.minute = (int8_t)(rest / 60 % 60);
    c.second = (int8_t)(rest % 60);
    return c;
}

bool civil_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int civil_month_days(int64_t year, int month)
{
    if (month == 2)
        return civil_is_leap(year) ? 29 : 28;
    // 31 for January to July when odd, for August to December when even.
    return 30 + ((month + (month > 7)) & 1);
}

int civil_weekday(int64_t days)
{
    int64_t thursday_based = (days + 3) % 7; // 1970-01-01 was a Thursday

    return (int)(thursday_based < 0 ? thursday_based + 7 : thursday_based);
}

int civil_week(int64_t days, int64_t *ret_year)
{
    // A week belongs to the year of its Thursday.
    int64_t thursday = days - civil_weekday(days) + 3;
    int64_t year = civil_date(thursday).year;

    if (ret_year)
        *ret_year = year;
    return (int)((thursday - civil_days(year, 1, 1)) / 7 + 1);
}

bool civil_is_valid(const struct civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= civil_month_days(c->year, c->month) && c->hour >= 0 && c->hour <= 23 &&
           c->minute >= 0 && c->minute <= 59 && c->second >= 0 && c->second <= 59 && c->us >= 0 &&
           c->us <= 999999;
}
