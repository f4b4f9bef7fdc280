// job_name_test.c - what may be the name of a job.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_name.h"

#include <string.h>

#include "unit.h"

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } rows[] = {
        {"a", true},
        {"get_random_user", true},
        {"A.b-c_d@e:f9", true},
        {"9", true},
        {"www.example.org:8443", true},
        {"", false},
        {".", false},
        {"..", false},
        {"../x", false},
        {"a/b", false},
        {"-a", false},
        {"_a", false},
        {"a b", false},
        {"h\xc3\xa9", false},
        {"a\n", false},
        {"a%2f", false},
    };
    char name[JOB_NAME_MAX + 2] = {0};
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(job_name_check(str_of(rows[i].name), &e), rows[i].ok);
    assert_string_equal(e.field, "job_id");
    memset(name, 'x', JOB_NAME_MAX);
    assert_true(job_name_check(str_of(name), &e));
    name[JOB_NAME_MAX] = 'x';
    assert_false(job_name_check(str_of(name), &e));
    assert_false(job_name_check(STR_LIT("a\0b"), &e));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
