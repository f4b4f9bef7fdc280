// sim_test.c - hours of scheduling with crashes, clock steps and store failures in a blink; then
// the ledger is audited.
//
// The real scheduler runs on a simulated clock, the reference store and an executor that only
// pretends. A seed decides everything: which jobs there are, how long their runs take, when the
// process dies, when the clock leaps, when the store fails. Afterwards three promises are checked
// over what the store holds and what was really started:
//   each slot of each job has exactly one row, or is counted in exactly one (after the clock was
//   set back, slots that had been counted as missed come again and may then have a row of their own
//   as well); nothing was started twice, early, or without a row; no row is left alive that nothing
//   runs.
// Delays after the last run are as long as they say, in the ledger and on the stopwatch; each start
// of the scheduler that lasted has one row; what is manual runs by hand only.
// A failing seed is printed; SIM_SEED=n replays it alone, SIM_SEEDS=n runs more of them.
// SPDX-License-Identifier: Apache-2.0
#include "sched/sched.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "store/memory_store.h"

#define S 1000000LL
#define T0 (1774659600LL * S) // 2026-03-28T01:00:00Z: the first night holds a change to summer time
#define JOBS 15
#define EVENT_JOB 10 // from here on they follow events
#define AFTER_S 45
#define SLACK_US 1000000 // steps of the clock below half a second are none
#define HEAL_US (15 * S)

struct start {
    int64_t run_id;
    char job[32];
    wall slot;
    wall at;
    int life;
    int64_t began_us, ended_us; // by the stopwatch; 0 while it runs
};

struct life {
    int64_t began_us, ended_us; // by the stopwatch; a stop ends it
    wall at;
};

struct pretended {
    struct list link;
    struct loop_timer timer;
    struct sim *sim;
    struct run_end end;
    size_t start; // its number among the starts
    exec_done *done;
    void *ctx;
};

struct sim_exec {
    struct exec base; // first
    struct sim *sim;
    struct list running;
    size_t count;
};

struct sim {
    uint64_t seed;
    struct rand_seq prng;
    struct sim_clock clock;
    struct loop *loop;
    struct zones *zones;
    struct memory_data *data;
    struct store *store;
    struct sim_exec exec;
    struct sched *sched;
    VEC_OF(struct start) starts;
    VEC_OF(struct life) lives;
    int crashes, steps, failures;
    int64_t stepped_back_us; // how far the clock has ever been set back
};

static uint64_t dice(struct sim *sim, uint64_t below)
{
    return rand_below(&sim->prng, below);
}

// ---- the executor that pretends ----

static void pretended_end(void *ctx)
{
    struct pretended *p = ctx;
    struct sim *sim = p->sim;

    p->end.finished_at = clock_wall(&sim->clock.base);
    sim->starts.v[p->start].ended_us = sim->clock.mono_us;
    list_remove(&p->link);
    sim->exec.count--;
    p->done(&p->end, p->ctx);
    free(p);
}

static void sim_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                      void *ctx)
{
    struct sim *sim = ((struct sim_exec *)exec)->sim;
    struct pretended *p = mem_alloc(sizeof *p);
    struct start start = {.run_id = request->run_id, .slot = request->scheduled_at};

    start.at = clock_wall(&sim->clock.base);
    start.life = (int)sim->lives.len;
    start.began_us = sim->clock.mono_us;
    snprintf(start.job, sizeof start.job, "%.*s", STR(request->job_name));
    vec_push(&sim->starts, start);
    p->sim = sim;
    p->start = sim->starts.len - 1;
    p->done = done;
    p->ctx = ctx;
    p->end = (struct run_end){
        .run_id = request->run_id,
        .attempt = request->attempt,
        .state = dice(sim, 10) ? RUN_SUCCEEDED : RUN_FAILED,
        .started_at = start.at,
        .message = STR_LIT("pretended"),
    };
    list_push(&sim->exec.running, &p->link);
    sim->exec.count++;
    int64_t takes_us = dice(sim, 4) ? (int64_t)dice(sim, 3 * S) : (int64_t)dice(sim, 200 * S);

    loop_timer_set(sim->loop, &p->timer, mono_after_us(loop_now(sim->loop), takes_us),
                   pretended_end, p);
}

static void sim_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    (void)exec;
    (void)grace_us;
    (void)run_id;
}

static size_t sim_running(const struct exec *exec)
{
    return ((const struct sim_exec *)exec)->count;
}

static void sim_stop(struct exec *exec, int64_t grace_us)
{
    (void)exec;
    (void)grace_us;
}

