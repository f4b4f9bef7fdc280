// dst_test.c - what changes of the clocks do: a table of the known hard cases, then a walk minute
// by minute.
//
// The walk is the rule of dst.h in its simplest form: look at every minute of real time, with
// nothing clever. It runs over random schedules near random changes; BELFRY_TEST_ROUNDS sets how
// many (the default takes a fraction of a second).
// SPDX-License-Identifier: Apache-2.0
#include "trigger/dst.h"

#include <stdio.h>
#include <stdlib.h>

#include "time/civil.h"
#include "trigger/crontab.h"
#include "trigger_fixture.h"

#define WALK_DAYS 40

static void test_table(void **state)
{
    // New York 2026: gap 8 March 2:00, fold 1 November 2:00. Lord Howe: half an hour. Santiago: at
    // midnight.
    static const struct {
        const char *zone, *expr, *after, *slots[3];
    } rows[] = {
        {"America/New_York",
         "30 2 * * *",
         "2026-03-08 00:00",
         {"2026-03-08 07:00", "2026-03-09 06:30", NULL}},
        {"America/New_York",
         "0,30 2 * * *",
         "2026-03-08 00:00",
         {"2026-03-08 07:00", "2026-03-09 06:00", NULL}},
        {"America/New_York",
         "0 3 * * *",
         "2026-03-08 00:00",
         {"2026-03-08 07:00", "2026-03-09 07:00", NULL}},
        {"America/New_York", "30 2 * * *", "2026-03-08 07:00", {"2026-03-09 06:30", NULL, NULL}},
        {"America/New_York", "30 2 * * *", "2026-03-08 06:59:59", {"2026-03-08 07:00", NULL, NULL}},
        {"America/New_York",
         "30 1 * * *",
         "2026-11-01 00:00",
         {"2026-11-01 05:30", "2026-11-02 06:30", NULL}},
        {"America/New_York", "30 1 * * *", "2026-11-01 06:10", {"2026-11-02 06:30", NULL, NULL}},
        {"America/New_York",
         "*/30 * * * *",
         "2026-11-01 05:15",
         {"2026-11-01 05:30", "2026-11-01 06:00", "2026-11-01 06:30"}},
        {"America/New_York",
         "*/30 1 * * *",
         "2026-11-01 05:15",
         {"2026-11-01 05:30", "2026-11-01 06:00", "2026-11-01 06:30"}},
        {"America/New_York",
         "*/30 2 * * *",
         "2026-03-08 00:00",
         {"2026-03-09 06:00", "2026-03-09 06:30", NULL}},
        {"Europe/Helsinki",
         "30 3 * * *",
         "2026-03-29 00:00",
         {"2026-03-29 01:00", "2026-03-30 00:30", NULL}},
        {"Australia/Lord_Howe",
         "15 2 * * *",
         "2026-10-03 12:00",
         {"2026-10-03 15:30", "2026-10-04 15:15", NULL}},
        {"Australia/Lord_Howe",
         "45 1 * * *",
         "2026-04-04 12:00",
         {"2026-04-04 14:45", "2026-04-05 15:15", NULL}},
        {"America/Santiago",
         "0 0 * * *",
         "2026-09-05 12:00",
         {"2026-09-06 04:00", "2026-09-07 03:00", NULL}},
        {"America/Santiago",
         "0 */2 * * *",
         "2026-09-06 01:00",
         {"2026-09-06 02:00", "2026-09-06 05:00", "2026-09-06 07:00"}},
        {"Pacific/Apia",
         "0 12 * * *",
         "2011-12-29 20:00",
         {"2011-12-29 22:00", "2011-12-30 22:00", NULL}},
        {"Antarctica/Troll",
         "30 1,2 * * *",
         "2026-03-28 12:00",
         {"2026-03-29 01:00", "2026-03-29 23:30", NULL}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        const struct zone *zone;
        struct err e;
        int64_t at = at_of(zones, rows[i].after).us / 1000000;

        assert_true(zones_get(zones, str_of(rows[i].zone), &zone, &e));
        assert_true(crontab_parse(str_of(rows[i].expr), &c, &e));
        for (int n = 0; n < 3 && rows[i].slots[n]; n++) {
            at = dst_next(&c, zone, at);
            if (at != at_of(zones, rows[i].slots[n]).us / 1000000)
                fail_msg("row %zu, slot %d is %lld s off", i, n,
                         (long long)(at - at_of(zones, rows[i].slots[n]).us / 1000000));
        }
    }
    zones_free(zones);
}

// What moments stand for, to begin with the gap of New York: 2:30 is skipped, 3:30 is shown.
static void test_locals(void **state)
{
    static const struct {
        enum dst_policy policy;
        const char *expr, *at, *shown, *skipped;
        bool is_gap_end;
    } rows[] = {
        {DST_DEFAULT, "30 2,3 * * *", "2026-03-08 07:00", NULL, NULL, true},
        {DST_DEFAULT, "0,30 2,3 * * *", "2026-03-08 07:00", "2026-03-08 03:00", NULL, true},
        {DST_DEFAULT, "0,30 2,3 * * *", "2026-03-08 07:30", "2026-03-08 03:30", NULL, false},
        {DST_DEFAULT, "*/30 * * * *", "2026-03-08 07:00", "2026-03-08 03:00", NULL, false},
        {DST_DEFAULT, "0 3 * * *", "2026-03-08 07:01", NULL, NULL, false},
        {DST_SHIFT, "30 2 * * *", "2026-03-08 07:30", NULL, "2026-03-08 02:30", false},
        {DST_SHIFT, "30 2,3 * * *", "2026-03-08 07:30", "2026-03-08 03:30", "2026-03-08 02:30",
         false},
        {DST_SKIP, "30 2 * * *", "2026-03-08 07:00", NULL, NULL, false},
        {DST_DEFAULT, "30 1 * * *", "2026-11-01 05:30", "2026-11-01 01:30", NULL, false},
        {DST_DEFAULT, "30 1 * * *", "2026-11-01 06:30", NULL, NULL, false},
        {DST_BOTH, "30 1 * * *", "2026-11-01 06:30", "2026-11-01 01:30", NULL, false},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    const struct zone *zone;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("America/New_York"), &zone, &e));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dst_locals locals;
        struct calendar c;
        const char *shown = rows[i].shown, *skipped = rows[i].skipped;

        assert_true(crontab_parse(str_of(rows[i].expr), &c, &e));
        c.dst = rows[i].policy & 7;
        dst_locals(&c, zone, at_of(zones, rows[i].at).us / 1000000, &locals);
        if (locals.shown_s != (shown ? at_of(zones, shown).us / 1000000 : CALENDAR_NEVER) ||
            locals.skipped_s != (skipped ? at_of(zones, skipped).us / 1000000 : CALENDAR_NEVER) ||
            locals.is_gap_end != rows[i].is_gap_end)
            fail_msg("row %zu", i);
    }
    zones_free(zones);
}

