// exclude_test.c - the calendars of a trigger: read, printed, refused, asked together.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/exclude.h"

#include "almanac_fixture.h"

struct fixture {
    struct zones *zones;
    struct almanacs all;
};

static struct fixture f;

static int setup(void **state)
{
    static const char *const calendars[][2] = {
        {"holidays", "{\"dates\":[{\"date\":\"12-25\",\"reason\":\"Christmas\"}]}"},
        {"weekend", "{\"weekdays\":[\"sat\",\"sun\"]}"},
        {"office", "{\"cron\":[\"* 9-16 * * *\"]}"},
        {"night", "{\"cron\":[\"* 0-5,22-23 * * *\"]}"},
        {"closed", "{\"calendars\":[\"holidays\",\"weekend\"]}"},
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

static struct exclude *exclude_of(const char *members, struct err *e)
{
    json_t *spec = json_loads(members, 0, NULL);
    struct exclude *x = NULL;

    memset(e, 0, sizeof *e);
    assert_non_null(spec);
    if (!exclude_read(spec, &f.all, &x, e))
        assert_null(x);
    json_decref(spec);
    return x;
}

static void test_print(void **state)
{
    static const struct {
        const char *members, *written, *words;
    } rows[] = {
        {"{\"exclude\":[\"holidays\"]}", "{\"exclude\":[\"holidays\"]}", ", not in holidays"},
        {"{\"exclude\":\"holidays\"}", "{\"exclude\":[\"holidays\"]}", ", not in holidays"},
        {"{\"exclude\":[\"holidays\",\"weekend\",\"night\"],\"on_exclude\":\"skip\"}",
         "{\"exclude\":[\"holidays\",\"weekend\",\"night\"]}",
         ", not in holidays, weekend or night"},
        {"{\"include\":[\"office\",\"night\"],\"on_exclude\":\"end\"}",
         "{\"include\":[\"office\",\"night\"],\"on_exclude\":\"end\"}",
         ", only in office or night, else as soon as it is free"},
        {"{\"on_exclude\":\"next\",\"include\":[\"office\"],\"exclude\":[\"closed\"]}",
         "{\"exclude\":[\"closed\"],\"include\":[\"office\"],\"on_exclude\":\"next\"}",
         ", only in office and not in closed, else on the next day that is free"},
        {"{\"exclude\":[\"closed\"],\"on_exclude\":\"previous\"}",
         "{\"exclude\":[\"closed\"],\"on_exclude\":\"previous\"}",
         ", not in closed, else on the day before that is free"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_write w;
        struct buf out;
        struct err e;
        struct exclude *x = exclude_of(rows[i].members, &e);

        if (!x)
            fail_msg("%s: %s", rows[i].members, e.message);
        buf_init(&out, 1000);
        json_write_init(&w, &out);
        json_write_object(&w);
        exclude_write(x, &w);
        json_write_object_end(&w);
        assert_string_equal(buf_text(&out), rows[i].written);
        buf_clear(&out);
        exclude_words(x, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_done(&out);
        exclude_free(x);
    }
}

static void test_none(void **state)
{
    static const char *const rows[] = {"{}", "{\"exclude\":null,\"include\":[]}"};
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_null(exclude_of(rows[i], &e));
        assert_int_equal(e.code, ERR_NONE);
    }
    exclude_free(NULL);
}

static void test_bad(void **state)
{
    static const struct {
        const char *members, *field, *message, *hint;
    } rows[] = {
        {"{\"exclude\":[\"holiday\"]}", "exclude", "there is no calendar \"holiday\"",
         "did you mean \"holidays\"?"},
        {"{\"include\":[\"closed\",\"x\"]}", "include", "there is no calendar \"x\"", "make it"},
        {"{\"exclude\":[7]}", "exclude", "must be a list of names", ""},
        {"{\"exclude\":{}}", "exclude", "must be a list of names", ""},
        {"{\"exclude\":[\"closed\",\"closed\"]}", "exclude", "names \"closed\" twice", ""},
        {"{\"exclude\":[\"closed\"],\"on_exclude\":\"later\"}", "on_exclude",
         "must be skip, next, previous or end, not \"later\"", ""},
        {"{\"on_exclude\":\"next\"}", "on_exclude", "needs a calendar", ""},
        {"{\"exclude\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
         "\"a\",\"a\",\"a\",\"a\",\"a\"]}",
         "exclude", "at most 16", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        assert_null(exclude_of(rows[i].members, &e));
        if (strcmp(e.field, rows[i].field) != 0 || !strstr(e.message, rows[i].message) ||
            !strstr(e.hint, rows[i].hint))
            fail_msg("%s: %s: %s; %s", rows[i].members, e.field, e.message, e.hint);
    }
}

static void test_at(void **state)
{
    static const struct {
        const char *members, *at;
        bool is_out;
        const char *until, *by, *why; // until: the answer stands as long; by NULL: nobody
    } rows[] = {
        {"{\"exclude\":[\"closed\"]}", "2026-12-24 10:00", false, "2026-12-25", NULL, NULL},
        {"{\"exclude\":[\"closed\"]}", "2026-12-25 10:00", true, "2026-12-26", "holidays",
         "Christmas"},
        {"{\"exclude\":[\"closed\"]}", "2026-12-26 10:00", true, "2026-12-28", "weekend", NULL},
        {"{\"include\":[\"office\"]}", "2026-12-24 10:00", false, "2026-12-24 17:00", NULL, NULL},
        {"{\"include\":[\"office\"]}", "2026-12-24 17:00", true, "2026-12-25 09:00", "office",
         NULL},
        {"{\"include\":[\"night\",\"office\"]}", "2026-12-24 17:00", true, "2026-12-24 22:00",
         "night", NULL},
        {"{\"include\":[\"office\"],\"exclude\":[\"holidays\"]}", "2026-12-24 18:00", true,
         "2026-12-25 09:00", "office", NULL},
        {"{\"include\":[\"office\"],\"exclude\":[\"holidays\"]}", "2026-12-25 10:00", true,
         "2026-12-26", "holidays", "Christmas"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        struct exclude *x = exclude_of(rows[i].members, &e);
        struct exclude_mark m;

        exclude_at(x, zones_utc(f.zones), at_of(f.zones, rows[i].at), &m);
        assert_int_equal(m.is_out, rows[i].is_out);
        assert_string_equal(m.by ? m.by->name : "", rows[i].by ? rows[i].by : "");
        assert_string_equal(m.why ? m.why : "", rows[i].why ? rows[i].why : "");
        assert_true(m.until.us > at_of(f.zones, rows[i].at).us);
        if (m.until.us > at_of(f.zones, rows[i].until).us)
            fail_msg("%s at %s: the answer stands too long", rows[i].members, rows[i].at);
        exclude_free(x);
    }
}

static void test_uses(void **state)
{
    struct err e;
    struct exclude *x = exclude_of("{\"exclude\":[\"closed\"],\"include\":[\"office\"]}", &e);

    (void)state;
    assert_true(exclude_uses(x, STR_LIT("closed")) && exclude_uses(x, STR_LIT("weekend")));
    assert_true(exclude_uses(x, STR_LIT("office")) && !exclude_uses(x, STR_LIT("night")));
    assert_false(exclude_is_stale(x));
    almanacs_put(&f.all, almanac_good(f.zones, "night", "{\"dates\":[\"12-24\"]}"));
    assert_false(exclude_is_stale(x));
    almanacs_put(&f.all, almanac_good(f.zones, "weekend", "{\"weekdays\":[\"fri\"]}"));
    assert_true(exclude_is_stale(x));
    exclude_free(x);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_print, setup, teardown),
        cmocka_unit_test_setup_teardown(test_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at, setup, teardown),
        cmocka_unit_test_setup_teardown(test_uses, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
