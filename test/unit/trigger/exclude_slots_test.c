// exclude_slots_test.c - slots under calendars: rows, then random calendars against moving each
// slot by hand.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/exclude_slots.h"

#include <limits.h>
#include <stdlib.h>

#include "almanac_fixture.h"
#include "time/civil.h"
#include "time/duration.h"
#include "trigger/kind.h"

struct fixture {
    struct zones *zones;
    struct almanacs all;
};

static struct fixture f;

static int setup(void **state)
{
    static const char *const calendars[][2] = {
        {"holidays", "{\"reason\":\"Christmas\",\"dates\":[\"2026-12-25\",\"2026-12-26\"]}"},
        {"weekend", "{\"weekdays\":[\"sat\",\"sun\"]}"},
        {"closed", "{\"calendars\":[\"holidays\",\"weekend\"]}"},
        {"office", "{\"cron\":[\"* 9-16 * * mon-fri\"]}"},
        {"lunch", "{\"cron\":[\"* 12 * * *\"]}"},
        {"always", "{\"dates\":[\"1900-01-01..9000-01-01\"]}"},
        {"one-day", "{\"dates\":[\"2150-06-01\"]}"},
        {"long", "{\"dates\":[\"2026-02-01..2026-06-30\"]}"},
        {"ever", "{\"cron\":[\"* * * * *\"]}"},
        {"at-two", "{\"cron\":[\"0 2 * * *\"]}"},
        {"gap", "{\"dates\":[\"2026-03-28\"]}"},
    };

    (void)state;
    f.zones = zones_new(ZONE_DIR);
    almanacs_init(&f.all);
    for (size_t i = 0; i < COUNT(calendars); i++)
        almanacs_put(&f.all, almanac_good(f.zones, calendars[i][0], calendars[i][1]));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    almanacs_done(&f.all);
    zones_free(f.zones);
    return 0;
}

static struct trigger *good(const char *spec, const char *zone)
{
    struct err e;
    struct trigger *t = trigger_with(f.zones, &f.all, spec, zone, &e);

    if (!t)
        fail_msg("%s: %s: %s", spec, e.field, e.message);
    return t;
}

