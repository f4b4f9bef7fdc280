// dialect_test.c - which language a text is in, and its spec.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/dialect.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void test_guess(void **state)
{
    static const struct {
        const char *text;
        enum dialect dialect;
    } rows[] = {
        {"30 2 * * mon-fri", DIALECT_CRON},
        {" 0 0 12 ? * MON-FRI", DIALECT_CRON},
        {"@daily", DIALECT_CRON},
        {"@at 2026-02-01T10:00", DIALECT_CRON},
        {"CRON_TZ=Europe/Berlin 30 2 * * *", DIALECT_CRON},
        {"TZ=UTC 30 2 * * *", DIALECT_CRON},
        {"0~30 * * * *", DIALECT_CRON},
        {"H H(0-7) * * *", DIALECT_CRON},
        {"61", DIALECT_CRON},
        {"", DIALECT_CRON},
        {" {\"type\":\"manual\"}", DIALECT_SPEC},
        {"Mon..Fri *-*-* 09:00", DIALECT_ONCALENDAR},
        {"*-*-01", DIALECT_ONCALENDAR},
        {"*-*~01", DIALECT_ONCALENDAR},
        {"daily", DIALECT_ONCALENDAR},
        {"Mon..Fri", DIALECT_ONCALENDAR},
        {"09:00", DIALECT_ONCALENDAR},
        {"2026-12-24 18:00:00", DIALECT_ONCALENDAR},
        {"2026-12-24T18:00", DIALECT_DATE},
        {"2026-12-24T18:00:00+01:00", DIALECT_DATE},
        {"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY", DIALECT_RRULE},
        {"RRULE:FREQ=DAILY", DIALECT_RRULE},
        {"freq=weekly;byday=mo", DIALECT_RRULE},
        {"INTERVAL=2;FREQ=WEEKLY", DIALECT_RRULE},
        {"R/2026-01-31T09:00:00/P1M", DIALECT_ISO8601},
        {"R12/2026-01-31T09:00:00Z/PT5M", DIALECT_ISO8601},
        {"Rx/2026", DIALECT_CRON},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (dialect_guess(str_of(rows[i].text)) != rows[i].dialect)
            fail_msg("%s", rows[i].text);
}

static void test_spec(void **state)
{
    static const struct {
        const char *text;
        enum dialect dialect;
        const char *spec; // NULL: refused
    } rows[] = {
        {"30 2 * * *", DIALECT_CRON, "{\"type\":\"cron\",\"expr\":\"30 2 * * *\"}"},
        {"0 0 12 ? * 2", DIALECT_QUARTZ, "{\"type\":\"quartz\",\"expr\":\"0 0 12 ? * 2\"}"},
        {"daily", DIALECT_ONCALENDAR, "{\"type\":\"oncalendar\",\"expr\":\"daily\"}"},
        {"2026-12-24T18:00", DIALECT_DATE, "{\"type\":\"date\",\"run_date\":\"2026-12-24T18:00\"}"},
        {"{\"hour\":4}", DIALECT_FIELDS, "{\"hour\":4,\"type\":\"cron\"}"},
        {"{\"minutes\":4}", DIALECT_INTERVAL, "{\"minutes\":4,\"type\":\"interval\"}"},
        {"{\"type\":\"manual\"}", DIALECT_SPEC, "{\"type\":\"manual\"}"},
        {"{\"type\":\"manual\"}", DIALECT_CRON, "{\"type\":\"manual\"}"},
        {"{\"expr\":\"* * * * *\"}", DIALECT_SPEC, "{\"expr\":\"* * * * *\"}"},
        {"DTSTART:20260101T090000Z RRULE:FREQ=DAILY", DIALECT_RRULE,
         "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260101T090000Z\\nRRULE:FREQ=DAILY\"}"},
        {"DTSTART:20260101T090000Z\\nRRULE:FREQ=DAILY", DIALECT_RRULE,
         "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260101T090000Z\\r\\nRRULE:FREQ=DAILY\"}"},
        {"{\"hour\":}", DIALECT_FIELDS, NULL},
        {"hour=4", DIALECT_FIELDS, NULL},
        {"\xff", DIALECT_CRON, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        json_t *spec = NULL;
        char *text;

        assert_int_equal(dialect_spec(str_of(rows[i].text), rows[i].dialect, &spec, &e),
                         rows[i].spec != NULL);
        if (!rows[i].spec) {
            assert_true(e.code == ERR_INPUT || e.code == ERR_JSON);
            assert_string_equal(e.field, "expr");
            continue;
        }
        text = json_dumps(spec, JSON_COMPACT);
        assert_string_equal(text, rows[i].spec);
        free(text);
        json_decref(spec);
    }
}

static void test_names(void **state)
{
    enum dialect dialect;
    struct err e;

    (void)state;
    for (int i = 0; i < DIALECT_COUNT; i++) {
        assert_true(dialect_find(str_of(dialect_names[i]), &dialect, &e));
        assert_int_equal(dialect, i);
    }
    assert_null(dialect_names[DIALECT_COUNT]);
    assert_false(dialect_find(STR_LIT("quarz"), &dialect, &e));
    assert_string_equal(e.hint, "did you mean \"quartz\"?");
    assert_string_equal(dialect_type(DIALECT_FIELDS), "cron");
    assert_string_equal(dialect_type(DIALECT_RRULE), "rrule");
    assert_true(dialect_is_text(DIALECT_ISO8601));
    assert_false(dialect_is_text(DIALECT_FIELDS));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_spec),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
