// repeat_test.c - steps of the calendar, against counting them one by one from the anchor.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/repeat.h"

#include "time/duration.h"
#include "trigger_fixture.h"

static uint64_t seed = 4711;

static int64_t rnd(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 2) % n;
}

// The k-th slot by the rule's own words, month by month and day by day: none, one or two moments.
static int naive(const struct repeat *r, int64_t k, wall *moments)
{
    struct civil c = r->anchor;
    struct zone_local local;
    int64_t step = k < 0 ? -1 : 1, days, rest_us = k * r->every.us;
    bool is_elapsed = r->every.months == 0 && r->every.days == 0;

    for (int64_t i = 0; i != k * r->every.months; i += step) {
        int month = c.month + (int)step;

        c.year += month < 1 ? -1 : month > 12 ? 1 : 0;
        c.month = (int8_t)(month < 1 ? 12 : month > 12 ? 1 : month);
    }
    if (c.day > civil_month_days(c.year, c.month)) {
        if (r->month_end == MONTH_END_SKIP)
            return 0;
        c.day = (int8_t)civil_month_days(c.year, c.month);
    }
    days = floor_div(civil_seconds(&c), DAY_S);
    for (int64_t i = 0; i != k * r->every.days; i += step)
        days += step;
    zone_from_local(r->zone, days * DAY_S + c.hour * 3600 + c.minute * 60 + c.second, &local);
    moments[0].us = local.first * SECOND_US + c.us + rest_us;
    moments[1].us = local.second * SECOND_US + c.us + rest_us;
    if (local.kind == LOCAL_UNIQUE || (local.kind == LOCAL_FOLD && is_elapsed))
        return 1;
    if (local.kind == LOCAL_FOLD)
        return r->dst == DST_BOTH ? 2 : 1;
    if (!is_elapsed && (r->dst == DST_SHIFT || r->dst == DST_BOTH)) {
        moments[0] = moments[1];
        return 1;
    }
    moments[0].us -= c.us;
    return is_elapsed || r->dst == DST_FIRST ||
           (r->dst == DST_DEFAULT && local.length_s <= 3 * 3600);
}

static const char *const zones_used[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe",
                                         "Pacific/Apia", "America/Santiago"};

static struct repeat random_repeat(struct zones *zones)
{
    static const int32_t hours[] = {0, 2, 2, 3, 24};
    struct repeat r = {.month_end = rnd(2) ? MONTH_END_SKIP : MONTH_END_LAST,
                       .dst = rnd(2) ? DST_DEFAULT : (enum dst_policy)rnd(DST_UTC)};
    struct err e;
    int form = (int)rnd(6);

    assert_true(zones_get(zones, str_of(zones_used[rnd(5)]), &r.zone, &e));
    r.anchor = civil_date(civil_days(2009, 1, 1) + rnd(2000));
    if (rnd(3) == 0)
        r.anchor.day = (int8_t)civil_month_days(r.anchor.year, r.anchor.month);
    r.anchor.hour = (int8_t)hours[rnd(4)];
    r.anchor.minute = (int8_t)rnd(60);
    r.anchor.us = rnd(4) ? 0 : 250000;
    r.every.months = form < 3 ? 1 + rnd(form == 0 ? 40 : 3) : 0;
    r.every.days = form == 1 || form == 3 || form == 4 ? 1 + rnd(40) : 0;
    r.every.us = form == 2 || form == 4 || form == 5 ? (1 + rnd(4000)) * MINUTE_US : 0;
    r.first = rnd(3) ? 0 : rnd(2) ? -rnd(50) : -REPEAT_ENDLESS;
    r.last = rnd(3) ? REPEAT_ENDLESS : rnd(50);
    return r;
}

static void slots_check(const struct repeat *r, wall after)
{
    int64_t low = r->first > -60 ? r->first : -60, high = r->last < 120 ? r->last : 120;
    wall next = WALL_NEVER, prev = WALL_NEVER;

    for (int64_t k = low; k <= high; k++) {
        wall slots[2];

        for (int n = naive(r, k, slots), i = 0; i < n; i++) {
            if (r->first == -REPEAT_ENDLESS && slots[i].us < 0)
                continue; // what has no beginning begins in 1970
            if (slots[i].us > after.us && next.us == WALL_NEVER.us)
                next = slots[i];
            if (slots[i].us <= after.us)
                prev = slots[i];
        }
    }
    if (repeat_next(r, after).us != next.us || repeat_prev(r, after).us != prev.us)
        fail_msg("after %lld: next %lld for %lld, prev %lld for %lld", (long long)after.us,
                 (long long)repeat_next(r, after).us, (long long)next.us,
                 (long long)repeat_prev(r, after).us, (long long)prev.us);
}

static void test_naive(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct repeat r = random_repeat(zones);
        int64_t every_us = r.every.months * 30 * DAY_US + r.every.days * DAY_US + r.every.us;
        wall slots[2] = {0};

        if (naive(&r, rnd(60) - 20, slots) == 0)
            continue;
        slots_check(&r, slots[0]);
        slots_check(&r, (wall){slots[0].us - 1});
        slots_check(&r, (wall){slots[0].us + rnd(every_us)});
    }
    zones_free(zones);
}

