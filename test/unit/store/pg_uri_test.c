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
        const char *plain; // NULL: as it is
    } rows[] = {
        {"postgresql://u:secret@h:5433/d?sslmode=require", "postgresql://u@h:5433/d",
         "postgresql://u:******@h:5433/d?sslmode=require", true, NULL},
        {"postgres:///d", "postgresql:///d", "postgres:///d", true, "postgresql:///d"},
        {"postgresql://u@/d?host=/run/pg&password=secret", "postgresql://u@/run/pg/d",
         "postgresql://u@/d?host=/run/pg&password=******", true, NULL},
        {"postgresql://a,b:1/d", "postgresql://a,b:,1/d", "postgresql://a,b:1/d", true, NULL},
        {"postgres://u@h/d", "postgresql://u@h/d", "postgres://u@h/d", true, "postgresql://u@h/d"},
        {"postgresql+psycopg2://u:secret@h/d?a+b", "postgresql:///",
         "postgresql+psycopg2://u:******@h/d?a+b", true, "postgresql://u:secret@h/d?a+b"},
        {"postgresql+asyncpg://u@h/d", "postgresql://u@h/d", "postgresql+asyncpg://u@h/d", true,
         "postgresql://u@h/d"},
        {"mysql+pymysql://h/d", NULL, "mysql+pymysql://h/d", false, NULL},
        {"./postgresql+x", NULL, "./postgresql+x", false, NULL},
        {"postgresql://h/d?bad=1", "postgresql:///", "postgresql://h/d?bad=1", true, NULL},
        {"sqlite:///x.db", NULL, "sqlite:///x.db", false, NULL},
        {"belfry.db", NULL, "belfry.db", false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *copy = strdup(rows[i].uri);

        assert_int_equal(pg_uri_is(rows[i].uri), rows[i].is_ours);
        pg_uri_hide(copy);
        assert_string_equal(copy, rows[i].hidden);
        free(copy);
        copy = pg_uri_plain(rows[i].uri);
        assert_string_equal(copy, rows[i].plain ? rows[i].plain : rows[i].uri);
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