// The two nights of New York and the day that Samoa left out, under each policy.
static void test_policies(void **state)
{
    static const struct {
        enum dst_policy policy;
        const char *zone, *expr, *after, *slots[3];
    } rows[] = {
        {DST_SKIP, "America/New_York", "30 2 * * *", "2026-03-08", {"2026-03-09 06:30"}},
        {DST_FIRST, "America/New_York", "30 2 * * *", "2026-03-08", {"2026-03-08 07:00"}},
        {DST_SHIFT, "America/New_York", "30 2 * * *", "2026-03-08", {"2026-03-08 07:30"}},
        {DST_SHIFT,
         "America/New_York",
         "10,40 2,3 * * *",
         "2026-03-08 07:05",
         {"2026-03-08 07:10", "2026-03-08 07:40", "2026-03-09 06:10"}},
        {DST_BOTH, "America/New_York", "30 2 * * *", "2026-03-08", {"2026-03-08 07:30"}},
        {DST_SKIP,
         "America/New_York",
         "*/30 1 * * *",
         "2026-11-01 05:15",
         {"2026-11-01 05:30", "2026-11-02 06:00", NULL}},
        {DST_BOTH,
         "America/New_York",
         "30 1 * * *",
         "2026-11-01",
         {"2026-11-01 05:30", "2026-11-01 06:30", "2026-11-02 06:30"}},
        {DST_FIRST, "Pacific/Apia", "0 12 30 12 *", "2011-12-01", {"2011-12-30 10:00"}},
        {DST_SHIFT, "Pacific/Apia", "0 12 30 12 *", "2011-12-01", {"2011-12-30 22:00"}},
        {DST_SKIP, "Pacific/Apia", "0 12 30 12 *", "2011-12-01", {"2012-12-29 22:00"}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        const struct zone *zone;
        struct err e;
        int64_t at = at_of(zones, rows[i].after).us / 1000000;

        assert_true(zones_get(zones, str_of(rows[i].zone), &zone, &e));
        assert_true(crontab_parse(str_of(rows[i].expr), &c, &e));
        c.dst = rows[i].policy;
        for (int n = 0; n < 3 && rows[i].slots[n]; n++) {
            at = dst_next(&c, zone, at);
            if (at != at_of(zones, rows[i].slots[n]).us / 1000000)
                fail_msg("%s, %s: slot %d is %lld s off", dst_names[rows[i].policy], rows[i].expr,
                         n, (long long)(at - at_of(zones, rows[i].slots[n]).us / 1000000));
        }
    }
    zones_free(zones);
}

// 02:30 on every day, without a calendar.
static int64_t half_past_two(const void *own, int64_t from)
{
    int64_t day = floor_div(from - *(const int64_t *)own + DAY_S - 1, DAY_S);

    return day * DAY_S + *(const int64_t *)own;
}

// Any set of local times gets what a calendar gets.
static void test_times(void **state)
{
    const int64_t second = 9000;
    struct zones *zones = zones_new(ZONE_DIR);
    int64_t from = at_of(zones, "2026-01-01").us / 1000000, until = from + 300 * (int64_t)DAY_S;
    const struct zone *zone;
    struct calendar c;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("America/New_York"), &zone, &e));
    assert_true(crontab_parse(STR_LIT("30 2 * * *"), &c, &e));
    for (int policy = DST_DEFAULT; policy < DST_COUNT; policy++) {
        struct dst_times times = {half_past_two, &second, (enum dst_policy)policy, false};
        struct dst_touch a, b;

        c.dst = policy & 7;
        for (int64_t at = from; at < until; at += 4321)
            assert_int_equal(dst_times_next(&times, zone, at), dst_next(&c, zone, at));
        assert_true(dst_next_touch(&c, zone, from, until, &a));
        assert_true(dst_times_next_touch(&times, zone, from, until, &b));
        assert_int_equal(a.change_at, b.change_at);
        assert_int_equal(a.runs_at, b.runs_at);
        assert_false(dst_times_next_touch(&times, zone, a.change_at, a.change_at + 9, &b));
    }
    zones_free(zones);
}