// From 2026-12-23 00:00 UTC on; "" is the end.
static void test_rows(void **state)
{
    static const struct {
        const char *spec, *zone, *slots[5];
    } rows[] = {
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"holidays\"]}",
         "UTC",
         {"2026-12-23 02:00", "2026-12-24 02:00", "2026-12-27 02:00", NULL}},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":\"closed\"}",
         "UTC",
         {"2026-12-23 02:00", "2026-12-24 02:00", "2026-12-28 02:00", NULL}},
        {"{\"expr\":\"0 * * * *\",\"include\":[\"office\"],\"exclude\":[\"holidays\"]}",
         "UTC",
         {"2026-12-23 09:00", "2026-12-23 10:00", "2026-12-23 11:00", "2026-12-23 12:00", NULL}},
        {"{\"expr\":\"0 2 26 * *\",\"exclude\":[\"closed\"],\"on_exclude\":\"next\"}",
         "UTC",
         {"2026-12-28 02:00", "2027-01-26 02:00", "2027-02-26 02:00", "2027-03-26 02:00", NULL}},
        {"{\"expr\":\"0 2 26 * *\",\"exclude\":[\"closed\"],\"on_exclude\":\"previous\"}",
         "UTC",
         {"2026-12-24 02:00", "2027-01-26 02:00", "2027-02-26 02:00", "2027-03-26 02:00", NULL}},
        {"{\"expr\":\"0 2 26 * *\",\"exclude\":[\"closed\"],\"on_exclude\":\"end\"}",
         "UTC",
         {"2026-12-28 00:00", "2027-01-26 02:00", "2027-02-26 02:00", "2027-03-26 02:00", NULL}},
        // Moved to where there is one already, and two to the same place: one.
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"closed\"],\"on_exclude\":\"next\"}",
         "UTC",
         {"2026-12-23 02:00", "2026-12-24 02:00", "2026-12-28 02:00", "2026-12-29 02:00", NULL}},
        {"{\"expr\":\"0 2 * * fri,sat\",\"exclude\":[\"closed\"],\"on_exclude\":\"next\"}",
         "UTC",
         {"2026-12-28 02:00", "2027-01-01 02:00", "2027-01-04 02:00", "2027-01-08 02:00", NULL}},
        // The earlier in the day comes out first, though it went in last.
        {"{\"expr\":\"0 8,20 25-26 12 *\",\"exclude\":[\"closed\"],\"on_exclude\":\"next\"}",
         "UTC",
         {"2026-12-28 08:00", "2026-12-28 20:00", "2027-12-27 08:00", "2027-12-27 20:00", NULL}},
        // The same time of day is what is free or not.
        {"{\"expr\":\"30 12 * * *\",\"exclude\":[\"lunch\"],\"on_exclude\":\"end\"}",
         "UTC",
         {"2026-12-23 13:00", "2026-12-24 13:00", "2026-12-25 13:00", NULL}},
        {"{\"expr\":\"0,30 12,14 23-24 12 *\",\"exclude\":[\"lunch\"],\"on_exclude\":\"end\"}",
         "UTC",
         {"2026-12-23 13:00", "2026-12-23 14:00", "2026-12-23 14:30", "2026-12-24 13:00", NULL}},
        {"{\"expr\":\"0 18 * * *\",\"include\":[\"office\"],\"on_exclude\":\"end\"}",
         "UTC",
         {"2026-12-23 09:00", "2026-12-24 09:00", "2026-12-25 09:00", "2026-12-28 09:00", NULL}},
        // Bounds hold for where a slot was and for where it goes.
        {"{\"expr\":\"0 2 26 * *\",\"exclude\":[\"closed\"],\"on_exclude\":\"next\","
         "\"end_date\":\"2026-12-27\"}",
         "UTC",
         {"", NULL}},
        {"{\"expr\":\"0 2 26 * *\",\"exclude\":[\"closed\"],\"on_exclude\":\"previous\","
         "\"start_date\":\"2026-12-25\"}",
         "UTC",
         {"2027-01-26 02:00", NULL}},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"closed\"],\"on_exclude\":\"next\","
         "\"start_date\":\"2026-12-27 12:00\",\"max_runs\":2}",
         "UTC",
         {"2026-12-28 02:00", "2026-12-29 02:00", "", NULL}},
        {"{\"type\":\"interval\",\"hours\":10,\"start_date\":\"2026-12-24 20:00\","
         "\"exclude\":[\"holidays\"]}",
         "UTC",
         {"2026-12-24 20:00", "2026-12-27 08:00", "2026-12-27 18:00", NULL}},
        {"{\"type\":\"date\",\"run_date\":\"2026-12-25 10:00\",\"exclude\":[\"closed\"],"
         "\"on_exclude\":\"next\"}",
         "UTC",
         {"2026-12-28 10:00", "", NULL}},
        {"{\"type\":\"date\",\"run_dates\":[\"2026-12-24 10:00\",\"2026-12-25 "
         "10:00\",\"2026-12-29\"],"
         "\"exclude\":[\"closed\"]}",
         "UTC",
         {"2026-12-24 10:00", "2026-12-29", "", NULL}},
        {"{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 2 * * *\"},{\"expr\":\"0 9 28 * *\"}],"
         "\"exclude\":[\"closed\"],\"start_date\":\"2026-12-23\",\"max_runs\":4}",
         "UTC",
         {"2026-12-23 02:00", "2026-12-24 02:00", "2026-12-28 02:00", "2026-12-28 09:00", ""}},
        // Far away: nothing is walked through.
        {"{\"expr\":\"* * * * * *\",\"include\":[\"one-day\"]}",
         "UTC",
         {"2150-06-01 00:00", "2150-06-01 00:00:01", NULL}},
        {"{\"expr\":\"0 2 * * *\",\"include\":[\"one-day\"]}",
         "UTC",
         {"2150-06-01 02:00", "", NULL}},
        {"{\"expr\":\"0 2 1 5 *\",\"include\":[\"one-day\"],\"on_exclude\":\"next\"}",
         "UTC",
         {"2150-06-01 02:00", "", NULL}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = good(rows[i].spec, rows[i].zone);
        wall at = at_of(f.zones, "2026-12-23");

        for (int n = 0; n < 5 && rows[i].slots[n]; n++) {
            wall want = rows[i].slots[n][0] ? at_of(f.zones, rows[i].slots[n]) : WALL_NEVER;

            at = trigger_next(t, at);
            if (at.us != want.us)
                fail_msg("%s: slot %d: %lld", rows[i].spec, n, (long long)at.us);
        }
        trigger_free(t);
    }
}

