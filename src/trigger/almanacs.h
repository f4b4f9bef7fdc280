// almanacs.h - every calendar by its name, and what each consists of when it names others.
//
// A calendar that names others is resolved when it is used: the registry may change at any time,
// and who gathered calendars before holds those it has got until it gathers again
// (almanac.is_replaced says when).
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "trigger/almanac.h"

#define ALMANACS_GATHER_MAX 64

struct almanacs {
    struct map by_name;
};

struct almanac_list {
    VEC(struct almanac *); // each held once
};

void almanacs_init(struct almanacs *all);
void almanacs_done(struct almanacs *all);

struct almanac *almanacs_find(const struct almanacs *all, struct str name); // NULL: none

// Adds or replaces; takes the caller's hold over.
void almanacs_put(struct almanacs *all, struct almanac *a);
void almanacs_remove(struct almanacs *all, struct str name);

// Puts another one in a name's place (NULL: none) without ending anybody's hold or marking
// anything, to try it; returns what was there. The caller puts that back.
struct almanac *almanacs_swap(struct almanacs *all, struct str name, struct almanac *a);

// Whether an almanac may be put: the calendars that it names exist, and none of them leads back to
// it. Otherwise ERR_INPUT with the place in its list ("calendars.1").
[[nodiscard]] bool almanacs_check(const struct almanacs *all, const struct almanac *a,
                                  struct err *e);

// The name of a calendar that names this one; NULL when none does.
const char *almanacs_user(const struct almanacs *all, struct str name);

// Adds a calendar and all that it leads to, what is in the list already once only. ERR_INPUT with
// that field and the nearest name when there is none or it cannot be used, ERR_LIMIT for more than
// ALMANACS_GATHER_MAX. all may be NULL: there are no calendars here. End the list with
// almanac_list_done, also after a failure.
[[nodiscard]] bool almanacs_gather(const struct almanacs *all, struct str name, const char *field,
                                   struct almanac_list *list, struct err *e);
void almanac_list_done(struct almanac_list *list);

// As almanac_at, for all of a list together. Returns the one that marks the moment, NULL when none
// does.
const struct almanac *almanac_list_at(const struct almanac_list *list, const struct zone *zone,
                                      wall at, struct almanac_mark *ret_mark);

// A stretch of time that is marked by one of them for one reason.
struct almanac_stretch {
    wall from, to; // WALL_NEVER: beyond 2199
    const struct almanac *by;
    const char *why; // NULL: nobody said
};

// The first such stretch that begins in [from, upto), what was before from left out; false when
// there is none.
bool almanac_list_next(const struct almanac_list *list, const struct zone *zone, wall from,
                       wall upto, struct almanac_stretch *ret_stretch);
