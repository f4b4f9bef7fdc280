// page.h - some of the jobs, in the order of sched_list, without sorting all of them.
//
// A page of all jobs costs what is on it and what has changed since the last one, once somebody has
// asked for one (sorter.h). A page of some of them, and the first one among very many jobs, is one
// walk over the table that keeps no more than the page has. What takes long goes on in several
// turns of the loop, so that whatever is due meanwhile is not kept waiting: what changes in between
// may be seen as it was or as it is.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "sched/sched.h"

#define SCHED_PAGE_MAX 1000

struct sched_page_ask {
    bool has_after; // it begins behind this place of the order; else with the first
    wall after;
    struct str after_name; // borrowed until the answer
    size_t limit;          // 1 to SCHED_PAGE_MAX
    // Which jobs are wanted. NULL: all.
    bool (*wanted)(const struct sched_item *item, void *ctx);
    bool only_paused; // of those that nothing pauses none is wanted: they are not looked at
    // The answer, perhaps before sched_page returns; items are borrowed until it does. matching:
    // jobs that are wanted, wherever they stand. Not called any more after sched_free.
    void (*done)(const struct sched_item *items, size_t count, size_t matching, bool has_more,
                 void *ctx);
    void *ctx;
};

void sched_page(struct sched *s, const struct sched_page_ask *ask);

// The scheduler ends: pages that are not done are forgotten.
void sched_pages_done(struct sched *s);
