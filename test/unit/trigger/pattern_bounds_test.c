// pattern_bounds_test.c - from when on, and until when.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern_bounds.h"

#include "trigger_fixture.h"

#define NOW "2026-01-15 10:07:03"

static void test_bounds(void **state)
{
    static const struct {
        const char *spec, *from, *next; // the least after NOW
    } rows[] = {
        {"30 2 * * *", NOW, "2026-01-16 02:30"},
        {"{'expr':'30 2 * * *','start_date':'2026-03-01'}", "2026-03-01", "2026-03-01 02:30"},
        {"{'expr':'30 2 * * *','start_date':'2025-03-01'}", NOW, "2026-01-16 02:30"},
        // Those that are counted matter all.
        {"{'expr':'30 2 * * *','start_date':'2025-03-01','max_runs':500}", "2025-03-01",
         "2026-01-16 02:30"},
        {"{'expr':'30 2 * * *','end_date':'2026-01-16 02:30'}", NOW, "2026-01-16 02:30"},
        {"{'expr':'30 2 * * *','end_date':'2026-01-16 02:29'}", NOW, ""},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, "UTC");
        wall next = rows[i].next[0] ? at_of(zones, rows[i].next) : WALL_NEVER;
        struct pattern p;

        assert_true(pattern_make(t, at_of(zones, NOW), "cron", &p, &e));
        assert_true(pattern_from(&p).us == at_of(zones, rows[i].from).us);
        assert_true(pattern_next(&p, at_of(zones, NOW)).us == next.us);
        trigger_free(t);
    }
    assert_false(pattern_no_runs("rrule", &e));
    assert_true(str_starts(str_of(e.message), STR_LIT("rrule ")));
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
