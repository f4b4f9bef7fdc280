// sieve_test.c - the sieve never drops what is shared, and drops what it should.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/sieve.h"

#include "time/duration.h"
#include "trigger/crontab.h"
#include "trigger/dst.h"
#include "trigger_fixture.h"

static uint64_t seed = 7;

static int64_t rnd(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 2) % n;
}

static struct calendar calendar_of(const char *text)
{
    struct calendar c;
    struct err e;

    if (!crontab_parse(str_of(text), &c, &e))
        fail_msg("%s: %s", text, e.message);
    return c;
}

static const char *const texts[] = {
    "30 2 * * *",  "0 * * * *",      "*/10 2 * * *", "0 0 L * *",       "0 0 15W,LW * *",
    "0 0 * * 5#2", "0 0 * * 1L",     "0 0 13 * 5",   "0 0 1-15 * *",    "0 3 * * mon-fri",
    "0 0 */2 * *", "0 0 2-30/2 * *", "0 0 * 1-6 *",  "15,45 1-3 * * *", "10 2 * * *",
    "50 2 * * 0",  "0 3 * * *",      "* * * * *",    "0 0 * * 2,4",     "0 12 L-3 * *",
};

// A moment that two calendars share is never led over, from wherever one comes.
static void pair_check(const struct zone *zone, const struct calendar *pair)
{
    int64_t at = civil_days(2026, 1, 1) * DAY_S, end = civil_days(2027, 1, 1) * DAY_S;
    struct sieve s;

    sieve_init(&s, zone);
    for (int i = 0; i < 2; i++)
        if (!sieve_add_calendar(&s, &pair[i]))
            assert_true(pair[i].dst == DST_SHIFT || pair[i].dst == DST_BOTH);
    while (at < end) {
        int64_t shared = dst_next(&pair[0], zone, at), other;
        wall after = {at * SECOND_US};

        while (shared != DST_NEVER && (other = dst_next(&pair[1], zone, shared - 1)) != shared)
            shared = other == DST_NEVER ? DST_NEVER : dst_next(&pair[0], zone, other - 1);
        if (shared == DST_NEVER)
            return;
        assert_true(sieve_next(&s, after).us <= shared * SECOND_US);
        after.us += rnd((shared - at) * SECOND_US);
        assert_true(sieve_next(&s, after).us <= shared * SECOND_US);
        assert_true(sieve_next(&s, after).us > after.us);
        at = shared;
    }
}

static void test_calendars(void **state)
{
    static const char *const names[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe",
                                        "America/Santiago"};
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (int i = 0; i < 800; i++) {
        const struct zone *zone;
        struct calendar pair[2];
        struct err e;

        assert_true(zones_get(zones, str_of(names[rnd(4)]), &zone, &e));
        for (int n = 0; n < 2; n++) {
            pair[n] = calendar_of(texts[rnd(COUNT(texts))]);
            pair[n].dst = rnd(3) ? DST_DEFAULT : (uint8_t)rnd(DST_UTC);
        }
        pair_check(zone, pair);
    }
    zones_free(zones);
}

// What two calendars cannot share is known without a walk.
static void test_never(void **state)
{
    static const struct {
        const char *a, *b;
        bool is_never;
    } rows[] = {
        {"0 0 * * mon", "0 0 * * tue", true},
        {"0 0 1-31/2 * *", "0 0 2-30/2 * *", true},
        {"0-29 * * * *", "30-59 * * * *", true},
        {"0 0 L * *", "0 0 1-27 * *", false}, // only one day rule of the two is held
        {"0 0 29 2 *", "0 0 * 3-12 *", true},
        {"10 2 * * *", "50 2 * * *", false}, // both at 03:00 when the clocks go forward
        {"0 0 13 * 5", "0 0 * * 5", false},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    const struct zone *berlin;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &berlin, &e));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar a = calendar_of(rows[i].a), b = calendar_of(rows[i].b);
        struct sieve s;
        wall at = {0};

        sieve_init(&s, berlin);
        assert_true(sieve_add_calendar(&s, &a) && sieve_add_calendar(&s, &b));
        // The ends of gaps are let through, some 230 until 2199.
        for (int n = 0; n < 300 && at.us != WALL_NEVER.us; n++)
            at = sieve_next(&s, at);
        if (rows[i].is_never && at.us != WALL_NEVER.us)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
    }
    zones_free(zones);
}

