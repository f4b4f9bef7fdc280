// outputs_test.c - files go with the rows of their runs, and what belongs to no row is found.
// SPDX-License-Identifier: Apache-2.0
#include "sched/outputs.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "job/run_log.h"

struct world {
    struct fixture f;
    struct outputs outputs;
    char dir[64];
};

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void world_open(struct world *w)
{
    *w = (struct world){.dir = "/tmp/belfry-outputs-XXXXXX"};
    assert_non_null(mkdtemp(w->dir));
    fixture_open(&w->f);
    outputs_init(&w->outputs, w->f.loop, w->f.store, w->dir);
}

static void world_close(struct world *w)
{
    outputs_done(&w->outputs);
    store_close(w->f.store);
    fixture_close(&w->f);
    (void)nftw(w->dir, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void path_of(const struct world *w, int64_t run_id, int attempt, const char *suffix,
                    char ret[200])
{
    char name[RUN_LOG_PATH_MAX];

    run_log_path(run_id, attempt, suffix, name);
    (void)snprintf(ret, 200, "%s/%s", w->dir, name);
}

static void entry_make(const struct world *w, int64_t run_id, int attempt, const char *suffix)
{
    char path[200], *slash;
    int fd;

    path_of(w, run_id, attempt, suffix, path);
    slash = strrchr(path, '/');
    *slash = '\0';
    (void)mkdir(path, 0700);
    *slash = '/';
    if (strcmp(suffix, "tmp") == 0) {
        assert_int_equal(mkdir(path, 0700), 0);
        (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/file");
    }
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static bool is_there(const struct world *w, int64_t run_id, int attempt, const char *suffix)
{
    char path[200];

    path_of(w, run_id, attempt, suffix, path);
    return access(path, F_OK) == 0;
}

static bool day_is_there(const struct world *w, int64_t run_id)
{
    char path[200];

    path_of(w, run_id, 1, "log", path);
    *strrchr(path, '/') = '\0';
    return access(path, F_OK) == 0;
}

// Lets time pass until a round is over: the thread does not know the simulated clock.
static void round_pass(struct world *w, int64_t rounds)
{
    for (int i = 0; i < 20000 && w->outputs.rounds < rounds; i++) {
        sim_clock_advance(&w->f.clock, 5000);
        (void)loop_turn(w->f.loop, 1);
    }
    assert_int_equal(w->outputs.rounds, rounds);
}

// Rows of runs; those of even number have ended.
static void rows_make(struct world *w, const int64_t *ids, size_t count)
{
    struct job_row row = {.name = STR_LIT("a"), .spec = STR_LIT("{}")};

    store_put_job(w->f.store, &row, STORE_CREATE, NULL, NULL);
    fixture_settle(&w->f);
    for (size_t i = 0; i < count; i++) {
        struct run run = {.id = ids[i],
                          .job_id = 1,
                          .scheduled_at = {T0 + (int64_t)i},
                          .state = RUN_RUNNING,
                          .attempt = 1};
        struct run_end end = {.run_id = ids[i], .attempt = 1, .state = RUN_SUCCEEDED};

        store_claim(w->f.store, &run, 1, (wall){T0}, NULL, NULL);
        if (ids[i] % 2 == 0)
            store_finish(w->f.store, &end, 1, NULL, NULL);
        fixture_settle(&w->f);
    }
}

#define DAY_IDS (INT64_C(86400000) << 12) // numbers of a day

static void test_a_round(void **state)
{
    const int64_t done = 2, alive = 3, gone = 4, other_day = 4 + 5 * DAY_IDS;
    const int64_t rows[] = {done, alive};
    struct world w;
    char path[200];

    (void)state;
    world_open(&w);
    rows_make(&w, rows, COUNT(rows));
    entry_make(&w, done, 1, "log");
    entry_make(&w, done, 1, "tmp"); // whose keeper was killed
    entry_make(&w, alive, 1, "log");
    entry_make(&w, alive, 1, "tmp");
    entry_make(&w, gone, 1, "log");
    entry_make(&w, gone, 12, "log");
    entry_make(&w, gone, 2, "tmp");
    entry_make(&w, other_day, 1, "log");
    entry_make(&w, gone, 1, "mine"); // nothing that belfry knows
    (void)snprintf(path, sizeof path, "%s/keeper.log", w.dir);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    round_pass(&w, 1);
    assert_true(is_there(&w, done, 1, "log"));
    assert_false(is_there(&w, done, 1, "tmp"));
    assert_true(is_there(&w, alive, 1, "log"));
    assert_true(is_there(&w, alive, 1, "tmp"));
    assert_false(is_there(&w, gone, 1, "log"));
    assert_false(is_there(&w, gone, 12, "log"));
    assert_false(is_there(&w, gone, 2, "tmp"));
    assert_true(is_there(&w, gone, 1, "mine"));
    assert_false(day_is_there(&w, other_day));
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(w.outputs.removed, 5);
    assert_int_equal(w.outputs.files, 2);
    assert_true(w.outputs.bytes >= 2);
    entry_make(&w, gone, 1, "log");
    sim_clock_advance(&w.f.clock, OUTPUTS_ROUND_US);
    round_pass(&w, 2);
    assert_false(is_there(&w, gone, 1, "log"));
    world_close(&w);
}

// More than one step looks at.
static void test_many(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    for (int64_t id = 1; id <= 5 * OUTPUTS_STEP; id++)
        entry_make(&w, id + (id % 3) * DAY_IDS, 1, "log");
    round_pass(&w, 1);
    assert_int_equal(w.outputs.removed, 5 * OUTPUTS_STEP);
    for (int64_t day = 0; day < 3; day++)
        assert_false(day_is_there(&w, day * DAY_IDS + 1));
    world_close(&w);
}

static void test_with_their_rows(void **state)
{
    const struct store_gone gone[] = {{7, 3}, {8, 1}};
    struct world w;

    (void)state;
    world_open(&w);
    for (int attempt = 1; attempt <= 3; attempt++)
        entry_make(&w, 7, attempt, "log");
    entry_make(&w, 8, 1, "log");
    entry_make(&w, 9, 1, "log");
    outputs_remove(&w.outputs, gone, 0);
    outputs_remove(&w.outputs, gone, COUNT(gone));
    for (int i = 0; i < 20000 && is_there(&w, 8, 1, "log"); i++)
        (void)loop_turn(w.f.loop, 1);
    for (int attempt = 1; attempt <= 3; attempt++)
        assert_false(is_there(&w, 7, attempt, "log"));
    assert_false(is_there(&w, 8, 1, "log"));
    assert_true(is_there(&w, 9, 1, "log"));
    world_close(&w);
}

// As the scheduler does it, which owns one.
static void test_of_a_scheduler(void **state)
{
    const struct store_gone gone = {7, 1};
    struct world w;

    (void)state;
    world_open(&w);
    const struct sched_options options = {.loop = w.f.loop,
                                          .store = w.f.store,
                                          .exec = &w.f.exec,
                                          .zones = w.f.zones,
                                          .timezone = STR_LIT("UTC"),
                                          .runs_dir = w.dir};
    struct sched *sched = sched_new(&options);

    entry_make(&w, 7, 1, "log");
    sched_runs_gone(sched, &gone, 1);
    for (int i = 0; i < 20000 && is_there(&w, 7, 1, "log"); i++)
        (void)loop_turn(w.f.loop, 1);
    assert_false(is_there(&w, 7, 1, "log"));
    sched_free(sched);
    world_close(&w);
}

// It ends while the store still has its questions.
static void test_nobody_waits_for_answers(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    entry_make(&w, 4, 1, "log");
    memory_store_delay(w.f.store, 0, 1000 * S);
    for (int i = 0; i < 20000 && !w.outputs.is_asking; i++) {
        sim_clock_advance(&w.f.clock, 5000);
        (void)loop_turn(w.f.loop, 1);
    }
    world_close(&w);
}

static void test_without_files(void **state)
{
    const struct store_gone gone = {7, 1};
    struct fixture f;
    struct outputs o;

    (void)state;
    fixture_open(&f);
    outputs_init(&o, f.loop, f.store, NULL);
    outputs_remove(&o, &gone, 1);
    fixture_pass(&f, 100 * S);
    assert_null(o.pool);
    outputs_done(&o);
    store_close(f.store);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_with_their_rows),
        cmocka_unit_test(test_of_a_scheduler),
        cmocka_unit_test(test_nobody_waits_for_answers),
        cmocka_unit_test(test_without_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
