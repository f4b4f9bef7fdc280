// field_source_test.c - what was written for a field, and where.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/field_source.h"

#include "trigger_fixture.h"

static void check(struct zones *zones, const char *spec, enum cron_field field, const char *key,
                  const char *text, int column)
{
    struct trigger *t = trigger_quoted(zones, spec, "UTC");
    struct field_source source = {0};

    assert_int_equal(field_source(t, field, &source), key != NULL);
    if (key) {
        assert_string_equal(source.key, key);
        assert_true(str_eq(source.text, str_of(text)));
        assert_int_equal(source.column, column);
    }
    trigger_free(t);
}

static void test_fields(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    check(zones, "30 2 * * mon-fri", CRON_MINUTE, "expr", "30", 1);
    check(zones, "30 2 * * mon-fri", CRON_WEEKDAY, "expr", "mon-fri", 10);
    check(zones, "30 2 * * mon-fri", CRON_SECOND, NULL, NULL, 0);
    check(zones, "0 30 2 * * mon 2027", CRON_YEAR, "expr", "2027", 16);
    check(zones, "@daily", CRON_MINUTE, NULL, NULL, 0);
    check(zones, "{'type':'quartz','expr':'0 0 12 ? * MON'}", CRON_WEEKDAY, "expr", "MON", 12);
    check(zones, "{'type':'cron','day':'last','hour':'4','minute':'*/5'}", CRON_DAY, "day", "last",
          1);
    check(zones, "{'type':'cron','day':'last','hour':'4','minute':'*/5'}", CRON_MINUTE, "minute",
          "*/5", 1);
    check(zones, "{'type':'cron','day_of_week':'mon','hour':'4'}", CRON_WEEKDAY, "day_of_week",
          "mon", 1);
    check(zones, "{'type':'cron','hour':'4'}", CRON_MINUTE, NULL, NULL, 0);
    check(zones, "{'type':'interval','hours':4}", CRON_HOUR, NULL, NULL, 0);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
