// calendar.h - a set of local times as bit masks: what cron fields mean, whatever language they
// were written in.
//
// A local time belongs to the set when its year, month, ISO week, hour, minute and second are in
// their masks and its day is in the day rule. Weekdays count from 0, Monday. Zones and clock
// changes are dst.h's business.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CALENDAR_YEAR_MIN 1970
#define CALENDAR_YEAR_MAX 2199
#define CALENDAR_NEVER INT64_MAX
#define CALENDAR_NTH_LAST 5 // the group of `nth` for the last such weekday of a month

// Masks that leave nothing out.
#define CALENDAR_SECONDS ((UINT64_C(1) << 60) - 1)
#define CALENDAR_MINUTES CALENDAR_SECONDS
#define CALENDAR_HOURS ((1U << 24) - 1)
#define CALENDAR_DAYS 0xfffffffeU
#define CALENDAR_MONTHS 0x1ffeU
#define CALENDAR_WEEKS ((UINT64_C(1) << 54) - 2)
#define CALENDAR_WEEKDAYS 0x7fU

struct calendar {
    uint64_t seconds;      // bits 0-59
    uint64_t minutes;      // bits 0-59
    uint64_t nth;          // bit group * 7 + weekday: group 0-4 the first to fifth, 5 the last
    uint64_t weeks;        // bits 1-53, ISO
    uint32_t hours;        // bits 0-23
    uint32_t days;         // bits 1-31
    uint32_t last;         // bit n: n days before the month's last day
    uint32_t nearest;      // bits 1-31: the working day nearest to that day
    uint32_t last_nearest; // bit n: the working day nearest to n days before the month's last day
    uint32_t years[8];     // bit year - 1970
    uint16_t months;       // bits 1-12
    uint8_t weekdays;      // bits 0-6
    bool nth_is_day : 1; // nth belongs to the day rule (APScheduler's fields), else to the weekday
                         // rule (crontab)
    bool is_either : 1;  // a day needs to match the day rule or the weekday rule, else both
    bool is_elapsed : 1; // counts real time: see dst.h
    uint8_t dst : 3;     // enum dst_policy: see dst.h
};

// Matches every second: the point from which parsers take away.
void calendar_init(struct calendar *c);

void calendar_add_year(struct calendar *c, int64_t year); // outside of 1970-2199: no effect
bool calendar_has_year(const struct calendar *c, int64_t year);
bool calendar_has_all_years(const struct calendar *c);

// Does every day of every year match?
bool calendar_is_daily(const struct calendar *c);

// The days of a month that match, as bits 1-31 (year and month masks are not looked at).
uint32_t calendar_month(const struct calendar *c, int64_t year, int month);

// The least matching local second at or after from, CALENDAR_NEVER when there is none until the
// end of 2199. Walks by months, so the work is bounded by 2,760 of them; schedules people use
// need one or two.
int64_t calendar_next(const struct calendar *c, int64_t from);
