// kind_test.c - what kinds share: the horizon, moments in specs, calendars in a zone or in UTC.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/kind.h"

#include "trigger/crontab.h"
#include "trigger_fixture.h"

static void test_horizon(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    assert_int_equal(kind_horizon().us + 1, at_of(zones, "2200-01-01").us);
    zones_free(zones);
}

// The table, the rows and the list of types name the same.
static void test_types(void **state)
{
    static const struct kind *const kinds[] = {
#define X(name) &name##_kind,
#include "trigger/kind.def"
#undef X
    };
    size_t count = 0;

    (void)state;
    for (; trigger_type_names[count]; count++)
        if (count < COUNT(kinds))
            assert_string_equal(trigger_type_names[count], kinds[count]->type);
    assert_int_equal(count, COUNT(kinds) + 1);
    assert_string_equal(trigger_type_names[count - 1], "crontab"); // another name of cron
}

static void test_write_moment(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    const struct zone *zone;
    struct json_write w;
    struct buf out;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, &e));
    buf_init(&out, 200);
    json_write_init(&w, &out);
    json_write_object(&w);
    kind_write_moment(&w, "at", at_of(zones, "2026-07-01 10:00"), zone);
    json_write_object_end(&w);
    assert_string_equal(buf_text(&out), "{\"at\":\"2026-07-01T12:00:00+02:00\"}");
    buf_done(&out);
    zones_free(zones);
}

static void test_calendar(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct bounds in_utc = {.rule_zone = zones_utc(zones)};
    struct exclude exclude = {.policy = EXCLUDE_SKIP};
    struct bounds excluding = {.exclude = &exclude};
    struct trigger t = {.kind = &cron_kind};
    wall after = at_of(zones, "2026-03-28 12:00"), until = at_of(zones, "2027-01-01");
    struct trigger_dst dst;
    struct buf out;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &t.zone, &e));
    assert_true(crontab_parse(STR_LIT("30 2 * * *"), &t.calendar, &e));
    assert_true(kind_is_calendar(&t));
    assert_null(kind_exclude(&t));
    t.bounds = &excluding;
    assert_ptr_equal(kind_exclude(&t), &exclude);
    t.bounds = NULL;
    assert_false(kind_is_calendar(&(struct trigger){.kind = &interval_kind}));
    assert_int_equal(kind_calendar_next(&t, after).us, at_of(zones, "2026-03-29 01:00").us);
    assert_true(kind_calendar_next_dst(&t, after, until, &dst));
    assert_int_equal(dst.kind, LOCAL_GAP);
    assert_false(dst.is_twice);
    t.calendar.dst = t.dst = DST_BOTH;
    assert_int_equal(kind_calendar_next(&t, after).us, at_of(zones, "2026-03-29 01:30").us);
    assert_true(kind_calendar_next_dst(&t, dst.change_at, until, &dst));
    assert_true(dst.kind == LOCAL_FOLD && dst.is_twice);
    t.calendar.dst = t.dst = DST_UTC;
    assert_ptr_equal(kind_rule_zone(&t), t.zone);
    t.bounds = &in_utc;
    assert_ptr_equal(kind_rule_zone(&t), zones_utc(zones));
    assert_int_equal(kind_calendar_next(&t, after).us, at_of(zones, "2026-03-29 02:30").us);
    assert_false(kind_calendar_next_dst(&t, after, until, &dst));
    buf_init(&out, 200);
    kind_calendar_words(&t, &out);
    assert_string_equal(buf_text(&out), "at 02:30 every day");
    buf_done(&out);
    zones_free(zones);
}

// A calendar that the kind keeps elsewhere.
static void test_own_calendar(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger t = {.kind = &cron_kind};
    wall after = at_of(zones, "2026-03-28 12:00"), until = at_of(zones, "2027-01-01");
    struct trigger_dst dst;
    struct calendar own;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &t.zone, &e));
    assert_true(crontab_parse(STR_LIT("30 2 * * *"), &own, &e));
    assert_true(kind_next_dst(&t, &own, after, until, &dst));
    assert_int_equal(dst.change_at.us, at_of(zones, "2026-03-29 01:00").us);
    t.dst = DST_UTC;
    assert_false(kind_next_dst(&t, &own, after, until, &dst));
    zones_free(zones);
}

static void test_dst(void **state)
{
    struct dst_touch touch = {
        .kind = LOCAL_FOLD, .change_at = 3, .local_s = 5, .runs_at = 7, .is_twice = true};
    struct trigger_dst dst = kind_dst(&touch);

    (void)state;
    assert_true(dst.kind == LOCAL_FOLD && dst.is_twice && dst.local_s == 5);
    assert_int_equal(dst.change_at.us, 3 * SECOND_US);
    assert_int_equal(dst.runs_at.us, 7 * SECOND_US);
    touch.runs_at = DST_NEVER;
    assert_int_equal(kind_dst(&touch).runs_at.us, WALL_NEVER.us);
}

static void test_parts(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(zones,
                                     "{\"expr\":\"0 4 * * *\",\"dst\":\"utc\",\"start_date\":"
                                     "\"2026-01-01\",\"end_date\":\"2027-01-01\",\"max_runs\":1}",
                                     "Europe/Berlin");
    struct trigger *bare = trigger_good(zones, "0 4 * * *", "Europe/Berlin");
    struct buf whole, part;
    struct json_write w;

    (void)state;
    assert_ptr_equal(kind_rule_zone(t), zones_utc(zones));
    assert_ptr_equal(kind_rule_zone(bare), trigger_zone(bare));
    buf_init(&whole, 1000);
    buf_init(&part, 1000);
    trigger_write(t, &whole);
    json_write_init(&w, &part);
    kind_write_spec(t, &w);
    assert_string_equal(buf_text(&part), buf_text(&whole));
    buf_clear(&part);
    kind_words_bounds(t, &part);
    assert_string_equal(buf_text(&part),
                        ", from 2026-01-01 00:00:00 CET, until 2027-01-01 00:00:00 "
                        "CET, 1 time");
    buf_clear(&part);
    kind_words_bounds(bare, &part);
    assert_int_equal(part.len, 0);
    buf_done(&part);
    buf_done(&whole);
    trigger_free(t);
    trigger_free(bare);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_horizon),      cmocka_unit_test(test_types),
        cmocka_unit_test(test_write_moment), cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_own_calendar), cmocka_unit_test(test_dst),
        cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
