// posix_tz.h - the TZ texts that end a zone file: "CET-1CEST,M3.5.0,M10.5.0/3".
//
// POSIX.1 with the hours of RFC 9636 (-167 to 167), so that "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"
// works.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define POSIX_TZ_NAME_MAX 15

// One day of the year and a time on it.
struct posix_rule {
    enum {
        RULE_MONTH,  // Mm.w.d: week 1-5 (5: last) of a month, weekday 0 is Sunday
        RULE_JULIAN, // Jn: day 1-365, 29 February is never counted
        RULE_DAY,    // n: day 0-365, 29 February is counted
    } kind;
    int16_t month, week, day;
    int32_t time_s; // local time of the change, may lie outside of the day
};

struct posix_tz {
    char std_name[POSIX_TZ_NAME_MAX + 1];
    char dst_name[POSIX_TZ_NAME_MAX + 1]; // empty: no daylight saving time
    int32_t std_offset_s;                 // local = UTC + offset
    int32_t dst_offset_s;
    struct posix_rule start; // of daylight saving time, told in standard time
    struct posix_rule end;   // told in daylight saving time
};

// False when the text is not one. A DST name without rules is refused: what it means is not
// defined.
[[nodiscard]] bool posix_tz_parse(struct str text, struct posix_tz *ret_tz);

// The moments, in seconds UTC, at which daylight saving time starts and ends in a year. Only with
// a dst_name.
void posix_tz_year(const struct posix_tz *tz, int64_t year, int64_t *ret_start, int64_t *ret_end);
