// pg_trouble_test.c - complaints in words: which database, what happened, what to do.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_trouble.h"

#include <string.h>

#include "unit.h"

static void test_words(void **state)
{
    char sqlstate[6] = "x";
    struct err e;

    (void)state;
    assert_false(pg_trouble_connection("postgresql://u@h/d", "no route\nto anywhere", &e));
    assert_int_equal(e.code, ERR_STORE);
    assert_string_equal(e.message, "\"postgresql://u@h/d\" cannot be reached: no route");
    assert_false(pg_trouble_connection("postgresql://u@h/d", "", &e));
    assert_non_null(strstr(e.message, "the connection is gone"));
    // A result of libpq's own has no code: the connection broke.
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);

    pg_trouble_result("postgresql://u@h/d", result, sqlstate, &e);
    assert_string_equal(sqlstate, "");
    assert_non_null(strstr(e.message, "cannot be reached"));
    PQclear(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};

    return cmocka_run_group_tests_name("store/pg_trouble", tests, NULL, NULL);
}