static void test_ends(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    const struct zone *zone;
    struct calendar c;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, &e));
    // The last slots of a schedule lie in a repeated hour: it still comes twice.
    assert_true(crontab_parse(STR_LIT("0 */30 2 25 10 * 2026"), &c, &e));
    int64_t at = at_of(zones, "2026-10-25 00:30").us / 1000000;
    assert_int_equal(dst_next(&c, zone, at), at + 1800);
    assert_int_equal(dst_next(&c, zone, at + 1800), at + 3600);
    assert_int_equal(dst_next(&c, zone, at + 3600), DST_NEVER);
    // Once a year, far ahead, and before there was a 1970.
    assert_true(crontab_parse(STR_LIT("0 0 0 29 2 * 2196"), &c, &e));
    at = dst_next(&c, zone, INT64_MIN / 2);
    assert_int_equal(at, civil_days(2196, 2, 29) * DAY_S - 3600);
    assert_int_equal(dst_next(&c, zone, at), DST_NEVER);
    assert_true(crontab_parse(STR_LIT("* * * * *"), &c, &e));
    assert_int_equal(dst_next(&c, zone, INT64_MIN / 2), -3600);
    assert_int_equal(dst_next(&c, zone, INT64_MAX / 4), DST_NEVER);
    zones_free(zones);
}

