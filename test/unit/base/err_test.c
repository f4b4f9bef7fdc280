// err_test.c - errors filled, wrapped, cut and described.
// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "unit.h"

static void test_fail(void **state)
{
    struct err e = {.hint = "old", .line = 3};

    (void)state;
    assert_false(fail(&e, ERR_INPUT, "trigger.minute", "minute \"%d\" is not 0-59", 60));
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(e.field, "trigger.minute");
    assert_string_equal(e.message, "minute \"60\" is not 0-59");
    assert_string_equal(e.hint, "");
    assert_int_equal(e.line, 0);
    assert_false(fail_hint(&e, "use %d", 59));
    assert_string_equal(e.hint, "use 59");
    assert_string_equal(e.message, "minute \"60\" is not 0-59");
    assert_false(fail_at(&e, ERR_SCHEDULE, NULL, 7, "odd"));
    assert_int_equal(e.column, 7);
    assert_string_equal(e.field, "");
    assert_string_equal(e.hint, "");
}

static void test_errno(void **state)
{
    struct err e;

    (void)state;
    assert_false(fail_errno(&e, ERR_SYSTEM, ENOENT, "cannot open %s", "x"));
    assert_string_equal(e.message, "cannot open x: No such file or directory");
    assert_string_equal(err_words(987654), "unknown error");
}

// What the error says may be part of the error that replaces it.
static void test_wrap(void **state)
{
    struct err e;

    (void)state;
    (void)fail(&e, ERR_INPUT, "hour", "hour 25 is not 0-23");
    (void)fail(&e, ERR_SCHEDULE, e.field, "line 3: %s", e.message);
    assert_int_equal(e.code, ERR_SCHEDULE);
    assert_string_equal(e.field, "hour");
    assert_string_equal(e.message, "line 3: hour 25 is not 0-23");
    (void)fail_at(&e, ERR_SCHEDULE, e.field, 2, "<%s>", e.message);
    assert_string_equal(e.message, "<line 3: hour 25 is not 0-23>");
    (void)fail_hint(&e, "first");
    (void)fail_hint(&e, "%s, then second", e.hint);
    assert_string_equal(e.hint, "first, then second");
    (void)fail_errno(&e, ERR_SYSTEM, EPERM, "%s", e.message);
    assert_string_equal(e.message, "<line 3: hour 25 is not 0-23>: Operation not permitted");
}

// A long message ends with a whole character, whatever its width and wherever the limit falls.
static void test_cut(void **state)
{
    static const char *const characters[] = {"x", "\u00e4", "\u20ac", "\U0001f514"};
    char text[600];
    struct err e;

    (void)state;
    for (size_t c = 0; c < COUNT(characters); c++) {
        size_t width = strlen(characters[c]);

        for (size_t offset = 0; offset < 5; offset++) {
            memset(text, '.', offset);
            for (size_t i = offset; i + width < sizeof text; i += width)
                memcpy(text + i, characters[c], width + 1);
            (void)fail(&e, ERR_INPUT, NULL, "%s", text);
            assert_true(str_is_utf8(str_of(e.message)));
            assert_in_range(strlen(e.message), sizeof e.message - width, sizeof e.message - 1);
            assert_memory_equal(e.message, text, strlen(e.message));
        }
    }
}

static void test_table(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_NONE), "ok");
    assert_string_equal(err_name(ERR_EXISTS), "job_exists");
    assert_int_equal(err_http_status(ERR_INPUT), 422);
    assert_int_equal(err_exit_status(ERR_NOT_FOUND), 3);
#define X(code, name, http_status, exit_status, sentence) \
    assert_string_equal(err_name(code), name);            \
    assert_string_equal(err_sentence(code), sentence);    \
    assert_in_range(err_http_status(code), 400, 599);     \
    assert_in_range(err_exit_status(code), 1, 125);
#include "base/err.def"
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail), cmocka_unit_test(test_errno), cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_cut),  cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
