// pause_test.c - pauses: whom they hold when, what is stored, what is told.
// SPDX-License-Identifier: Apache-2.0
#include "job/pause.h"

#include "unit.h"

#define AT(s) ((wall){(s)*INT64_C(1000000)})

static void test_holds(void **state)
{
    struct pause *p =
        pause_new(PAUSE_JOB, (struct str){0}, STR_LIT("audit"), STR_LIT("api"), AT(10), WALL_NEVER);

    (void)state;
    assert_false(pause_holds(NULL, AT(10)));
    assert_false(pause_holds(p, AT(9)));
    assert_true(pause_holds(p, AT(10)));
    assert_true(pause_holds(p, AT(1000000)));
    pause_lift(p, AT(20));
    assert_true(pause_holds(p, AT(19)));
    assert_false(pause_holds(p, AT(20)));
    pause_lift(p, AT(30)); // it was over
    assert_int_equal(p->until.us, AT(20).us);
    pause_free(p);
    pause_free(NULL);
}

static void test_texts(void **state)
{
    static const struct {
        enum pause_scope scope;
        const char *tag, *reason;
        int64_t until_s; // 0: never
        bool is_dropping;
        const char *message, *stored, *told;
    } rows[] = {
        {PAUSE_JOB, "", "", 0, false, "paused", "{\"since\":10000000,\"by\":\"api\"}",
         "{\"reason\":null,\"until\":null,\"since\":\"1970-01-01T00:00:10Z\",\"by\":\"api\","
         "\"scope\":\"job\",\"tag\":null}"},
        {PAUSE_JOB, "", "audit", 20, true, "paused: audit",
         "{\"since\":10000000,\"until\":20000000,\"reason\":\"audit\",\"by\":\"api\",\"drop\":"
         "true}",
         "{\"reason\":\"audit\",\"until\":\"1970-01-01T00:00:20Z\",\"since\":"
         "\"1970-01-01T00:00:10Z\",\"by\":\"api\",\"scope\":\"job\",\"tag\":null}"},
        {PAUSE_TAG, "etl", "audit", 0, false, "the tag etl is paused: audit",
         "{\"since\":10000000,\"reason\":\"audit\",\"by\":\"api\"}",
         "{\"reason\":\"audit\",\"until\":null,\"since\":\"1970-01-01T00:00:10Z\",\"by\":\"api\","
         "\"scope\":\"tag\",\"tag\":\"etl\"}"},
        {PAUSE_ALL, "", "", 0, false, "the scheduler is paused",
         "{\"since\":10000000,\"by\":\"api\"}",
         "{\"reason\":null,\"until\":null,\"since\":\"1970-01-01T00:00:10Z\",\"by\":\"api\","
         "\"scope\":\"scheduler\",\"tag\":null}"},
        {PAUSE_SLOTS, "", "moved", 20, false, "asked not to run: moved",
         "{\"since\":10000000,\"until\":20000000,\"reason\":\"moved\",\"by\":\"api\"}",
         "{\"reason\":\"moved\",\"from\":\"1970-01-01T00:00:10Z\",\"to\":"
         "\"1970-01-01T00:00:19.999999Z\",\"by\":\"api\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pause *p =
            pause_new(rows[i].scope, str_of(rows[i].tag), str_of(rows[i].reason), STR_LIT("api"),
                      AT(10), rows[i].until_s ? AT(rows[i].until_s) : WALL_NEVER);
        struct pause *copy, *again;
        struct json_write w;
        struct buf out, scratch;
        struct err e;
        json_t *value;
        char *text;

        p->is_dropping = rows[i].is_dropping;
        copy = pause_copy(p);
        assert_string_equal(copy->message, rows[i].message);
        value = pause_encode(copy);
        text = json_dumps(value, JSON_COMPACT);
        assert_string_equal(text, rows[i].stored);
        assert_true(pause_decode(value, rows[i].scope, str_of(rows[i].tag), &again, &e));
        buf_init(&out, 1000);
        buf_init(&scratch, 100);
        json_write_init(&w, &out);
        pause_write(again, NULL, &scratch, &w);
        assert_string_equal(buf_text(&out), rows[i].told);
        assert_int_equal(again->is_dropping, rows[i].is_dropping);
        buf_done(&out);
        buf_done(&scratch);
        json_decref(value);
        free(text);
        pause_free(p);
        pause_free(copy);
        pause_free(again);
    }
    assert_null(pause_copy(NULL));
    assert_null(pause_encode(NULL));
    assert_string_equal(pause_scope_names[PAUSE_ALL], "scheduler");
}

static void test_what_cannot_be_read(void **state)
{
    static const char *const rows[] = {"{}", "{\"since\":\"x\"}", "{\"since\":1,\"until\":null}",
                                       "[]"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *value = json_loads(rows[i], 0, NULL);
        struct pause *p;
        struct err e;

        assert_false(pause_decode(value, PAUSE_JOB, (struct str){0}, &p, &e));
        assert_int_equal(e.code, ERR_STORE);
        json_decref(value);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_holds),
                                              cmocka_unit_test(test_texts),
                                              cmocka_unit_test(test_what_cannot_be_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
