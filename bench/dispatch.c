// dispatch.c - how late is a start, how many runs a second, what does a job cost? The scheduler's
// core with runs that end at once, on the store in memory and on SQLite.
//
// usage: dispatch [MODE STORE JOBS [SECONDS]] (second sqlite 1000); prints one JSON object.
// dispatch.py asks for all of them, beside the peers. STORE is memory, or sqlite in a folder of its
// own under $BENCH_DIR (/var/tmp), or postgresql://.., a schema.
//     second    JOBS jobs that are due together at each full second: how late they start, how many
//               slots were not run; with more jobs than fit into a second, what it can do at most
//     drain     JOBS dates at one moment: from there until the last end is durable
//     load      JOBS jobs lie in the store: open, plan; memory a job; then single changes
// usage: dispatch node STORE BEGIN SECONDS NAME NOTE; cluster.py starts several of them.
//     node      one of those that share a schema, with the jobs that lie there: what it does from
//               when the file BEGIN is there, which others wait for too; each start is a line of
//               the file NOTE, and NOTE.ready is made when the jobs are loaded
// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "sched/sched.h"
#include "store/memory_store.h"
#include "store/meter.h"
#include "store/pg_store.h"
#include "store/request.h"
#include "store/sqlite_store.h"
#include "time/iso8601.h"

#define WAVE 4096 // creations that wait at once
#define CALM_US 1500000
#define CHANGES 200

// A run that has started and ends with this turn of the loop.
struct start {
    int64_t run_id;
    int attempt;
    wall at;
    exec_done *done;
    void *ctx;
};

struct bench {
    struct exec exec; // first
    struct loop *loop;
    struct zones *zones;
    struct store *store;
    struct sched *sched;
    const char *name; // among several nodes
    FILE *note;       // of each start; mostly NULL
    char directory[2048], path[2100];
    VEC_OF(struct start) starts;
    VEC_OF(int64_t) late;      // microseconds, of the runs that are looked at
    wall from;                 // runs of slots before it are not
    struct histogram claims;   // of those before it
    int64_t answered, changed; // creations; changes
};

static int64_t now_us(void)
{
    return clock_mono(clock_real()).us;
}

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench/dispatch: %s\n", what);
    exit(1);
}

// ---- runs that end at once

static void runs_end(void *ctx)
{
    struct bench *b = ctx;

    for (size_t i = 0; i < b->starts.len; i++) {
        const struct start *s = &b->starts.v[i];
        struct run_end end = {
            .run_id = s->run_id,
            .attempt = s->attempt,
            .state = RUN_SUCCEEDED,
            .started_at = s->at,
            .finished_at = s->at,
        };

        s->done(&end, s->ctx);
    }
    vec_clear(&b->starts);
}

static void run_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                      void *ctx)
{
    struct bench *b = (struct bench *)exec;
    wall now = clock_wall(clock_real());

    if (b->starts.len == 0)
        loop_defer(b->loop, runs_end, b);
    vec_push(&b->starts, ((struct start){request->run_id, request->attempt, now, done, ctx}));
    if (b->note)
        fprintf(b->note, "%" PRId64 " %d\n", request->run_id, request->attempt);
    if (request->scheduled_at.us >= b->from.us)
        vec_push(&b->late, now.us - request->scheduled_at.us);
}

static void run_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    (void)exec;
    (void)grace_us;
    (void)run_id;
}

static size_t runs_running(const struct exec *exec)
{
    return ((const struct bench *)exec)->starts.len;
}

static void runs_stop(struct exec *exec, int64_t grace_us)
{
    (void)exec;
    (void)grace_us;
}

static const struct exec_ops ops = {
    .start = run_start, .cancel = run_cancel, .running = runs_running, .stop = runs_stop};

// ---- the world

static void stopped(void *ctx)
{
    *(bool *)ctx = true;
}

static void store_begin(struct bench *b, const char *kind)
{
    struct sqlite_store_options options = {b->path, "bench", "0"};
    struct pg_store_options shared = {.uri = kind, .node_name = b->name, .version = "0"};
    struct err e;

    if (strcmp(kind, "memory") == 0)
        b->store = memory_store_new(b->loop);
    else if (strncmp(kind, "postgresql:", 11) == 0)
        check(pg_store_open(b->loop, clock_real(), &shared, &b->store, &e), e.message);
    else
        check(sqlite_store_open(b->loop, clock_real(), &options, &b->store, &e), e.message);
}

static void sched_begin(struct bench *b)
{
    struct sched_options options = {.loop = b->loop,
                                    .store = b->store,
                                    .exec = &b->exec,
                                    .zones = b->zones,
                                    .timezone = STR_LIT("UTC")};
    struct err e;

    b->sched = sched_new(&options);
    check(sched_start(b->sched, &e), e.message);
}

