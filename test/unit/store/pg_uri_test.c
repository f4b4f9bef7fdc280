// pg_uri_test.c - what is told of a database never holds its password.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_uri.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void test_names(void **state)
{
    static const struct {
        const char *uri, *name, *hidden;
        bool is_ours;
    } rows[] = {
        {"postgresql://u:secret@h:5433/d?sslmode=require", "postgresql://u@h:5433/d",
         "postgresql://u:******@h:5433/d?sslmode=require", true},
        {"postgres:///d", "postgresql:///d", "postgres:///d", true},
        {"postgresql://u@/d?host=/run/pg&password=secret", "postgresql://u@/run/pg/d",
         "postgresql://u@/d?host=/run/pg&password=******", true},
        {"postgresql://a,b:1/d", "postgresql://a,b:,1/d", "postgresql://a,b:1/d", true},
        {"postgresql://h/d?bad=1", "postgresql:///", "postgresql://h/d?bad=1", true},
        {"sqlite:///x.db", NULL, "sqlite:///x.db", false},
        {"belfry.db", NULL, "belfry.db", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *copy = strdup(rows[i].uri);

        assert_int_equal(pg_uri_is(rows[i].uri), rows[i].is_ours);
        pg_uri_hide(copy);
        assert_string_equal(copy, rows[i].hidden);
        free(copy);
        if (!rows[i].name)
            continue;
        char *name = pg_uri_name(rows[i].uri);

        assert_string_equal(name, rows[i].name);
        free(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

    return cmocka_run_group_tests_name("store/pg_uri", tests, NULL, NULL);
}
