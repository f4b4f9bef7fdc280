// exclude.h - the calendars of a trigger: what keeps its slots out, what they are confined to, and
// what becomes of those that are excluded.
//
//     {"exclude": ["holidays"], "include": ["business-hours"], "on_exclude": "next"}
//
// A moment is excluded when a calendar of "exclude" marks it or when there is "include" and none of
// its calendars does. An excluded slot is left out ("skip"); or it runs on the next or the previous
// day on which the same local time is not excluded ("next", "previous"); or at the first moment
// that is not excluded ("end"). exclude_slots.h carries that out.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json_write.h"
#include "trigger/almanacs.h"

#define EXCLUDE_NAMES_MAX 16

enum exclude_policy {
    EXCLUDE_SKIP,
    EXCLUDE_NEXT,
    EXCLUDE_PREVIOUS,
    EXCLUDE_END,
    EXCLUDE_POLICIES,
};

// "skip", "next", ...; ends with NULL.
extern const char *const exclude_policy_names[EXCLUDE_POLICIES + 1];

struct exclude_side {
    VEC_OF(char *) names;     // as given, owned
    struct almanac_list list; // with all that they lead to
};

struct exclude {
    struct exclude_side out;  // what keeps slots out
    struct exclude_side only; // what they are confined to, if there is any
    enum exclude_policy policy;
    int work; // of one exclude_at, in units of some 50 ns
};

// Reads exclude, include and on_exclude of a trigger's spec. *ret_exclude is NULL when there is
// none of them; end it with exclude_free.
[[nodiscard]] bool exclude_read(const json_t *spec, const struct almanacs *calendars,
                                struct exclude **ret_exclude, struct err *e);
void exclude_free(struct exclude *x); // accepts NULL

void exclude_write(const struct exclude *x, struct json_write *w); // the three members
void exclude_words(const struct exclude *x, struct buf *out);      // ", except in holidays"

// Whether a calendar of it has been replaced or removed since.
bool exclude_is_stale(const struct exclude *x);

// Whether it names a calendar, directly or by way of another.
bool exclude_uses(const struct exclude *x, struct str name);

struct exclude_mark {
    bool is_out;              // the moment is excluded
    wall until;               // as almanac_mark's
    const struct almanac *by; // whose mark it is; of "include" the first, none of which has one
    const char *why;          // NULL: nobody said
};

void exclude_at(const struct exclude *x, const struct zone *zone, wall at,
                struct exclude_mark *ret_mark);