// A day that is moved through a change of the clocks keeps its local time.
static void test_clocks(void **state)
{
    struct trigger *t = good("{\"expr\":\"30 2 28 3 *\",\"exclude\":[\"gap\"],"
                             "\"on_exclude\":\"next\"}",
                             "Europe/Berlin");

    (void)state;
    assert_int_equal(trigger_next(t, at_of(f.zones, "2026-03-01")).us,
                     at_of(f.zones, "2026-03-29 01:00").us); // 02:30 does not exist
    trigger_free(t);
}

// A change of the clocks does not matter to what is kept out on that day.
static void test_dst_told(void **state)
{
    static const struct {
        const char *calendar;
        int changes;
    } rows[] = {{"long", 1}, {"weekend", 0}, {"holidays", 2}};
    wall from = at_of(f.zones, "2026-01-01"), until = at_of(f.zones, "2026-12-31");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char spec[200];
        struct trigger_dst dst;
        wall after = from;
        int changes = 0;

        snprintf(spec, sizeof spec, "{\"expr\":\"30 2 * * *\",\"exclude\":\"%s\"}",
                 rows[i].calendar);
        struct trigger *t = good(spec, "Europe/Berlin");

        for (; trigger_next_dst(t, after, until, &dst); after = dst.change_at)
            changes++;
        assert_int_equal(changes, rows[i].changes);
        assert_true(kind_next_change(t, from, until, &dst));
        trigger_free(t);
    }
}

static void test_never(void **state)
{
    static const struct {
        const char *spec, *field, *message, *hint;
    } rows[] = {
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"always\"]}", "exclude",
         "this schedule never fires: its calendars exclude all of its times",
         "such as 1970-01-01 02:00:00 UTC, because of always"},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"always\"],\"on_exclude\":\"end\"}", "exclude",
         "calendars exclude all", ""},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"at-two\"]}", "exclude", "calendars exclude all",
         ""},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"at-two\"],\"on_exclude\":\"next\"}", "exclude",
         "calendars exclude all", ""},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"at-two\"],\"on_exclude\":\"previous\"}", "exclude",
         "calendars exclude all", ""}, // not in 1969 either, where nothing is marked
        {"{\"type\":\"date\",\"run_date\":\"2199-12-30 "
         "02:00\",\"exclude\":[\"at-two\"],\"on_exclude\":\"next\","
         "\"timezone\":\"Pacific/Apia\"}",
         "exclude", "calendars exclude all", ""}, // nor in 2200
        {"{\"expr\":\"0 2 30 12 *\",\"exclude\":[\"ever\"],\"on_exclude\":\"end\","
         "\"timezone\":\"Pacific/Apia\"}",
         "exclude", "calendars exclude all", ""},
        {"{\"type\":\"interval\",\"weeks\":2,\"start_date\":\"1970-01-01T00:00:00Z\","
         "\"exclude\":[\"ever\"],\"timezone\":\"America/New_York\"}",
         "exclude", "calendars exclude all", ""},
        {"{\"expr\":\"0 2 * * *\",\"include\":[\"office\"]}", "include", "calendars exclude all",
         ""},
        {"{\"expr\":\"0 0 2 25 12 * 2026\",\"exclude\":[\"always\"]}", "exclude",
         "calendars exclude all", ""},
        {"{\"type\":\"date\",\"run_date\":\"2026-12-25\",\"exclude\":[\"holidays\"]}", "exclude",
         "calendars exclude all", "because of holidays"},
        // Months are more than a slot is moved.
        {"{\"type\":\"date\",\"run_date\":\"2026-03-01\",\"exclude\":[\"long\"],"
         "\"on_exclude\":\"next\"}",
         "exclude", "calendars exclude all", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        assert_null(trigger_with(f.zones, &f.all, rows[i].spec, "UTC", &e));
        if (e.code != ERR_SCHEDULE || strcmp(e.field, rows[i].field) != 0 ||
            !strstr(e.message, rows[i].message) || !strstr(e.hint, rows[i].hint))
            fail_msg("%s: %s: %s; %s", rows[i].spec, e.field, e.message, e.hint);
    }
}

