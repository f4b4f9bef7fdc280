// explain_test.c - what `belfry explain` says.
// SPDX-License-Identifier: Apache-2.0
#include "cli/explain.h"

#include <stdio.h>

#include "time/iso8601.h"
#include "unit.h"

static void check_spec(const char *text, const char *zone, const char *now, int count,
                       const char *want)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    struct trigger_context context = {zones, str_of(zone), {0}, {0}, NULL};
    json_t *spec = json_loads(text, 0, NULL);
    struct trigger *t;
    struct buf out;
    struct err e;

    assert_true(iso8601_moment(str_of(now), zones_utc(zones), "now", &context.now, &e));
    assert_true(trigger_parse(spec, &context, &t, &e));
    buf_init(&out, 10000);
    explain_write(t, context.now, count, &out);
    assert_string_equal(buf_text(&out), want);
    buf_done(&out);
    trigger_free(t);
    json_decref(spec);
    zones_free(zones);
}

static void check(const char *expr, const char *zone, const char *now, int count, const char *want)
{
    char spec[200];

    snprintf(spec, sizeof spec, "{\"expr\":\"%s\"}", expr);
    check_spec(spec, zone, now, count, want);
}

static void test_fractions(void **state)
{
    (void)state;
    check_spec("{\"type\":\"interval\",\"seconds\":0.25}", "UTC", "2029-12-31 23:59:59.5", 2,
               "Every 0.25 seconds\n"
               "  Mon 2029-12-31 23:59:59.750000 UTC   in 0s\n"
               "  Tue 2030-01-01 00:00 UTC   in 0s\n");
}

static void test_words(void **state)
{
    (void)state;
    check("30 2 * * *", "Europe/Berlin", "2026-11-22 12:05", 2,
          "At 02:30 every day, Europe/Berlin\n"
          "  Mon 2026-11-23 02:30 CET   in 13h 25m\n"
          "  Tue 2026-11-24 02:30 CET   in 1d 13h\n"
          "note: 2027-03-28 02:30 does not exist: runs at 03:00 CEST\n"
          "note: 2027-10-31 02:30 occurs twice: the first only\n"
          "note: 2028-03-26 02:30 does not exist: runs at 03:00 CEST\n"
          "note: 2028-10-29 02:30 occurs twice: the first only\n");
    check("*/5 * * * *", "Europe/Berlin", "2026-11-22 12:05", 1,
          "Every 5 minutes, Europe/Berlin\n"
          "  Sun 2026-11-22 13:10 CET   in 5m\n");
    check("7 0 12 30 12 * 2011-2012", "Pacific/Apia", "2011-12-01", 2,
          "At 12:00:07 on day 30 of the month in December in 2011 to 2012, Pacific/Apia\n"
          "  Sun 2012-12-30 12:00:07 +14   in 394d 22h\n"
          "  then never again\n"
          "note: 2011-12-30 12:00:07 does not exist: no run\n");
    check("0 0 0 1 1 * 2030", "UTC", "2029-12-31 23:59:01", 2,
          "At 00:00 on day 1 of the month in January in 2030, UTC\n"
          "  Tue 2030-01-01 00:00 UTC   in 59s\n"
          "  then never again\n");
    check("@reboot", "UTC", "2029-12-31 23:59:01", 2,
          "At each start of the scheduler\n"
          "  no times beforehand: they follow from what happens\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_words),
                                              cmocka_unit_test(test_fractions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
