// almanac.h - a named calendar as people mean it: which stretches of time it marks, and why.
//
// Holidays, weekends, hours of business. (calendar.h has that word for the masks of cron fields.)
// What a mark does - keep a schedule out or let it in - is for whoever uses the almanac to say. An
// almanac is not changed once it has been read (almanac_read.h); another definition is another
// almanac. Triggers that use one hold it, so that it outlives its place in the registry.
//
// Whole days, local times and weekdays are those of the almanac's zone or, when it names none, of
// whoever asks: Christmas is Christmas wherever a job runs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "time/zone.h"
#include "trigger/calendar.h"
#include "trigger/rrule.h"
#include "trigger/spans.h"

#define ALMANAC_NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
#define ALMANAC_NAME_MAX 64

// Local times that are marked for as long as they match.
struct almanac_mask {
    struct calendar calendar;
    const char *why;
};

// Local times that each begin a mark.
struct almanac_starts {
    struct calendar calendar;
    int64_t length_us;
    const char *why;
};

// Recurrences that each begin a mark.
struct almanac_rule {
    struct rrule *set; // owned
    int64_t days, us;  // how long a mark is: by the calendar, and behind that by the clock
    bool is_local;     // the times of the set are local ones; else moments
    const char *why;
};

struct almanac {
    struct arena *arena; // holds its texts
    const char *name;
    const char *reason;      // for what has no reason of its own; NULL: none
    const struct zone *zone; // NULL: that of whoever asks
    struct spans local;      // in local microseconds
    struct spans fixed;      // moments
    VEC_OF(struct almanac_mask) masks;
    VEC_OF(struct almanac_starts) starts;
    VEC_OF(struct almanac_rule) rules;
    VEC_OF(const char *) others; // calendars whose marks are its own as well
    const char *fault;           // why it cannot be used, when it was stored by another version
    int holders;
    bool is_leaving;  // is being deleted: nobody new may use it
    bool is_replaced; // the registry has another one of that name now, or none
};

// An empty one, held once. The texts are copied; reason may be empty.
[[nodiscard]] struct almanac *almanac_new(struct str name, struct str reason);

struct almanac *almanac_hold(struct almanac *a); // returns a
void almanac_drop(struct almanac *a);            // accepts NULL; the last holder's ends it

// True when name may be a calendar's; otherwise err.field is "name".
[[nodiscard]] bool almanac_name_check(struct str name, struct err *e);

// Where a mark ends that begins at one of a rule's times.
wall almanac_rule_end(const struct almanac_rule *rule, wall start);

struct almanac_mark {
    bool is_in;      // the moment is marked
    wall until;      // up to there (not including) nothing changes, as far as one look tells
    const char *why; // "Christmas"; NULL when nobody said
};

// What is marked at a moment, without the other calendars. Costs about as much as the next time of
// a cron trigger.
void almanac_at(const struct almanac *a, const struct zone *zone, wall at,
                struct almanac_mark *ret_mark);

// How much work one such question is, in units of some 50 ns.
int almanac_work(const struct almanac *a);

// Whether it marks anything at all by itself.
bool almanac_is_empty(const struct almanac *a);
