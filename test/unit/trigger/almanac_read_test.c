// almanac_read_test.c - definitions of calendars: what is refused, and where it says so.
// SPDX-License-Identifier: Apache-2.0
#include "almanac_fixture.h"

static void test_bad(void **state)
{
    static const struct {
        const char *definition, *field;
        int column;
        const char *message;
    } rows[] = {
        {"[]", "", 0, "a calendar is a JSON object"},
        {"{}", "", 0, "this calendar marks nothing"},
        {"{\"dates\":[],\"weekdays\":null}", "", 0, "this calendar marks nothing"},
        {"{\"date\":[\"12-25\"]}", "date", 0, "a calendar has no \"date\""},
        {"{\"dates\":\"12-25\"}", "dates", 0, "dates must be a list"},
        {"{\"dates\":[\"12-25\",\"12-40\"]}", "dates.1", 1, "day 40"},
        {"{\"dates\":[12]}", "dates.0", 0, "is text, or an object with \"date\""},
        {"{\"dates\":[{\"reason\":\"x\"}]}", "dates.0", 0, "needs \"date\""},
        {"{\"dates\":[{\"date\":\"12-25\",\"duration\":\"1h\"}]}", "dates.0", 0, "no \"duration\""},
        {"{\"dates\":[{\"date\":\"2026-12-25..2026-12-99\"}]}", "dates.0", 21,
         "the day is 1 to 31"},
        {"{\"dates\":[{\"date\":\"12-25\",\"reason\":[]}]}", "dates.0", 0, "reason must be text"},
        {"{\"weekdays\":[\"sat\",\"sab\"]}", "weekdays.1", 0, "a weekday is mon, tue"},
        {"{\"weekdays\":[6]}", "weekdays.0", 0, "a weekday is mon, tue"},
        {"{\"cron\":[\"* 12 * * mon-fri\",\"* 25 * * *\"]}", "cron.1", 3, "hour"},
        {"{\"cron\":[\"*/5 * 12 * * *\"]}", "cron.0", 0, "whole minutes"},
        {"{\"cron\":[{\"expr\":\"0 22 * * *\",\"duration\":\"1.5s\"}]}", "cron.0", 0,
         "whole seconds"},
        {"{\"cron\":[{\"expr\":\"0 22 * * *\",\"duration\":\"0\"}]}", "cron.0", 0, "1s to 366d"},
        {"{\"cron\":[{\"expr\":\"0 22 * * *\",\"duration\":\"367d\"}]}", "cron.0", 0, "1s to 366d"},
        {"{\"cron\":[{\"expr\":\"0 22 * * *\",\"duration\":\"8x\"}]}", "cron.0", 2, "8x"},
        {"{\"cron\":[\"H 12 * * *\"]}", "cron.0", 0, "a calendar has none"},
        {"{\"cron\":[\"CRON_TZ=UTC * 12 * * *\"]}", "cron.0", 0, "cannot name a zone"},
        {"{\"cron\":[\"@reboot\"]}", "cron.0", 1, "@reboot"},
        {"{\"rrule\":[\"DTSTART:20260101\",\"DTSTART:20260101T120000\"]}", "rrule.1", 0,
         "needs a duration"},
        {"{\"rrule\":[\"FREQ=DAILY\"]}", "rrule.0", 0, "needs its DTSTART line"},
        {"{\"rrule\":[\"DTSTART:20260101\\nRRULE:FREQ=NEVER\"]}", "rrule.0", 29, "NEVER"},
        {"{\"ics\":[]}", "ics", 0, "must be the text of a calendar file"},
        {"{\"ics\":\"BEGIN:VCALENDAR\\nEND:VCALENDAR\"}", "", 0, "marks nothing"},
        {"{\"ics\":\"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nDTSTART:20261225\\nRRULE:FREQ=NEVER\\n"
         "END:VEVENT\\nEND:VCALENDAR\"}",
         "ics", 0, "line 2: "},
        {"{\"calendars\":[\"a b\"]}", "calendars.0", 2, "a name is made of"},
        {"{\"calendars\":[7]}", "calendars.0", 0, "must be text"},
        {"{\"name\":\"b\",\"dates\":[\"12-25\"]}", "name", 0, "is \"a\" by its address, not \"b\""},
        {"{\"timezone\":\"Europe/Berlim\",\"dates\":[\"12-25\"]}", "timezone", 0, "Berlim"},
        {"{\"reason\":7.5,\"dates\":[\"12-25\"]}", "reason", 0, "reason must be text"},
        {"{\"description\":{},\"dates\":[\"12-25\"]}", "description", 0, "description must be"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        struct almanac *a = almanac_of(zones, "a", rows[i].definition, &e);

        if (a || strcmp(e.field, rows[i].field) != 0 || e.column != rows[i].column ||
            !strstr(e.message, rows[i].message))
            fail_msg("%s: \"%s\" %d %s", rows[i].definition, e.field, e.column, e.message);
    }
    zones_free(zones);
}

static void test_good(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct almanac *a = almanac_good(zones, "a",
                                     "{\"name\":\"a\",\"description\":\"d\",\"calendars\":[\"b\","
                                     "\"c\"],\"dates\":null,\"reason\":null}");

    (void)state;
    assert_int_equal(a->others.len, 2);
    assert_string_equal(a->others.v[1], "c");
    assert_true(almanac_is_empty(a) && !a->reason && !a->zone);
    almanac_drop(a);
    a = almanac_good(zones, "a", "{\"timezone\":\"Europe/Berlin\",\"weekdays\":[\"Sat\"]}");
    assert_true(str_eq(zone_name(a->zone), STR_LIT("Europe/Berlin")));
    almanac_drop(a);
    zones_free(zones);
}

static void test_limits(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    json_t *definition = json_object(), *list = json_array();
    struct almanac *a = NULL;
    struct err e = {0};

    (void)state;
    for (int i = 0; i <= ALMANAC_DATES_MAX; i++)
        json_array_append_new(list, json_string("2026-01-01"));
    json_object_set_new(definition, "dates", list);
    assert_false(almanac_read(definition, STR_LIT("a"), zones, &a, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_string_equal(e.field, "dates");
    json_array_remove(list, 0);
    assert_true(almanac_read(definition, STR_LIT("a"), zones, &a, &e));
    assert_int_equal(a->local.len, 1);
    almanac_drop(a);
    json_decref(definition);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