static void test_touch(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    const struct zone *zone;
    struct calendar c;
    struct dst_touch touch;
    struct err e;
    int64_t from = at_of(zones, "2026-01-01").us / 1000000,
            until = at_of(zones, "2027-01-01").us / 1000000;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, &e));
    assert_true(crontab_parse(STR_LIT("30 2 * * *"), &c, &e));
    assert_true(dst_next_touch(&c, zone, from, until, &touch));
    assert_int_equal(touch.kind, LOCAL_GAP);
    assert_int_equal(touch.runs_at, at_of(zones, "2026-03-29 01:00").us / 1000000);
    assert_int_equal(touch.local_s, at_of(zones, "2026-03-29 02:30").us / 1000000);
    assert_true(dst_next_touch(&c, zone, touch.change_at, until, &touch));
    assert_int_equal(touch.kind, LOCAL_FOLD);
    assert_int_equal(touch.runs_at, at_of(zones, "2026-10-25 00:30").us / 1000000);
    assert_false(dst_next_touch(&c, zone, touch.change_at, until, &touch));
    assert_true(crontab_parse(STR_LIT("30 3 * * *"), &c, &e));
    assert_false(dst_next_touch(&c, zone, from, until, &touch));
    assert_true(crontab_parse(STR_LIT("30 */2 * * *"), &c, &e));
    assert_false(dst_next_touch(&c, zone, from, until, &touch));
    assert_true(zones_get(zones, STR_LIT("Pacific/Apia"), &zone, &e));
    assert_true(crontab_parse(STR_LIT("0 12 30 12 *"), &c, &e));
    assert_true(dst_next_touch(&c, zone, at_of(zones, "2011-12-01").us / 1000000, until, &touch));
    assert_int_equal(touch.runs_at, DST_NEVER);
    zones_free(zones);
}

// ---- the walk

static uint64_t seed = 424242;

