// rrule.h - the recurrence set of RFC 5545: what DTSTART, RRULE, RDATE and EXDATE make together.
//
// The set is what its rules (series.h) and RDATEs name, without what EXDATEs and EXRULEs name.
// DTSTART belongs to it when a rule says so, or when there is no rule at all. A DATE is the day's
// first moment; as an EXDATE it takes the whole day out. A rule's times that clocks skip are left
// out and not counted by COUNT, repeated ones are meant the first time (or as another policy of
// dst.h has it); an RDATE that clocks skip is read with the offset before the change (RFC 5545,
// 3.3.5). rrule_read.h makes sets from text.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/vec.h"
#include "time/zone.h"
#include "trigger/dst.h"
#include "trigger/series.h"

struct rrule {
    const struct zone *zone; // of local times; borrowed
    enum dst_policy policy;
    bool has_start;  // DTSTART is known
    bool has_rule;   // an RRULE is given; those that never fire are not kept
    bool has_zone;   // it names its zone
    bool is_date;    // it is a date
    int64_t start_s; // local
    VEC_OF(struct series) rules;
    VEC_OF(struct series) exrules;
    VEC_OF(int64_t) dates;   // RDATE, seconds UTC
    VEC_OF(int64_t) exdates; // EXDATE, likewise
    VEC_OF(int64_t) exdays;  // EXDATE;VALUE=DATE, days since 1970
    // The lines in normal form: DTSTART, RRULE, EXRULE, RDATE, EXDATE in this order, upper case,
    // with "\n" between them. Reading them gives the same set and the same text.
    struct buf text;
};

void rrule_free(struct rrule *r); // accepts NULL

// Makes a set whose lists are filled ready for questions.
void rrule_finish(struct rrule *r);

// Works off the COUNT of a series of the set: afterwards its last time is the last one to count.
// Adds to *steps; false when that takes too many (series.h).
[[nodiscard]] bool rrule_count(const struct rrule *r, struct series *s, int64_t *steps);

// The last local second that lies before or at a moment (seconds UTC).
int64_t rrule_local(const struct rrule *r, int64_t at_s);

// The least moment of the set after one; WALL_NEVER when there is none until the end of 2199.
wall rrule_next(const struct rrule *r, wall after);

// The first change of the clocks in (after_s, until_s] that touches times of the rules.
bool rrule_next_touch(const struct rrule *r, int64_t after_s, int64_t until_s,
                      struct dst_touch *ret_touch);