static void world_begin(struct bench *b, const char *kind, const char *name)
{
    const char *top = getenv("BENCH_DIR");
    struct err e;

    *b = (struct bench){.exec.ops = &ops, .from = WALL_NEVER, .name = name};
    snprintf(b->directory, sizeof b->directory, "%s/bench-dispatch-XXXXXX", top ? top : "/var/tmp");
    check(mkdtemp(b->directory), "the folder cannot be made");
    snprintf(b->path, sizeof b->path, "%s/b.db", b->directory);
    b->loop = loop_new(clock_real(), &e);
    check(b->loop, "no loop");
    b->zones = zones_new(NULL);
    store_begin(b, kind);
}

static void world_end(struct bench *b)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    bool is_stopped = false;
    char path[2200];

    sched_stop(b->sched, 0, stopped, &is_stopped);
    while (!is_stopped)
        loop_turn(b->loop, 100);
    sched_free(b->sched);
    store_close(b->store);
    loop_free(b->loop);
    zones_free(b->zones);
    vec_done(&b->starts);
    vec_done(&b->late);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", b->path, suffixes[i]);
        unlink(path);
    }
    rmdir(b->directory);
    if (b->note)
        check(fclose(b->note) == 0, "the note cannot be written");
}

static void created(const struct store_answer *answer, void *ctx)
{
    check(!answer->err, answer->err ? answer->err->message : "");
    ++*(int64_t *)ctx;
}

// Lays jobs with one trigger into the store, before the scheduler begins.
static void jobs_lay(struct bench *b, int64_t count, const char *trigger)
{
    wall now = clock_wall(clock_real());
    struct job_row row = {
        .trigger = str_of(trigger),
        .tz = STR_LIT("UTC"),
        .spec =
            STR_LIT("{\"target\":\"noop\",\"args\":[],\"coalesce\":\"last\",\"max_instances\":1,"
                    "\"misfire_grace_us\":-2,\"timeout_us\":0}"),
        .effective_from = now,
        .created_at = now,
        .updated_at = now,
    };
    char name[40];

    for (int64_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "job-%" PRId64, i);
        row.name = str_of(name);
        store_put_job(b->store, &row, STORE_CREATE, created, &b->answered);
        while (i + 1 - b->answered >= WAVE)
            loop_turn(b->loop, 100);
    }
    while (b->answered < count)
        loop_turn(b->loop, 100);
}

static void pass(struct bench *b, int64_t us)
{
    int64_t until = now_us() + us;

    while (now_us() < until)
        loop_turn(b->loop, 10);
}

// ---- what is measured

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double late_ms(struct bench *b, double share)
{
    size_t i = (size_t)((double)b->late.len * share);

    if (b->late.len == 0)
        return -1;
    qsort(b->late.v, b->late.len, sizeof *b->late.v, by_size);
    return (double)b->late.v[i < b->late.len ? i : b->late.len - 1] / 1e3;
}

static const struct histogram *claims_took(struct bench *b)
{
    struct store_stats stats;

    store_stats(b->store, &stats);
    return &stats.meter->took[REQUEST_CLAIM];
}

// From now on, for so long; members of the JSON object.
static void watch(struct bench *b, int64_t seconds)
{
    struct sched_stats before, after;
    int64_t began = now_us();

    b->from = clock_wall(clock_real());
    sched_stats(b->sched, &before);
    b->claims = *claims_took(b);
    pass(b, seconds * 1000000);
    began = now_us() - began;
    sched_stats(b->sched, &after);
    printf("\"runs_s\": %.0f, \"late_p50_ms\": %.3f, \"late_p99_ms\": %.3f, "
           "\"not_run\": %" PRId64,
           (double)(after.finished - before.finished) * 1e6 / (double)began, late_ms(b, 0.5),
           late_ms(b, 0.99), after.missed - before.missed + after.skipped - before.skipped);
}

static void second(struct bench *b, int64_t jobs, int64_t seconds)
{
    jobs_lay(b, jobs, "{\"type\":\"cron\",\"expr\":\"* * * * * *\"}");
    sched_begin(b);
    pass(b, CALM_US);
    // From the middle of a second to the middle of another.
    while (clock_wall(clock_real()).us % 1000000 < 500000)
        loop_turn(b->loop, 10);
    printf("{\"jobs\": %" PRId64 ", ", jobs);
    watch(b, seconds);
    printf("}\n");
}

// The bound of the meter that so many of the claims took at most.
static double claim_ms(struct bench *b, double share)
{
    const struct histogram *took = claims_took(b);
    int64_t seen = 0;
    size_t i = 0;

    for (; i < meter_bounds.count; i++)
        if ((seen += took->counts[i] - b->claims.counts[i]) >=
            share * (double)(took->total - b->claims.total))
            break;
    return i < meter_bounds.count ? (double)meter_bounds.us[i] / 1e3 : -1;
}

