// fixture.h - a scheduler's surroundings for tests: simulated clock, store in memory, runs that end
// when told to.
#pragma once

#include "exec/exec.h"
#include "sched/sched.h"
#include "store/memory_store.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define S 1000000LL
#define T0 (1767225600LL * S) // 2026-01-01T00:00:00Z

// An executor that remembers what was started and ends it by fixture_end.
struct fixture_run {
    struct exec_request request; // texts are not kept
    exec_done *done;
    void *ctx;
};

struct fixture {
    struct exec exec; // first
    struct sim_clock clock;
    struct loop *loop;
    struct zones *zones;
    struct memory_data *data;
    struct store *store;
    struct fixture_run runs[64];
    size_t started; // in all; runs[0..started)
    size_t ended;
    int64_t stop_grace_us; // as exec_stop was told; -1: it was not
    size_t cancelled;      // calls of exec_cancel, and what the last one said
    int64_t cancelled_id, cancel_grace_us;
};

static void fixture_exec_start(struct exec *exec, const struct exec_request *request,
                               exec_done *done, void *ctx)
{
    struct fixture *f = (struct fixture *)exec;

    assert_true(f->started < COUNT(f->runs));
    f->runs[f->started++] = (struct fixture_run){*request, done, ctx};
}

static void fixture_exec_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    struct fixture *f = (struct fixture *)exec;

    f->cancelled++;
    f->cancelled_id = run_id;
    f->cancel_grace_us = grace_us;
}

static size_t fixture_exec_running(const struct exec *exec)
{
    const struct fixture *f = (const struct fixture *)exec;

    return f->started - f->ended;
}

static void fixture_exec_stop(struct exec *exec, int64_t grace_us)
{
    ((struct fixture *)exec)->stop_grace_us = grace_us;
}

static const struct exec_ops fixture_ops = {
    .start = fixture_exec_start,
    .cancel = fixture_exec_cancel,
    .running = fixture_exec_running,
    .stop = fixture_exec_stop,
};

static inline void fixture_open(struct fixture *f)
{
    struct err e;

    *f = (struct fixture){.exec.ops = &fixture_ops, .stop_grace_us = -1};
    sim_clock_init(&f->clock, (wall){T0});
    f->loop = loop_new(&f->clock.base, &e);
    assert_non_null(f->loop);
    f->zones = zones_new(NULL);
    f->data = memory_data_new();
    f->store = memory_store_open(f->loop, f->data);
}

static inline void fixture_close(struct fixture *f)
{
    loop_free(f->loop);
    memory_data_free(f->data);
    zones_free(f->zones);
}

static inline void fixture_settle(struct fixture *f)
{
    for (int i = 0; i < 1000 && loop_turn(f->loop, 0) > 0; i++) {
    }
}

// Lets us microseconds pass, timer by timer.
static inline void fixture_pass(struct fixture *f, int64_t us)
{
    int64_t end = f->clock.mono_us + us;

    fixture_settle(f);
    while (f->clock.mono_us < end) {
        int64_t next = loop_next_us(f->loop), left = end - f->clock.mono_us;

        sim_clock_advance(&f->clock, next < left ? (next > 0 ? next : 1) : left);
        fixture_settle(f);
    }
}

// Ends the run that was started as number i.
static inline void fixture_end(struct fixture *f, size_t i, enum run_state state)
{
    struct run_end end = {
        .run_id = f->runs[i].request.run_id,
        .attempt = f->runs[i].request.attempt,
        .state = state,
        .started_at = f->runs[i].request.scheduled_at,
        .finished_at = clock_wall(&f->clock.base),
        .message = STR_LIT("ended by the test"),
    };

    f->ended++;
    f->runs[i].done(&end, f->runs[i].ctx);
    fixture_settle(f);
}

// A run by hand as most want it.
static inline const struct hand_ask *fixture_by_hand(bool is_forced)
{
    static struct hand_ask ask;

    ask = (struct hand_ask){RUN_MANUAL, {.overlap = -1, .is_forced = is_forced}, true};
    return &ask;
}

// A job with that trigger spec (JSON), not yet stored.
static inline struct job *fixture_job(struct fixture *f, const char *name, const char *spec_text)
{
    struct trigger_context context = {
        f->zones, STR_LIT("UTC"), clock_wall(&f->clock.base), {0}, NULL};
    struct job *job = job_new(str_of(name));
    json_t *spec = json_loads(spec_text, 0, NULL);
    struct err e;

    job_edit(job)->preset = 0; // it says all of them itself
    job_set_target(job, STR_LIT("folder"));
    assert_true(trigger_parse(spec, &context, &job->trigger, &e));
    json_decref(spec);
    return job;
}

#define EVERY_10 "{\"type\":\"interval\",\"seconds\":10}"
#define ONCE_AT_30 "{\"type\":\"date\",\"run_date\":\"2026-01-01T00:00:30Z\"}"
