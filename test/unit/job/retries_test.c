// retries_test.c - retries as a person says them, as they are shown, and what they decide.
// SPDX-License-Identifier: Apache-2.0
#include "job/retries.h"

#include "unit.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"

#define S 1000000LL

// What is said becomes the whole object, or a complaint.
static const struct {
    const char *said, *shown;
} texts[] = {
    {"0", NULL},
    {"{\"max\":0}", NULL},
    {"3",
     "{\"max\":3,\"backoff\":\"exponential\",\"delay\":\"10s\",\"factor\":2.0,\"max_delay\":\"1h\","
     "\"jitter\":\"0s\",\"on\":{\"exit_codes\":\"1-255\",\"http_status\":\"100-999\","
     "\"timeout\":true,\"lost\":false}}"},
    {"{\"max\":2,\"backoff\":\"list\",\"delays\":[\"10s\",60],\"jitter\":\"1m\",\"on\":"
     "{\"exit_codes\":75,\"http_status\":\"500-599, 429\",\"timeout\":false,\"lost\":true}}",
     "{\"max\":2,\"backoff\":\"list\",\"delay\":\"10s\",\"delays\":[\"10s\",\"1m\"],\"factor\":2.0,"
     "\"max_delay\":\"1h\",\"jitter\":\"1m\",\"on\":{\"exit_codes\":\"75\","
     "\"http_status\":\"500-599, 429\",\"timeout\":false,\"lost\":true}}"},
    {"{}", "max: Field required"},
    {"-1", "max: Input should be greater than or equal to 0"},
    {"1001", "max: Input should be less than or equal to 1000"},
    {"{\"max\":1,\"backof\":\"fixed\"}", "backof: Extra inputs are not permitted"},
    {"{\"max\":1,\"backoff\":\"list\"}",
     "delays: Value error, backoff \"list\" needs a list of delays"},
    {"{\"max\":1,\"backoff\":\"list\",\"delays\":[]}",
     "delays: Value error, backoff \"list\" needs a list of delays"},
    {"{\"max\":1,\"delays\":[1]}", "delays: Value error, delays belong to backoff \"list\""},
    {"{\"max\":1,\"backoff\":\"list\",\"delays\":[\"soon\"]}", "Input should be a valid timedelta"},
    {"{\"max\":1,\"backoff\":\"list\",\"delays\":[true]}", "Input should be a valid timedelta"},
    {"{\"max\":1,\"factor\":0.5}", "factor: Input should be greater than or equal to 1"},
    {"{\"max\":1,\"factor\":\"2\"}", "factor: Input should be a valid number"},
    {"{\"max\":1,\"factor\":100.5}", "factor: Input should be less than or equal to 100"},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"1-\"}}", "\"1-\" is no list of exit codes"},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"9-1\"}}", "\"9-1\" is no list of exit codes"},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"256\"}}", "\"256\" is no list of exit codes"},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"1,,2\"}}", "\"1,,2\" is no list of exit codes"},
    {"{\"max\":1,\"on\":{\"http_status\":\"5xx\"}}",
     "http_status: Value error, \"5xx\" is no list of statuses such as"},
    {"{\"max\":1,\"on\":{\"http_status\":\"500-1000\"}}", "\"500-1000\" is no list of statuses"},
    {"{\"max\":1,\"on\":{\"time\":true}}", "time: Extra inputs are not permitted"},
};

static struct retries *retries_of(const char *text, struct buf *words)
{
    struct arena *arena = arena_new(4096);
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    struct model_issues issues;
    struct retries *r = NULL;

    assert_non_null(value);
    model_issues_init(&issues, arena);
    if (!retries_read(value, STR_LIT("\"body\",\"retries\""), &issues, &r)) {
        assert_null(r);
        model_issues_words(&issues, words);
    }
    json_decref(value);
    arena_free(arena);
    return r;
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buf words;
        struct retries *r, *copy;

        buf_init(&words, 1000);
        r = retries_of(texts[i].said, &words);
        copy = retries_copy(r);
        print_message("%s\n", texts[i].said);
        if (r)
            assert_string_equal(copy->text.p, texts[i].shown);
        else if (texts[i].shown)
            assert_non_null(strstr(buf_text(&words), texts[i].shown));
        else
            assert_int_equal(words.len, 0);
        retries_free(r);
        retries_free(copy);
        buf_done(&words);
    }
    assert_null(retries_copy(NULL));
}

