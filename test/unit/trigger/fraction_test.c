// fraction_test.c - slots between two seconds: a table, then the rule in its simplest form.
//
// The naive side takes every local second of some hours around a change of the clocks, asks the
// zone what it means, and collects the moments of its slots. It runs over random steps, zones and
// policies.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/fraction.h"

#include <stdio.h>
#include <stdlib.h>

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/dst.h"
#include "trigger/oncalendar.h"
#include "trigger_fixture.h"

#define ROUNDS 300
#define SLOTS_MAX 200000

static void test_find(void **state)
{
    static const struct fraction steps[] = {{500000, 7999999, 2500000}, {3000000, 3000000, 1}};

    (void)state;
    assert_int_equal(fraction_find(steps, 2, 0), 500000);
    assert_int_equal(fraction_find(steps, 2, 500001), 3000000);
    assert_int_equal(fraction_find(steps + 1, 1, 3000001), FRACTION_NEVER);
    assert_int_equal(fraction_find(steps, 2, 5500000), 5500000);
    assert_int_equal(fraction_find(steps, 2, 5500001), FRACTION_NEVER);
    assert_true(fraction_seconds(steps) == (1 << 0 | 1 << 3 | 1 << 5));
    assert_true(fraction_seconds(&(struct fraction){0, MINUTE_END_US, 1}) ==
                (UINT64_C(1) << 60) - 1);
    assert_true(fraction_seconds(&(struct fraction){59999999, 59999999, 1}) == UINT64_C(1) << 59);
}

static void test_new(void **state)
{
    struct fraction steps[] = {{0, 30000000, 2500000}, {500000, 500000, 1}};
    struct calendar c;

    (void)state;
    calendar_init(&c);
    c.hours = 1 << 7;
    struct fractions *f = fractions_new(&c, steps, 2);
    steps[1].from_us = 0; // it has its own copy
    assert_int_equal(f->count, 2);
    assert_int_equal(f->calendar.hours, 1 << 7);
    assert_int_equal(f->steps[1].from_us, 500000);
    free(f);
}

static struct fractions *fractions_of(const char *expr)
{
    struct oncalendar o;
    struct err e = {0};

    if (!oncalendar_parse(str_of(expr), &o, &e))
        fail_msg("%s: %s", expr, e.message);
    assert_non_null(o.fractions);
    return o.fractions;
}