// Days on which the clocks change, and one that a zone left out, under every policy.
static void test_policies(void **state)
{
    static const struct {
        const char *zone;
        struct civil anchor;
    } rows[] = {
        {"Europe/Berlin", {2026, 3, 20, 2, 30, 0, 250000}},
        {"Europe/Berlin", {2026, 10, 20, 2, 30, 0, 500000}},
        {"Australia/Lord_Howe", {2026, 10, 1, 2, 15, 0, 0}},
        {"Pacific/Apia", {2011, 12, 27, 10, 0, 0, 0}},
        {"America/Santiago", {2026, 9, 1, 0, 0, 0, 0}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int form = 0; form < 2 * DST_UTC; form++) {
            struct repeat r = {.anchor = rows[i].anchor,
                               .every = {.days = 1, .us = form % 2 ? HOUR_US / 60 : 0},
                               .last = 20,
                               .dst = (enum dst_policy)(form / 2)};
            struct err e;

            assert_true(zones_get(zones, str_of(rows[i].zone), &r.zone, &e));
            for (int64_t at = civil_seconds(&r.anchor) - DAY_S, n = 0; n < 24 * 60; n++)
                slots_check(&r, (wall){(at + n * 1200) * SECOND_US});
        }
    zones_free(zones);
}

// Far from the anchor the average must still lead to the right slot.
static void test_far(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct repeat r = random_repeat(zones);
        int64_t k = 0;

        r.first = -REPEAT_ENDLESS;
        r.last = REPEAT_ENDLESS;
        r.anchor.year = (int32_t)(1900 + rnd(299));
        r.anchor.day = (int8_t)(1 + rnd(28));
        wall slot = {rnd(civil_days(2199, 1, 1)) * DAY_US};
        while (slot.us != WALL_NEVER.us && k++ < 5) {
            wall next = repeat_next(&r, slot);

            assert_true(next.us > slot.us);
            if (next.us == WALL_NEVER.us)
                break;
            assert_int_equal(repeat_next(&r, (wall){next.us - 1}).us, next.us);
            assert_int_equal(repeat_next(&r, (wall){slot.us + rnd(next.us - slot.us)}).us, next.us);
            assert_int_equal(repeat_prev(&r, next).us, next.us);
            if (k > 1)
                assert_int_equal(repeat_prev(&r, (wall){next.us - 1}).us, slot.us);
            // No step is longer than its parts at their longest.
            if (r.month_end == MONTH_END_LAST && k > 1)
                assert_true(next.us - slot.us <= r.every.months * 31 * DAY_US +
                                                     (2 * r.every.days + 2) * DAY_US + r.every.us);
            slot = next;
        }
    }
    zones_free(zones);
}

static void test_edges(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct repeat r = {.zone = zones_utc(zones),
                       .anchor = {.year = 2026, .month = 1, .day = 31, .hour = 9},
                       .every = {.months = 1},
                       .last = REPEAT_ENDLESS,
                       .month_end = MONTH_END_SKIP};

    (void)state;
    assert_int_equal(repeat_next(&r, (wall){INT64_MIN}).us, at_of(zones, "2026-01-31 09:00").us);
    assert_int_equal(repeat_next(&r, at_of(zones, "2026-01-31 09:00")).us,
                     at_of(zones, "2026-03-31 09:00").us);
    assert_int_equal(repeat_prev(&r, at_of(zones, "2026-03-31 08:59")).us,
                     at_of(zones, "2026-01-31 09:00").us);
    assert_int_equal(repeat_prev(&r, at_of(zones, "2026-01-31 08:59")).us, WALL_NEVER.us);
    assert_int_equal(repeat_prev(&r, (wall){INT64_MIN}).us, WALL_NEVER.us);
    assert_int_equal(repeat_prev(&r, WALL_NEVER).us, at_of(zones, "2199-12-31 09:00").us);
    assert_int_equal(repeat_next(&r, at_of(zones, "2199-12-31 09:00")).us, WALL_NEVER.us);
    assert_int_equal(repeat_next(&r, WALL_NEVER).us, WALL_NEVER.us);
    // Without a beginning the slots begin in 1970.
    r.first = -REPEAT_ENDLESS;
    assert_int_equal(repeat_next(&r, (wall){INT64_MIN}).us, at_of(zones, "1970-01-31 09:00").us);
    assert_int_equal(repeat_prev(&r, at_of(zones, "1970-01-31 08:00")).us, WALL_NEVER.us);
    // None at all.
    r.first = 0;
    r.last = -1;
    assert_int_equal(repeat_next(&r, (wall){0}).us, WALL_NEVER.us);
    assert_int_equal(repeat_prev(&r, WALL_NEVER).us, WALL_NEVER.us);
    r.first = 1;
    r.last = 0;
    assert_int_equal(repeat_next(&r, (wall){0}).us, WALL_NEVER.us);
    assert_int_equal(repeat_prev(&r, WALL_NEVER).us, WALL_NEVER.us);
    // 29 February, every fifth year: 1 in 20 years, and never when the anchor is over.
    r = (struct repeat){.zone = zones_utc(zones),
                        .anchor = {.year = 1980, .month = 2, .day = 29},
                        .every = {.months = 60},
                        .last = REPEAT_ENDLESS,
                        .month_end = MONTH_END_SKIP};
    assert_int_equal(repeat_next(&r, at_of(zones, "1980-02-29")).us, at_of(zones, "2000-02-29").us);
    assert_int_equal(repeat_next(&r, at_of(zones, "2080-02-29")).us, at_of(zones, "2120-02-29").us);
    r.every = (struct period){.us = 1};
    assert_int_equal(repeat_next(&r, at_of(zones, "2199-12-31 23:59:59.999998")).us,
                     at_of(zones, "2199-12-31 23:59:59.999999").us);
    assert_int_equal(repeat_next(&r, at_of(zones, "2199-12-31 23:59:59.999999")).us, WALL_NEVER.us);
    zones_free(zones);
}

