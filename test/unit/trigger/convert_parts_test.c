// convert_parts_test.c - day rules taken apart, and what fields of the time begin with.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert_parts.h"

#include "trigger/crontab.h"
#include "trigger/kind.h"
#include "trigger_fixture.h"

static const struct field_style styles[TIME_UNITS] = {
    {.min = 0, .max = 59, .range = "-", .has_star_step = true, .steps_fit = true},
    {.min = 0, .max = 59, .range = "-", .has_star_step = true, .steps_fit = true},
    {.min = 0, .max = 23, .range = "-", .has_star_step = true, .steps_fit = true},
};

static void test_days(void **state)
{
    struct day_rules d;
    struct calendar c;
    struct err e;

    (void)state;
    assert_true(crontab_parse(STR_LIT("0 0 1,L * fri#2"), &c, &e));
    day_rules_of(&c, &d);
    assert_true(d.has_day && d.has_weekday && d.is_either);
    assert_true(d.days == 2 && d.last == 1 && d.weekdays == 0 && d.weekday_nth != 0);
    assert_true(day_rules_have_month_days(&d));
    assert_true(crontab_parse(STR_LIT("0 0 1-31 * fri"), &c, &e)); // either will do: every day
    day_rules_of(&c, &d);
    assert_false(d.has_day || d.has_weekday);
    assert_true(crontab_parse(STR_LIT("0 0 * * fri"), &c, &e));
    day_rules_of(&c, &d);
    assert_false(d.has_day);
    assert_true(d.has_weekday);
}

static void test_numbers(void **state)
{
    const uint64_t second_friday = UINT64_C(1) << (7 + 4), first_monday = 1;
    struct err e;

    (void)state;
    // a numbered weekday alone, among weekdays, beside a day, and beside both
    struct day_rules alone = {.day_nth = second_friday | first_monday, .has_day = true};
    assert_true(day_rules_number_weekdays(&alone, "cron", &e));
    assert_true(alone.has_weekday && !alone.has_day &&
                alone.weekday_nth == (second_friday | first_monday));
    struct day_rules among = {.day_nth = second_friday | first_monday,
                              .weekdays = 0x10,
                              .has_day = true,
                              .has_weekday = true};
    assert_true(day_rules_number_weekdays(&among, "cron", &e));
    assert_true(among.weekday_nth == second_friday && among.weekdays == 0);
    struct day_rules beside = {.days = 2, .day_nth = second_friday, .has_day = true};
    assert_true(day_rules_number_weekdays(&beside, "cron", &e));
    assert_true(beside.has_day && beside.has_weekday && beside.is_either);
    struct day_rules both = {
        .days = 2, .day_nth = second_friday, .weekdays = 1, .has_day = true, .has_weekday = true};
    assert_false(day_rules_number_weekdays(&both, "cron", &e));
    assert_true(str_starts(str_of(e.message), STR_LIT("cron ")));
}

static void test_times(void **state)
{
    static const struct {
        const char *expr, *zone;
        const char *second, *minute, *hour; // NULL: refused
    } rows[] = {
        {"*/15 * * * *", "UTC", "0", "*/15", "*"},
        {"0-59/15 0-23 * * *", "UTC", "0", "*/15", "*"},
        {"*/15 * * * *", "Europe/Berlin", "0", "*/15", "*"},
        {"0-59/15 0-23 * * *", "Europe/Berlin", "0", "0-45/15", "0-23"},
        {"0-59/15 5-7 * * *", "Europe/Berlin", "0", "*/15", "5-7"}, // no change comes near
        {"*/15,7 1-3 * * *", "Europe/Berlin", "0", "*/15,7", "1-3"},
        {"*/60 2 * * *", "Europe/Berlin", NULL, NULL, NULL},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].expr, rows[i].zone);
        const char *const want[] = {rows[i].second, rows[i].minute, rows[i].hour};
        struct time_fields fields;
        struct pattern p;
        struct err e;

        assert_true(pattern_make(t, at_of(zones, "2026-01-15"), "cron", &p, &e));
        assert_int_equal(time_fields_of(&p, "x", styles, &fields, &e), rows[i].second != NULL);
        for (int unit = TIME_SECOND; unit < TIME_UNITS && rows[i].second; unit++) {
            struct buf out;

            buf_init(&out, 200);
            time_field_write(&fields, (enum time_unit)unit, &out);
            assert_string_equal(buf_text(&out), want[unit]);
            buf_done(&out);
        }
        trigger_free(t);
    }
    zones_free(zones);
}

// A rule that is not the trigger's own is said, unless no change of the clocks comes near.
static void test_clock(void **state)
{
    static const struct {
        const char *spec;
        enum dst_policy dst; // of the pattern
        const char *said;    // "dst" beside it; NULL: nothing
    } rows[] = {
        {"30 2 * * *", DST_DEFAULT, NULL},
        {"30 2 * * *", DST_SKIP, "skip"},
        {"30 4 * * *", DST_SKIP, NULL},
        {"{'expr':'30 2 * * *','dst':'shift'}", DST_SHIFT, "shift"},
        {"{'expr':'30 4 * * *','dst':'shift'}", DST_DEFAULT, NULL},
        {"{'expr':'30 2 * * *','dst':'utc'}", DST_DEFAULT, "utc"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, "Europe/Berlin");
        json_t *common = json_pack("{ss}", "timezone", "Europe/Berlin");
        struct pattern p;
        struct err e;

        if (t->dst != DST_DEFAULT)
            json_object_set_new(common, "dst", json_string(dst_names[t->dst]));
        assert_true(pattern_make(t, at_of(zones, "2026-01-15"), "x", &p, &e));
        p.calendar.dst = (uint8_t)rows[i].dst;
        convert_clock(&p, common);
        const char *said = json_string_value(json_object_get(common, "dst"));
        if ((said == NULL) != (rows[i].said == NULL) || (said && strcmp(said, rows[i].said) != 0))
            fail_msg("%s: %s", rows[i].spec, said ? said : "nothing");
        json_decref(common);
        trigger_free(t);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
