// presets_test.c - NAME=VALUE by job_read_policies, told by job_write_policies: what is taken, what
// is refused.
// SPDX-License-Identifier: Apache-2.0
#include "job/presets.h"

#include <string.h>

#include "unit.h"

static void test_takes(void **state)
{
    static const struct {
        const char *texts[3];
        const char *want; // is in what is told
    } rows[] = {
        {{"overlap=queue", "queue_max=5"}, "\"overlap\":\"queue\",\"queue_max\":5"},
        {{"timeout=10m"}, "\"timeout\":\"10m\""},
        {{"timeout=90"}, "\"timeout\":\"1m30s\""},
        {{"timeout=10m", "timeout=null"}, "\"timeout\":null"},
        {{"misfire.policy=all", "misfire.max=50"}, "\"policy\":\"all\",\"grace\":null,\"max\":50"},
        {{"misfire.max=50"}, "\"policy\":\"last\",\"grace\":null,\"max\":null"},
        {{"misfire={\"policy\":\"skip\"}"}, "\"policy\":\"skip\""},
        {{"coalesce=first"}, "\"coalesce\":\"first\""},
        {{"retries={\"max\":3,\"delay\":\"7s\"}"}, "\"max\":3"},
        {{"retries=2"}, "\"max\":2"},
        {{"retries=2", "retries=0"}, "\"retries\":null"},
        {{"keep=7"}, "\"keep\":7}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct job_presets presets = job_presets_built_in;
        struct buf out, scratch;
        struct json_write w;
        struct err e = {0};

        for (size_t k = 0; rows[i].texts[k]; k++)
            if (!presets_set(&presets, str_of(rows[i].texts[k]), &e))
                fail_msg("%s: %s", rows[i].texts[k], e.message);
        buf_init(&out, 4096);
        buf_init(&scratch, 4096);
        json_write_init(&w, &out);
        presets_write(&presets, &scratch, &w);
        if (!strstr(buf_text(&out), rows[i].want))
            fail_msg("%s gave\n  %s\n  want %s", rows[i].texts[0], buf_text(&out), rows[i].want);
        buf_done(&out);
        buf_done(&scratch);
        presets_done(&presets);
        assert_null(presets.retries);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text, *said, *hint;
    } rows[] = {
        {"overlap", "not NAME=VALUE", "overlap=queue"},
        {"=queue", "not NAME=VALUE", ""},
        {"overlp=queue", "\"overlp\" is no policy", "did you mean overlap?"},
        {"paused=true", "no policy", ""},
        {"trigger={}", "no policy", ""},
        {"overlap=perhaps", "overlap: Input should be", ""},
        {"timeout=soon", "timeout", ""},
        {"max_instances=0", "max_instances", ""},
        {"misfire.max=0", "max", ""},
        {"misfire.most=1", "\"misfire.most\" is no policy", ""},
        {"misfire={\"most\":1}", "most: Extra inputs", ""},
        {"retries={\"max\":-1}", "max", ""},
    };
    struct job_presets presets = job_presets_built_in;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};

        assert_false(presets_set(&presets, str_of(rows[i].text), &e));
        assert_int_equal(e.code, ERR_USAGE);
        if (!strstr(e.message, rows[i].said) || !strstr(e.hint, rows[i].hint))
            fail_msg("%s: %s (%s)", rows[i].text, e.message, e.hint);
    }
    assert_memory_equal(&presets, &job_presets_built_in, sizeof presets);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_takes),
                                              cmocka_unit_test(test_refusals)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
