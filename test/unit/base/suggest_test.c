// suggest_test.c - which known word a mistyped one is taken for.
// SPDX-License-Identifier: Apache-2.0
#include "base/suggest.h"

#include "unit.h"

static const char *const names[] = {"serve", "next", "explain", "day_of_week", "day", "hours"};

static void test_near(void **state)
{
    static const struct {
        const char *word, *want;
    } rows[] = {
        {"srve", "serve"},
        {"sevre", "serve"},
        {"SERVE", "serve"},
        {"hour", "hours"},
        {"dayofweek", "day_of_week"},
        {"dya", "day"},
        {"explian", "explain"},
        {"nxt", "next"},
        {"completely", NULL},
        {"", NULL},
        {"x", NULL},
        {"nn", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = suggest_find(str_of(rows[i].word), names, 6);

        if (!rows[i].want)
            assert_null(got);
        else
            assert_string_equal(got, rows[i].want);
    }
}

static void test_long_words_have_no_neighbours(void **state)
{
    char word[100];

    (void)state;
    memset(word, 'a', sizeof word);
    assert_null(suggest_find((struct str){word, sizeof word}, names, 6));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_long_words_have_no_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
