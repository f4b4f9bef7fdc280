// asks_test.c - jobs that are held: what the ledger tells of it, when they go on, what a restart
// keeps.
// SPDX-License-Identifier: Apache-2.0
#include "sched/asks.h"

#include "fixture.h"

#define AFTER_60 "{\"type\":\"after\",\"delay\":\"1m\"}"

struct bench {
    struct fixture f;
    struct sched *s;
    int answers;
    enum err_code code;
};

static void answered(const struct err *err, const struct job *job, void *ctx)
{
    struct bench *b = ctx;

    (void)job;
    b->answers++;
    b->code = err ? err->code : ERR_NONE;
}

static void pause_said(const struct err *err, const struct pause *pause, void *ctx)
{
    (void)pause;
    answered(err, NULL, ctx);
}

static void life_begin(struct bench *b)
{
    struct sched_options options = {.loop = b->f.loop,
                                    .store = b->f.store,
                                    .exec = &b->f.exec,
                                    .zones = b->f.zones,
                                    .timezone = STR_LIT("UTC")};
    struct err e;

    b->s = sched_new(&options);
    assert_true(sched_start(b->s, &e));
}

static void life_again(struct bench *b)
{
    struct err e;

    memory_store_crash(b->f.store);
    sched_free(b->s);
    loop_free(b->f.loop);
    b->f.loop = loop_new(&b->f.clock.base, &e);
    b->f.store = memory_store_open(b->f.loop, b->f.data);
    life_begin(b);
}

static void bench_open(struct bench *b)
{
    *b = (struct bench){0};
    fixture_open(&b->f);
    life_begin(b);
}

static void bench_close(struct bench *b)
{
    memory_store_crash(b->f.store);
    sched_free(b->s);
    fixture_close(&b->f);
}

static void put(struct bench *b, const char *name, const char *spec, const char *tags)
{
    struct job *job = fixture_job(&b->f, name, spec);

    job_spec_set_text(&job_edit(job)->tags, str_of(tags));
    job_edit(job)->max_instances = 1000;
    sched_put(b->s, job, STORE_ANY, answered, b);
    fixture_settle(&b->f);
    assert_int_equal(b->code, ERR_NONE);
}

static void pause_job(struct bench *b, const char *name, int64_t until_s)
{
    asks_pause(b->s, str_of(name), STR_LIT("audit"), STR_LIT("ann"),
               until_s ? (wall){T0 + until_s * S} : WALL_NEVER, answered, b);
    fixture_settle(&b->f);
}

static void resume_job(struct bench *b, const char *name, bool is_dropping)
{
    asks_resume(b->s, str_of(name), is_dropping, ASKS_CATCH_UP_NONE, answered, b);
    fixture_settle(&b->f);
    assert_int_equal(b->code, ERR_NONE);
}

static void rows_told(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct buf *out = ctx;

    assert_null(err);
    for (size_t i = count; i-- > 0;) {
        const struct run *run = &runs[i].run;

        buf_printf(out, "%s%s %lld", out->len > 0 ? ", " : "",
                   run->state == RUN_SKIPPED ? run_reason_name(run->reason) : "run",
                   (long long)(run->scheduled_at.us - T0) / S);
        if (run->missed > 0)
            buf_printf(out, "+%lld", (long long)run->missed);
        if (run->reason == REASON_PAUSED)
            assert_non_null(strstr(run->message.p, "paused: audit"));
    }
}

// The ledger of a job, oldest first: "run 10, paused 30+1".
static void expect_rows(struct bench *b, const char *name, const char *want)
{
    const struct store_run_query query = {.job_id = sched_find(b->s, str_of(name))->id,
                                          .limit = 100};
    struct buf out;

    buf_init(&out, 4000);
    store_read_runs(b->f.store, &query, rows_told, &out);
    fixture_settle(&b->f);
    assert_string_equal(buf_text(&out), want);
    buf_done(&out);
}

static int64_t next_s(const struct bench *b, const char *name)
{
    wall at = sched_next_at(b->s, sched_find(b->s, str_of(name)));

    return at.us == WALL_NEVER.us ? -1 : (at.us - T0) / S;
}

static const struct pause *paused(const struct bench *b, const char *name)
{
    return sched_paused(b->s, sched_find(b->s, str_of(name)));
}

