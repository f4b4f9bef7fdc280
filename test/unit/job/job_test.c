// job_test.c - jobs to rows and back, names, grace, and rows that nobody can read.
// SPDX-License-Identifier: Apache-2.0
#include "job/job.h"

#include <string.h>

#include "base/arena.h"
#include "time/duration.h"

#include "unit.h"

static struct zones *zones;
static struct trigger_context context;

static int setup(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    context = (struct trigger_context){
        .zones = zones, .timezone = STR_LIT("UTC"), .now = {1700000000000000}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

static struct job_row row_of(const char *trigger, const char *spec)
{
    return (struct job_row){.id = 7,
                            .name = STR_LIT("j"),
                            .trigger = str_of(trigger),
                            .spec = str_of(spec),
                            .version = 3,
                            .change_seq = 9,
                            .effective_from = {11},
                            .created_at = {12},
                            .updated_at = {13}};
}

#define EVERY_15 "{\"type\":\"interval\",\"seconds\":15}"

static void test_row_and_back(void **state)
{
    struct job_row row =
        row_of(EVERY_15, "{\"target\":\"folder\",\"args\":[\"a\",1,true],\"coalesce\":\"all\","
                         "\"max_instances\":4,\"misfire_grace_us\":-2,\"timeout_us\":5000000}");
    struct arena *arena = arena_new(1024);
    struct job *job = job_from_row(&row, &context), *copy;
    struct job_row again, twice;

    (void)state;
    assert_int_equal(job->spec->quarantine.len, 0);
    assert_true(str_eq(job->target, STR_LIT("folder")));
    assert_true(str_eq(job->spec->args, STR_LIT("[\"a\",\"1\",\"true\"]")));
    assert_int_equal(job->spec->coalesce, COALESCE_ALL);
    assert_int_equal(job->spec->max_instances, 4);
    assert_int_equal(job->spec->misfire_grace_us, JOB_GRACE_NONE);
    assert_int_equal(job->spec->timeout_us, 5000000);
    assert_int_equal(job->version, 3);
    job_to_row(job, arena, &again);
    assert_int_equal(again.id, 7);
    assert_int_equal(again.change_seq, 9);
    assert_int_equal(again.effective_from.us, 11);
    assert_int_equal(again.created_at.us, 12);
    assert_int_equal(again.updated_at.us, 13);
    assert_true(str_eq(again.tz, STR_LIT("UTC")));
    copy = job_copy(job, &context);
    job_to_row(copy, arena, &twice);
    assert_true(str_eq(again.spec, twice.spec));
    assert_true(str_eq(again.trigger, twice.trigger));
    assert_true(copy->trigger != job->trigger && copy->name.p != job->name.p);
    job_free(copy);
    job_free(job);
    job = job_from_row(&again, &context);
    job_to_row(job, arena, &twice);
    assert_true(str_eq(again.spec, twice.spec));
    assert_true(str_eq(again.trigger, twice.trigger));
    job_free(job);
    arena_free(arena);
}

// Rows as version 0.1.0 wrote them: they load, and are written again byte for byte.
static void test_rows_of_0_1_0(void **state)
{
    static const struct {
        const char *trigger, *tz, *spec, *str;
    } rows[] = {
#define SPEC_0_1_0                                                                        \
    "{\"target\":\"x\",\"args\":[\"a\",\"1\"],\"coalesce\":\"last\",\"max_instances\":1," \
    "\"misfire_grace_us\":300000000,\"timeout_us\":0}"
        {"{\"type\":\"cron\",\"expr\":\"30 2 * * mon-fri\",\"timezone\":\"Europe/Berlin\"}",
         "Europe/Berlin", SPEC_0_1_0,
         "cron[month='*', day='*', day_of_week='mon-fri', hour='2', minute='30']"},
        {"{\"type\":\"cron\",\"day\":\"2nd "
         "fri,last\",\"hour\":\"4\",\"start_date\":\"2026-01-01T00:00:00Z\",\"end_date\":\"2030-01-"
         "01T00:00:"
         "00Z\",\"timezone\":\"UTC\",\"jitter\":30}",
         "UTC", SPEC_0_1_0, "cron[day='2nd fri,last', hour='4']"},
        {"{\"type\":\"interval\",\"hours\":6,\"seconds\":1.5,\"start_date\":\"2026-11-26T23:29:40."
         "728882+"
         "09:00\",\"timezone\":\"Asia/Tokyo\"}",
         "Asia/Tokyo", SPEC_0_1_0, "interval[6:00:01.500000]"},
        {"{\"type\":\"date\",\"run_date\":\"2199-01-01T12:00:00+02:00\",\"timezone\":\"+02:00\"}",
         "+02:00", SPEC_0_1_0, "date[2199-01-01 12:00:00 UTC+02:00]"},
        {"{\"type\":\"cron\",\"expr\":\"@daily\",\"timezone\":\"UTC\"}", "UTC",
         "{\"target\":\"www.debian.org\",\"args\":[],\"coalesce\":\"last\",\"max_instances\":1,"
         "\"misfire_"
         "grace_us\":-1,\"timeout_us\":0}",
         "cron[month='*', day='*', day_of_week='*', hour='0', minute='0']"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct job_row row = row_of(rows[i].trigger, rows[i].spec), again;
        struct arena *arena = arena_new(1024);
        struct job *job = job_from_row(&row, &context);
        struct buf out;

        buf_init(&out, 1000);
        assert_int_equal(job->spec->quarantine.len, 0);
        trigger_str(job->trigger, &out);
        assert_string_equal(buf_text(&out), rows[i].str);
        job_to_row(job, arena, &again);
        assert_true(str_eq(again.trigger, row.trigger));
        assert_true(str_eq(again.spec, row.spec));
        assert_true(str_eq(again.tz, str_of(rows[i].tz)));
        buf_done(&out);
        job_free(job);
        arena_free(arena);
    }
}

static void test_presets(void **state)
{
    struct job_row row = row_of(EVERY_15, "{\"target\":\"f\"}");
    struct job *job = job_from_row(&row, &context);

    (void)state;
    assert_true(str_eq(job->spec->args, STR_LIT("[]")));
    assert_int_equal(job->spec->max_instances, 1);
    assert_int_equal(job->spec->misfire_grace_us, JOB_GRACE_DEFAULT);
    job_free(job);
    job = job_new(STR_LIT("n"));
    assert_true(str_eq(job->spec->args, STR_LIT("[]")));
    assert_int_equal(job->spec->max_instances, 1);
    assert_int_equal(job->state, JOB_ENABLED);
    job_free(job);
    job_free(NULL);
    // What a job does not say itself is not stored, and follows other presets.
    struct job_presets presets = job_presets_built_in;
    struct arena *arena = arena_new(1024);
    struct job_row again;

    presets.max_instances = 3;
    presets.coalesce = COALESCE_ALL;
    row = row_of(EVERY_15, "{\"target\":\"f\",\"args\":[],\"coalesce\":\"last\"}");
    job = job_from_row(&row, &context);
    job_set_presets(job, &presets);
    assert_int_equal(job->spec->max_instances, 3);
    assert_int_equal(job->spec->coalesce, COALESCE_LAST);
    job_to_row(job, arena, &again);
    assert_true(str_eq(again.spec, row.spec));
    job_free(job);
    arena_free(arena);
    assert_string_equal(job_policy_names[POLICY_misfire_max], "misfire.max");
    assert_string_equal(job_policy_names[POLICY_retries], "retries");
    assert_string_equal(job_kind_names[JOB_CERTIFICATE], "certificate");
    assert_string_equal(job_state_names[JOB_PAUSED], "paused");
    assert_string_equal(job_coalesce_names[COALESCE_ALL], "all");
}

static void test_paused(void **state)
{
    struct job_row row =
        row_of(EVERY_15, "{\"target\":\"f\",\"description\":\"d\",\"tags\":[\"a\"],"
                         "\"nodes\":[\"gpu\",\"b\"],"
                         "\"pause\":{\"since\":10,\"until\":20},"
                         "\"skip\":{\"since\":30,\"until\":31}}");
    struct job *job = job_from_row(&row, &context), *copy = job_copy(job, &context);

    (void)state;
    assert_int_equal(job->spec->quarantine.len, 0);
    assert_true(str_eq(copy->spec->tags, STR_LIT("a")));
    assert_true(str_eq(copy->spec->nodes, STR_LIT("gpu b")));
    assert_true(str_eq(copy->spec->description, STR_LIT("d")));
    assert_int_equal(copy->pause->until.us, 20);
    assert_int_equal(copy->skip->since.us, 30);
    assert_ptr_not_equal(copy->pause, job->pause);
    assert_true(job_has_same_schedule(job, copy));
    assert_false(job_follows_itself(job, copy));
    trigger_free(copy->trigger);
    copy->trigger = NULL;
    assert_false(job_has_same_schedule(job, copy));
    job_set_paused(job, true, (wall){15}); // it is already
    assert_int_equal(job->state, JOB_PAUSED);
    assert_non_null(job->pause);
    job_set_paused(job, false, (wall){15});
    assert_int_equal(job->state, JOB_ENABLED);
    assert_non_null(job->pause);
    job_set_paused(job, true, (wall){25}); // that one is over
    assert_null(job->pause);
    job_free(copy);
    job_free(job);
    row = row_of(EVERY_15, "{\"target\":\"f\"}"); // from before pauses had words
    row.state = JOB_PAUSED;
    job = job_from_row(&row, &context);
    assert_int_equal(job->pause->since.us, row.updated_at.us);
    assert_int_equal(job->pause->until.us, WALL_NEVER.us);
    job_free(job);
}

static void test_quarantine(void **state)
{
    static const struct {
        const char *trigger, *spec, *why;
    } rows[] = {
        {"{", "{\"target\":\"f\"}", "trigger is not JSON"},
        {"{\"type\":\"moon\"}", "{\"target\":\"f\"}", "trigger cannot be read"},
        {"{\"type\":\"cron\",\"hour\":\"4\",\"timezone\":\"No/Where\"}", "{\"target\":\"f\"}",
         "trigger cannot be read"},
        {EVERY_15, "", "spec is not JSON"},
        {EVERY_15, "[]", "spec cannot be read"},
        {EVERY_15, "{}", "target: Field required"},
        {EVERY_15, "{\"target\":\"f\",\"moons\":3}", "moons: Extra inputs"},
        {EVERY_15, "{\"target\":\"f\",\"retries\":{\"max\":3,\"delay\":\"x\"}}", "delay"},
        {EVERY_15, "{\"target\":\"f\",\"overlap\":\"often\"}", "overlap"},
        {EVERY_15, "{\"target\":\"f\",\"max_instances\":0}", "max_instances"},
        {EVERY_15, "{\"target\":\"f\",\"coalesce\":\"none\"}", "coalesce"},
        {EVERY_15, "{\"target\":\"f\",\"tags\":[\"a b\"]}", "tags"},
        {EVERY_15, "{\"target\":\"f\",\"nodes\":[\"a b\"]}", "nodes"},
        {EVERY_15, "{\"target\":\"f\",\"pause\":{}}", "pause"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job_row row = row_of(rows[i].trigger, rows[i].spec);
        struct job *job = job_from_row(&row, &context), *copy;

        assert_null(job->trigger);
        assert_non_null(strstr(job->spec->quarantine.p, rows[i].why));
        assert_true(str_eq(job->name, STR_LIT("j")));
        assert_int_equal(job->id, 7);
        copy = job_copy(job, &context);
        assert_true(str_eq(copy->spec->quarantine, job->spec->quarantine));
        job_free(copy);
        job_free(job);
    }
    struct job_row row = row_of(EVERY_15, "{\"target\":\"f\"}");

    row.kind = 9;
    struct job *job = job_from_row(&row, &context);
    assert_non_null(strstr(job->spec->quarantine.p, "kind 9"));
    job_free(job);
    row.kind = 0;
    row.state = 42;
    job = job_from_row(&row, &context);
    assert_non_null(strstr(job->spec->quarantine.p, "state 42"));
    job_free(job);
}

static void test_grace(void **state)
{
    struct job_row row = row_of(EVERY_15, "{\"target\":\"f\"}");
    struct job_row once =
        row_of("{\"type\":\"date\",\"run_date\":\"2027-01-01T00:00:00Z\"}", "{\"target\":\"f\"}");
    struct job *job = job_from_row(&row, &context);
    wall slot = {0};

    (void)state;
    assert_int_equal(job_grace_us(job, slot, (wall){15 * SECOND_US}), 15 * SECOND_US);
    assert_int_equal(job_grace_us(job, slot, (wall){5 * HOUR_US}), HOUR_US);
    assert_int_equal(job_grace_us(job, slot, WALL_NEVER), HOUR_US);
    job_edit(job)->misfire_grace_us = 7;
    assert_int_equal(job_grace_us(job, slot, WALL_NEVER), 7);
    job_edit(job)->misfire_grace_us = JOB_GRACE_NONE;
    assert_int_equal(job_grace_us(job, slot, (wall){1}), INT64_MAX);
    // The other policies have other presets.
    assert_int_equal(job_window_us(job), INT64_MAX);
    job_edit(job)->misfire_grace_us = JOB_GRACE_DEFAULT;
    job_edit(job)->coalesce = COALESCE_SKIP;
    assert_int_equal(job_grace_us(job, slot, (wall){HOUR_US}), 2 * SECOND_US);
    assert_int_equal(job_grace_us(job, slot, (wall){SECOND_US}), SECOND_US);
    assert_int_equal(job_window_us(job), INT64_MAX);
    job_edit(job)->coalesce = COALESCE_FIRST;
    assert_int_equal(job_grace_us(job, slot, (wall){HOUR_US}), INT64_MAX);
    assert_int_equal(job_window_us(job), DAY_US);
    job_edit(job)->misfire_window_us = JOB_WINDOW_NONE;
    assert_int_equal(job_window_us(job), INT64_MAX);
    job_edit(job)->misfire_window_us = 7;
    assert_int_equal(job_window_us(job), 7);
    assert_int_equal(job_misfire_max(job), JOB_MISFIRE_MAX);
    job_edit(job)->misfire_max = 7;
    assert_int_equal(job_misfire_max(job), 7);
    job_free(job);
    job = job_from_row(&once, &context);
    assert_int_equal(job_grace_us(job, slot, WALL_NEVER), INT64_MAX);
    job_edit(job)->coalesce = COALESCE_SKIP;
    assert_int_equal(job_grace_us(job, slot, WALL_NEVER), 2 * SECOND_US);
    job_edit(job)->coalesce = COALESCE_FIRST;
    assert_int_equal(job_window_us(job), INT64_MAX); // a date is due however long ago it was
    job_free(job);
    // What follows an event has no period, and no slot that would make up for a lost one.
    for (size_t i = 0; i < 2; i++) {
        row = row_of(i ? "{\"type\":\"startup\"}" : "{\"type\":\"after\",\"delay\":\"5s\"}",
                     "{\"target\":\"f\"}");
        job = job_from_row(&row, &context);
        assert_int_equal(job_grace_us(job, slot, WALL_NEVER), INT64_MAX);
        job_edit(job)->misfire_grace_us = 7;
        assert_int_equal(job_grace_us(job, slot, WALL_NEVER), 7);
        job_free(job);
    }
}

static void test_texts(void **state)
{
    struct job *job = job_new(STR_LIT("n"));
    json_t *list = json_pack("[s,i,{s:b}]", "x", 5, "k", 1);

    (void)state;
    job_set_target(job, STR_LIT("one"));
    job_set_target(job, job->name);
    assert_true(str_eq(job->target, STR_LIT("n")));
    job_spec_set_args(job_edit(job), list);
    assert_true(str_eq(job->spec->args, STR_LIT("[\"x\",\"5\",\"{\\\"k\\\":true}\"]")));
    json_decref(list);
    job_free(job);
}

static void test_rules_are_kept(void **state)
{
    static const char *const rules[] = {"[]", "[{\"channel\":\"ops\",\"repeat\":\"1d\"}]"};
    struct arena *arena = arena_new(1000);
    struct job_row row;

    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct job *job = job_new(STR_LIT("j")), *copy, *again;
        json_t *list = json_loads(rules[i], 0, NULL);
        json_t *spec = json_loads("{\"type\":\"interval\",\"seconds\":5}", 0, NULL);
        struct err e;

        assert_true(trigger_parse(spec, &context, &job->trigger, &e));
        job_set_target(job, STR_LIT("x"));
        assert_null(job->spec->notify.p);
        job_spec_set_notify(job_edit(job), list);
        copy = job_copy(job, &context);
        job_to_row(copy, arena, &row);
        again = job_from_row(&row, &context);
        assert_int_equal(again->spec->quarantine.len, 0);
        assert_string_equal(again->spec->notify.p, rules[i]);
        job_spec_set_notify(job_edit(again), NULL);
        assert_null(again->spec->notify.p);
        job_free(job);
        job_free(copy);
        job_free(again);
        json_decref(list);
        json_decref(spec);
    }
    arena_free(arena);
}

static void test_instances_and_deadline(void **state)
{
    struct job_spec spec = {.max_instances = 1};
    struct job job = {.spec = &spec};

    (void)state;
    assert_int_equal(job_instances(&job), 1);
    spec.overlap = OVERLAP_ALLOW;
    assert_int_equal(job_instances(&job), INT32_MAX);
    spec.max_instances = 2;
    assert_int_equal(job_instances(&job), 2);
    assert_int_equal(job_deadline(&job, (wall){5}).us, WALL_NEVER.us);
    spec.timeout_total_us = 7;
    assert_int_equal(job_deadline(&job, (wall){5}).us, 12);
}

static void test_idle_words(void **state)
{
    struct job_row row = row_of(EVERY_15, "{\"target\":\"f\"}");
    struct job *job = job_from_row(&row, &context);

    (void)state;
    assert_null(job_idle_words(job, (wall){1}));
    assert_string_equal(job_idle_words(job, WALL_NEVER), "has no further run");
    job->state = JOB_PAUSED;
    assert_string_equal(job_idle_words(job, (wall){1}), "is paused");
    job_free(job);
    row = row_of("{\"type\":\"manual\"}", "{\"target\":\"f\"}");
    job = job_from_row(&row, &context);
    assert_string_equal(job_idle_words(job, WALL_NEVER), "runs only when asked to");
    job_free(job);
    row = row_of("{\"type\":\"manual\"}", "{\"target\":\"f\",\"depends_on\":[{\"job\":\"b\"}]}");
    job = job_from_row(&row, &context);
    assert_null(job_idle_words(job, WALL_NEVER));
    job_free(job);
    row = row_of(EVERY_15, "{\"target\":\"f\",\"depends_on\":[7]}");
    job = job_from_row(&row, &context);
    assert_string_equal(job_idle_words(job, WALL_NEVER), "cannot be used");
    job_free(job);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_words),
        cmocka_unit_test(test_row_and_back),
        cmocka_unit_test(test_rows_of_0_1_0),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_quarantine),
        cmocka_unit_test(test_instances_and_deadline),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_rules_are_kept),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