static void sim_kill(struct sim *sim)
{
    while (!list_is_empty(&sim->exec.running)) {
        struct pretended *p = list_item(sim->exec.running.next, struct pretended, link);

        loop_timer_stop(sim->loop, &p->timer);
        list_remove(&p->link);
        free(p);
    }
    sim->exec.count = 0;
}

static const struct exec_ops sim_ops = {
    .start = sim_start, .cancel = sim_cancel, .running = sim_running, .stop = sim_stop};

// ---- one life of the scheduler ----

static void put_done(const struct err *err, const struct job *job, void *ctx)
{
    (void)err;
    (void)job;
    (*(int *)ctx)++;
}

static void job_put(struct sim *sim, int i, int *answered)
{
    static const char *const specs[] = {
        "{\"type\":\"interval\",\"seconds\":7}",
        "{\"type\":\"interval\",\"minutes\":5}",
        "{\"type\":\"cron\",\"expr\":\"*/2 * * * *\",\"timezone\":\"Europe/Berlin\"}",
        "{\"type\":\"cron\",\"expr\":\"30 2 * * *\",\"timezone\":\"Europe/Berlin\"}",
        "{\"type\":\"cron\",\"minute\":\"*/3\",\"second\":\"15\",\"jitter\":20}",
        "{\"type\":\"cron\",\"second\":\"*/30\"}",
        "{\"type\":\"interval\",\"seconds\":40,\"max_runs\":30}",
        "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260328T010000Z\\nRRULE:FREQ=MINUTELY;INTERVAL=3;"
        "COUNT="
        "50\"}",
        "{\"type\":\"date\",\"run_dates\":[\"2026-03-28T01:10:00Z\",\"2026-03-28T01:20:00Z\","
        "\"2026-03-"
        "28T02:30:00Z\"]}",
        "{\"type\":\"or\",\"triggers\":[{\"type\":\"interval\",\"seconds\":50},{\"expr\":\"*/7 * * "
        "* *\"}]}",
        "{\"type\":\"after\",\"delay\":\"45s\"}",
        "{\"type\":\"after\",\"delay\":\"45s\",\"jitter\":10}",
        "{\"type\":\"startup\",\"delay\":\"20s\"}",
        "{\"type\":\"startup\"}",
        "{\"type\":\"manual\"}",
    };
    struct trigger_context context = sched_trigger_context(sim->sched);
    struct job *job = mem_alloc(sizeof *job);
    json_t *spec = json_loads(specs[i], 0, NULL);
    char name[32];
    struct err e;

    snprintf(name, sizeof name, "job-%d", i);
    job_set_text(&job->name, str_of(name));
    job_set_text(&job->target, STR_LIT("folder"));
    job_set_text(&job->args, STR_LIT("[]"));
    job->max_instances = 1 + (int)dice(sim, 2);
    job->coalesce = dice(sim, 3) ? COALESCE_LAST : COALESCE_ALL;
    job->misfire_grace_us = dice(sim, 2) ? JOB_GRACE_DEFAULT : (int64_t)dice(sim, 600) * S;
    assert_true(trigger_parse(spec, &context, &job->trigger, &e));
    json_decref(spec);
    sched_put(sim->sched, job, STORE_CREATE, put_done, answered);
}

static void life_begin(struct sim *sim)
{
    struct sched_options options = {.zones = sim->zones, .timezone = STR_LIT("UTC")};
    struct err e;

    sim->loop = loop_new(&sim->clock.base, &e);
    assert_non_null(sim->loop);
    sim->store = memory_store_open(sim->loop, sim->data);
    memory_store_delay(sim->store, (int64_t)dice(sim, 3000), (int64_t)dice(sim, 3000));
    options.loop = sim->loop;
    options.store = sim->store;
    options.exec = &sim->exec.base;
    options.claim_max = dice(sim, 2) ? 1 + (size_t)dice(sim, 4) : 0;
    sim->sched = sched_new(&options);
    vec_push(&sim->lives, ((struct life){sim->clock.mono_us, 0, clock_wall(&sim->clock.base)}));
    assert_true(sched_start(sim->sched, &e));
}

static void life_end(struct sim *sim)
{
    sim_kill(sim);
    sim->lives.v[sim->lives.len - 1].ended_us = sim->clock.mono_us;
    memory_store_crash(sim->store);
    sched_free(sim->sched);
    loop_free(sim->loop);
}

