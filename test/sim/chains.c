// chains.c - a world of jobs that follow each other, killed at random moments; then each end is
// held against what has begun with it.
//
// mother runs by the clock; child follows each of her ends, heir each pair of ends of both. The
// judge knows only what was durable, in its order, and what was started: each end of the mother
// has one row of the child, a pair of ends one of the heir, and no attempt begins twice. Faults are
// planted between the scheduler and its store.
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "exec/pretend.h"
#include "sched/sched.h"
#include "store/memory_store.h"

#define CHAINS_S 1000000LL
#define CHAINS_T0 (1767225600LL * CHAINS_S)
#define MOTHER 1
#define CHILD 2
#define HEIR 3

enum chains_fault {
    CHAINS_NO_FAULT,
    CHAINS_DROPPED,   // what should begin with an end does not
    CHAINS_DOUBLED,   // it begins twice
    CHAINS_FORGOTTEN, // what a job with several parents has met is not kept
    CHAINS_FAULTS
};

// A row of the ledger as it is durable.
struct chains_row {
    int64_t id, job_id, cause_id;
    bool has_ended;
    int started; // the last attempt that began
};

struct chains {
    struct rand_seq prng;
    enum chains_fault fault;
    bool has_failures; // of the store: ends may become durable in another order
    struct sim_clock clock;
    struct loop *loop;
    struct zones *zones;
    struct memory_data *data;
    struct store *store;
    struct store_ops ops; // the watcher's
    const struct store_ops *real;
    struct exec *exec;
    struct sched *sched;
    bool is_dead;
    int die_after; // so many durable rows, then it is killed
    struct map rows;
    VEC_OF(struct chains_row *) all;
    VEC_OF(int64_t) due; // ends with which a heir must begin
    bool met[2];
    size_t ends, deaths;
    char finding[200]; // the first thing that is wrong; empty: nothing
};

static struct chains *the_chains; // of the store: its functions know nothing else of it

static uint64_t chains_dice(struct chains *w, uint64_t below)
{
    return rand_below(&w->prng, below);
}

static void chains_found(struct chains *w, const char *what, int64_t run_id)
{
    if (!w->finding[0])
        snprintf(w->finding, sizeof w->finding, "%s (run %lld)", what, (long long)run_id);
}

// ---- what is seen ----

// An end that counts, in the order in which they become durable.
static void chains_end(struct chains *w, const struct chains_row *row)
{
    if (row->job_id == HEIR)
        return;
    w->ends++;
    w->met[row->job_id == CHILD] = true;
    if (!w->met[0] || !w->met[1])
        return;
    w->met[0] = w->met[1] = false;
    vec_push(&w->due, row->id);
}

static void chains_run(const struct run *run, void *ctx)
{
    struct chains *w = ctx;
    struct chains_row *row = map_get_u64(&w->rows, (uint64_t)run->id);

    if (!row) {
        row = mem_alloc(sizeof *row);
        *row = (struct chains_row){
            .id = run->id, .job_id = run->job_id, .cause_id = run->ask ? run->ask->cause_id : 0};
        (void)map_put_u64(&w->rows, (uint64_t)run->id, row);
        vec_push(&w->all, row);
    }
    if (run_state_is_final(run->state) && run->state != RUN_SKIPPED && !row->has_ended) {
        row->has_ended = true;
        chains_end(w, row);
    }
    if (w->die_after-- == 0)
        w->is_dead = true;
}

static void chains_started(const struct exec_request *request, struct pretence *ret, void *ctx)
{
    struct chains *w = ctx;
    struct chains_row *row = map_get_u64(&w->rows, (uint64_t)request->run_id);

    *ret = (struct pretence){(int64_t)chains_dice(w, 8 * CHAINS_S),
                             chains_dice(w, 4) ? RUN_SUCCEEDED : RUN_FAILED, 0};
    if (w->is_dead)
        return;
    if (!row)
        chains_found(w, "started without a row", request->run_id);
    else if (row->started >= request->attempt)
        chains_found(w, "an attempt was started twice", request->run_id);
    else
        row->started = request->attempt;
}

