// bench.h - the dispatcher on its own for tests: the surroundings of fixture.h, without a
// scheduler's face.
#pragma once

#include "fixture.h"

#include "base/arena.h"
#include "sched/dispatch.h"

struct bench {
    struct fixture f; // first
    struct due due;
    struct dispatch d;
    int64_t limit; // of runs at once, also after bench_again; 0: none
};

static inline void bench_open(struct bench *b)
{
    struct core core;

    fixture_open(&b->f);
    b->limit = 0;
    due_init(&b->due);
    core_init(&core, b->f.loop, b->f.store, &b->f.exec, &b->due, NULL);
    dispatch_init(&b->d, &core);
}

static inline void bench_close(struct bench *b)
{
    memory_store_crash(b->f.store);
    dispatch_done(&b->d);
    due_done(&b->due);
    fixture_close(&b->f);
}

static inline void put_done(const struct store_answer *answer, void *ctx)
{
    assert_null(answer->err);
    *(int64_t *)ctx = answer->job_id;
}

// A job that the store knows, in the table, planned for its first slot. Takes the job over.
static inline struct entry *stored_job(struct bench *b, struct job *job)
{
    struct arena *arena = arena_new(1024);
    struct job_row row;

    job_to_row(job, arena, &row);
    store_put_job(b->f.store, &row, STORE_CREATE, put_done, &job->id);
    fixture_settle(&b->f);
    arena_free(arena);
    job->version = 1;
    struct entry *entry = due_add(&b->due, job);

    due_plan(&b->due, entry, trigger_next(job->trigger, (wall){T0}));
    dispatch_look(&b->d);
    return entry;
}

static inline struct entry *stored(struct bench *b, const char *name, const char *spec, int64_t id)
{
    (void)id;
    return stored_job(b, fixture_job(&b->f, name, spec));
}

// A run as the store has it now.
struct bench_row {
    struct run run; // without texts
    char message[200];
    size_t attempts; // before the last one
};

static inline void bench_row_read(const struct err *err, const struct store_run *runs, size_t count,
                                  void *ctx)
{
    struct bench_row *row = ctx;

    assert_null(err);
    assert_int_equal(count, 1);
    row->run = runs->run;
    row->attempts = runs->attempt_count;
    snprintf(row->message, sizeof row->message, "%.*s", STR(runs->run.message));
}

static inline struct bench_row bench_row(struct bench *b, int64_t run_id)
{
    struct bench_row row = {0};

    fixture_settle(&b->f);
    store_read_run(b->f.store, run_id, bench_row_read, &row);
    fixture_settle(&b->f);
    return row;
}

// What was said to somebody who asked for a run.
struct bench_said {
    int count;
    enum err_code code;
    int64_t run_id;
    char message[480];
};

static inline void bench_said(const struct err *err, int64_t run_id, void *ctx)
{
    struct bench_said *said = ctx;

    said->count++;
    said->code = err ? err->code : ERR_NONE;
    said->run_id = run_id;
    snprintf(said->message, sizeof said->message, "%s", err ? err->message : "");
}

// Asks for a run of the job, and waits for the answer.
static inline struct bench_said bench_ask(struct bench *b, struct entry *entry,
                                          const struct run_ask *ask)
{
    struct hand_ask hand = {RUN_MANUAL, {.overlap = -1}, true};
    struct bench_said said = {0};

    if (ask) {
        hand.ask = *ask;
        hand.is_plain = false;
    }
    hand_run(&b->d.hand, entry, &hand, bench_said, &said);
    fixture_settle(&b->f);
    assert_int_equal(said.count, 1);
    return said;
}

// The process dies and another begins on the same store: the job is loaded again as it was.
static inline struct entry *bench_again(struct bench *b, struct entry *entry);

static inline void bench_run_load(const struct run *run, void *ctx)
{
    dispatch_load(&((struct bench *)ctx)->d, run);
}

static inline enum store_last bench_job_load(const struct job_row *row, void *ctx)
{
    struct bench *b = ctx;
    struct trigger_context context = {
        b->f.zones, STR_LIT("UTC"), clock_wall(&b->f.clock.base), {0}, NULL};
    struct entry *entry = due_add(&b->due, job_from_row(row, &context));

    entry->slot = WALL_NEVER;
    return STORE_LAST_NONE;
}

static inline struct entry *bench_again(struct bench *b, struct entry *entry)
{
    char name[JOB_NAME_MAX + 1];
    struct core core;
    struct store_load load = {.on_job = bench_job_load, .on_run = bench_run_load, .ctx = b};
    struct err e;

    snprintf(name, sizeof name, "%.*s", STR(entry->job->name));
    memory_store_crash(b->f.store);
    dispatch_done(&b->d);
    due_done(&b->due);
    b->f.store = memory_store_open(b->f.loop, b->f.data);
    due_init(&b->due);
    core_init(&core, b->f.loop, b->f.store, &b->f.exec, &b->due, NULL);
    dispatch_init(&b->d, &core);
    if (b->limit > 0)
        room_limit(&b->d.room, b->limit);
    assert_true(store_load(b->f.store, &load, &e));
    if (b->d.core.ids.last < load.last_run_id)
        b->d.core.ids.last = load.last_run_id;
    dispatch_resume(&b->d);
    fixture_settle(&b->f);
    return due_find(&b->due, str_of(name));
}
