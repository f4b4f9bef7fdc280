// macro_test.c - crontab texts with a zone in front, and macros that are schedules of another kind.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/macro.h"

#include <stdlib.h>

#include "trigger_fixture.h"

static void test_expand(void **state)
{
    static const struct {
        const char *spec, *expanded; // NULL: stays as it is
    } rows[] = {
        {"{\"expr\":\"30 2 * * *\"}", NULL},
        {"{\"expr\":\"@daily\"}", NULL},
        {"{\"expr\":5}", NULL},
        {"[]", NULL},
        {"{\"type\":\"quartz\",\"expr\":\"@every 5m\"}", NULL},
        {"{\"type\":\"cron\",\"hour\":5}", NULL},
        {"{\"expr\":\"@every 1h30m\"}", "{\"seconds\":\"5400.000000\",\"type\":\"interval\"}"},
        {"{\"type\":\"crontab\",\"expr\":\" @Every\\t1.5s \",\"jitter\":1}",
         "{\"jitter\":1,\"seconds\":\"1.500000\",\"type\":\"interval\"}"},
        {"{\"type\":\"cron\",\"expr\":\"@at 2026-02-01 10:00\"}",
         "{\"run_date\":\"2026-02-01 10:00\",\"type\":\"date\"}"},
        {"{\"expr\":\"@reboot\"}", "{\"type\":\"startup\"}"},
        {"{\"expr\":\"@startup\"}", "{\"type\":\"startup\"}"},
        {"{\"expr\":\"@manual\"}", "{\"type\":\"manual\"}"},
        {"{\"expr\":\"TZ=Asia/Tokyo @manually\"}",
         "{\"timezone\":\"Asia/Tokyo\",\"type\":\"manual\"}"},
        {"{\"expr\":\"CRON_TZ=Asia/Tokyo 0 4 * * *\"}",
         "{\"expr\":\"CRON_TZ=Asia/Tokyo 0 4 * * *\",\"timezone\":\"Asia/Tokyo\"}"},
        {"{\"expr\":\"TZ=UTC @daily\",\"timezone\":\"UTC\"}",
         "{\"expr\":\"TZ=UTC @daily\",\"timezone\":\"UTC\"}"},
        // another name of the same zone
        {"{\"expr\":\"CRON_TZ=-07 @daily\",\"timezone\":\"-07:00\"}",
         "{\"expr\":\"CRON_TZ=-07 @daily\",\"timezone\":\"-07\"}"},
        {"{\"expr\":\"TZ= @daily\"}", "{\"expr\":\"TZ= @daily\",\"timezone\":\"\"}"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *spec = json_loads(rows[i].spec, 0, NULL), *expanded;
        struct err e;

        if (!macro_expand(spec, zones, &expanded, &e))
            fail_msg("%s: %s", rows[i].spec, e.message);
        char *text = expanded ? json_dumps(expanded, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
        if (rows[i].expanded)
            assert_string_equal(text ? text : "as it is", rows[i].expanded);
        else
            assert_null(text);
        free(text);
        json_decref(expanded);
        json_decref(spec);
    }
    zones_free(zones);
}

// Through trigger_parse: what a person sees of it.
static void test_refused(void **state)
{
    static const struct {
        const char *spec, *field;
        int column;
        const char *message;
    } rows[] = {
        {"@every", "expr", 1, "@every needs a length of time, as in @every 1h30m"},
        {"TZ=UTC @every 0s", "expr", 15, "@every needs a length of time that is not 0"},
        {"@every -5m", "expr", 8, NULL},
        {"@every 5x", "expr", 9, NULL},
        {"@every 5 parrots", "expr", 9, NULL},
        {"@every 9999999d", "expr", 8, NULL},
        {"@at", "expr", 1, "@at needs a date and time, as in @at 2026-02-01T10:00"},
        {"CRON_TZ=UTC @at 2026-02-30", "expr", 25, NULL},
        {"@at tomorrow", "expr", 5, NULL},
        {"@reboot 5m", "expr", 9, "@reboot has nothing behind it"},
        {"@manual 5m", "expr", 9, "@manual has nothing behind it"},
        {"  CRON_TZ=Mars/Base 0 4 * * *", "expr", 11, NULL},
        {"TZ= 0 4 * * *", "expr", 4, "timezone is empty: write a name such as Europe/Berlin"},
        {"TZ=UTC 0 24 * * *", "expr", 10, "hour must be 0-23, not \"24\""},
        {"TZ=UTC @mars", "expr", 8, NULL},
        {"{\"expr\":\"TZ=UTC 0 4 * * *\",\"timezone\":\"Asia/Tokyo\"}", "timezone", 0,
         "timezone is Asia/Tokyo, but the text says UTC"},
        {"{\"expr\":\"@manual\",\"max_runs\":5}", "max_runs", 0, NULL},
        {"{\"expr\":\"@every 5m\",\"dst\":\"skip\"}", "dst", 0, NULL},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        if (trigger_of(zones, rows[i].spec, "Europe/Berlin", &e))
            fail_msg("accepted %s", rows[i].spec);
        if (strcmp(e.field, rows[i].field) != 0 || e.column != rows[i].column)
            fail_msg("%s: %s, column %d (%s)", rows[i].spec, e.field, e.column, e.message);
        if (rows[i].message)
            assert_string_equal(e.message, rows[i].message);
    }
    zones_free(zones);
}

static void test_triggers(void **state)
{
    static const struct {
        const char *expr, *written;
    } rows[] = {
        {"@every 1h30m", "{\"type\":\"interval\",\"hours\":1,\"minutes\":30,"
                         "\"start_date\":\"2026-01-15T12:37:03+01:00\",\"timezone\":"
                         "\"Europe/Berlin\"}"},
        {"TZ=UTC @every 0.5s",
         "{\"type\":\"interval\",\"seconds\":0.5,"
         "\"start_date\":\"2026-01-15T10:07:03.500000Z\",\"timezone\":\"UTC\"}"},
        {"@at 2026-02-01T10:00", "{\"type\":\"date\",\"run_date\":\"2026-02-01T10:00:00+01:00\","
                                 "\"timezone\":\"Europe/Berlin\"}"},
        {"CRON_TZ=UTC @at 2026-02-01 10:00",
         "{\"type\":\"date\",\"run_date\":\"2026-02-01T10:00:00Z\",\"timezone\":\"UTC\"}"},
        {"@startup", "{\"type\":\"startup\",\"timezone\":\"Europe/Berlin\"}"},
        {"@manually", "{\"type\":\"manual\",\"timezone\":\"Europe/Berlin\"}"},
        {" CRON_TZ=America/New_York  0 4 * * *",
         "{\"type\":\"cron\",\"expr\":\"CRON_TZ=America/New_York 0 4 * * *\","
         "\"timezone\":\"America/New_York\"}"},
        {"TZ=+02:00 @daily",
         "{\"type\":\"cron\",\"expr\":\"TZ=+02:00 @daily\",\"timezone\":\"+02:00\"}"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_good(zones, rows[i].expr, "Europe/Berlin");
        struct buf out;

        buf_init(&out, 1000);
        trigger_write(t, &out);
        assert_string_equal(buf_text(&out), rows[i].written);
        trigger_free(t);
        t = trigger_good(zones, rows[i].written, "Asia/Tehran");
        buf_clear(&out);
        trigger_write(t, &out);
        assert_string_equal(buf_text(&out), rows[i].written);
        trigger_free(t);
        buf_done(&out);
    }
    zones_free(zones);
}

static void test_blame(void **state)
{
    json_t *spec = json_pack("{ss}", "expr", "TZ=UTC  @at 2026-13-01");
    struct err e = {.field = "run_date", .column = 6};

    (void)state;
    macro_blame(spec, &e);
    assert_string_equal(e.field, "expr");
    assert_int_equal(e.column, 18);
    e = (struct err){.field = "hour", .column = 6};
    macro_blame(spec, &e);
    assert_string_equal(e.field, "hour");
    json_decref(spec);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_triggers),
        cmocka_unit_test(test_blame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
