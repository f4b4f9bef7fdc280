// store.c - how fast is a durable write? Creations, claims and ends, beside raw commits of SQLite
// on the same disk.
//
// Figures of disks swing, so the raw rate (one row a commit, WAL, synchronous=FULL, no threads, no
// loop) is taken before and after in the same run, and only ratios count. Usage: store [DIRECTORY],
// where it makes a folder of its own; store postgresql://.., an empty schema, whose bars are 10,000
// creations/s with 64 outstanding and 20,000 runs/s; store postgresql://.. bloat: a million claims
// and ends, and how large the tables are meanwhile that rows come to and leave.
// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "job/run.h"
#include "store/pg.h"
#include "store/pg_store.h"
#include "store/pg_uri.h"
#include "store/sqlite_store.h"

#define JOBS 10000
#define MEASURE_US 1500000
#define BATCH_MAX 1000

struct bench {
    struct loop *loop;
    struct store *store;
    int64_t asked, answered; // of the measurement under way
    int64_t stop_at_us;
    int64_t next_job;
    struct run_ids ids;
    int64_t slot;
};

static int64_t now_us(void)
{
    return clock_mono(clock_real()).us;
}

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench/store: %s\n", what);
    exit(1);
}

// ---- the floor ----

static double raw_commits(const char *directory)
{
    char path[4096];
    sqlite3 *db;
    sqlite3_stmt *insert;
    int64_t began, n = 0;

    snprintf(path, sizeof path, "%s/raw.db", directory);
    unlink(path);
    check(sqlite3_open(path, &db) == SQLITE_OK, "raw.db cannot be made");
    sqlite3_exec(db,
                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                 "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, spec TEXT)",
                 NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO t(name, spec) VALUES('job-' || ?1, hex(zeroblob(115)))", -1,
                       &insert, NULL);
    for (began = now_us(); now_us() < began + MEASURE_US; n++) {
        sqlite3_bind_int64(insert, 1, n);
        check(sqlite3_step(insert) == SQLITE_DONE, "raw.db cannot be written");
        sqlite3_reset(insert);
    }
    began = now_us() - began;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    unlink(path);
    return (double)n * 1e6 / (double)began;
}

// ---- creations ----

static void create_next(struct bench *b);

static void created(const struct store_answer *a, void *ctx)
{
    struct bench *b = ctx;

    check(!a->err, a->err ? a->err->message : "");
    b->answered++;
    if (now_us() < b->stop_at_us)
        create_next(b);
}

static void create_next(struct bench *b)
{
    char name[32];
    wall now = clock_wall(clock_real());
    struct job_row row = {
        .trigger = STR_LIT("{\"type\":\"cron\",\"fields\":{\"hour\":\"9\",\"minute\":\"0\"}}"),
        .tz = STR_LIT("Europe/Berlin"),
        .spec = STR_LIT("{\"target\":\"backup\",\"args\":[\"--all\",\"/var/lib/data\"],"
                        "\"coalesce\":\"last\",\"max_instances\":1,\"timeout\":3600,"
                        "\"misfire_grace\":3600}"),
        .effective_from = now,
        .created_at = now,
        .updated_at = now,
    };

    snprintf(name, sizeof name, "job-%" PRId64, b->next_job++);
    row.name = str_of(name);
    b->asked++;
    store_put_job(b->store, &row, STORE_CREATE, created, b);
}

static double creations(struct bench *b, int outstanding)
{
    int64_t began = now_us();

    b->asked = b->answered = 0;
    b->stop_at_us = began + MEASURE_US;
    for (int i = 0; i < outstanding; i++)
        create_next(b);
    while (b->answered < b->asked)
        loop_turn(b->loop, 100);
    return (double)b->answered * 1e6 / (double)(now_us() - began);
}

// ---- claims and ends ----

static void counted(const struct store_answer *a, void *ctx)
{
    struct bench *b = ctx;

    check(!a->err, a->err ? a->err->message : "");
    for (size_t i = 0; i < a->won_count; i++)
        check(a->won[i], "a claim was not won");
    b->answered++;
}

