// recur.h - one recurrence rule of RFC 5545 (the value of RRULE, section 3.3.10), as sets.
//
// A rule is read from text, then what it leaves open is taken from DTSTART. What it means is
// three questions: does a period of the given frequency count (interval), which days of it
// (recur_days.h), which times of these days. How they are answered together is series.h's.
//
// Read strictly: parts once each, in any order and case; what the RFC forbids is refused, with
// the column. UNTIL is taken in any of its three forms, whatever DTSTART is.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trigger/scan.h"
#include "trigger/times.h"

#define RECUR_WORDS 6
#define RECUR_BITS (RECUR_WORDS * 64)

enum recur_freq {
    RECUR_SECONDLY,
    RECUR_MINUTELY,
    RECUR_HOURLY,
    RECUR_DAILY,
    RECUR_WEEKLY,
    RECUR_MONTHLY,
    RECUR_YEARLY,
};

enum recur_part {
    RECUR_FREQ,
    RECUR_UNTIL,
    RECUR_COUNT,
    RECUR_INTERVAL,
    RECUR_BYSECOND,
    RECUR_BYMINUTE,
    RECUR_BYHOUR,
    RECUR_BYDAY,
    RECUR_BYMONTHDAY,
    RECUR_BYYEARDAY,
    RECUR_BYWEEKNO,
    RECUR_BYMONTH,
    RECUR_BYSETPOS,
    RECUR_WKST,
    RECUR_PARTS,
};

// Numbers counted from the front (1, 2, ...) and from the back (-1, -2, ...). Among `total` things
// the one of index i, from 0, is meant by bit i of front and by bit RECUR_BITS - total + i of back.
struct recur_positions {
    uint64_t front[RECUR_WORDS]; // bit n - 1
    uint64_t back[RECUR_WORDS];  // bit RECUR_BITS - n
};

// A date or a date and time of RFC 5545: 20260131, 20260131T090000, 20260131T090000Z.
struct recur_date {
    int64_t local_s; // civil.h's seconds
    bool is_date;    // has no time
    bool is_utc;     // ends in Z
};

struct recur {
    enum recur_freq freq;
    uint16_t given;     // bit n for enum recur_part n
    uint16_t months;    // bits 1-12
    uint8_t weekdays;   // bit 0 is Monday; those without a number
    uint8_t week_start; // 0 is Monday
    int64_t interval;
    int64_t count;           // when given
    struct recur_date until; // when given
    struct times times;
    uint64_t weeks, weeks_back;                           // bits 1-53
    struct recur_positions month_days, year_days, places; // places: BYSETPOS
    // Numbered weekdays: bit (n - 1) * 7 + weekday, n counted from the front and from the back.
    uint64_t nth[RECUR_WORDS], nth_back[RECUR_WORDS];
};

// Is a part given, or filled in?
static inline bool recur_has(const struct recur *rule, enum recur_part part)
{
    return rule->given >> part & 1;
}

// Reads [s->at, s->end) of a text. Errors: ERR_INPUT with s->key and the column.
[[nodiscard]] bool recur_read(struct scan *s, struct recur *ret_rule);

// Takes what the rule leaves open from DTSTART: the day of the month, the hour, ...
void recur_fill(struct recur *rule, int64_t start_s);

// Reads a date at s->at. Second 60 is 59, as RFC 5545 has it for who knows no leap seconds.
[[nodiscard]] bool recur_date_read(struct scan *s, struct recur_date *ret_date);

extern const char *const recur_freq_names[RECUR_YEARLY + 1]; // "SECONDLY", ...

// The least index at or after `from` that the positions mean among total things, -1 when there is
// none.
int64_t recur_position(const struct recur_positions *p, int64_t from, int64_t total);
