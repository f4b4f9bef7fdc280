// rehearsal_test.c - what a rehearsal tells of overlaps, waits, freezes and the peak.
// SPDX-License-Identifier: Apache-2.0
#include "sched/rehearsal.h"

#include "unit.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"

#define S 1000000LL
#define T0 (1767225600LL * S) // 2026-01-01T00:00:00Z

struct stage {
    struct zones *zones;
    struct rehearsal *r;
    const struct rehearsal_result *result;
};

static void stage_open(struct stage *st, int64_t seconds, int places)
{
    st->zones = zones_new(NULL);
    const struct rehearsal_options options = {
        .zones = st->zones,
        .timezone = STR_LIT("UTC"),
        .from = {T0},
        .to = {T0 + seconds * S},
        .assume_us = 10 * S,
        .places = places,
    };

    log_set_level(LOG_LEVEL_ERROR);
    st->r = rehearsal_new(&options);
}

static void add(struct stage *st, const char *name, const char *trigger, int64_t takes_us)
{
    struct trigger_context context = {st->zones, STR_LIT("UTC"), {T0}, {0}, NULL};
    struct job *job = job_new(str_of(name));
    json_t *spec = json_loads(trigger, 0, NULL);
    struct arena *arena = arena_new(1024);
    struct job_row row;
    struct err e;

    assert_true(trigger_parse(spec, &context, &job->trigger, &e));
    job_set_target(job, STR_LIT("folder"));
    job_spec_set_text(&job_edit(job)->args, STR_LIT("[]"));
    job_to_row(job, arena, &row);
    rehearsal_add_job(st->r, &row, takes_us);
    arena_free(arena);
    json_decref(spec);
    job_free(job);
}

static void play(struct stage *st)
{
    struct err e;

    assert_true(rehearsal_run(st->r, &e));
    st->result = rehearsal_told(st->r);
}

static void stage_close(struct stage *st)
{
    rehearsal_free(st->r);
    zones_free(st->zones);
}

static const struct rehearsed *job_of(const struct stage *st, const char *name)
{
    for (size_t i = 0; i < st->result->jobs.len; i++)
        if (strcmp(st->result->jobs.v[i]->name, name) == 0)
            return st->result->jobs.v[i];
    fail_msg("no job %s", name);
    return NULL;
}

#define HOURLY "{\"type\":\"cron\",\"expr\":\"0 * * * *\"}"
#define MINUTELY "{\"type\":\"cron\",\"expr\":\"* * * * *\"}"

// One run takes two and a half minutes, so two of three slots are skipped.
static void test_overlap(void **state)
{
    struct stage st;

    (void)state;
    stage_open(&st, 3600, 0);
    add(&st, "long", MINUTELY, 150 * S);
    add(&st, "short", HOURLY, -1);
    play(&st);
    const struct rehearsed *job = job_of(&st, "long");

    assert_int_equal(job->runs, 21); // 00:00, 00:03, ... 01:00
    assert_int_equal(job->skipped[REASON_OVERLAP], 40);
    assert_int_equal(job->skipped_at.us, T0 + 60 * S);
    assert_int_equal(job->most, 1);
    assert_int_equal(job->busy_us, 20 * 150 * S);
    assert_true(job->is_known && !job_of(&st, "short")->is_known);
    assert_int_equal(job_of(&st, "short")->takes_us, 10 * S);
    assert_int_equal(job_of(&st, "short")->runs, 2);
    assert_int_equal(st.result->skipped, 40);
    assert_int_equal(st.result->waited, 0);
    stage_close(&st);
}

// Three jobs and two places: one of them waits as long as the others take.
static void test_peak_and_places(void **state)
{
    static const int places[] = {0, 2};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage st;

        stage_open(&st, 3600, places[i]);
        add(&st, "c", HOURLY, 60 * S);
        add(&st, "a", HOURLY, 90 * S);
        add(&st, "b", "{\"type\":\"cron\",\"expr\":\"30 * * * *\"}", 10 * S);
        add(&st, "d", "{\"type\":\"cron\",\"minute\":0,\"second\":30}", 60 * S);
        play(&st);
        assert_int_equal(st.result->peak.count, i == 0 ? 3 : 2);
        assert_int_equal(st.result->peak.at.us, i == 0 ? T0 + 30 * S : T0);
        assert_int_equal(st.result->peak.lasts_us, i == 0 ? 30 * S : 60 * S);
        assert_int_equal(st.result->waited, i == 0 ? 0 : 1);
        assert_int_equal(job_of(&st, "d")->wait_max_us, i == 0 ? 0 : 30 * S);
        assert_string_equal(st.result->jobs.v[st.result->peak.names[0]]->name, "a");
        stage_close(&st);
    }
}

static void test_freeze_and_what_takes_no_part(void **state)
{
    const struct store_calendar freeze = {
        .kind = STORE_FREEZE,
        .name = STR_LIT("night"),
        .body = STR_LIT("{\"cron\":\"0 1 * * *\",\"duration\":\"2h\",\"reason\":\"night\"}"),
    };
    struct stage st;

    (void)state;
    stage_open(&st, 6 * 3600, 0);
    rehearsal_add_calendar(st.r, &freeze);
    add(&st, "hourly", HOURLY, 60 * S);
    add(&st, "over", "{\"type\":\"date\",\"run_date\":\"2025-12-31T00:00:00Z\"}", -1);
    add(&st, "coming", "{\"type\":\"date\",\"run_date\":\"2026-01-01T04:30:00Z\"}", -1);
    add(&st, "start", "{\"type\":\"startup\"}", -1);
    add(&st, "hand", "{\"type\":\"manual\"}", -1);
    add(&st, "chain", "{\"type\":\"after\",\"delay\":\"30m\"}", 30 * 60 * S);
    play(&st);
    assert_int_equal(job_of(&st, "hourly")->skipped[REASON_FREEZE], 2);
    assert_int_equal(job_of(&st, "hourly")->runs, 5);
    assert_int_equal(job_of(&st, "over")->runs, 0);
    assert_int_equal(job_of(&st, "coming")->runs, 1);
    assert_int_equal(job_of(&st, "start")->runs, 0);
    assert_int_equal(job_of(&st, "hand")->runs, 0);
    assert_true(job_of(&st, "chain")->runs >= 3);
    stage_close(&st);
    rehearsal_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_peak_and_places),
        cmocka_unit_test(test_freeze_and_what_takes_no_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
