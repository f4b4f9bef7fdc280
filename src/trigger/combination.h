// combination.h - several triggers as one: the moments they share, or those of any of them.
//
// Private to this folder, like kind.h. The triggers are in a tree; a search walks it with one
// cursor a leaf, so that no trigger is asked twice for the same moment. A shared moment is sought
// by leaps: each trigger in turn is asked for its first slot at or after the candidate, which is
// then the candidate, until all agree. Sieves (sieve.h) lead over what cannot agree.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "trigger/kind.h"
#include "trigger/sieve.h"

#define COMBINATION_CHILDREN_MAX 16
#define COMBINATION_DEPTH_MAX 4
#define COMBINATION_LEAVES_MAX 32

struct combination {
    bool is_and;
    int count;
    struct trigger *triggers[COMBINATION_CHILDREN_MAX]; // owned
    int leaves;           // triggers that are no combinations, all in all
    int cursors;          // leaves and sieves, all in all
    int sieve_count;      // and only
    struct sieve *sieves; // owned
};

// What an "and" or "or" holds; NULL when the trigger is neither.
struct combination *combination_of(const struct trigger *t);

// Fills what follows from the triggers: leaves, cursors, sieves.
void combination_prepare(struct combination *c);
void combination_free(struct combination *c); // with its triggers; accepts NULL

// One search: moments in rising order.
struct search {
    const struct trigger *trigger; // a combination's
    int64_t work;                  // steps that are left
    bool is_exhausted;             // they were not enough: the answer was WALL_NEVER for that
    wall known[2 * COMBINATION_LEAVES_MAX]; // the cursors: no more sieves than leaves
};

void search_begin(struct search *s, const struct trigger *t, int64_t work);

// The least slot after a moment, which must not be earlier than in the call before; within the
// trigger's bounds. WALL_NEVER when there is none, or when none was found with the work that is
// left.
wall search_next(struct search *s, wall after);
