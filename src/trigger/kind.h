// kind.h - what a kind of schedule does for a trigger, and what a trigger looks like inside.
//
// Private to this folder. A kind is one const row, in a file of its own: it reads its members of
// the spec, finds slots, and prints. Everything that all kinds share - zone, bounds, jitter, who
// may write what - is trigger.c's (specs) and trigger_slots.c's (questions), which know kinds only
// by their rows. So a kind may use trigger_next on triggers inside of it, and nothing goes round.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json_write.h"
#include "time/duration.h"
#include "time/zone.h"
#include "trigger/calendar.h"
#include "trigger/dst.h"
#include "trigger/exclude.h"
#include "trigger/trigger.h"

#define TRIGGER_BEGINNING ((wall){INT64_MIN})
#define KIND_WORK_MAX 10000 // steps of one search among several triggers: some ms

// What most triggers do not have; one allocation, owned by the trigger.
struct bounds {
    wall start;                   // no slot before it; TRIGGER_BEGINNING when not given
    wall end;                     // no slot after it, as given; WALL_NEVER when not given
    wall last;                    // no slot after it: end, or the last of max_runs slots
    const struct zone *rule_zone; // where a calendar is read when not in trigger.zone (dst: utc)
    struct exclude *exclude;      // owned; NULL: no calendars
    int32_t max_runs;             // 0: without limit
    uint32_t jitter_s;
};

struct trigger {
    const struct kind *kind;
    const struct zone *zone; // borrowed from the registry
    struct bounds *bounds;   // NULL: none
    char *texts;             // owned; what the kind keeps of the spec to print it again
    uint8_t dst;             // enum dst_policy
    uint8_t given;           // fields: bit n for enum field n
    bool is_crontab;
    bool is_hashed;  // crontab: texts has a second one, the salt of H and ~
    uint32_t shared; // by so many others: it goes with the last of them
    union {
        struct calendar calendar; // of every kind whose next is kind_calendar_next
        struct {
            wall start;       // of anchored kinds: the anchor; date: the slot
            int64_t every_us; // interval; after, startup: the delay
            void *own;        // of the kind, ended by kind->done
        };
    };
};

// Which of the common members a kind takes.
enum {
    COMMON_TIMEZONE = 1,
    COMMON_RANGE = 2, // start_date and end_date
    COMMON_JITTER = 4,
    COMMON_MAX_RUNS = 8,
    COMMON_DST = 16,
    COMMON_CALENDARS = 32, // exclude, include and on_exclude
    COMMON_ALL = 63,
};

// What a kind is given to read a spec.
struct kind_reader {
    const struct trigger_context *context;
    int own;       // how many of the kind's own members the spec has
    int depth;     // how many specs it stands inside of
    int64_t *work; // steps that searches may still take while the outermost spec is read
    // trigger_parse, for specs inside of this one; takes what never fires, too
    bool (*parse)(const json_t *spec, const struct trigger_context *context,
                  const struct kind_reader *outer, struct trigger **ret_trigger, struct err *e);
};

struct kind {
    enum trigger_kind id;
    const char *type;        // "cron"
    const char *const *keys; // its own members, NULL at the end
    uint8_t common;          // COMMON_...
    bool is_anchored;        // start_date is where it begins to count: in trigger.start
    bool is_relative;        // its slots hang on events; trigger_next alone does not tell them
    int64_t grain_us;        // all its slots are multiples of it: SECOND_US or 1

    // The zone that the kind's own members name in their text, and the column of it; p NULL when
    // they name none. The trigger is then in that zone. NULL: they cannot.
    struct str (*zone)(const json_t *spec, int *ret_column);

    // Reads the kind's own members. Zone, bounds and dst are there already (whoever fills
    // t->calendar sets calendar.dst from t->dst); context->now is not to be used but for a default
    // that write() prints. Errors name the key.
    bool (*read)(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                 struct err *e);

    // The least slot strictly after a moment, whatever the bounds say; WALL_NEVER when there is
    // none. Pure, and bounded in work.
    wall (*next)(const struct trigger *t, wall after);

    // The same for kinds whose next may take many steps: it takes them from *work and finds nothing
    // when that is used up. NULL: next is quick.
    wall (*next_within)(const struct trigger *t, wall after, int64_t *work);

    // As trigger_prev and trigger_count, without the bounds. NULL: found by asking next.
    wall (*prev)(const struct trigger *t, wall at);
    int64_t (*count)(const struct trigger *t, wall after, wall upto, int64_t max, wall *ret_last);

    // As trigger_next_dst, without the bounds. NULL: changes of the clocks do not matter.
    bool (*next_dst)(const struct trigger *t, wall after, wall until, struct trigger_dst *ret_dst);

    void (*str)(const struct trigger *t, struct buf *out);        // as a whole: "interval[0:05:00]"
    void (*write)(const struct trigger *t, struct json_write *w); // members behind "type"
    void (*words)(const struct trigger *t, struct buf *out);      // without zone and bounds
    void (*done)(struct trigger *t);                              // NULL: owns nothing
};

// Every kind. Its row is in the file of that name: cron_kind.c, ...; those that follow events share
// event_kind.c, iso8601 and calendarinterval repeat_kind.c, and and or combination_kind.c.
#define X(name) extern const struct kind name##_kind;
#include "trigger/kind.def"
#undef X

// "key":"2026-01-01T00:00:00+01:00"
void kind_write_moment(struct json_write *w, const char *key, wall at, const struct zone *zone);

// What dst.h says of a change of the clocks, for next_dst.
struct trigger_dst kind_dst(const struct dst_touch *touch);

// The end of 2199: no slot lies after it.
wall kind_horizon(void);

// What trigger_write and trigger_words are made of, for kinds with triggers inside of them: the
// spec as a JSON value; ", from ..., until ..., 5 times", as far as there are bounds.
void kind_write_spec(const struct trigger *t, struct json_write *w);
void kind_words_bounds(const struct trigger *t, struct buf *out);

// The same trigger without its calendars, for as long as it and *ret_bounds are there. Not to be
// freed.
void kind_without_calendars(const struct trigger *t, struct trigger *ret_plain,
                            struct bounds *ret_bounds);

// As trigger_count, but searches among calendars take their work from *work (exclude_slots.h),
// INT_MAX being endless; when nothing of it is left, the count is not the whole.
int64_t kind_count(const struct trigger *t, wall after, wall upto, int64_t max, int *work,
                   wall *ret_last);

// Is trigger.calendar all that its kind looks at?
bool kind_is_calendar(const struct trigger *t);

// next, next_dst and words of every kind that fills trigger.calendar.
wall kind_calendar_next(const struct trigger *t, wall after);
bool kind_calendar_next_dst(const struct trigger *t, wall after, wall until,
                            struct trigger_dst *ret_dst);
void kind_calendar_words(const struct trigger *t, struct buf *out);

// The zone that a kind's calendar is read in.
const struct zone *kind_rule_zone(const struct trigger *t);

// As trigger_next_dst, also where calendars keep out what would run.
bool kind_next_change(const struct trigger *t, wall after, wall until, struct trigger_dst *ret_dst);

// Its calendars; NULL: none.
const struct exclude *kind_exclude(const struct trigger *t);

// kind_calendar_next_dst for a calendar that is not trigger.calendar.
bool kind_next_dst(const struct trigger *t, const struct calendar *c, wall after, wall until,
                   struct trigger_dst *ret_dst);
