// table_test.c - how tables fit: what leaves, what is cut, what is aligned.
// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <string.h>

#include "unit.h"

static const struct table_column columns[] = {
    {.title = "NEXT", .rank = 2},
    {.title = "TOOK", .rank = 3, .is_right = true},
    {.title = "STATE"},
    {.title = "JOB", .may_break = true},
    {.title = "SCHEDULE", .rank = 1, .may_break = true},
};

static void fill(struct table *t)
{
    table_init(t, columns, COUNT(columns));
    table_row(t);
    table_set(t, 0, STR_LIT("12:05:00"), TONE_NONE);
    table_set(t, 1, STR_LIT("0.2s"), TONE_NONE);
    table_set(t, 2, STR_LIT("ok"), TONE_GOOD);
    table_set(t, 3, STR_LIT("ping-web"), TONE_NONE);
    table_set(t, 4, STR_LIT("every 5 minutes"), TONE_NONE);
    table_row(t);
    table_set(t, 1, STR_LIT("1m 12s"), TONE_NONE);
    table_set(t, 2, STR_LIT("failed"), TONE_BAD);
    table_set(t, 3, STR_LIT("backup-größe-of-everything"), TONE_NONE);
    table_set(t, 4, STR_LIT("at 02:00\nevery day"), TONE_NONE);
}

static void test_widths(void **state)
{
    static const struct {
        size_t width;
        bool has_icons, has_titles;
        const char *text;
    } rows[] = {
        {0, false, true,
         "NEXT        TOOK  STATE   JOB                         SCHEDULE\n"
         "12:05:00    0.2s  ok      ping-web                    every 5 minutes\n"
         "          1m 12s  failed  backup-größe-of-everything  at 02:00 every day\n"},
        {80, true, true,
         "NEXT        TOOK  STATE     JOB                         SCHEDULE\n"
         "12:05:00    0.2s  ✓ ok      ping-web                    every 5 minutes\n"
         "          1m 12s  ✕ failed  backup-größe-of-everything  at 02:00 every day\n"},
        {60, false, true,
         "NEXT        TOOK  STATE   JOB               SCHEDULE\n"
         "12:05:00    0.2s  ok      ping-web          every 5 minutes\n"
         "          1m 12s  failed  backup-größe-of…  at 02:00 every …\n"},
        {40, false, true,
         "NEXT      STATE   JOB         SCHEDULE\n"
         "12:05:00  ok      ping-web    every 5 m…\n"
         "          failed  backup-gr…  at 02:00 …\n"},
        {30, false, false,
         "ok      ping-web    every 5 m…\n"
         "failed  backup-gr…  at 02:00 …\n"},
        {17, false, false,
         "ok      ping-web\n"
         "failed  backup-g…\n"},
        {5, false, false,
         "ok      ping-web\n"
         "failed  backup-…\n"},
    };
    struct table t;
    struct buf out;

    (void)state;
    fill(&t);
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct screen screen = {.width = rows[i].width,
                                .is_terminal = rows[i].width > 0,
                                .has_icons = rows[i].has_icons};

        buf_clear(&out);
        table_write(&t, &screen, rows[i].has_titles, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
    }
    buf_done(&out);
    table_done(&t);
}

static void test_colours_do_not_widen(void **state)
{
    static const struct table_column two[] = {{.title = "A"}, {.title = "B"}};
    struct screen screen = {.width = 80, .is_terminal = true, .has_colour = true};
    struct table t;
    struct buf out;

    (void)state;
    table_init(&t, two, 2);
    table_row(&t);
    table_set(&t, 0, STR_LIT("ok"), TONE_GOOD);
    table_set(&t, 1, STR_LIT("x"), TONE_NONE);
    table_row(&t);
    table_set(&t, 0, STR_LIT("broken"), TONE_BAD);
    table_set(&t, 1, STR_LIT("y"), TONE_NONE);
    buf_init(&out, 1 << 16);
    table_write(&t, &screen, false, &out);
    assert_string_equal(buf_text(&out), "\033[32mok\033[0m      x\n\033[31mbroken\033[0m  y\n");
    buf_done(&out);
    table_done(&t);
}

static void test_many_rows(void **state)
{
    static const struct table_column one[] = {{.title = "N"}};
    struct screen screen = {0};
    struct table t;
    struct buf out;

    (void)state;
    table_init(&t, one, 1);
    for (int i = 0; i < 1000; i++) {
        table_row(&t);
        table_set(&t, 0, STR_LIT("x"), TONE_NONE);
    }
    buf_init(&out, 1 << 16);
    table_write(&t, &screen, true, &out);
    assert_int_equal(out.len, 2 * 1001);
    buf_done(&out);
    table_done(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_colours_do_not_widen),
        cmocka_unit_test(test_many_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
