// groups.h - runs that were asked for together, as a backfill: so many of them at once, in order.
//
// They are counted here and not in their job: they do not keep its schedule from running, and what
// runs by schedule does not keep them from it. A group is there as long as runs of it are alive.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "job/run.h"

struct group {
    struct groups *groups;
    int64_t id; // of its first run
    int64_t job_id;
    int32_t parallel, running;
    size_t members;      // alive
    struct list waiting; // those that have not begun, in order
    bool is_cancelled;   // nothing of it begins any more
};

struct groups {
    struct map by_id;
};

void groups_init(struct groups *g);
void groups_done(struct groups *g); // after the runs

// The group of a run, made if need be: it has one member more. NULL when it belongs to none.
struct group *groups_join(struct groups *g, const struct run *run);
void group_leave(struct group *group); // accepts NULL

struct group *groups_find(const struct groups *g, int64_t id); // NULL when nothing of it is alive

static inline bool group_has_room(const struct group *group)
{
    return group->running < group->parallel && !group->is_cancelled;
}

// How many runs of groups of a job are alive.
size_t groups_count(const struct groups *g, int64_t job_id);
