// rest.c - what a job at rest needs: its turn, or its end.
// SPDX-License-Identifier: Apache-2.0
#include "sched/rest.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sched/live.h"
#include "sched/placement.h"

struct ending {
    struct core *core;
    int64_t job_id;
};

static bool has_runs(const struct entry *entry)
{
    return entry->running > 0 || entry->unsaved > 0 || entry->lives || entry->planned.us != 0;
}

static void job_ended(const struct store_answer *answer, void *ctx)
{
    struct ending *ending = ctx;
    struct core *c = ending->core;
    struct entry *entry = due_find_id(c->due, ending->job_id);

    free(ending);
    if (!entry)
        return;
    entry->is_ending = false;
    if (answer->err && answer->err->code == ERR_STORE) {
        core_failing(c, answer->err);
    } else if (entry->slot.us == WALL_NEVER.us && !has_runs(entry)) {
        (void)events_add_job(c->events, EVENT_JOB_ENDED, entry->job);
        tally_job_forget(c->tally, entry->job->id);
        room_forget(c->room, entry->job->id);
        due_remove(c->due, entry);
    }
}

// Whether a run of the job could start now, or wait in its queue.
static bool has_room(const struct entry *entry)
{
    const struct job *job = entry->job;

    return entry->running < job_instances(job) ||
           (job->spec->overlap == OVERLAP_QUEUE && entry->queued < job->spec->queue_max);
}

// Whether attempts of the job keep it on this node.
static bool has_attempts(const struct entry *entry)
{
    if (entry->job->kind == JOB_HEARTBEAT)
        return entry->running > 0;
    for (const struct live *live = entry->lives; live; live = live->next)
        if (live->phase >= LIVE_STARTS || live->is_held)
            return true;
    return false;
}

void rest_look(struct core *c, struct entry *entry)
{
    if (!entry->seat.is_ours)
        return;
    if (entry->seat.is_guest && !has_attempts(entry))
        c->wants_release = true;
    if (entry->is_waiting && has_room(entry)) {
        due_plan(c->due, entry, entry->slot);
        return;
    }
    if (entry->slot.us != WALL_NEVER.us || has_runs(entry) || entry->is_ending || entry->writes > 0)
        return;
    if (entry->job->state > JOB_PAUSED || !entry->job->trigger ||
        !trigger_is_once(entry->job->trigger))
        return;
    struct ending *ending = mem_alloc(sizeof *ending);

    ending->core = c;
    ending->job_id = entry->job->id;
    entry->is_ending = true;
    store_set_job_state(c->store, entry->job->id, JOB_ENDED, placement_moves(c->due, entry->job),
                        job_ended, ending);
}

void rest_sweep(struct core *c)
{
    struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&c->due->by_id, &at));)
        rest_look(c, entry);
}