static unsigned rnd(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static const char *one_of(const char *const *texts)
{
    unsigned count = 0;

    while (texts[count])
        count++;
    return texts[rnd(count)];
}

// A random expression that likes the hours in which clocks change.
static void random_expr(char *out, size_t room)
{
    static const char *const minutes[] = {"0",  "30",    "*/15", "*",      "0,30", "5/20",
                                          "59", "15,45", "*/7",  "0-10/5", NULL};
    static const char *const hours[] = {"*",     "0",    "1",    "2",   "3",   "0-4", "*/2",
                                        "1,2,3", "2,14", "23,0", "*/5", "3/6", NULL};
    static const char *const days[] = {"*",  "*",       "*",   "*/2", "L", "15-31",
                                       "LW", "1,29,30", "28W", "?",   NULL};
    static const char *const weekdays[] = {"*",     "*",   "*",   "sun", "sat-sun", "5L",
                                           "sun#2", "1-5", "*/3", "?",   NULL};

    snprintf(out, room, "%s %s %s %s %s", one_of(minutes), one_of(hours), one_of(days),
             rnd(4) ? "*" : "3,4,9-11", one_of(weekdays));
}

static bool matches(const struct calendar *c, int64_t local_s)
{
    return local_s >= 0 && calendar_next(c, local_s) == local_s;
}

// What a policy asks of the walk.
struct rule {
    bool is_twice, is_shift, is_end;
    int64_t gap_max_s;
};

static struct rule rule_of(const struct calendar *c)
{
    switch ((enum dst_policy)c->dst) {
    case DST_SKIP:
        return (struct rule){0};
    case DST_FIRST:
        return (struct rule){.is_end = true, .gap_max_s = 10 * DAY_S};
    case DST_SHIFT:
        return (struct rule){.is_shift = true, .gap_max_s = 10 * DAY_S};
    case DST_BOTH:
        return (struct rule){.is_shift = true, .is_twice = true, .gap_max_s = 10 * DAY_S};
    default:
        return (struct rule){
            .is_twice = c->is_elapsed, .is_end = !c->is_elapsed, .gap_max_s = DST_GAP_MAX_S};
    }
}

// Should the minute at utc_s run? seen is one past the greatest local second shown before it.
static bool should_run(const struct calendar *c, int64_t utc_s, const struct zone_span *span,
                       int64_t seen)
{
    struct rule rule = rule_of(c);
    int64_t local_s = utc_s + span->offset_s, old_s = utc_s + span->before_s;
    bool is_gap = span->offset_s > span->before_s && // the clocks have just jumped
                  old_s < span->from + span->offset_s;

    if ((rule.is_twice || local_s >= seen) && matches(c, local_s))
        return true;
    if (is_gap && rule.is_shift)
        return matches(c, old_s);
    if (!is_gap || !rule.is_end || utc_s != span->from ||
        span->offset_s - span->before_s > rule.gap_max_s)
        return false;
    for (int64_t skipped = old_s; skipped < local_s; skipped += 60)
        if (matches(c, skipped))
            return true;
    return false;
}

static void walk(const struct calendar *c, const struct zone *zone, int64_t from, const char *expr)
{
    struct zone_span span;
    int64_t seen = INT64_MIN, next = 0;

    // Three days of warming up, so that seen is right when the comparison begins.
    for (int64_t at = from - 3 * DAY_S; at < from + WALK_DAYS * DAY_S; at += 60) {
        zone_span_at(zone, at, &span);
        int64_t local = at + span.offset_s;

        if (at == from)
            next = dst_next(c, zone, at - 1);
        if (at >= from) {
            bool runs = should_run(c, at, &span, seen);

            if (runs != (next == at))
                fail_msg("%s in %.*s: %lld %s run", expr, STR(zone_name(zone)), (long long)at,
                         runs ? "should" : "should not");
            if (runs)
                next = dst_next(c, zone, at);
        }
        if (local + 60 > seen)
            seen = local + 60;
    }
}

static void test_walk(void **state)
{
    static const char *const names[] = {"Europe/Berlin",
                                        "America/New_York",
                                        "Australia/Lord_Howe",
                                        "Africa/Casablanca",
                                        "Antarctica/Troll",
                                        "Pacific/Apia",
                                        "America/Santiago",
                                        "Asia/Tehran",
                                        "Europe/Dublin",
                                        "Pacific/Chatham",
                                        "Africa/Cairo",
                                        "America/Nuuk",
                                        NULL};
    struct zones *zones = zones_new(ZONE_DIR);
    const char *wanted = getenv("BELFRY_TEST_ROUNDS");
    int64_t rounds = 40;

    (void)state;
    if (wanted)
        assert_true(str_to_int(str_of(wanted), &rounds));
    for (int64_t round = 0; round < rounds; round++) {
        const struct zone *zone;
        struct calendar c;
        struct err e;
        char expr[100];
        int64_t change, from;

        random_expr(expr, sizeof expr);
        assert_true(zones_get(zones, str_of(one_of(names)), &zone, &e));
        if (!crontab_parse(str_of(expr), &c, &e))
            fail_msg("%s: %s", expr, e.message);
        c.dst = round % 2 ? rnd(DST_UTC) : DST_DEFAULT;
        from = civil_days(1975 + rnd(100), 1 + (int)rnd(12), 1) * DAY_S;
        change = zone_next_change(zone, from);
        if (change < from + 400 * DAY_S)
            from = change - rnd(WALK_DAYS * 1440) * INT64_C(60);
        walk(&c, zone, from - from % 60, expr);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),  cmocka_unit_test(test_policies),
        cmocka_unit_test(test_locals), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_times),  cmocka_unit_test(test_touch),
        cmocka_unit_test(test_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