static void chains_ignored(const struct store_answer *answer, void *ctx)
{
    (void)answer;
    (void)ctx;
}

static bool chains_plant(struct chains *w, enum chains_fault fault)
{
    return w->fault == fault && chains_dice(w, 4) == 0;
}

static void chains_finish(struct store *store, const struct run_end *ends, size_t count,
                          store_done *done, void *ctx)
{
    struct chains *w = the_chains;
    struct run_end *copies = mem_array(count, sizeof *copies);
    struct run_chain *chains = mem_array(count, sizeof *chains);
    struct run again;

    for (size_t i = 0; i < count; i++) {
        copies[i] = ends[i];
        if (!ends[i].chain)
            continue;
        if (chains_plant(w, CHAINS_DROPPED))
            copies[i].chain = NULL;
        if (ends[i].chain->met_count > 0 && chains_plant(w, CHAINS_FORGOTTEN)) {
            chains[i] = *ends[i].chain;
            chains[i].met_count = 0;
            copies[i].chain = &chains[i];
            w->die_after = 2; // what lives knows it still
        }
        if (ends[i].chain->birth_count > 0 && chains_plant(w, CHAINS_DOUBLED)) {
            again = ends[i].chain->births[0];
            again.id++;
            again.scheduled_at.us += 77;
            w->real->claim(store, &again, 1, (wall){0}, chains_ignored, NULL);
        }
    }
    w->real->finish(store, copies, count, done, ctx);
    free(copies);
    free(chains);
}

// ---- the world ----

static void chains_begin(struct chains *w)
{
    struct sched_options options = {.zones = w->zones, .timezone = STR_LIT("UTC")};
    const struct pretend_ops acting = {.on_start = chains_started};
    struct err e;

    w->is_dead = false;
    w->die_after = (int)chains_dice(w, 60);
    options.loop = w->loop = loop_new(&w->clock.base, &e);
    options.store = w->store = memory_store_open(w->loop, w->data);
    memory_store_delay(w->store, (int64_t)chains_dice(w, 3000), (int64_t)chains_dice(w, 3000));
    w->real = w->store->ops;
    w->ops = *w->real;
    w->ops.finish = chains_finish;
    w->store->ops = &w->ops;
    options.exec = w->exec = pretend_new(w->loop, &acting, w);
    w->sched = sched_new(&options);
    if (!sched_start(w->sched, &e))
        abort();
}

static void chains_close(struct chains *w)
{
    w->is_dead = true;
    w->store->ops = w->real;
    memory_store_crash(w->store);
    sched_free(w->sched);
    exec_free(w->exec);
    loop_free(w->loop);
}

static void chains_pass(struct chains *w, int64_t us)
{
    int64_t end = w->clock.mono_us + us;

    while (w->clock.mono_us < end) {
        while (!w->is_dead && loop_turn(w->loop, 0) > 0) {
        }
        if (w->is_dead) {
            w->deaths++;
            chains_close(w);
            sim_clock_advance(&w->clock, (int64_t)chains_dice(w, 30 * CHAINS_S));
            chains_begin(w);
            continue;
        }
        int64_t next = loop_next_us(w->loop), left = end - w->clock.mono_us;

        sim_clock_advance(&w->clock, next < left ? (next > 0 ? next : 1) : left);
    }
}