static void test_excluded(void **state)
{
    struct trigger *t = good("{\"expr\":\"0 2 * * *\",\"exclude\":[\"closed\"],"
                             "\"on_exclude\":\"next\",\"end_date\":\"2027-01-03 12:00\"}",
                             "UTC");
    struct trigger *only = good("{\"expr\":\"0 8,10 * * *\",\"include\":[\"office\"]}", "UTC");
    struct trigger_excluded x[9];
    wall from = at_of(f.zones, "2026-12-24"), upto = at_of(f.zones, "2027-02-01");

    (void)state;
    assert_int_equal(trigger_excluded(t, from, upto, 9, x), 5);
    assert_int_equal(x[0].slot.us, at_of(f.zones, "2026-12-25 02:00").us);
    assert_string_equal(x[0].calendar, "holidays");
    assert_string_equal(x[0].why, "Christmas");
    assert_int_equal(x[0].moved_to.us, at_of(f.zones, "2026-12-28 02:00").us);
    assert_string_equal(x[2].calendar, "weekend");
    assert_null(x[2].why);
    assert_int_equal(x[3].slot.us, at_of(f.zones, "2027-01-02 02:00").us);
    assert_int_equal(x[3].moved_to.us, WALL_NEVER.us); // behind the end
    assert_int_equal(trigger_excluded(t, from, upto, 2, x), 2);
    assert_int_equal(trigger_excluded(t, from, at_of(f.zones, "2026-12-25 01:59"), 9, x), 0);
    assert_int_equal(trigger_excluded(t, from, at_of(f.zones, "2026-12-25 02:00"), 9, x), 1);
    assert_int_equal(trigger_excluded(only, from, upto, 9, x), 9);
    assert_int_equal(x[0].slot.us, at_of(f.zones, "2026-12-24 08:00").us);
    assert_string_equal(x[0].calendar, "office");
    assert_null(x[0].why);
    trigger_free(only);
    trigger_free(t);
}

// The same, asked without a trigger: a slot each hour, with Christmas left out.
static wall hour_next(const struct trigger *t, wall after, int64_t *work)
{
    (void)t;
    (void)work;
    return (wall){(floor_div(after.us, HOUR_US) + 1) * HOUR_US};
}

static wall hour_prev(const struct trigger *t, wall at)
{
    (void)t;
    return (wall){floor_div(at.us, HOUR_US) * HOUR_US};
}

static void test_base(void **state)
{
    const struct exclude_base base = {NULL, zones_utc(f.zones), hour_next, hour_prev};
    wall eve = at_of(f.zones, "2026-12-24 23:30"), first = at_of(f.zones, "2026-12-25");
    wall end = at_of(f.zones, "2026-12-27");
    json_t *spec = json_pack("{ss}", "exclude", "holidays");
    struct exclude_mark mark;
    struct exclude *x;
    struct err e;
    int work = EXCLUDE_WORK_MAX, spent;

    (void)state;
    assert_true(exclude_read(spec, &f.all, &x, &e));
    assert_int_equal(exclude_next(x, &base, eve, WALL_NEVER, &work).us, end.us);
    assert_in_range(work, 1, EXCLUDE_WORK_MAX - 2);
    spent = EXCLUDE_WORK_MAX - work;
    assert_int_equal(exclude_next(x, &base, eve, (wall){end.us - 1}, &work).us, WALL_NEVER.us);
    work = spent;
    assert_int_equal(exclude_next(x, &base, eve, WALL_NEVER, &work).us, end.us);
    assert_int_equal(work, 0);
    work = spent / 2; // not enough for what has to be leapt over
    assert_int_equal(exclude_next(x, &base, eve, WALL_NEVER, &work).us, WALL_NEVER.us);
    assert_int_equal(work, 0);
    assert_int_equal(exclude_moved(x, &base, first).us, WALL_NEVER.us);
    assert_int_equal(exclude_next_out(x, &base, eve, WALL_NEVER, &mark).us, first.us);
    assert_string_equal(mark.why, "Christmas");
    assert_int_equal(exclude_next_out(x, &base, eve, (wall){first.us - 1}, &mark).us,
                     WALL_NEVER.us);
    x->policy = EXCLUDE_END;
    assert_int_equal(exclude_moved(x, &base, first).us, end.us);
    x->policy = EXCLUDE_PREVIOUS;
    assert_int_equal(exclude_moved(x, &base, (wall){first.us + DAY_US}).us, first.us - DAY_US);
    exclude_free(x);
    json_decref(spec);
}

