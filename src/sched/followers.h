// followers.h - which jobs follow a job (job/depends.h), found by its name.
//
// A name need not be that of a job: one that is over may still be followed.
#pragma once

#include <stddef.h>

#include "base/map.h"
#include "base/str.h"

struct entry;

struct followers {
    struct map by_name; // of those that are followed, to struct followed
};

void followers_init(struct followers *f);
void followers_done(struct followers *f);

// The entry's job has the definition that it has now; before it gets another, it leaves.
void followers_join(struct followers *f, struct entry *entry);
void followers_leave(struct followers *f, struct entry *entry);

// Those that follow the job of that name, in the order in which they began to; NULL: none.
struct entry *const *followers_of(const struct followers *f, struct str name, size_t *ret_count);