static void test_table(void **state)
{
    static const struct {
        enum dst_policy policy;
        const char *zone, *expr, *after, *slots[3];
    } rows[] = {
        {DST_DEFAULT,
         "UTC",
         "*:*:0/0.25",
         "2026-01-01 00:00:59.6",
         {"2026-01-01 00:00:59.75", "2026-01-01 00:01:00", "2026-01-01 00:01:00.25"}},
        {DST_DEFAULT,
         "UTC",
         "*:*:0/7.7",
         "2026-01-01 00:00:50",
         {"2026-01-01 00:00:53.9", "2026-01-01 00:01:00", "2026-01-01 00:01:07.7"}},
        {DST_DEFAULT,
         "Europe/Berlin",
         "2015-11-13 09:11:23.42/1.77",
         "2015-11-13 08:11:57",
         {"2015-11-13 08:11:57.05", "2015-11-13 08:11:58.82", NULL}},
        {DST_DEFAULT,
         "UTC",
         "2199-12-31 23:59:59.999999",
         "1970-01-01",
         {"2199-12-31 23:59:59.999999", NULL, NULL}},
        // New York 2026: gap 8 March 2:00, fold 1 November 2:00.
        {DST_DEFAULT,
         "America/New_York",
         "2,3:0:0.5,1",
         "2026-03-08",
         {"2026-03-08 07:00", "2026-03-08 07:00:00.5", "2026-03-08 07:00:01"}},
        {DST_DEFAULT,
         "America/New_York",
         "2:30:0.5",
         "2026-03-08",
         {"2026-03-08 07:00", "2026-03-09 06:30:00.5", NULL}},
        {DST_SKIP,
         "America/New_York",
         "2:30:0.5",
         "2026-03-08",
         {"2026-03-09 06:30:00.5", NULL, NULL}},
        {DST_SHIFT,
         "America/New_York",
         "2:30:0.5",
         "2026-03-08",
         {"2026-03-08 07:30:00.5", "2026-03-09 06:30:00.5", NULL}},
        {DST_BOTH,
         "America/New_York",
         "2,3:30:0.5,0.25",
         "2026-03-08",
         {"2026-03-08 07:30:00.25", "2026-03-08 07:30:00.5", "2026-03-09 06:30:00.25"}},
        {DST_DEFAULT,
         "America/New_York",
         "1:59:59.9/0.05",
         "2026-11-01",
         {"2026-11-01 05:59:59.9", "2026-11-01 05:59:59.95", "2026-11-02 06:59:59.9"}},
        {DST_DEFAULT,
         "America/New_York",
         "*:59:59.9",
         "2026-11-01 05:00",
         {"2026-11-01 05:59:59.9", "2026-11-01 06:59:59.9", "2026-11-01 07:59:59.9"}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fractions *f = fractions_of(rows[i].expr);
        wall at = at_of(zones, rows[i].after);
        const struct zone *zone;
        struct err e;

        f->calendar.dst = rows[i].policy;
        assert_true(zones_get(zones, str_of(rows[i].zone), &zone, &e));
        for (int n = 0; n < 3 && rows[i].slots[n]; n++) {
            at = fractions_next(f, zone, at);
            if (at.us != at_of(zones, rows[i].slots[n]).us)
                fail_msg("row %zu, slot %d: %lld", i, n, (long long)at.us);
        }
        free(f);
    }
    zones_free(zones);
}

static void test_ends(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    const struct zone *utc = zones_utc(zones);
    struct fractions *f = fractions_of("*:*:0/0.000001");

    (void)state;
    assert_int_equal(fractions_next(f, utc, (wall){INT64_MIN}).us, 0);
    assert_int_equal(fractions_next(f, utc, (wall){-1}).us, 0);
    assert_int_equal(fractions_next(f, utc, (wall){0}).us, 1);
    assert_int_equal(fractions_next(f, utc, WALL_NEVER).us, WALL_NEVER.us);
    wall end = at_of(zones, "2200-01-01");
    assert_int_equal(fractions_next(f, utc, (wall){end.us - 2}).us, end.us - 1);
    assert_int_equal(fractions_next(f, utc, (wall){end.us - 1}).us, WALL_NEVER.us);
    free(f);
    f = fractions_of("2-30 0:0:0.5");
    assert_int_equal(fractions_next(f, utc, (wall){INT64_MIN}).us, WALL_NEVER.us);
    free(f);
    zones_free(zones);
}

// ---- the naive side

struct slots {
    int64_t *at;
    size_t count;
};

static void slots_add(struct slots *slots, int64_t at_us)
{
    assert_true(slots->count < SLOTS_MAX);
    slots->at[slots->count++] = at_us;
}

// All slots of a local second, for which the clocks read so at `at_s`.
static void slots_add_second(struct slots *slots, const struct fractions *f, int64_t local_s,
                             int64_t at_s)
{
    int64_t second_us = local_s % 60 * SECOND_US;

    for (int i = 0; i < f->count; i++)
        for (int64_t us = f->steps[i].from_us; us <= f->steps[i].to_us; us += f->steps[i].step_us)
            if (us >= second_us && us < second_us + SECOND_US)
                slots_add(slots, at_s * SECOND_US + us - second_us);
}

static void slots_of_second(struct slots *slots, const struct fractions *f, const struct zone *zone,
                            int64_t local_s)
{
    const struct calendar *c = &f->calendar;
    bool is_elapsed = c->dst == DST_DEFAULT && c->is_elapsed;
    struct zone_local local;

    if (calendar_next(c, local_s) != local_s)
        return;
    zone_from_local(zone, local_s, &local);
    if (local.kind != LOCAL_GAP) {
        slots_add_second(slots, f, local_s, local.first);
        if (local.kind == LOCAL_FOLD && (is_elapsed || c->dst == DST_BOTH))
            slots_add_second(slots, f, local_s, local.second);
    } else if (c->dst == DST_SHIFT || c->dst == DST_BOTH) {
        slots_add_second(slots, f, local_s, local.second);
    } else if (c->dst == DST_FIRST ||
               (c->dst == DST_DEFAULT && !is_elapsed && local.length_s <= DST_GAP_MAX_S)) {
        slots_add(slots, local.first * SECOND_US);
    }
}

static unsigned random_below(unsigned n)
{
    static uint64_t seed = 424242;

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

// "0..2,3:15:0.5/1.5", of numbers that make some hundred slots around midnight to four.
static void random_expr(char *expr, size_t room)
{
    static const char *const hours[] = {"*", "0..3", "2", "1,2,3", "0/1", "2,3"};
    static const char *const minutes[] = {"*", "0/10", "0,59", "30", "0..30/7"};
    static const char *const seconds[] = {"0.5",   "0/7.25", "59.999999", "0..3/0.25", "0,0.5,30.1",
                                          "0/0.9", "0.1..9", "58.5/1",    "0.000001"};

    snprintf(expr, room, "%s:%s:%s", hours[random_below(6)], minutes[random_below(5)],
             seconds[random_below(9)]);
}

static void check_naive(const struct fractions *f, const struct zone *zone, int64_t change_s,
                        struct slots *slots)
{
    struct zone_span span;

    zone_span_at(zone, change_s, &span);
    slots->count = 0;
    for (int64_t s = change_s - 9000; s < change_s + 9000; s++)
        slots_of_second(slots, f, zone, s + span.offset_s);
    qsort(slots->at, slots->count, sizeof *slots->at, by_time);
    // The first and last of these hours may lack slots that the change has moved.
    wall at = {(change_s - 4500) * SECOND_US};
    for (size_t i = 0; i < slots->count && slots->at[i] < (change_s + 4500) * SECOND_US; i++) {
        if (slots->at[i] <= at.us)
            continue;
        at = fractions_next(f, zone, at);
        if (at.us != slots->at[i])
            fail_msg("policy %d: %lld where %lld", f->calendar.dst, (long long)at.us,
                     (long long)slots->at[i]);
    }
}

static void test_naive(void **state)
{
    static const struct {
        const char *zone, *at;
    } changes[] = {
        {"America/New_York", "2026-03-08 07:00"},    {"America/New_York", "2026-11-01 06:00"},
        {"Australia/Lord_Howe", "2026-10-03 15:30"}, {"Australia/Lord_Howe", "2026-04-04 15:00"},
        {"America/Santiago", "2026-09-06 04:00"},    {"Europe/Helsinki", "2026-10-25 01:00"},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct slots slots = {.at = malloc(SLOTS_MAX * sizeof(int64_t))};

    (void)state;
    assert_non_null(slots.at);
    for (int round = 0; round < ROUNDS; round++) {
        size_t pick = random_below(sizeof changes / sizeof *changes);
        const struct zone *zone;
        char expr[64];
        struct err e;

        assert_true(zones_get(zones, str_of(changes[pick].zone), &zone, &e));
        random_expr(expr, sizeof expr);
        struct fractions *f = fractions_of(expr);

        f->calendar.dst = random_below(DST_UTC) & 7;
        check_naive(f, zone, at_of(zones, changes[pick].at).us / SECOND_US, &slots);
        free(f);
    }
    free(slots.at);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find), cmocka_unit_test(test_new),   cmocka_unit_test(test_table),
        cmocka_unit_test(test_ends), cmocka_unit_test(test_naive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