// Every slot of a pause is in a row, before and after a restart; then the schedule goes on.
static void test_job(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    put(&b, "x", EVERY_10, "");
    fixture_pass(&b.f, 25 * S);
    pause_job(&b, "x", 0);
    assert_int_equal(b.code, ERR_NONE);
    assert_string_equal(paused(&b, "x")->by, "ann");
    assert_int_equal(next_s(&b, "x"), -1);
    fixture_pass(&b.f, 10 * S);
    expect_rows(&b, "x", "run 10, run 20, paused 30");
    fixture_pass(&b.f, 3600 * S);
    expect_rows(&b, "x", "run 10, run 20, paused 30, paused 3630+359");
    life_again(&b);
    assert_string_equal(paused(&b, "x")->reason, "audit");
    fixture_pass(&b.f, 40 * S); // it is 3675
    pause_job(&b, "x", 0);      // again: another reason, the same pause
    assert_int_equal(paused(&b, "x")->since.us, T0 + 25 * S);
    resume_job(&b, "x", false);
    assert_null(paused(&b, "x"));
    expect_rows(&b, "x", "run 10, run 20, paused 30, paused 3630+359, paused 3640, paused 3670+2");
    assert_int_equal(next_s(&b, "x"), 3680);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.runs[b.f.started - 1].request.scheduled_at.us, T0 + 3680 * S);
    pause_job(&b, "nosuch", 0);
    assert_int_equal(b.code, ERR_NOT_FOUND);
    bench_close(&b);
}

// It goes on by itself, also when nobody was there at that moment.
static void test_until(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    put(&b, "x", EVERY_10, "");
    put(&b, "y", EVERY_10, "");
    pause_job(&b, "x", 45);
    pause_job(&b, "y", 105);
    assert_int_equal(next_s(&b, "x"), 50);
    fixture_pass(&b.f, 60 * S);
    expect_rows(&b, "x", "paused 10, paused 40+2, run 50, run 60");
    assert_null(paused(&b, "x"));
    sim_clock_advance(&b.f.clock, 54 * S);
    life_again(&b);
    fixture_pass(&b.f, 1 * S); // it is 115
    expect_rows(&b, "y", "paused 10, paused 100+8, run 110");
    pause_job(&b, "x", 0); // another one: the first is over
    assert_int_equal(paused(&b, "x")->since.us, T0 + 115 * S);
    bench_close(&b);
}

static void test_dates_and_delays(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    put(&b, "late", ONCE_AT_30, "");
    put(&b, "dropped", ONCE_AT_30, "");
    put(&b, "after", AFTER_60, "");
    pause_job(&b, "late", 0);
    pause_job(&b, "dropped", 0);
    pause_job(&b, "after", 0);
    fixture_pass(&b.f, 100 * S);
    assert_int_equal(b.f.started, 0);
    expect_rows(&b, "late", "");
    resume_job(&b, "late", false);
    assert_int_equal(b.f.started, 1);
    resume_job(&b, "dropped", true);
    assert_int_equal(b.f.started, 1);
    assert_null(sched_find(b.s, STR_LIT("dropped"))); // its only slot is over
    resume_job(&b, "after", false);
    expect_rows(&b, "after", "paused 60");
    assert_int_equal(next_s(&b, "after"), 160);
    bench_close(&b);
}

static void skip_slots(struct bench *b, const char *name, int64_t n)
{
    asks_skip(b->s, str_of(name), n, STR_LIT("by hand"), STR_LIT("ann"), answered, b);
    fixture_settle(&b->f);
}

static void pass_until(struct bench *b, int64_t us)
{
    fixture_pass(&b->f, T0 + us - clock_wall(&b->f.clock.base).us);
}

// Whoever asked before a slot is heard, however long the store takes for it - up to a second. What
// was asked behind a slot says nothing about it.
static void test_skip_on_its_way(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    put(&b, "x", EVERY_10, "");
    memory_store_delay(b.f.store, S / 5, S / 5);
    pass_until(&b, 10 * S - 1000);
    skip_slots(&b, "x", 1); // 10
    pass_until(&b, 20 * S + 1000);
    assert_int_equal(b.f.started, 0);
    asks_pause(b.s, STR_LIT("x"), STR_LIT("audit"), STR_LIT("ann"), WALL_NEVER, answered, &b);
    pass_until(&b, 25 * S);
    assert_int_equal(b.f.started, 1); // 20 came before the pause was asked for
    memory_store_fail(b.f.store, 1);
    asks_resume(b.s, STR_LIT("x"), false, ASKS_CATCH_UP_NONE, answered, &b);
    fixture_pass(&b.f, 2 * S);
    assert_int_equal(b.code, ERR_STORE);
    memory_store_delay(b.f.store, 0, 0);
    resume_job(&b, "x", false);
    pass_until(&b, 30 * S - 1000);
    memory_store_delay(b.f.store, 2 * S, 2 * S);
    skip_slots(&b, "x", 1); // 30, and the store takes two seconds
    memory_store_delay(b.f.store, 0, 0);
    pass_until(&b, 33 * S);
    assert_int_equal(b.f.started, 2);
    pass_until(&b, 35 * S);
    expect_rows(&b, "x", "asked 10, run 20, run 30");
    bench_close(&b);
}