static void await(struct bench *b)
{
    while (!b->answered)
        loop_turn(b->loop, 100);
    b->answered = 0;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

// Claims and ends a batch; how long the claim took.
static int64_t cycle(struct bench *b, size_t batch)
{
    static struct run runs[BATCH_MAX];
    static struct run_end ends[BATCH_MAX];
    int64_t asked, took;

    b->answered = 0;
    b->slot++;
    for (size_t i = 0; i < batch; i++) {
        int64_t id = run_id_next(&b->ids, clock_wall(clock_real()));

        runs[i] = (struct run){.id = id,
                               .job_id = 1 + (int64_t)(i * (JOBS / batch) + (size_t)b->slot) % JOBS,
                               .scheduled_at = {b->slot},
                               .state = RUN_RUNNING,
                               .job_version = 1,
                               .attempt = 1,
                               .queued_at = {b->slot}};
        ends[i] = (struct run_end){.run_id = id,
                                   .attempt = 1,
                                   .state = RUN_SUCCEEDED,
                                   .started_at = {b->slot},
                                   .finished_at = {b->slot}};
    }
    asked = now_us();
    store_claim(b->store, runs, batch, (wall){b->slot}, counted, b);
    await(b);
    took = now_us() - asked;
    store_finish(b->store, ends, batch, counted, b);
    await(b);
    return took;
}

static void claims(struct bench *b, size_t batch)
{
    static int64_t took[100000];
    int64_t began = now_us(), n = 0;

    for (; now_us() < began + MEASURE_US && n < 100000; n++)
        took[n] = cycle(b, batch);
    began = now_us() - began;
    qsort(took, (size_t)n, sizeof *took, by_size);
    printf("claim and end, %4zu a batch   %9.0f runs/s   claim p50 %6.2f ms  p99 %6.2f ms\n", batch,
           (double)n * (double)batch * 1e6 / (double)began, (double)took[n / 2] / 1e3,
           (double)took[n * 99 / 100] / 1e3);
}

// ---- what is left of rows that have gone ----

// Of the tables whose names match, with their indexes.
static int64_t bytes(struct pg *pg, const char *tables)
{
    char text[300];
    int64_t n;

    snprintf(
        text, sizeof text,
        "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relkind = 'r' AND "
        "relnamespace = current_schema()::regnamespace AND relname ~ '^%s'",
        tables);
    PGresult *result = pg_ask(pg, text, NULL, 0);

    check(result, pg->trouble.message);
    n = pg_int(result, 0, 0);
    PQclear(result);
    return n;
}

static void bloat(struct bench *b, const char *uri)
{
    struct err e;
    struct pg *pg = pg_open(uri, false, &e);

    check(pg, e.message);
    printf("%10s %12s %8s %14s\n", "cycles", "run_active", "node", "run_history");
    for (int64_t cycles = 0; cycles <= 1000000; cycles += 100000) {
        if (cycles > 0)
            for (int i = 0; i < 100000 / BATCH_MAX; i++)
                (void)cycle(b, BATCH_MAX);
        printf("%10" PRId64 " %9" PRId64 " kB %5" PRId64 " kB %11" PRId64 " kB\n", cycles,
               bytes(pg, "run_active") / 1024, bytes(pg, "node") / 1024,
               bytes(pg, "run_history") / 1024);
        fflush(stdout);
    }
    pg_close(pg);
}

// ---- the start ----

static enum store_last job_loaded(const struct job_row *row, void *ctx)
{
    (void)row;
    ++*(int64_t *)ctx;
    return STORE_LAST_NONE;
}

static void load(struct bench *b)
{
    int64_t jobs = 0, began = now_us();
    struct store_load loading = {.on_job = job_loaded, .ctx = &jobs};
    struct err e;

    check(store_load(b->store, &loading, &e), e.message);
    began = now_us() - began;
    printf("load of %7" PRId64 " jobs          %9.0f jobs/s\n", jobs,
           (double)jobs * 1e6 / (double)began);
}

static void measure(struct bench *b, const char *directory)
{
    double raw = raw_commits(directory), one, many, raw_after;

    one = creations(b, 1);
    many = creations(b, 64);
    raw_after = raw_commits(directory);
    printf("raw commits of one row        %9.0f /s before, %.0f /s after\n", raw, raw_after);
    raw = (raw + raw_after) / 2;
    printf("creations, 1 outstanding      %9.0f /s   %.2f x raw (bar 0.70)\n", one, one / raw);
    printf("creations, 64 outstanding     %9.0f /s   %.2f x raw (bar 25000/s, 4.00)\n", many,
           many / raw);
    while (b->next_job < JOBS)
        (void)creations(b, 64);
    claims(b, 1);
    claims(b, 100);
    claims(b, 1000);
    load(b);
}

int main(int argc, char **argv)
{
    struct bench b = {.slot = clock_wall(clock_real()).us};
    struct sqlite_store_options options = {NULL, "bench", "0"};
    bool is_pg = argc > 1 && pg_uri_is(argv[1]);
    struct pg_store_options server = {
        .uri = is_pg ? argv[1] : NULL, .node_name = "bench", .version = "0"};
    char directory[2048], path[4096];
    struct err e;

    snprintf(directory, sizeof directory, "%s/bench-store-XXXXXX",
             argc > 1 && !is_pg ? argv[1] : "/var/tmp");
    check(mkdtemp(directory), "the directory cannot be made");
    snprintf(path, sizeof path, "%s/b.db", directory);
    options.path = path;
    b.loop = loop_new(clock_real(), &e);
    check(b.loop, "no loop");
    check(is_pg ? pg_store_open(b.loop, clock_real(), &server, &b.store, &e)
                : sqlite_store_open(b.loop, clock_real(), &options, &b.store, &e),
          e.message);
    if (argc > 2 && is_pg && strcmp(argv[2], "bloat") == 0) {
        while (b.next_job < JOBS)
            (void)creations(&b, 64);
        bloat(&b, argv[1]);
    } else {
        measure(&b, directory);
    }
    store_close(b.store);
    loop_free(b.loop);
    unlink(path);
    snprintf(path, sizeof path, "%s/b.db.lock", directory);
    unlink(path);
    rmdir(directory);
    return 0;
}