// What is written reads back, and the calendars of a trigger are known by name.
static void test_written(void **state)
{
    const char *spec = "{\"type\":\"cron\",\"expr\":\"0 2 * * *\",\"timezone\":\"UTC\","
                       "\"exclude\":[\"closed\"],\"on_exclude\":\"next\"}";
    struct trigger *t = good(spec, "Europe/Berlin");
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    trigger_write(t, &out);
    assert_string_equal(buf_text(&out), spec);
    buf_clear(&out);
    trigger_words(t, &out);
    assert_string_equal(buf_text(&out), "at 02:00 every day, UTC, not in closed, else on the next "
                                        "day that is free");
    assert_true(trigger_uses_calendar(t, STR_LIT("weekend")));
    assert_false(trigger_uses_calendar(t, STR_LIT("office")));
    assert_false(trigger_is_stale(t));
    almanacs_put(&f.all, almanac_good(f.zones, "weekend", "{\"weekdays\":[\"sat\",\"sun\"]}"));
    assert_true(trigger_is_stale(t)); // though it says the same
    buf_done(&out);
    trigger_free(t);
}

static void test_counted(void **state)
{
    struct trigger *t = good("{\"expr\":\"0 2 * * *\",\"exclude\":[\"closed\"]}", "UTC");
    struct trigger plain;
    wall from = at_of(f.zones, "2026-12-20"), upto = at_of(f.zones, "2027-12-20"), last;
    int work = 1000;
    struct bounds bounds;

    (void)state;
    assert_int_equal(kind_count(t, from, upto, 10, &work, &last), 10);
    assert_in_range(work, 800, 960);
    assert_int_equal(last.us, at_of(f.zones, "2027-01-04 02:00").us);
    assert_in_range(kind_count(t, from, upto, 1000, &work, NULL), 50, 230);
    assert_int_equal(work, 0); // of 259
    work = INT_MAX;
    assert_int_equal(kind_count(t, from, upto, 1000, &work, NULL), 259);
    assert_int_equal(work, INT_MAX);
    kind_without_calendars(t, &plain, &bounds);
    assert_int_equal(trigger_count(&plain, from, upto, 1000, NULL), 365);
    trigger_free(t);
}

static void test_refused(void **state)
{
    static const struct {
        const char *spec, *field, *message;
    } rows[] = {
        {"{\"type\":\"startup\",\"exclude\":[\"closed\"]}", "exclude", "no \"exclude\""},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"closd\"]}", "exclude", "no calendar \"closd\""},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":[\"closed\"],\"max_runs\":9999}", "max_runs",
         "takes too long to count"},
        // "and" and "or" take them for the whole.
        {"{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 2 * * *\",\"exclude\":[\"closed\"]}]}",
         "triggers.0.exclude", "belong to the whole, beside \"triggers\""},
        {"{\"type\":\"and\",\"triggers\":[{\"expr\":\"0 2 * * *\",\"include\":[\"closed\"]}]}",
         "triggers.0.include", "belong to the whole"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        assert_null(trigger_with(f.zones, &f.all, rows[i].spec, "UTC", &e));
        if (strcmp(e.field, rows[i].field) != 0 || !strstr(e.message, rows[i].message))
            fail_msg("%s: %s: %s", rows[i].spec, e.field, e.message);
    }
}

// ---- against moving each slot by hand

#define ROUNDS 200

