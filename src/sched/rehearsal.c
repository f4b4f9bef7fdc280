// rehearsal.c - a scheduler, a clock, a store and an executor that are all pretended but for the
// scheduler.
// SPDX-License-Identifier: Apache-2.0
#include "sched/rehearsal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "exec/pretend.h"
#include "sched/sched.h"
#include "store/memory_store.h"

#define TRIM_US (INT64_C(86400) * 1000000) // between two times that the past is forgotten

struct rehearsal {
    struct rehearsal_options options;
    struct sim_clock clock;
    struct loop *loop;
    struct memory_data *data;
    struct store *store;
    struct exec *exec;
    struct sched *sched;
    struct map by_name;      // struct rehearsed
    struct map running_jobs; // the same, by run
    VEC_OF(struct rehearsed *) by_id;
    struct rehearsal_result result;
    int running;
    bool is_peak; // the present number is the greatest so far
};

static void began(const struct exec_request *request, struct pretence *ret, void *ctx);
static void ended(const struct run_end *end, void *ctx);
static void saw_run(const struct run *run, void *ctx);
static void saw_job(const struct job_row *row, void *ctx);

struct rehearsal *rehearsal_new(const struct rehearsal_options *options)
{
    struct rehearsal *r = mem_alloc(sizeof *r);
    const struct pretend_ops acting = {(size_t)options->places, began, ended};
    const struct memory_watch watch = {.on_run = saw_run, .on_job = saw_job, .ctx = r};
    struct err e;

    r->options = *options;
    sim_clock_init(&r->clock, options->from);
    r->loop = loop_new(&r->clock.base, &e);
    if (!r->loop)
        abort(); // no descriptors left: there is nothing that could be told
    r->data = memory_data_new();
    r->store = memory_store_open(r->loop, r->data);
    r->exec = pretend_new(r->loop, &acting, r);
    map_init(&r->by_name);
    map_init(&r->running_jobs);
    memory_data_watch(r->data, &watch);
    return r;
}

void rehearsal_free(struct rehearsal *r)
{
    if (!r)
        return;
    memory_store_crash(r->store);
    sched_free(r->sched);
    exec_free(r->exec);
    loop_free(r->loop);
    memory_data_free(r->data);
    for (size_t i = 0; i < r->result.jobs.len; i++) {
        free(r->result.jobs.v[i]->name);
        free(r->result.jobs.v[i]);
    }
    vec_done(&r->result.jobs);
    vec_done(&r->by_id);
    map_done(&r->by_name);
    map_done(&r->running_jobs);
    free(r);
}

// ---- what is to be rehearsed ----

static void stored(const struct store_answer *answer, void *ctx)
{
    (void)answer;
    (void)ctx;
}

static void settle(struct rehearsal *r)
{
    while (loop_turn(r->loop, 0) > 0) {
    }
}

void rehearsal_add_calendar(struct rehearsal *r, const struct store_calendar *row)
{
    store_put_calendar(r->store, row, STORE_CREATE, stored, NULL);
    settle(r);
}

// What begins before the rehearsal, or with a start of belfry, is no part of it.
static bool takes_part(const struct rehearsal *r, const struct job_row *row)
{
    const struct trigger_context context = {r->options.zones, r->options.timezone, r->options.from,
                                            row->name, NULL};
    struct job *job = job_from_row(row, &context);
    bool is_over =
        job->trigger && (trigger_kind(job->trigger) == TRIGGER_STARTUP ||
                         (trigger_is_once(job->trigger) &&
                          trigger_next(job->trigger, (wall){INT64_MIN}).us < r->options.from.us));

    job_free(job);
    return !is_over;
}

void rehearsal_add_job(struct rehearsal *r, const struct job_row *row, int64_t takes_us)
{
    struct rehearsed *job = mem_alloc(sizeof *job);
    struct job_row copy = *row;

    job->name = str_own(row->name);
    job->state = (enum job_state)row->state;
    job->is_known = takes_us >= 0;
    job->takes_us = takes_us >= 0 ? takes_us : r->options.assume_us;
    vec_push(&r->result.jobs, job);
    (void)map_put(&r->by_name, str_of(job->name), job);
    copy.effective_from.us = r->options.from.us - 1; // a slot at that very moment counts
    if (!takes_part(r, row))
        copy.state = JOB_PAUSED;
    store_put_job(r->store, &copy, STORE_CREATE, stored, NULL);
    settle(r);
}