static const struct {
    const char *retries;
    enum run_state state;
    int exit_code, signal;
    bool want;
    int http_status;
} ends[] = {
    {"1", RUN_FAILED, 1, 0, true, 0},
    {"1", RUN_FAILED, 255, 0, true, 0},
    {"1", RUN_FAILED, -1, 9, true, 0},
    {"1", RUN_FAILED, -1, 0, true, 0}, // it could not be started
    {"1", RUN_TIMED_OUT, -1, 15, true, 0},
    {"1", RUN_LOST, -1, 0, false, 0},
    {"1", RUN_SUCCEEDED, 0, 0, false, 0},
    {"1", RUN_CANCELLED, -1, 15, false, 0},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"1-3, 75\"}}", RUN_FAILED, 3, 0, true, 0},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"1-3, 75\"}}", RUN_FAILED, 75, 0, true, 0},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"1-3, 75\"}}", RUN_FAILED, 4, 0, false, 0},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"1-3, 75\"}}", RUN_FAILED, -1, 9, false, 0},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"137\"}}", RUN_FAILED, -1, 9, true, 0},
    {"{\"max\":1,\"on\":{\"exit_codes\":\"137\"}}", RUN_FAILED, -1, 0, true, 0},
    {"{\"max\":1,\"on\":{\"timeout\":false}}", RUN_TIMED_OUT, -1, 15, false, 0},
    {"{\"max\":1,\"on\":{\"lost\":true}}", RUN_LOST, -1, 0, true, 0},
    {"1", RUN_FAILED, -1, 0, true, 404},
    {"1", RUN_FAILED, -1, 0, true, 200}, // whose body was not the expected one
    {"1", RUN_FAILED, -1, 0, true, 999},
    {"1", RUN_FAILED, -1, 0, false, 1000},
    {"{\"max\":1,\"on\":{\"http_status\":\"429,500-599\"}}", RUN_FAILED, -1, 0, true, 429},
    {"{\"max\":1,\"on\":{\"http_status\":\"429,500-599\"}}", RUN_FAILED, -1, 0, true, 500},
    {"{\"max\":1,\"on\":{\"http_status\":\"429,500-599\"}}", RUN_FAILED, -1, 0, true, 599},
    {"{\"max\":1,\"on\":{\"http_status\":\"429,500-599\"}}", RUN_FAILED, -1, 0, false, 404},
    {"{\"max\":1,\"on\":{\"http_status\":\"429,500-599\"}}", RUN_FAILED, -1, 0, true, 0},
    {"{\"max\":1,\"on\":{\"http_status\":\"429\"}}", RUN_FAILED, 3, 0, true, 0},
};

static void test_want(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct run_end end = {.state = ends[i].state,
                              .exit_code = ends[i].exit_code,
                              .signal = ends[i].signal,
                              .http_status = ends[i].http_status};
        struct buf words;
        struct retries *r;

        buf_init(&words, 1000);
        r = retries_of(ends[i].retries, &words);
        print_message("%zu: %s\n", i, ends[i].retries);
        assert_int_equal(retries_want(r, &end), ends[i].want);
        assert_false(retries_want(NULL, &end));
        retries_free(r);
        buf_done(&words);
    }
}

// The waits before the second, third, ... attempt, in seconds.
static const struct {
    const char *retries;
    int64_t waits_s[6];
} waits[] = {
    {"{\"max\":9,\"backoff\":\"fixed\",\"delay\":\"7s\"}", {7, 7, 7, 7, 7, 7}},
    {"{\"max\":9,\"backoff\":\"linear\",\"delay\":\"7s\",\"max_delay\":30}",
     {7, 14, 21, 28, 30, 30}},
    {"{\"max\":9}", {10, 20, 40, 80, 160, 320}},
    {"{\"max\":9,\"factor\":10,\"max_delay\":\"1d\"}", {10, 100, 1000, 10000, 86400, 86400}},
    {"{\"max\":9,\"factor\":1}", {10, 10, 10, 10, 10, 10}},
    {"{\"max\":9,\"backoff\":\"list\",\"delays\":[1,\"1m\",5]}", {1, 60, 5, 5, 5, 5}},
};

static int64_t wait_us(const struct retries *r, int64_t run_id, int attempt)
{
    return retries_wait_us(r, &(struct run_end){.run_id = run_id, .attempt = attempt});
}

static void test_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(waits); i++) {
        struct buf words;
        struct retries *r;

        buf_init(&words, 1000);
        r = retries_of(waits[i].retries, &words);
        assert_non_null(r);
        for (int attempt = 1; attempt <= 6; attempt++)
            assert_int_equal(wait_us(r, 7, attempt), waits[i].waits_s[attempt - 1] * S);
        assert_true(wait_us(r, 7, 1000) <= r->max_delay_us);
        retries_free(r);
        buf_done(&words);
    }
}

// What a server asks for is waited, but no longer than the job allows.
static void test_asked_waits(void **state)
{
    static const int64_t rows[][2] = {{0, 10},  {9, 10},  {11, 11},
                                      {60, 60}, {61, 60}, {1 << 30, 60}};
    struct buf words;
    struct retries *r;

    (void)state;
    buf_init(&words, 1000);
    r = retries_of("{\"max\":9,\"max_delay\":60}", &words);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run_end end = {.run_id = 7, .attempt = 1, .retry_after_us = rows[i][0] * S};

        assert_int_equal(retries_wait_us(r, &end), rows[i][1] * S);
    }
    retries_free(r);
    buf_done(&words);
}

// Jitter is another for another run or attempt, and the same again for the same.
static void test_jitter(void **state)
{
    int64_t least = INT64_MAX, most = 0;
    struct buf words;
    struct retries *r;

    (void)state;
    buf_init(&words, 1000);
    r = retries_of("{\"max\":9,\"backoff\":\"fixed\",\"jitter\":\"10s\"}", &words);
    for (int64_t run = 1; run <= 200; run++) {
        int64_t wait = wait_us(r, run << 12, 1);

        assert_int_equal(wait, wait_us(r, run << 12, 1));
        assert_int_not_equal(wait, wait_us(r, run << 12, 2));
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_in_range(least, 10 * S, 11 * S);
    assert_in_range(most, 19 * S, 20 * S);
    retries_free(r);
    buf_done(&words);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_want),
        cmocka_unit_test(test_waits),  cmocka_unit_test(test_asked_waits),
        cmocka_unit_test(test_jitter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