static void run_for(struct sim *sim, int64_t us)
{
    mono end = {sim->clock.mono_us + us};

    while (sim->clock.mono_us < end.us) {
        while (loop_turn(sim->loop, 0) > 0) {
        }
        int64_t next = loop_next_us(sim->loop), left = end.us - sim->clock.mono_us;

        sim_clock_advance(&sim->clock, next < left ? (next > 0 ? next : 1) : left);
    }
}

static void run_said(const struct err *err, int64_t run_id, void *ctx)
{
    (void)err;
    (void)run_id;
    (void)ctx;
}

// Somebody starts a run, of a job that does not run by the clock.
static void run_by_hand(struct sim *sim)
{
    char name[32];

    snprintf(name, sizeof name, "job-%d", EVENT_JOB + (int)dice(sim, JOBS - EVENT_JOB));
    sched_run_now(sim->sched, str_of(name), false, run_said, NULL);
    run_for(sim, S / 10); // until it is answered
}

static void mishap(struct sim *sim)
{
    int64_t step;

    switch (dice(sim, 6)) {
    case 0:
    case 1:
        life_end(sim);
        sim_clock_advance(&sim->clock, (int64_t)dice(sim, 900 * S));
        life_begin(sim);
        sim->crashes++;
        break;
    case 2:
        memory_store_fail(sim->store, 1 + (int)dice(sim, 4));
        sim->failures++;
        break;
    case 3:
        step = (int64_t)dice(sim, 7200 * S);
        sim_clock_step(&sim->clock, step);
        sim->steps++;
        break;
    case 4:
        step = (int64_t)dice(sim, 600 * S);
        sim_clock_step(&sim->clock, -step);
        sim->stepped_back_us += step;
        sim->steps++;
        break;
    default:
        break;
    }
}

// ---- the audit ----

struct row {
    int64_t run_id;
    wall slot, missed_from;
    int64_t missed;
    enum run_state state;
    enum run_origin origin;
    wall finished_at;
};

struct rows {
    VEC(struct row);
    bool is_read;
};

static void rows_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct rows *rows = ctx;

    assert_null(err);
    for (size_t i = 0; i < count; i++) {
        const struct run *run = &runs[i].run;

        vec_push(rows, ((struct row){run->id, run->scheduled_at, run->missed_from, run->missed,
                                     run->state, run->origin, run->finished_at}));
    }
    rows->is_read = true;
}

static int row_order(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return (x->slot.us > y->slot.us) - (x->slot.us < y->slot.us);
}

// All rows of a job, by slot.
static void rows_of(struct sim *sim, int64_t job_id, struct rows *rows)
{
    struct store_run_query query = {job_id, 0, 1000};
    size_t before;

    do {
        before = rows->len;
        query.before_id = before > 0 ? rows->v[before - 1].run_id : 0;
        rows->is_read = false;
        store_read_runs(sim->store, &query, rows_read, rows);
        while (!rows->is_read)
            (void)loop_turn(sim->loop, 0);
    } while (rows->len > before);
    if (rows->len > 0)
        qsort(rows->v, rows->len, sizeof *rows->v, row_order);
}

static void say(const struct sim *sim, const char *what, const struct job *job, wall slot)
{
    fail_msg("seed %llu: %s: job %.*s slot T0%+.6f s (SIM_SEED=%llu replays it)",
             (unsigned long long)sim->seed, what, STR(job->name), (double)(slot.us - T0) / S,
             (unsigned long long)sim->seed);
}

// Walks the slots from the job's creation to the last one that must be settled; each must be met by
// the rows in turn.
static void audit_slots(struct sim *sim, const struct job *job, const struct rows *rows)
{
    wall end = sched_next_at(sim->sched, job),
         slot = trigger_next(job->trigger, job->effective_from);
    size_t i = 0;

    for (; slot.us < end.us; slot = trigger_next(job->trigger, slot)) {
        if (i == rows->len)
            say(sim, "has no row", job, slot);
        const struct row *row = &rows->v[i];

        if (row->missed > 0 && row->missed_from.us == slot.us) {
            int64_t count = 0;

            for (; slot.us < row->slot.us; slot = trigger_next(job->trigger, slot))
                count++;
            if (count != row->missed)
                say(sim, "a row counts its missed slots wrongly", job, row->slot);
        }
        if (row->slot.us != slot.us)
            say(sim, row->slot.us < slot.us ? "a row is of no slot" : "has no row", job, slot);
        i++;
    }
    if (i != rows->len)
        say(sim, "rows beyond the plan", job, rows->v[i].slot);
}

static int range_order(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return (x->missed_from.us > y->missed_from.us) - (x->missed_from.us < y->missed_from.us);
}