static void saw_job(const struct job_row *row, void *ctx)
{
    struct rehearsal *r = ctx;
    struct rehearsed *job = map_get(&r->by_name, row->name);

    if (job && (int64_t)r->by_id.len < row->id)
        vec_push(&r->by_id, job);
}

// ---- what happens ----

static void peak_look(struct rehearsal *r)
{
    struct rehearsal_peak *peak = &r->result.peak;

    if (r->running <= peak->count)
        return;
    *peak = (struct rehearsal_peak){.count = r->running, .at = clock_wall(&r->clock.base)};
    r->is_peak = true;
    for (size_t i = 0; i < r->result.jobs.len && peak->name_count < REHEARSAL_NAMES_MAX; i++)
        if (r->result.jobs.v[i]->running > 0)
            peak->names[peak->name_count++] = i;
}

static void wait_note(struct rehearsal *r, struct rehearsed *job, wall slot)
{
    const struct job *definition = sched_find(r->sched, str_of(job->name));
    wall now = clock_wall(&r->clock.base);
    int64_t wait_us = now.us - slot.us;

    if (definition && definition->trigger)
        wait_us -= trigger_jitter_us(definition->trigger, (uint64_t)definition->id, slot);
    if (wait_us <= 0)
        return;
    job->waited++;
    job->wait_us += wait_us;
    r->result.waited++;
    if (wait_us > job->wait_max_us) {
        job->wait_max_us = wait_us;
        job->longest_at = slot;
    }
}

static void began(const struct exec_request *request, struct pretence *ret, void *ctx)
{
    struct rehearsal *r = ctx;
    struct rehearsed *job = map_get(&r->by_name, request->job_name);

    ret->takes_us = job->takes_us;
    wait_note(r, job, request->scheduled_at);
    (void)map_put_u64(&r->running_jobs, (uint64_t)request->run_id, job);
    job->runs++;
    job->running++;
    if (job->running > job->most)
        job->most = job->running;
    r->result.runs++;
    r->running++;
    peak_look(r);
}

static void ended(const struct run_end *end, void *ctx)
{
    struct rehearsal *r = ctx;
    struct rehearsed *job = map_remove_u64(&r->running_jobs, (uint64_t)end->run_id);

    job->running--;
    job->busy_us += end->finished_at.us - end->started_at.us;
    r->result.busy_us += end->finished_at.us - end->started_at.us;
    if (r->is_peak)
        r->result.peak.lasts_us = clock_wall(&r->clock.base).us - r->result.peak.at.us;
    r->is_peak = false;
    r->running--;
}

static void saw_run(const struct run *run, void *ctx)
{
    struct rehearsal *r = ctx;
    struct rehearsed *job = r->by_id.v[run->job_id - 1];

    if (run->state != RUN_SKIPPED)
        return;
    job->skipped[run->reason] += run->missed + 1;
    r->result.skipped += run->missed + 1;
    if (job->skipped_at.us == 0)
        job->skipped_at = run->missed > 0 ? run->missed_from : run->scheduled_at;
}

// ---- the time between ----

static void pass(struct rehearsal *r, int64_t us)
{
    int64_t end = r->clock.mono_us + us;

    settle(r);
    while (r->clock.mono_us < end) {
        int64_t next = loop_next_us(r->loop), left = end - r->clock.mono_us;

        sim_clock_advance(&r->clock, next < left ? (next > 0 ? next : 1) : left);
        settle(r);
    }
}

static int job_order(const void *a, const void *b)
{
    const struct rehearsed *const *x = a, *const *y = b;

    return str_cmp(str_of((*x)->name), str_of((*y)->name));
}

bool rehearsal_run(struct rehearsal *r, struct err *e)
{
    const struct sched_options options = {
        .loop = r->loop,
        .store = r->store,
        .exec = r->exec,
        .zones = r->options.zones,
        .timezone = r->options.timezone,
        .presets = r->options.presets,
    };
    int64_t left_us = r->options.to.us - r->options.from.us;

    assert(!r->sched);
    if (r->result.jobs.len > 0)
        qsort(r->result.jobs.v, r->result.jobs.len, sizeof *r->result.jobs.v, job_order);
    r->sched = sched_new(&options);
    if (!sched_start(r->sched, e))
        return false;
    for (; left_us > 0; left_us -= TRIM_US) {
        pass(r, left_us < TRIM_US ? left_us : TRIM_US);
        memory_data_trim(r->data);
    }
    if (r->is_peak)
        r->result.peak.lasts_us = clock_wall(&r->clock.base).us - r->result.peak.at.us;
    return true;
}

const struct rehearsal_result *rehearsal_told(const struct rehearsal *r)
{
    return &r->result;
}