// Slots that are not wanted are told one by one, over a restart; the rest runs.
static void test_skip(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    put(&b, "x", EVERY_10, "");
    put(&b, "hand", "{\"type\":\"manual\"}", "");
    put(&b, "after", AFTER_60, "");
    put(&b, "once", ONCE_AT_30, "");
    skip_slots(&b, "x", 2);
    assert_int_equal(b.code, ERR_NONE);
    assert_int_equal(next_s(&b, "x"), 30);
    skip_slots(&b, "hand", 1);
    assert_int_equal(b.code, ERR_SCHEDULE);
    skip_slots(&b, "after", 5); // only the one that is planned
    skip_slots(&b, "once", 1);
    skip_slots(&b, "nosuch", 1);
    assert_int_equal(b.code, ERR_NOT_FOUND);
    fixture_pass(&b.f, 15 * S);
    life_again(&b);
    fixture_pass(&b.f, 20 * S); // it is 35
    expect_rows(&b, "x", "asked 10, asked 20, run 30");
    assert_null(sched_find(b.s, STR_LIT("once")));
    skip_slots(&b, "x", 1);
    assert_int_equal(next_s(&b, "x"), 50);
    asks_unskip(b.s, STR_LIT("x"), answered, &b);
    fixture_settle(&b.f);
    assert_int_equal(next_s(&b, "x"), 40);
    skip_slots(&b, "x", 3);
    fixture_pass(&b.f, 10 * S); // it is 45
    asks_unskip(b.s, STR_LIT("x"), answered, &b);
    fixture_pass(&b.f, 20 * S);
    expect_rows(&b, "x", "asked 10, asked 20, run 30, asked 40, run 50, run 60");
    expect_rows(&b, "after", "asked 60");
    assert_int_equal(next_s(&b, "after"), 120);
    // Another schedule has other slots.
    skip_slots(&b, "x", 1);
    put(&b, "x", "{\"type\":\"interval\",\"seconds\":7}", "");
    assert_null(sched_find(b.s, STR_LIT("x"))->skip);
    bench_close(&b);
}

static void pause_all(struct bench *b, const char *tag, bool is_on)
{
    struct pauses *p = sched_pauses(b->s);
    wall now = clock_wall(&b->f.clock.base);

    if (is_on)
        pauses_set(p, str_of(tag), STR_LIT("audit"), STR_LIT("ann"), now, WALL_NEVER, pause_said,
                   b);
    else
        pauses_lift(p, str_of(tag), false, now, pause_said, b);
    fixture_settle(&b->f);
    assert_int_equal(b->code, ERR_NONE);
}

static void test_tags_and_everything(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    put(&b, "x", EVERY_10, "etl");
    put(&b, "y", EVERY_10, "");
    pause_all(&b, "etl", true);
    fixture_pass(&b.f, 10 * S);
    expect_rows(&b, "x", "paused 10");
    expect_rows(&b, "y", "run 10");
    pause_all(&b, "", true);
    fixture_pass(&b.f, 10 * S);
    pause_all(&b, "etl", false); // everything is paused still
    expect_rows(&b, "x", "paused 10, paused 20");
    assert_int_equal(paused(&b, "x")->scope, PAUSE_ALL);
    life_again(&b);
    assert_int_equal(paused(&b, "y")->scope, PAUSE_ALL);
    fixture_pass(&b.f, 10 * S);
    pause_all(&b, "", false);
    fixture_pass(&b.f, 10 * S);
    expect_rows(&b, "x", "paused 10, paused 20, paused 30, run 40");
    life_again(&b);
    fixture_pass(&b.f, 10 * S);
    assert_null(paused(&b, "y"));
    assert_int_equal(sched_pauses(b.s)->all.len, 0); // long told
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_dates_and_delays),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_skip_on_its_way),
        cmocka_unit_test(test_tags_and_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
