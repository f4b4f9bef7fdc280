// freeze_test.c - freezes: what is refused, whom they hold, and until when.
// SPDX-License-Identifier: Apache-2.0
#include "job/freeze.h"

#include <string.h>

#include "time/iso8601.h"
#include "unit.h"

static struct zones *zones;

static int setup(void **state)
{
    (void)state;
    zones = zones_new("test/data/zoneinfo");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

static wall at_of(const char *text)
{
    wall at;
    struct err e;

    if (!iso8601_moment(str_of(text), zones_utc(zones), "at", &at, &e))
        fail_msg("%s", text);
    return at;
}

static struct freeze *freeze_of(const char *name, const char *text, struct err *e)
{
    json_t *definition = json_loads(text, JSON_DECODE_ANY, NULL);
    struct freeze *f = NULL;

    memset(e, 0, sizeof *e);
    assert_non_null(definition);
    if (!freeze_read(definition, str_of(name), zones, &f, e))
        assert_null(f);
    json_decref(definition);
    return f;
}

static struct freeze *good(const char *name, const char *text)
{
    struct err e;
    struct freeze *f = freeze_of(name, text, &e);

    if (!f)
        fail_msg("%s: %s: %s", text, e.field, e.message);
    return f;
}

static void test_bad(void **state)
{
    static const struct {
        const char *definition, *field, *message;
    } rows[] = {
        {"7", "", "a freeze is a JSON object"},
        {"{\"from\":\"2026-12-18\"}", "reason", "needs a reason"},
        {"{\"from\":\"2026-12-18\",\"reason\":\"\"}", "reason", "needs a reason"},
        {"{\"reason\":\"x\"}", "from", "needs a beginning"},
        {"{\"reason\":\"x\",\"to\":\"2026-12-18\"}", "from", "needs a beginning"},
        {"{\"reason\":\"x\",\"from\":\"2026-12-18\",\"until\":\"2027-01-04\"}", "until",
         "a freeze has no \"until\""},
        {"{\"reason\":\"x\",\"from\":\"2026-12-18\",\"to\":\"2026-12-17\"}", "to",
         "ends before it begins"},
        {"{\"reason\":\"x\",\"from\":\"2026-12-18\",\"cron\":\"0 1 * * *\"}", "cron",
         "cron cannot stand beside from"},
        {"{\"reason\":\"x\",\"from\":\"2026-12-18\",\"duration\":\"1h\"}", "duration",
         "duration cannot stand beside from"},
        {"{\"reason\":\"x\",\"cron\":\"0 1 * * *\"}", "duration", "needs a duration"},
        {"{\"reason\":\"x\",\"cron\":\"0 25 * * *\",\"duration\":\"1h\"}", "cron", "hour"},
        {"{\"reason\":\"x\",\"cron\":\"0 1 * * *\",\"duration\":\"1h\",\"to\":\"12-01\"}", "to",
         "to cannot stand beside cron"},
        {"{\"reason\":\"x\",\"cron\":\"0 1 * * *\",\"rrule\":\"DTSTART:20260101\"}", "rrule",
         "rrule cannot stand beside cron"},
        {"{\"reason\":\"x\",\"rrule\":\"DTSTART:20260101T120000\"}", "rrule", "needs a duration"},
        {"{\"reason\":\"x\",\"rrule\":\"FREQ=DAILY\"}", "rrule", "needs its DTSTART"},
        {"{\"reason\":\"x\",\"from\":\"12-18\",\"to\":\"12-20\",\"jobs\":[]}", "jobs",
         "leave it out to hold all"},
        {"{\"reason\":\"x\",\"from\":\"12-18\",\"to\":\"12-20\",\"jobs\":[\"a\",\"\"]}", "jobs.1",
         "a pattern is text"},
        {"{\"reason\":\"x\",\"from\":\"12-18\",\"to\":\"12-20\",\"name\":\"b\"}", "name",
         "is \"f\" by its address"},
        {"{\"reason\":\"x\",\"from\":\"12-18\",\"to\":\"12-20\",\"timezone\":\"Mars/Base\"}",
         "timezone", "Mars/Base"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        if (freeze_of("f", rows[i].definition, &e) || strcmp(e.field, rows[i].field) != 0 ||
            !strstr(e.message, rows[i].message))
            fail_msg("%s: %s: %s", rows[i].definition, e.field, e.message);
    }
    freeze_free(NULL);
}

static void test_holds(void **state)
{
    struct freeze *all = good("all", "{\"from\":\"12-18\",\"to\":\"12-20\",\"reason\":\"audit\"}");
    struct freeze *some = good("some", "{\"from\":\"12-18\",\"to\":\"12-20\",\"reason\":\"audit\","
                                       "\"jobs\":[\"backup\",\"deploy-*\"]}");

    (void)state;
    assert_string_equal(all->message, "freeze all: audit");
    assert_true(str_eq(freeze_name(some), STR_LIT("some")));
    assert_true(freeze_holds(all, STR_LIT("anything")));
    assert_true(freeze_holds(some, STR_LIT("backup")));
    assert_true(freeze_holds(some, STR_LIT("deploy-web")));
    assert_false(freeze_holds(some, STR_LIT("backup-db")));
    freeze_free(all);
    freeze_free(some);
}

static void test_at(void **state)
{
    static const struct {
        const char *job, *at, *by, *until; // by "": nothing
    } rows[] = {
        {"a", "2026-11-19T12:00Z", "patches", "2026-11-20T00:00Z"},
        {"a", "2026-12-17T22:59Z", "patches", "2026-12-18T00:00Z"},
        {"a", "2026-12-17T23:00Z", "audit", "2026-12-20T23:00Z"}, // Berlin's days
        {"a", "2026-12-20T23:00Z", "", "2026-12-25T22:00Z"},
        {"a", "2026-12-25T23:00Z", "night", "2026-12-26T06:00Z"},
        {"web", "2026-12-19T12:00Z", "audit", "2026-12-20T23:00Z"},
        {"web", "2026-12-21T12:00Z", "web", "2026-12-24T00:00Z"}, // two days that touch
        {"web", "2026-12-24T00:00Z", "", "2026-12-25T22:00Z"},
    };
    struct freezes all = {.zone = zones_utc(zones)};
    struct freeze_mark m;

    (void)state;
    freezes_put(&all, good("audit", "{\"from\":\"2026-12-18\",\"to\":\"2026-12-20\","
                                    "\"timezone\":\"Europe/Berlin\",\"reason\":\"x\"}"));
    freezes_put(&all, good("night", "{\"cron\":\"0 22 * * fri\",\"duration\":\"8h\","
                                    "\"reason\":\"x\"}"));
    freezes_put(&all, good("web", "{\"cron\":\"0 0 21-23 12 *\",\"duration\":\"1d\","
                                  "\"reason\":\"x\",\"jobs\":[\"web\"]}"));
    freezes_put(&all, good("patches", "{\"rrule\":\"DTSTART:20260115\\nRRULE:FREQ=MONTHLY;BYDAY="
                                      "3TH\",\"reason\":\"x\"}"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        freezes_at(&all, str_of(rows[i].job), at_of(rows[i].at), at_of("2027-01-10"), &m);
        assert_string_equal(m.by ? m.by->marks->name : "", rows[i].by);
        if (m.until.us != at_of(rows[i].until).us)
            fail_msg("%s at %s: until %lld", rows[i].job, rows[i].at, (long long)m.until.us);
    }
    freezes_at(NULL, STR_LIT("a"), at_of("2026-12-19"), WALL_NEVER, &m);
    assert_null(m.by);
    assert_int_equal(m.until.us, WALL_NEVER.us);
    freezes_done(&all);
}

static void test_list(void **state)
{
    struct freezes all = {.zone = zones_utc(zones)};

    (void)state;
    freezes_put(&all, good("a", "{\"from\":\"12-18\",\"to\":\"12-20\",\"reason\":\"one\"}"));
    freezes_put(&all, good("b", "{\"from\":\"2026-12-18\",\"reason\":\"until lifted\"}"));
    freezes_put(&all, good("a", "{\"from\":\"12-18\",\"to\":\"12-20\",\"reason\":\"two\"}"));
    assert_int_equal(all.len, 2);
    assert_string_equal(freezes_find(&all, STR_LIT("a"))->message, "freeze a: two");
    freezes_remove(&all, STR_LIT("a"));
    freezes_remove(&all, STR_LIT("a"));
    assert_null(freezes_find(&all, STR_LIT("a")));
    assert_non_null(freezes_find(&all, STR_LIT("b")));
    freezes_done(&all);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_at),
        cmocka_unit_test(test_list),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
