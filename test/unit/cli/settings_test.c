// settings_test.c - flags, environment and defaults of `belfry serve`, and what is refused.
// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static bool read_flags(const char *flag, const char *value, struct settings *ret, struct err *e)
{
    char *argv[] = {(char *)(uintptr_t) "serve", (char *)(uintptr_t)flag, (char *)(uintptr_t)value,
                    NULL};

    return settings_read(flag ? 3 : 1, argv, ret, e);
}

static void test_flag_beats_environment_beats_default(void **state)
{
    struct settings s;
    struct err e;

    (void)state;
    assert_true(read_flags(NULL, NULL, &s, &e));
    assert_int_equal(s.children_max_n, 256);
    assert_int_equal(s.stop_grace_n, 10000000);
    setenv("BELFRY_JOBS__CHILDREN_MAX", "3", 1);
    assert_true(read_flags(NULL, NULL, &s, &e));
    assert_int_equal(s.children_max_n, 3);
    assert_true(read_flags("--children-max", "2000", &s, &e));
    assert_int_equal(s.children_max_n, 2000);
    unsetenv("BELFRY_JOBS__CHILDREN_MAX");
}

static void test_refusals(void **state)
{
    static const struct {
        const char *flag, *value, *said;
    } rows[] = {
        {"--children-max", "0", "1 to 2000"},
        {"--children-max", "2001", "1 to 2000"},
        {"--children-max", "many", "1 to 2000"},
        {"--stop-grace", "-1s", "not a duration"},
        {"--stop-grace", "soon", "not a duration"},
        {"--children", "3", "not understood"},
        {"--stop-grace", "400000000000000000000s", "not a duration"},
        {"--stop-grace", "100000w", "at most a century"},
    };
    struct settings s;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_false(read_flags(rows[i].flag, rows[i].value, &s, &e));
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.message, rows[i].said));
    }
}

static void test_defaults(void **state)
{
    struct settings s;
    struct err e;

    (void)state;
    setenv("BELFRY_JOBS__DEFAULTS", "overlap=queue  timeout=1m", 1);
    assert_true(read_flags("--default", "timeout=2m", &s, &e));
    assert_int_equal(s.presets.overlap, OVERLAP_QUEUE);
    assert_int_equal(s.presets.timeout_us, 120000000);
    settings_done(&s);
    setenv("BELFRY_JOBS__DEFAULTS", "overlap=queue timeout", 1);
    assert_false(read_flags(NULL, NULL, &s, &e));
    assert_non_null(strstr(e.message, "\"timeout\" is not NAME=VALUE"));
    unsetenv("BELFRY_JOBS__DEFAULTS");
    assert_false(read_flags("--default", "overlap=no", &s, &e));
    assert_int_equal(e.code, ERR_USAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flag_beats_environment_beats_default),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