static FILE *file_make(const char *path, const char *suffix)
{
    char name[4096];
    FILE *file;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    file = fopen(name, "w");
    check(file, name);
    return file;
}

static void node(struct bench *b, const char *begin, int64_t seconds, const char *note)
{
    int64_t began = now_us();

    b->note = file_make(note, "");
    sched_begin(b);
    began = now_us() - began;
    fclose(file_make(note, ".ready"));
    while (access(begin, F_OK) != 0 || clock_wall(clock_real()).us % 1000000 < 500000)
        loop_turn(b->loop, 10);
    printf("{\"load_ms\": %.1f, ", (double)began / 1e3);
    watch(b, seconds);
    printf(", \"claim_p50_ms\": %.1f, \"claim_p99_ms\": %.1f}\n", claim_ms(b, 0.5),
           claim_ms(b, 0.99));
}

static void drain(struct bench *b, int64_t jobs)
{
    struct sched_stats stats = {0};
    wall at = {(clock_wall(clock_real()).us / 1000000 + 6 + jobs / 20000) * 1000000};
    struct buf trigger;

    buf_init(&trigger, 200);
    buf_add_text(&trigger, "{\"type\":\"date\",\"run_date\":\"");
    iso8601_write(at, zones_utc(b->zones), &trigger);
    buf_add_text(&trigger, "\"}");
    jobs_lay(b, jobs, buf_text(&trigger));
    buf_done(&trigger);
    check(clock_wall(clock_real()).us < at.us - 1000000, "creating the jobs took too long");
    b->from = at;
    sched_begin(b);
    while (stats.finished < jobs && clock_wall(clock_real()).us < at.us + 60000000) {
        loop_turn(b->loop, 10);
        sched_stats(b->sched, &stats);
    }
    printf("{\"jobs\": %" PRId64 ", \"drained_ms\": %.1f, \"runs\": %zu}\n", jobs,
           (double)(clock_wall(clock_real()).us - at.us) / 1e3, b->late.len);
}

static void changed(const struct err *err, const struct job *job, void *ctx)
{
    (void)job;
    check(!err, err ? err->message : "");
    ++*(int64_t *)ctx;
}

// Microseconds for a single pause and resumption, one after the other.
static double change_us(struct bench *b)
{
    int64_t began = now_us();

    for (int64_t i = 0; i < CHANGES; i++) {
        sched_pause(b->sched, STR_LIT("job-7"), i % 2 == 0, changed, &b->changed);
        while (b->changed <= i)
            loop_turn(b->loop, 100);
    }
    return (double)(now_us() - began) / CHANGES;
}

static double find_us(struct bench *b, int64_t jobs)
{
    int64_t began = now_us(), sum = 0;
    char name[40];

    for (int64_t i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "job-%" PRId64, i * 7919 % jobs);
        sum += sched_next_at(b->sched, sched_find(b->sched, str_of(name))).us & 1;
    }
    check(sum >= 0, "nothing was found");
    return (double)(now_us() - began) / 100000;
}

static void load(struct bench *b, const char *kind, int64_t jobs)
{
    int64_t began;
    double open_ms, bytes;

    jobs_lay(b, jobs, "{\"type\":\"cron\",\"expr\":\"30 4 * * mon-fri\"}");
    if (strcmp(kind, "memory") != 0) {
        store_close(b->store);
        store_begin(b, kind);
    }
    (void)malloc_trim(0);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;

    began = now_us();
    sched_begin(b);
    open_ms = (double)(now_us() - began) / 1e3;
    bytes = (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) / (double)jobs;
    printf("{\"jobs\": %" PRId64 ", \"start_ms\": %.1f, \"bytes_a_job\": %.0f, \"find_us\": %.3f, "
           "\"change_us\": %.1f}\n",
           jobs, open_ms, bytes, find_us(b, jobs), change_us(b));
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "second", *store = argc > 2 ? argv[2] : "sqlite";
    int64_t jobs = argc > 3 ? atoll(argv[3]) : 1000;
    struct bench b;

    log_set_level(LOG_LEVEL_WARN);
    check(jobs > 8 || argc > 6,
          "usage: dispatch second|drain|load memory|sqlite|postgresql://.. JOBS [SECONDS]");
    world_begin(&b, store, argc > 5 ? argv[5] : "bench");
    if (strcmp(mode, "node") == 0 && argc > 6)
        node(&b, argv[3], atoll(argv[4]), argv[6]);
    else if (strcmp(mode, "second") == 0)
        second(&b, jobs, argc > 4 ? atoll(argv[4]) : 5);
    else if (strcmp(mode, "drain") == 0)
        drain(&b, jobs);
    else
        load(&b, store, jobs);
    world_end(&b);
    return 0;
}