static void chains_put(struct chains *w, const char *name, const char *trigger,
                       const char *depends_on)
{
    struct trigger_context context = sched_trigger_context(w->sched);
    json_t *spec = json_loads(trigger, 0, NULL), *list = json_loads(depends_on, 0, NULL);
    struct arena *arena = arena_new(1024);
    struct job *job = job_new(str_of(name));
    struct model_issues issues;
    struct err e;

    model_issues_init(&issues, arena);
    job_set_target(job, STR_LIT("folder"));
    if (!trigger_parse(spec, &context, &job->trigger, &e) ||
        !depends_read(list, STR_LIT("\"depends_on\""), &issues, &job->depends))
        abort();
    job_edit(job)->overlap = OVERLAP_ALLOW;
    job_edit(job)->on_lost = chains_dice(w, 2) ? ON_LOST_RERUN : ON_LOST_FAIL;
    job_edit(job)->preset = 0;
    w->die_after = 1000;
    sched_put(w->sched, job, STORE_CREATE, NULL, NULL);
    chains_pass(w, CHAINS_S);
    json_decref(spec);
    json_decref(list);
    arena_free(arena);
}

// ---- the judge ----

static size_t chains_count(const struct chains *w, int64_t job_id, int64_t cause_id)
{
    size_t count = 0;

    for (size_t i = 0; i < w->all.len; i++)
        count += w->all.v[i]->job_id == job_id && w->all.v[i]->cause_id == cause_id;
    return count;
}

static void chains_judge(struct chains *w)
{
    for (size_t i = 0; i < w->all.len; i++) {
        const struct chains_row *row = w->all.v[i];

        if (row->job_id == MOTHER && row->has_ended && chains_count(w, CHILD, row->id) != 1)
            chains_found(w, "an end that did not begin one row of what follows it", row->id);
        if (row->job_id == HEIR && chains_count(w, HEIR, row->cause_id) != 1)
            chains_found(w, "an end that began several rows", row->cause_id);
    }
    for (size_t i = 0; !w->has_failures && i < w->due.len; i++)
        if (chains_count(w, HEIR, w->due.v[i]) != 1)
            chains_found(w, "both parents have ended, and the heir did not begin once",
                         w->due.v[i]);
}

// Runs the seed; the finding is empty when all is well. How many ends counted, how often it died.
static void chains_world(uint64_t seed, enum chains_fault fault, char finding[200],
                         size_t *ret_ends, size_t *ret_deaths)
{
    struct chains w = {.fault = CHAINS_NO_FAULT, .has_failures = seed % 2};
    const struct memory_watch watch = {.on_run = chains_run, .ctx = &w};

    the_chains = &w;
    rand_seq_init(&w.prng, seed);
    sim_clock_init(&w.clock, (wall){CHAINS_T0});
    w.zones = zones_new(NULL);
    w.data = memory_data_new();
    map_init(&w.rows);
    memory_data_watch(w.data, &watch);
    chains_begin(&w);
    chains_put(&w, "mother", "{\"type\":\"interval\",\"seconds\":9}", "[]");
    chains_put(&w, "child", "{\"type\":\"manual\"}", "[{\"job\":\"mother\",\"on\":\"always\"}]");
    chains_put(&w, "heir", "{\"type\":\"manual\"}",
               "[{\"job\":\"mother\",\"on\":\"always\"},{\"job\":\"child\",\"on\":\"always\"}]");
    w.fault = fault;
    for (int round = 0; round < 10; round++) {
        if (w.has_failures)
            memory_store_fail(w.store, (int)chains_dice(&w, 3));
        w.die_after = (int)chains_dice(&w, 80);
        chains_pass(&w, (int64_t)chains_dice(&w, 90 * CHAINS_S));
    }
    w.fault = CHAINS_NO_FAULT;
    w.die_after = 1 << 30;
    chains_pass(&w, 60 * CHAINS_S);
    chains_judge(&w);
    memcpy(finding, w.finding, sizeof w.finding);
    *ret_ends += w.ends;
    *ret_deaths += w.deaths;
    chains_close(&w);
    memory_data_free(w.data);
    zones_free(w.zones);
    for (size_t i = 0; i < w.all.len; i++)
        free(w.all.v[i]);
    vec_done(&w.all);
    vec_done(&w.due);
    map_done(&w.rows);
}