// A calendar and an interval, against going through the interval's slots.
static void test_grid(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    const struct zone *berlin;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &berlin, &e));
    for (int i = 0; i < 300; i++) {
        struct calendar c = calendar_of(texts[rnd(COUNT(texts))]);
        int64_t start_s = civil_days(2026, 3, 1) * DAY_S + rnd(DAY_S / 600) * 600;
        struct interval interval = {(1 + rnd(200)) * 10 * MINUTE_US,
                                    {start_s * SECOND_US},
                                    {civil_days(2027, 1, 1) * DAY_US}};
        wall at = {interval.start.us - 1}, before = at;
        struct sieve s;

        sieve_init(&s, berlin);
        assert_true(sieve_add_calendar(&s, &c));
        sieve_add_interval(&s, &interval);
        while ((at = interval_next(&interval, at)).us != WALL_NEVER.us) {
            if (dst_next(&c, berlin, at.us / SECOND_US - 1) != at.us / SECOND_US)
                continue;
            assert_true(sieve_next(&s, before).us <= at.us);
            assert_true(sieve_next(&s, (wall){at.us - 1}).us <= at.us);
            before = at;
        }
    }
    zones_free(zones);
}

// Fractions, wrong weekdays and wrong minutes never meet; what meets once in a while is found.
static void test_grid_leads(void **state)
{
    static const struct {
        const char *text;
        int64_t every_us, start_us; // of the interval, from Monday 2026-01-05 09:00 UTC on
        const char *first;          // NULL: never
    } rows[] = {
        {"0 * * * *", 2 * HOUR_US, 1, NULL},
        {"0 9 * * tue", 7 * DAY_US, 0, NULL},
        {"0 9 * * mon", 7 * DAY_US, 0, "2026-01-05 09:00"},
        {"0 * * * *", HOUR_US, 30 * MINUTE_US, NULL},
        {"* * * * *", 61001000, 0, "2026-01-05 09:00"},
        {"* * * * *", 61001000, 1000, "2026-02-03 07:43"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c = calendar_of(rows[i].text);
        struct interval interval = {rows[i].every_us,
                                    {at_of(zones, "2026-01-05 09:00").us + rows[i].start_us},
                                    {at_of(zones, "2199-12-31").us}};
        struct sieve s;

        sieve_init(&s, zones_utc(zones));
        assert_true(sieve_add_calendar(&s, &c));
        sieve_add_interval(&s, &interval);
        wall first = sieve_next(&s, (wall){0});
        wall want = rows[i].first ? at_of(zones, rows[i].first) : WALL_NEVER;
        if (first.us != want.us)
            fail_msg("%s: %lld", rows[i].text, (long long)first.us);
    }
    zones_free(zones);
}

static void test_intervals(void **state)
{
    struct interval a = {6, {0}, {1000}}, b = {10, {4}, {1000}}, c = {2, {1}, {1000}};
    struct sieve s;

    (void)state;
    sieve_init(&s, NULL);
    sieve_add_interval(&s, &a);
    sieve_add_interval(&s, &b);
    assert_int_equal(sieve_next(&s, (wall){INT64_MIN}).us, 24);
    assert_int_equal(sieve_next(&s, (wall){24}).us, 54);
    sieve_add_interval(&s, &c);
    assert_int_equal(sieve_next(&s, (wall){INT64_MIN}).us, WALL_NEVER.us);
    assert_int_equal(sieve_next(&s, WALL_NEVER).us, WALL_NEVER.us);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendars), cmocka_unit_test(test_never),
        cmocka_unit_test(test_grid),      cmocka_unit_test(test_grid_leads),
        cmocka_unit_test(test_intervals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
