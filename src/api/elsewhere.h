// elsewhere.h - how many runs of jobs of other nodes are in progress, and what they have of pools.
//
// What our own jobs do we know; of the others' the store is asked, for all of them at once, and not
// more often than once a second, however many ask for lists.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "api/router.h"

struct elsewhere;

// has_queue: runs that wait are looked at as well, for elsewhere_places.
[[nodiscard]] struct elsewhere *elsewhere_new(const struct api_options *options, bool has_queue);
void elsewhere_free(struct elsewhere *elsewhere); // accepts NULL

// Calls fn when what is known is not older than a second: at once where we are alone, or later. If
// the store cannot say, what was known before stays.
void elsewhere_look(struct elsewhere *elsewhere, route_fn *fn, struct call *call);

// As of the last look; 0 of our own jobs.
int elsewhere_running(const struct elsewhere *elsewhere, const struct job *job);
size_t elsewhere_total(const struct elsewhere *elsewhere);

// Likewise: places of the pool that are taken there, and runs that wait and need it.
void elsewhere_places(const struct elsewhere *elsewhere, struct str pool, int64_t *ret_used,
                      int64_t *ret_waiting);
