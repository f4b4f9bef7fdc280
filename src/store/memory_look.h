// memory_look.h - what a node reads of the others with its beat: a copy, as it all stood then.
#pragma once

#include "store/memory_data.h"
#include "store/nodes.h"

// Up to where a node knows what has happened.
struct memory_known {
    int64_t epoch, change_seq, calendar_changes;
};

struct memory_look {
    struct arena *arena;       // of all below
    struct memory_known known; // from then on
    bool has_news;
    struct store_news news;
};

// Everything behind `before`. End it with memory_look_done, which accepts zero.
void memory_look(const struct memory_data *data, int64_t self, const struct memory_known *before,
                 struct memory_look *ret);
void memory_look_done(struct memory_look *look);
