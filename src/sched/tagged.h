// tagged.h - how many jobs have a tag, kept up so that nobody has to walk through them.
#pragma once

#include <stddef.h>

#include "base/map.h"
#include "base/str.h"

struct tagged_tag {
    struct str tag; // owned
    size_t jobs;    // never 0
};

struct tagged {
    struct map by_tag;
};

void tagged_init(struct tagged *t);
void tagged_done(struct tagged *t);

// A job with these tags (job/tags.h) counts from now on, or no more.
void tagged_add(struct tagged *t, struct str tags);
void tagged_remove(struct tagged *t, struct str tags);

size_t tagged_count(const struct tagged *t, struct str tag);

// A walk over all tags in no order, as map_next; NULL at the end.
const struct tagged_tag *tagged_next(const struct tagged *t, size_t *at);