// The weaker form, for a clock that was set back: each slot has a row, or is counted in at least
// one.
static void audit_cover(struct sim *sim, const struct job *job, const struct rows *rows)
{
    wall end = sched_next_at(sim->sched, job),
         slot = trigger_next(job->trigger, job->effective_from);
    struct row *ranges = mem_array(rows->len, sizeof *ranges);
    int64_t counted_to = INT64_MIN;
    size_t i = 0, k = 0;

    memcpy(ranges, rows->v, rows->len * sizeof *ranges);
    qsort(ranges, rows->len, sizeof *ranges, range_order);
    for (; slot.us < end.us; slot = trigger_next(job->trigger, slot)) {
        for (; k < rows->len && ranges[k].missed_from.us <= slot.us; k++)
            if (ranges[k].missed > 0 && ranges[k].slot.us > counted_to)
                counted_to = ranges[k].slot.us;
        while (i < rows->len && rows->v[i].slot.us < slot.us)
            i++;
        bool has_row = i < rows->len && rows->v[i].slot.us == slot.us;

        if (!has_row && slot.us >= counted_to)
            say(sim, "is not accounted for", job, slot);
    }
    free(ranges);
}

static bool is_by_hand(const struct rows *rows, int64_t run_id)
{
    for (size_t i = 0; i < rows->len; i++)
        if (rows->v[i].run_id == run_id)
            return rows->v[i].origin == RUN_MANUAL;
    return false;
}

// By the stopwatch, whatever became of the clock: between an end and the next start of the same
// life lies the delay. And there is a next one.
static void audit_delays(struct sim *sim, const struct job *job, const struct rows *rows)
{
    wall next_at = sched_next_at(sim->sched, job), now = clock_wall(&sim->clock.base);
    const struct start *before = NULL;

    for (size_t i = 0; i < sim->starts.len; i++) {
        const struct start *start = &sim->starts.v[i];

        if (!str_eq(str_of(start->job), job->name))
            continue;
        if (before && before->life == start->life && !is_by_hand(rows, start->run_id) &&
            (before->ended_us == 0 || start->began_us - before->ended_us < AFTER_S * S - SLACK_US))
            say(sim, "started too soon after the end of the run before", job, start->slot);
        if (!before || start->ended_us == 0 || start->ended_us > before->ended_us ||
            before->life != start->life)
            before = start;
    }
    if (sched_running(sim->sched, job) == 0 && next_at.us > now.us + AFTER_S * S + SLACK_US)
        say(sim, "has no next slot, or a far one", job, next_at);
}

// While nobody touches the clock the ledger is exact: each slot is the delay after the last end.
static void audit_after(struct sim *sim, const struct job *job, const struct rows *rows)
{
    wall end = job->effective_from;

    audit_delays(sim, job, rows);
    for (size_t i = 0; i < rows->len && sim->steps == 0; i++) {
        const struct row *row = &rows->v[i];

        if (row->origin != RUN_MANUAL && row->slot.us != end.us + AFTER_S * S)
            say(sim, "is not the delay after the last end", job, row->slot);
        if (!run_state_is_final(row->state))
            end = WALL_NEVER;
        else if (row->finished_at.us > end.us)
            end = row->finished_at;
    }
    if (rows->len == 0)
        say(sim, "never ran", job, (wall){T0});
}

// Each start of the scheduler, but that in which the job was made, has one row if it lasted; and if
// nobody touched the clock, that row says when it was.
static void audit_startup(struct sim *sim, const struct job *job, const struct rows *rows)
{
    int64_t delay_us = trigger_delay_us(job->trigger);
    size_t count = 0, least = 0;

    for (size_t i = 1; i < sim->lives.len; i++) {
        const struct life *life = &sim->lives.v[i];

        least += life->ended_us - life->began_us > delay_us + HEAL_US;
    }
    for (size_t i = 0, k = 1; i < rows->len; i++) {
        wall slot = rows->v[i].slot;

        if (rows->v[i].origin == RUN_MANUAL)
            continue;
        count++;
        while (k < sim->lives.len && sim->lives.v[k].at.us + delay_us != slot.us)
            k++;
        if (sim->steps == 0 && k++ == sim->lives.len)
            say(sim, "is of no start", job, slot);
    }
    if (count < least || count >= sim->lives.len)
        say(sim, "does not run once a start", job, (wall){T0});
}