static void test_count(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (int i = 0; i < 300; i++) {
        struct repeat r = random_repeat(zones);
        wall from = {civil_days(2009, 1, 1) * DAY_US + rnd(3000 * DAY_US)}, at = from, last;
        wall upto = {from.us + rnd(400 * DAY_US)};
        int64_t count = 0;

        while (repeat_next(&r, at).us <= upto.us && count < 50) {
            at = repeat_next(&r, at);
            count++;
        }
        assert_int_equal(repeat_count(&r, from, upto, 50, &last), count);
        assert_int_equal(last.us, count ? at.us : WALL_NEVER.us);
        assert_int_equal(repeat_is_elapsed(&r), r.every.months == 0 && r.every.days == 0);
    }
    zones_free(zones);
}

// A change touches a slot when the slot's local time is skipped or comes twice.
static void test_touch(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (int i = 0; i < 300; i++) {
        struct repeat r = random_repeat(zones);
        int64_t at = civil_days(2010, 1, 1) * DAY_S, until = at + 3000 * DAY_S;
        struct dst_touch touch;
        struct zone_local local;

        if (rnd(2))
            r.every = (struct period){.days = 1, .us = rnd(2) ? HOUR_US : 0};
        while (repeat_next_touch(&r, at, until, &touch)) {
            zone_from_local(r.zone, touch.local_s, &local);
            assert_int_equal(local.kind, touch.kind);
            assert_true(touch.change_at > at && touch.change_at <= until);
            assert_int_equal((touch.local_s - civil_seconds(&r.anchor)) % 60, 0);
            if (touch.runs_at == DST_NEVER)
                assert_true(r.dst == DST_SKIP || local.length_s > 3 * 3600);
            else
                assert_in_range(repeat_next(&r, (wall){touch.runs_at * SECOND_US - 1}).us,
                                touch.runs_at * SECOND_US, touch.runs_at * SECOND_US + 999999);
            at = touch.change_at;
        }
    }
    zones_free(zones);
}

static void test_numbers(void **state)
{
    static const struct {
        struct civil after; // UTC
        int64_t number;
        struct civil local; // of that number
        bool is_cut;
    } rows[] = {
        {{1970, 1, 1, 0, 0, 0, 0}, -2, {2025, 11, 30, 9, 0, 0, 0}, true},
        {{2026, 1, 31, 7, 59, 59, 0}, 0, {2026, 1, 31, 9, 0, 0, 0}, false},
        {{2026, 1, 31, 8, 0, 0, 0}, 1, {2026, 2, 28, 9, 0, 0, 0}, true},
        {{2026, 3, 1, 0, 0, 0, 0}, 2, {2026, 3, 31, 9, 0, 0, 0}, false},
        {{2030, 1, 1, 0, 0, 0, 0}, 4, {2026, 5, 31, 9, 0, 0, 0}, false},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct repeat r = {.anchor = {2026, 1, 31, 9, 0, 0, 0},
                       .every = {.months = 1},
                       .first = -2,
                       .last = 3,
                       .month_end = MONTH_END_SKIP};
    struct err e;

    (void)state;
    assert_true(zones_get(zones, str_of("Europe/Berlin"), &r.zone, &e));
    for (size_t i = 0; i < COUNT(rows); i++) {
        wall after = {civil_seconds(&rows[i].after) * SECOND_US};
        int64_t k = repeat_number(&r, after);
        bool is_cut;

        assert_int_equal(k, rows[i].number);
        assert_int_equal(repeat_local(&r, k, &is_cut), civil_seconds(&rows[i].local));
        assert_int_equal(is_cut, rows[i].is_cut);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),    cmocka_unit_test(test_naive),
        cmocka_unit_test(test_policies), cmocka_unit_test(test_count),
        cmocka_unit_test(test_touch),    cmocka_unit_test(test_far),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