struct pattern {
    uint8_t weekdays;
    int64_t days[8]; // since 1970
    int day_count;
    int hour, hours; // each day from hour on; hours 0: none
    uint8_t hour_weekdays;
    int64_t fixed_from, fixed_to; // seconds UTC
};

static uint64_t seed;

static int64_t rnd(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 2) % n;
}

static struct pattern pattern_make(int64_t day)
{
    struct pattern p = {.day_count = (int)rnd(8)};

    if (rnd(2))
        p.weekdays = (uint8_t)(rnd(128) & rnd(128));
    for (int i = 0; i < p.day_count; i++)
        p.days[i] = day + rnd(50) - rnd(3);
    if (rnd(2)) {
        p.hour = (int)rnd(24);
        p.hours = 1 + (int)rnd(24 - p.hour);
        p.hour_weekdays = (uint8_t)(1 + rnd(127));
    }
    if (rnd(3) == 0) {
        p.fixed_from = (day + rnd(40)) * DAY_S + rnd(1440) * 60;
        p.fixed_to = p.fixed_from + (1 + rnd(5000)) * 60;
    }
    return p;
}

static bool is_marked(const struct pattern *p, const struct zone *zone, int64_t at)
{
    struct zone_span span;

    zone_span_at(zone, at, &span);
    int64_t local = at + span.offset_s, day = floor_div(local, DAY_S);
    int hour = (int)((local - day * DAY_S) / 3600), weekday = civil_weekday(day);

    for (int i = 0; i < p->day_count; i++)
        if (p->days[i] == day)
            return true;
    return (p->weekdays >> weekday & 1) || (at >= p->fixed_from && at < p->fixed_to) ||
           (p->hours && (p->hour_weekdays >> weekday & 1) && hour >= p->hour &&
            hour < p->hour + p->hours);
}

static void weekdays_list(json_t *list, uint8_t weekdays)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    for (int i = 0; i < 7; i++)
        if (weekdays >> i & 1)
            json_array_append_new(list, json_string(names[i]));
}

static struct almanac *pattern_almanac(const struct pattern *p)
{
    json_t *definition = json_object(), *dates = json_array(), *weekdays = json_array();
    json_t *cron = json_array();
    struct almanac *a = NULL;
    struct err e;
    char text[100];

    for (int i = 0; i < p->day_count; i++) {
        struct civil c = civil_date(p->days[i]);

        snprintf(text, sizeof text, "%04d-%02d-%02d", c.year, c.month, c.day);
        json_array_append_new(dates, json_string(text));
    }
    if (p->fixed_to) {
        struct buf span;

        buf_init(&span, 100);
        iso8601_write((wall){p->fixed_from * SECOND_US}, NULL, &span);
        buf_add_text(&span, "..");
        iso8601_write((wall){p->fixed_to * SECOND_US}, NULL, &span);
        json_array_append_new(dates, json_string(buf_text(&span)));
        buf_done(&span);
    }
    weekdays_list(weekdays, p->weekdays);
    for (int i = 0; p->hours && i < 7; i++) {
        if (!(p->hour_weekdays >> i & 1))
            continue;
        snprintf(text, sizeof text, "* %d-%d * * %d", p->hour, p->hour + p->hours - 1, (i + 1) % 7);
        json_array_append_new(cron, json_string(text));
    }
    json_object_set_new(definition, "dates", dates);
    json_object_set_new(definition, "weekdays", weekdays);
    json_object_set_new(definition, "cron", cron);
    if (!almanac_read(definition, STR_LIT("random"), f.zones, &a, &e))
        a = NULL; // it marks nothing
    json_decref(definition);
    return a;
}

static int64_t to_moment(const struct zone *zone, int64_t local)
{
    struct zone_local l;

    zone_from_local(zone, local, &l);
    return l.first;
}

#define REACH_S ((EXCLUDE_DAYS_MAX + 2) * DAY_S)

// Every minute of a while: is it excluded, and which is the next one that is not?
struct minutes {
    int64_t first; // minutes since 1970
    int32_t count;
    bool *is_out;
    int32_t *free_at; // -1: none
};

