// misfire_test.c - the member misfire: what is understood, what contradicts itself, what is told.
// SPDX-License-Identifier: Apache-2.0
#include "job/misfire.h"

#include "unit.h"

#include <string.h>

static struct zones *zones;

static int setup(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

static struct job *job_made(void)
{
    struct trigger_context context = {zones, STR_LIT("UTC"), {1700000000000000}, {0}, NULL};
    json_t *spec = json_loads("{\"type\":\"interval\",\"seconds\":15}", 0, NULL);
    struct job *job = job_new(STR_LIT("a"));
    struct err e;

    assert_true(trigger_parse(spec, &context, &job->trigger, &e));
    json_decref(spec);
    return job;
}

// What is told of a job after a change, or the first complaint.
static void outcome(struct job *job, const char *text, bool is_grace, bool is_policy,
                    struct buf *out)
{
    struct arena *arena = arena_new(4096);
    struct model_issues issues;
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    struct json_write w;
    struct buf scratch;

    assert_non_null(value);
    model_issues_init(&issues, arena);
    buf_init(&scratch, 1000);
    json_write_init(&w, out);
    if (misfire_read(json_is_null(value) ? NULL : value, &job_presets_built_in, is_grace, is_policy,
                     job, &issues) &&
        misfire_check(job, &issues))
        misfire_write(job, &scratch, &w);
    else
        model_issues_words(&issues, out);
    buf_done(&scratch);
    json_decref(value);
    arena_free(arena);
}

static void test_outcomes(void **state)
{
#define TOLD(policy, grace, max, window, spread)                                        \
    "{\"policy\":\"" policy "\",\"grace\":" grace ",\"max\":" max ",\"window\":" window \
    ",\"spread\":" spread "}"
    static const struct {
        const char *before, *change, *want; // want: its beginning
        bool is_grace, is_policy;           // misfire_grace 5s, coalesce all beside it
    } rows[] = {
        {"{}", "{}", TOLD("last", "null", "null", "\"none\"", "null"), false, false},
        {"{}", "{\"policy\":\"all\"}", TOLD("all", "null", "1000", "\"1d\"", "null"), false, false},
        {"{}", "{\"policy\":\"all\",\"max\":50,\"window\":\"6h\",\"spread\":\"10m\",\"grace\":90}",
         TOLD("all", "\"1m30s\"", "50", "\"6h\"", "\"10m\""), false, false},
        {"{}", "{\"policy\":\"first\",\"window\":\"none\",\"grace\":\"none\"}",
         TOLD("first", "\"none\"", "null", "\"none\"", "null"), false, false},
        {"{}", "{\"policy\":\"skip\"}", TOLD("skip", "null", "null", "null", "null"), false, false},
        // a change keeps what it does not name; null gives presets back
        {"{\"policy\":\"all\",\"max\":50}", "{\"spread\":\"1m\"}",
         TOLD("all", "null", "50", "\"1d\"", "\"1m\""), false, false},
        {"{\"policy\":\"all\",\"max\":50}", "{\"max\":null}",
         TOLD("all", "null", "1000", "\"1d\"", "null"), false, false},
        {"{\"policy\":\"all\",\"max\":50}", "null",
         TOLD("last", "null", "null", "\"none\"", "null"), false, false},
        // beside the older members
        {"{}", "{\"max\":5}", TOLD("all", "\"5s\"", "5", "\"1d\"", "null"), true, true},
        {"{}", "{\"policy\":\"all\",\"grace\":\"5s\"}",
         TOLD("all", "\"5s\"", "1000", "\"1d\"", "null"), true, true},
        {"{}", "{\"policy\":\"last\"}", "policy: Value error, coalesce beside it", false, true},
        {"{}", "{\"grace\":6}", "grace: Value error, misfire_grace beside it", true, false},
        // what contradicts itself
        {"{}", "{\"max\":5}", "max: Value error, max counts with policy all only", false, false},
        {"{\"policy\":\"all\",\"max\":50}", "{\"policy\":\"last\"}", "max: Value error", false,
         false},
        {"{}", "{\"policy\":\"skip\",\"window\":\"1h\"}", "window: Value error", false, false},
        {"{}", "{\"policy\":\"skip\",\"spread\":\"1h\"}", "spread: Value error", false, false},
        // what is no good at all
        {"{}", "{\"policy\":\"most\"}", "policy: Input should be 'last'", false, false},
        {"{}", "{\"max\":0}", "max: Input should be greater", false, false},
        {"{}", "{\"max\":10001}", "max: Input should be less", false, false},
        {"{}", "{\"graze\":1}", "graze: Extra inputs", false, false},
        {"{}", "[]", "misfire: Input should be a valid dictionary", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct job *job = job_made();
        struct buf out;

        buf_init(&out, 4096);
        outcome(job, rows[i].before, false, false, &out);
        buf_clear(&out);
        if (rows[i].is_grace)
            job_edit(job)->misfire_grace_us = 5000000;
        if (rows[i].is_policy)
            job_edit(job)->coalesce = COALESCE_ALL;
        outcome(job, rows[i].change, rows[i].is_grace, rows[i].is_policy, &out);
        if (strncmp(buf_text(&out), rows[i].want, strlen(rows[i].want)) != 0)
            fail_msg("%s, then %s\n  gave %s\n  want %s", rows[i].before, rows[i].change,
                     buf_text(&out), rows[i].want);
        buf_done(&out);
        job_free(job);
    }
}

// A preset of the instance is no word of the job's: it contradicts nothing.
static void test_presets(void **state)
{
    struct job_presets presets = job_presets_built_in;
    struct arena *arena = arena_new(4096);
    struct job *job = job_made();
    struct model_issues issues;

    (void)state;
    model_issues_init(&issues, arena);
    presets.misfire_max = 7;
    presets.misfire_spread_us = 7;
    job_set_presets(job, &presets);
    job_edit(job)->coalesce = COALESCE_SKIP;
    assert_true(misfire_check(job, &issues));
    assert_true(misfire_read(NULL, &presets, false, false, job, &issues));
    assert_int_equal(job->spec->coalesce, COALESCE_LAST);
    assert_int_equal(job->spec->misfire_max, 7);
    job_free(job);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_outcomes),
                                              cmocka_unit_test(test_presets)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
