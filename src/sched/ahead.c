// ahead.c - runs that have their rows before their moment.
// SPDX-License-Identifier: Apache-2.0
#include "sched/ahead.h"

#define LAUNCH_MAX 8192 // runs launched in one write; starting them takes some 10 ms
#define LATE_US 1000000 // behind its moment, when a run counts as caught up

static void look(void *ctx);

void ahead_init(struct ahead *a, struct core *core)
{
    *a = (struct ahead){.core = core};
}

void ahead_done(struct ahead *a)
{
    loop_alarm_stop(a->core->loop, &a->alarm);
    vec_done(&a->runs);
    vec_done(&a->dropped);
}

size_t ahead_count(const struct ahead *a)
{
    return a->runs.len - a->first;
}

bool ahead_has(const struct ahead *a, wall moment)
{
    return ahead_count(a) > 0 && a->runs.v[a->runs.len - 1].run.scheduled_at.us == moment.us;
}

// The first of them holds the watermark.
static void first_mark(struct ahead *a)
{
    if (a->first == a->runs.len) {
        vec_clear(&a->runs);
        a->first = 0;
    }
    a->core->due->planned = a->runs.len > 0 ? a->runs.v[a->first].run.scheduled_at : WALL_NEVER;
}

static void alarm_set(struct ahead *a)
{
    if (ahead_count(a) > 0 && !a->core->is_stopping)
        loop_alarm_set(a->core->loop, &a->alarm, a->runs.v[a->first].run.try_at, look, a);
    else
        loop_alarm_stop(a->core->loop, &a->alarm);
}

void ahead_add(struct ahead *a, const struct run *run, wall next, int64_t doubts)
{
    vec_push(&a->runs, ((struct planned){*run, next, doubts != a->doubts}));
    if (ahead_count(a) > 1)
        return;
    first_mark(a);
    alarm_set(a);
}

void ahead_doubt(struct ahead *a)
{
    a->doubts++;
    for (size_t i = a->first + a->asked; i < a->runs.len; i++)
        a->runs.v[i].is_dropped = true;
    ahead_look(a);
}

// What comes later than that is decided upon as what is late.
static int64_t late_max_us(const struct job *job)
{
    int64_t grace_us = job->spec->misfire_grace_us;

    return grace_us >= 0 && grace_us < LATE_US ? grace_us : LATE_US - 1;
}

static bool may_begin(const struct due *due, const struct entry *entry, const struct run *run,
                      wall now)
{
    return entry && entry->job->version == run->job_version && !due_is_changing(due, entry) &&
           entry->job->state == JOB_ENABLED && entry->running < job_instances(entry->job) &&
           now.us - run->try_at.us <= late_max_us(entry->job);
}

// How many are to be launched or dropped now.
static size_t ready_count(const struct ahead *a, wall now)
{
    size_t count = 0, most = ahead_count(a) < LAUNCH_MAX ? ahead_count(a) : LAUNCH_MAX;
    const struct planned *planned = a->runs.v + a->first;

    while (count < most && (planned[count].is_dropped || planned[count].run.try_at.us <= now.us))
        count++;
    return count;
}

static void launched(const struct store_answer *answer, void *ctx);

void ahead_look(struct ahead *a)
{
    struct core *c = a->core;
    wall now = core_now(c);

    if (a->asked > 0 || c->is_stopping || core_is_held(c))
        return;
    a->asked = ready_count(a, now);
    if (a->asked == 0) {
        alarm_set(a);
        return;
    }
    vec_clear(&a->dropped);
    for (size_t i = a->first; i < a->first + a->asked; i++) {
        struct planned *planned = &a->runs.v[i];
        struct entry *entry = due_find_id(c->due, planned->run.job_id);

        planned->is_dropped = planned->is_dropped || !may_begin(c->due, entry, &planned->run, now);
        if (planned->is_dropped)
            vec_push(&a->dropped, planned->run.id);
        else
            entry_count(entry, COUNT_RUNNING, 1);
    }
    c->is_launching = true;
    a->doubts_asked = a->doubts;
    a->epoch = c->epoch;
    store_launch(c->store, a->runs.v[a->first + a->asked - 1].run.id, a->dropped.v, a->dropped.len,
                 launched, a);
}

static void look(void *ctx)
{
    ahead_look(ctx);
}

// They are as before, and will be looked at again. Under another epoch their rows are gone.
static void launch_undo(struct ahead *a, bool is_moved)
{
    for (size_t i = a->first; i < a->first + a->asked; i++) {
        struct planned *planned = &a->runs.v[i];
        struct entry *entry = due_find_id(a->core->due, planned->run.job_id);

        if (entry && !planned->is_dropped)
            entry_count(entry, COUNT_RUNNING, -1);
        planned->is_dropped = planned->is_dropped || is_moved || a->doubts != a->doubts_asked;
    }
    a->asked = 0;
}

// First the slots that are free again, so that the watermark stays before them; then the next
// launch, which the store writes while the runs of this one start.
static void launch_carry_out(struct ahead *a)
{
    size_t from = a->first, upto = a->first + a->asked;

    for (size_t i = from; i < upto; i++)
        if (a->runs.v[i].is_dropped)
            a->drop(&a->runs.v[i], a->ctx);
    a->first = upto;
    a->asked = 0;
    ahead_look(a);
    for (size_t i = from; i < upto; i++)
        if (!a->runs.v[i].is_dropped)
            a->begin(&a->runs.v[i], a->ctx);
    first_mark(a);
}

static void launched(const struct store_answer *answer, void *ctx)
{
    struct ahead *a = ctx;
    struct core *c = a->core;

    c->is_launching = false;
    if (answer->err) {
        launch_undo(a, answer->err->code == ERR_MOVED);
        core_refused(c, answer->err, a->epoch);
    } else {
        core_healthy(c);
        launch_carry_out(a);
    }
    c->hooks->answered(c->ctx);
}