static void minutes_fill(struct minutes *m, const struct pattern *p, const struct zone *zone,
                         bool is_include)
{
    for (int32_t i = m->count - 1; i >= 0; i--) {
        m->is_out[i] = is_marked(p, zone, (m->first + i) * 60) != is_include;
        m->free_at[i] = !m->is_out[i] ? i : i + 1 < m->count ? m->free_at[i + 1] : -1;
    }
}

static bool is_out(const struct minutes *m, int64_t at)
{
    return m->is_out[floor_div(at, 60) - m->first];
}

// Where one slot goes, in seconds; INT64_MAX: nowhere.
static int64_t moved(const struct minutes *m, const struct zone *zone, int64_t slot,
                     const char *policy)
{
    int32_t free_at = m->free_at[floor_div(slot, 60) - m->first];
    struct zone_span span;

    if (!is_out(m, slot))
        return slot;
    if (policy[0] == 's')
        return INT64_MAX;
    if (policy[0] == 'e')
        return free_at < 0 ? INT64_MAX : (m->first + free_at) * 60;
    zone_span_at(zone, slot, &span);
    for (int days = 0; days <= EXCLUDE_DAYS_MAX; days++) {
        int64_t at =
            to_moment(zone, slot + span.offset_s + (policy[0] == 'n' ? days : -days) * DAY_S);

        if (at < m->first * 60 || at >= (m->first + m->count) * 60)
            break; // not asked for
        if (!is_out(m, at))
            return days > 0 ? at : INT64_MAX;
    }
    return INT64_MAX;
}

static int order(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static struct trigger *ruled(const char *spec, const char *zone, const char *policy,
                             bool is_include, int64_t now)
{
    char text[400];
    struct err e;

    snprintf(text, sizeof text, "%.*s,\"%s\":[\"random\"],\"on_exclude\":\"%s\"}",
             (int)strlen(spec) - 1, spec, is_include ? "include" : "exclude", policy);
    return trigger_at(f.zones, &f.all, text, zone, (wall){now * SECOND_US}, &e); // NULL: never
                                                                                 // fires
}

// All slots of [from, to) by hand; returns how many.
static size_t by_hand(const struct trigger *plain, const struct minutes *m, const char *policy,
                      int64_t from, int64_t to, int64_t *slots)
{
    wall at = {m->first * MINUTE_US - 1}, end = {(m->first + m->count) * MINUTE_US};
    size_t count = 0, kept = 0;

    while ((at = trigger_next(plain, at)).us < end.us) {
        int64_t slot = moved(m, trigger_zone(plain), at.us / SECOND_US, policy);

        if (slot >= from && slot < to)
            slots[count++] = slot;
    }
    qsort(slots, count, sizeof *slots, order);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || slots[i] != slots[kept - 1])
            slots[kept++] = slots[i];
    return kept;
}

static void laws(const struct trigger *t, const int64_t *slots, size_t count, int64_t from,
                 int64_t to, const char *what)
{
    wall at = {from * SECOND_US - 1}, last;

    for (size_t i = 0; i <= count; i++) {
        int64_t want = i < count ? slots[i] * SECOND_US : to * SECOND_US;
        wall next = trigger_next(t, at);

        if (i < count ? next.us != want : next.us < want)
            fail_msg("%s: slot %zu is %lld, not %lld", what, i, (long long)next.us / SECOND_US,
                     (long long)want / SECOND_US);
        if (i < count && i % 7 == 0) {
            assert_int_equal(trigger_prev(t, next).us, next.us);
            assert_int_equal(trigger_next(t, (wall){next.us - 1 - rnd(next.us - at.us)}).us,
                             next.us);
            if (i > 0 && trigger_prev(t, (wall){next.us - 1}).us != at.us)
                fail_msg("%s: before slot %zu is not the one before", what, i);
        }
        at = next;
    }
    assert_int_equal(
        trigger_count(t, (wall){from * SECOND_US - 1}, (wall){to * SECOND_US - 1}, 1000000, &last),
        count);
    assert_int_equal(last.us, count ? slots[count - 1] * SECOND_US : WALL_NEVER.us);
}