static void audit_events(struct sim *sim, const struct job *job, const struct rows *rows)
{
    enum trigger_kind kind = trigger_kind(job->trigger);

    if (kind == TRIGGER_AFTER)
        audit_after(sim, job, rows);
    else if (kind == TRIGGER_STARTUP)
        audit_startup(sim, job, rows);
    for (size_t i = 0; i < rows->len && kind == TRIGGER_MANUAL; i++)
        if (rows->v[i].origin != RUN_MANUAL)
            say(sim, "has a slot although it is manual", job, rows->v[i].slot);
}

static void audit_starts(struct sim *sim, const struct job *job, const struct rows *rows)
{
    for (size_t i = 0; i < sim->starts.len; i++) {
        const struct start *start = &sim->starts.v[i];
        bool has_row = false;

        if (!str_eq(str_of(start->job), job->name))
            continue;
        // The clock may be set back while the claim is written.
        if (start->at.us + sim->stepped_back_us < start->slot.us)
            say(sim, "started early", job, start->slot);
        for (size_t k = 0; k < rows->len; k++)
            has_row = has_row || rows->v[k].run_id == start->run_id;
        if (!has_row)
            say(sim, "started without a row", job, start->slot);
        for (size_t k = 0; k < i; k++)
            if (strcmp(sim->starts.v[k].job, start->job) == 0 &&
                sim->starts.v[k].slot.us == start->slot.us)
                say(sim, "started twice", job, start->slot);
    }
}

static void audit_alive(struct sim *sim, const struct job *job, const struct rows *rows)
{
    int alive = 0;

    for (size_t i = 0; i < rows->len; i++)
        alive += !run_state_is_final(rows->v[i].state);
    if (alive != sched_running(sim->sched, job))
        say(sim, "rows are alive that nothing runs", job, (wall){T0});
}

static void audit(struct sim *sim)
{
    for (int i = 0; i < JOBS; i++) {
        struct rows rows = {0};
        char name[32];

        snprintf(name, sizeof name, "job-%d", i);
        const struct job *job = sched_find(sim->sched, str_of(name));

        assert_non_null(job);
        rows_of(sim, job->id, &rows);
        if (trigger_is_relative(job->trigger))
            audit_events(sim, job, &rows);
        else if (sim->stepped_back_us == 0)
            audit_slots(sim, job, &rows);
        else
            audit_cover(sim, job, &rows);
        audit_starts(sim, job, &rows);
        audit_alive(sim, job, &rows);
        vec_done(&rows);
    }
}

// ---- a seed ----

static void stopped(void *ctx)
{
    *(bool *)ctx = true;
}

static void seed_run(uint64_t seed, size_t *starts)
{
    struct sim *sim = mem_alloc(sizeof *sim);
    int answered = 0;
    bool is_stopped = false;

    sim->seed = seed;
    rand_seq_init(&sim->prng, seed);
    sim_clock_init(&sim->clock, (wall){T0});
    sim->zones = zones_new(NULL);
    sim->data = memory_data_new();
    sim->exec.base.ops = &sim_ops;
    sim->exec.sim = sim;
    list_init(&sim->exec.running);
    life_begin(sim);
    for (int i = 0; i < JOBS; i++)
        job_put(sim, i, &answered);
    run_for(sim, 1 * S);
    assert_int_equal(answered, JOBS);
    for (int i = 0; i < 12; i++) {
        run_for(sim, (int64_t)dice(sim, 900 * S));
        if (dice(sim, 3) == 0)
            run_by_hand(sim);
        mishap(sim);
    }
    // Everything heals: within ten seconds each promise holds again.
    memory_store_fail(sim->store, 0);
    run_for(sim, 10 * S + sim->stepped_back_us);
    sim->lives.v[sim->lives.len - 1].ended_us = sim->clock.mono_us;
    sched_stop(sim->sched, 0, stopped, &is_stopped);
    for (int i = 0; i < 300 && !is_stopped; i++)
        run_for(sim, 1 * S);
    assert_true(is_stopped);
    audit(sim);
    *starts += sim->starts.len;
    life_end(sim);
    memory_data_free(sim->data);
    zones_free(sim->zones);
    vec_done(&sim->starts);
    vec_done(&sim->lives);
    free(sim);
}

static void test_seeds(void **state)
{
    const char *one = getenv("SIM_SEED"), *many = getenv("SIM_SEEDS");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    uint64_t count = one ? 1 : many ? strtoull(many, NULL, 10) : 60;
    size_t starts = 0;

    (void)state;
    log_set_level(LOG_LEVEL_ERROR + 1);
    for (uint64_t seed = first; seed < first + count; seed++)
        seed_run(seed, &starts);
    assert_true(starts > 100 * count || one);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
