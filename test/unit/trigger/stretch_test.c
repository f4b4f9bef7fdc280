// stretch_test.c - a stretch inside of masks ends where the next second no longer matches.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/stretch.h"

#include "time/civil.h"
#include "trigger/crontab.h"
#include "unit.h"

static struct calendar calendar_of(const char *text)
{
    struct calendar c;
    struct err e;

    if (!crontab_parse(str_of(text), &c, &e))
        fail_msg("%s: %s", text, e.message);
    return c;
}

static bool matches(const struct calendar *c, int64_t at)
{
    return calendar_next(c, at) == at;
}

static void test_rows(void **state)
{
    static const struct {
        const char *expr;
        struct civil at, end;
    } rows[] = {
        {"* * * * * *", {2026, 1, 5, 7, 8, 9, 0}, {2026, 2, 1, 0, 0, 0, 0}},
        {"* * * * * sat,sun", {2026, 1, 3, 7, 8, 9, 0}, {2026, 1, 5, 0, 0, 0, 0}},
        {"* * * 30-31 * *", {2026, 1, 30, 0, 0, 0, 0}, {2026, 2, 1, 0, 0, 0, 0}},
        {"* * 9-11,13 * * *", {2026, 1, 3, 9, 30, 0, 0}, {2026, 1, 3, 12, 0, 0, 0}},
        {"* * 22-23 * * *", {2026, 1, 3, 22, 30, 0, 0}, {2026, 1, 4, 0, 0, 0, 0}},
        {"* 10-19,40 * * * *", {2026, 1, 3, 9, 12, 5, 0}, {2026, 1, 3, 9, 20, 0, 0}},
        {"* 50-59 * * * *", {2026, 1, 3, 9, 59, 5, 0}, {2026, 1, 3, 10, 0, 0, 0}},
        {"10-19 * * * * *", {2026, 1, 3, 9, 59, 15, 0}, {2026, 1, 3, 9, 59, 20, 0}},
        {"0 0 0 1 1 *", {2026, 1, 1, 0, 0, 0, 0}, {2026, 1, 1, 0, 0, 1, 0}},
        {"59 59 23 31 12 *", {1969, 12, 31, 23, 59, 59, 0}, {1970, 1, 1, 0, 0, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c = calendar_of(rows[i].expr);
        int64_t end = stretch_end(&c, civil_seconds(&rows[i].at));

        if (end != civil_seconds(&rows[i].end))
            fail_msg("%s: %lld", rows[i].expr, (long long)(end - civil_seconds(&rows[i].at)));
    }
}

// Every second of a stretch matches, whatever the masks; and it is not cut short without need: what
// follows does not match, unless a larger unit ends there as well.
static void test_walk(void **state)
{
    static const char *const exprs[] = {
        "* * * * * *",       "* * * * * sat,sun", "* * 0-5,22-23 * * *",
        "* */7 * * * *",     "*/2 * * * * *",     "* 30-59 * * * *",
        "50-59 59 23 * * *", "* * * L * *",       "* * * 29 2 *",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(exprs); i++) {
        struct calendar c = calendar_of(exprs[i]);
        const struct civil begin = {2028, 2, 26, 0, 0, 0, 0};
        int64_t at = civil_seconds(&begin), last = at + 8 * DAY_S;

        while (at < last) {
            if (!matches(&c, at)) {
                at = calendar_next(&c, at);
                continue;
            }
            int64_t end = stretch_end(&c, at);

            assert_true(end > at);
            for (; at < end; at += at + 61 < end ? 61 : 1)
                assert_true(matches(&c, at));
            assert_true(!matches(&c, end) || end % 60 == 0);
            at = end;
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