static void test_by_hand(void **state)
{
    static const char *const specs[] = {
        "{\"expr\":\"30 2 * * *\"}",
        "{\"expr\":\"*/20 1-3 * * *\"}",
        "{\"expr\":\"15 */5 * * *\"}",
        "{\"expr\":\"0 9,17 * * mon-fri\"}",
        "{\"expr\":\"0 0 * * *\"}",
        "{\"expr\":\"0 12 1,15 * *\"}",
        "{\"expr\":\"5 23 * * sat,sun\"}",
        "{\"type\":\"cron\",\"minute\":\"*/30\",\"dst\":\"both\"}",
        "{\"expr\":\"*/30 * * * *\"}",
        "{\"type\":\"interval\",\"hours\":7}",
        "{\"type\":\"interval\",\"minutes\":690,\"start_date\":\"2020-01-01 00:00:20\"}",
        "{\"expr\":\"0,40 1,2 * * *\",\"dst\":\"both\"}",
        "{\"type\":\"quartz\",\"expr\":\"0 15 3 ? * MON-FRI\"}",
        "{\"type\":\"oncalendar\",\"expr\":\"Mon..Fri 09,17:30\"}",
        "{\"type\":\"rrule\",\"expr\":\"DTSTART:20000101T021500\\nRRULE:FREQ=DAILY\"}",
        "{\"type\":\"iso8601\",\"expr\":\"R/2000-01-01T02:30:00/P1D\"}",
        "{\"type\":\"calendarinterval\",\"days\":2,\"start_date\":\"2000-01-01 01:30\"}",
        "{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 2 * * "
        "*\"},{\"hours\":9,\"type\":\"interval\"}]}",
        "{\"type\":\"and\",\"triggers\":[{\"expr\":\"0 * * * *\"},{\"expr\":\"*/30 8,20 * * *\"}]}",
    };
    static const struct {
        const char *zone, *from;
    } places[] = {{"Europe/Berlin", "2026-03-20"},       {"Europe/Berlin", "2026-10-16"},
                  {"Australia/Lord_Howe", "2026-03-27"}, {"America/New_York", "2026-10-23"},
                  {"Pacific/Apia", "2011-12-22"},        {"UTC", "2026-06-01"}};
    static const char *const policies[] = {"skip", "next", "previous", "end"};
    int64_t *slots = calloc(20000, sizeof *slots);
    struct minutes m = {.count = (int32_t)(25 * DAY_S + REACH_S) / 60};

    (void)state;
    m.is_out = calloc((size_t)m.count, sizeof *m.is_out);
    m.free_at = calloc((size_t)m.count, sizeof *m.free_at);
    for (int round = 0; round < ROUNDS; round++) {
        const char *policy = policies[round % 4], *spec = specs[round / 4 % COUNT(specs)];
        const char *place = places[round % COUNT(places)].zone;
        int64_t from = at_of(f.zones, places[round % COUNT(places)].from).us / SECOND_US;
        int64_t to = from + 25 * DAY_S;
        bool is_include = round % 5 == 4;
        const struct zone *zone;
        char what[400];
        struct err e;

        seed = (uint64_t)round * 7919 + 1;
        struct pattern p = pattern_make(from / DAY_S);
        struct almanac *a = pattern_almanac(&p);

        if (!a)
            continue;
        almanacs_put(&f.all, a);
        snprintf(what, sizeof what, "round %d: %s in %s, %s %s", round, spec, place,
                 is_include ? "include" : "exclude", policy);
        assert_true(zones_get(f.zones, str_of(place), &zone, &e));
        m.first = (policy[0] == 'p' ? from : from - REACH_S) / 60;
        minutes_fill(&m, &p, zone, is_include);
        struct trigger *plain =
            trigger_at(f.zones, NULL, spec, place, (wall){from * SECOND_US}, &e);
        struct trigger *t = ruled(spec, place, policy, is_include, from);

        size_t count = by_hand(plain, &m, policy, from, to, slots);
        if (t)
            laws(t, slots, count, from, to, what);
        else if (count > 0)
            fail_msg("%s: refused", what);
        trigger_free(plain);
        trigger_free(t);
    }
    free(slots);
    free(m.is_out);
    free(m.free_at);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_dst_told), cmocka_unit_test(test_never),
        cmocka_unit_test(test_excluded), cmocka_unit_test(test_base),
        cmocka_unit_test(test_written),  cmocka_unit_test(test_counted),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_by_hand),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
