// groups.c - runs that were asked for together.
// SPDX-License-Identifier: Apache-2.0
#include "sched/groups.h"

#include <stdlib.h>

#include "base/mem.h"

void groups_init(struct groups *g)
{
    map_init(&g->by_id);
}

void groups_done(struct groups *g)
{
    struct group *group;

    for (size_t at = 0; (group = map_next(&g->by_id, &at));)
        free(group);
    map_done(&g->by_id);
}

struct group *groups_join(struct groups *g, const struct run *run)
{
    struct group *group;

    if (run->origin != RUN_BACKFILL || !run->ask || run->ask->cause_id == 0)
        return NULL;
    group = groups_find(g, run->ask->cause_id);
    if (!group) {
        group = mem_alloc(sizeof *group);
        *group = (struct group){.groups = g,
                                .id = run->ask->cause_id,
                                .job_id = run->job_id,
                                .parallel = run->ask->parallel > 0 ? run->ask->parallel : 1};
        list_init(&group->waiting);
        (void)map_put_u64(&g->by_id, (uint64_t)group->id, group);
    }
    group->members++;
    return group;
}

void group_leave(struct group *group)
{
    if (!group || --group->members > 0)
        return;
    (void)map_remove_u64(&group->groups->by_id, (uint64_t)group->id);
    free(group);
}

struct group *groups_find(const struct groups *g, int64_t id)
{
    return map_get_u64(&g->by_id, (uint64_t)id);
}

size_t groups_count(const struct groups *g, int64_t job_id)
{
    const struct group *group;
    size_t count = 0;

    for (size_t at = 0; (group = map_next(&g->by_id, &at));)
        if (group->job_id == job_id)
            count += group->members;
    return count;
}
