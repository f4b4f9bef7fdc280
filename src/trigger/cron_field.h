// cron_field.h - the fields of a cron text, for every language of that family: lists of values and
// ranges with steps, L, W, #, H and ~, compiled into a calendar.
//
// A language (crontab.c, quartz.c) is a table of limits and a few switches; which fields it has,
// and what its day fields mean together, it looks after itself.
//
// H and ~ stand for one value of the field (a day: 1-28), H(0-29) and 6~15 for one of that range,
// 6~ and ~15 for one up to the field's end and from its beginning; H/15 and 6~30/5 for every
// fifteenth and fifth from such a value on. It is always the same for the same salt (the job's id),
// and differs between jobs: least + SipHash-1-3(salt) modulo width, where the key's halves are
// CRON_HASH_KEY and the enum cron_field, so that the minute says nothing of the hour. With a step
// behind it, the hash picks where in the first step to begin. Jobs that are in a store hang on this
// formula: it never changes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "trigger/calendar.h"

#define CRON_HASH_KEY UINT64_C(0x62656c6672792048) // "belfry H"

enum cron_field {
    CRON_SECOND,
    CRON_MINUTE,
    CRON_HOUR,
    CRON_DAY,
    CRON_MONTH,
    CRON_WEEKDAY,
    CRON_YEAR,
    CRON_FIELD_COUNT,
};

struct cron_limits {
    int16_t min, max;
    int16_t hash_max;     // H and ~ choose from min to here
    const char *would_do; // "write 0-59, ..."
};

struct cron_language {
    struct cron_limits limits[CRON_FIELD_COUNT];
    int sunday;         // its number: 0 (and 7), or 1
    bool has_hash;      // H and ~ are known
    bool wraps;         // 22-2 goes over the end of the field
    bool steps_fit;     // a step wider than the field is an error, "/5" means "0/5"
    bool question_rule; // `?` stands alone in its field
    bool weekday_l;     // L alone is a weekday, the last of the week; FRI#L is none
    int last_min;       // least n of L-n
};

// A text and where its fields are.
struct cron_text {
    struct str text;
    struct str salt; // for H and ~
    struct {
        size_t from, to; // equal: not given
    } fields[CRON_FIELD_COUNT];
    uint8_t plus; // bit n: field n had a + in front, which from is behind
};

// Finds the fields, blanks between, from a byte of the text to its end: at least least_count of
// them and at most 7. The first one is the second or, when there are five, the minute.
[[nodiscard]] bool cron_split(struct str text, size_t at, size_t least_count,
                              struct cron_text *ret_text, struct err *e);

bool cron_field_is_given(const struct cron_text *text, enum cron_field field);

// The first byte of a field, '\0' when it is not given.
char cron_field_first(const struct cron_text *text, enum cron_field field);

// Compiles all fields. Seconds that are not given are 0; calendar.is_elapsed is set as dst.h has
// it, is_either is left false. *ret_is_hashed: the salt matters. Errors: ERR_INPUT, field "expr",
// with the column of what is at fault.
[[nodiscard]] bool cron_compile(const struct cron_language *language, const struct cron_text *text,
                                struct calendar *ret_calendar, bool *ret_is_hashed, struct err *e);

// Adds the fields of a text that cron_compile accepts as month='*', day='1', day_of_week='mon',
// ...: most significant first, weekdays as names, H and ~ as the values they stand for.
void cron_print(const struct cron_language *language, const struct cron_text *text,
                struct buf *out);
