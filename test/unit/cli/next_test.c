// next_test.c - the line protocol of `belfry next --batch`.
// SPDX-License-Identifier: Apache-2.0
#include "cli/next.h"

#include "unit.h"

static void test_answers(void **state)
{
    static const struct {
        const char *line, *answer;
    } rows[] = {
        {"{\"id\":\"a\",\"dialect\":\"cron\",\"expr\":\"30 2 * * "
         "*\",\"tz\":\"Europe/Berlin\",\"after\":\"2026-03-28T00:00:00+00:00\","
         "\"n\":3}",
         "{\"id\":\"a\",\"next\":[\"2026-03-28T02:30:00+01:00\",\"2026-03-29T03:00:00+02:00\","
         "\"2026-03-30T02:30:00+02:00\"]}\n"},
        {"{\"id\":7,\"dialect\":\"fields\",\"fields\":{\"hour\":4},\"after\":\"2026-01-01 05:00\"}",
         "{\"id\":7,\"next\":[\"2026-01-02T04:00:00Z\"]}\n"},
        {"{\"id\":\"b\",\"dialect\":\"date\",\"fields\":{\"run_date\":\"2020-01-01\"},\"after\":"
         "\"2026-01-01\",\"n\":2}",
         "{\"id\":\"b\",\"next\":[]}\n"},
        {"{\"id\":\"c\",\"dialect\":\"interval\",\"fields\":{\"hours\":1},\"n\":2}",
         "{\"id\":\"c\",\"next\":[\"1970-01-01T01:00:00Z\",\"1970-01-01T02:00:00Z\"]}\n"},
        {"{\"id\":\"p\",\"dialect\":\"interval\",\"fields\":{\"hours\":1},\"after\":\"2026-01-"
         "15T10:07:03Z\","
         "\"n\":2}",
         "{\"id\":\"p\",\"next\":[\"2026-01-15T11:07:03Z\",\"2026-01-15T12:07:03Z\"]}\n"},
        {"{\"id\":\"q\",\"dialect\":\"cron\",\"expr\":\"@every "
         "90m\",\"after\":\"2026-01-15T10:07:03Z\"}",
         "{\"id\":\"q\",\"next\":[\"2026-01-15T11:37:03Z\"]}\n"},
        {"{\"id\":\"r\",\"dialect\":\"rrule\",\"expr\":\"DTSTART:20260101T090000Z\\nRRULE:FREQ="
         "DAILY;"
         "COUNT=1\",\"n\":2}",
         "{\"id\":\"r\",\"next\":[\"2026-01-01T09:00:00Z\"]}\n"},
        {"{\"id\":\"d\",\"dialect\":\"sundial\",\"expr\":\"x\"}",
         "{\"id\":\"d\",\"unsupported\":true}\n"},
        {"{\"id\":\"e\",\"dialect\":\"cron\",\"expr\":\"61 * * * *\"}",
         "{\"id\":\"e\",\"error\":\"minute must be 0-59, not \\\"61\\\"\"}\n"},
        {"{\"id\":\"f\",\"dialect\":\"cron\"}",
         "{\"id\":\"f\",\"error\":\"a request of dialect cron needs \\\"expr\\\"\"}\n"},
        {"{\"id\":\"g\",\"dialect\":\"fields\",\"fields\":[]}",
         "{\"id\":\"g\",\"error\":\"a request of dialect fields needs \\\"fields\\\"\"}\n"},
        {"{\"id\":\"h\",\"dialect\":\"fields\",\"fields\":{\"expr\":\"* * * * *\"}}",
         "{\"id\":\"h\",\"error\":\"a request of dialect fields needs \\\"fields\\\"\"}\n"},
        {"{\"id\":\"i\",\"dialect\":\"cron\",\"expr\":\"* * * * *\",\"tz\":\"Mars/Phobos\"}",
         "{\"id\":\"i\",\"error\":\"unknown time zone \\\"Mars/Phobos\\\"\"}\n"},
        {"{\"id\":\"j\",\"dialect\":\"cron\",\"expr\":\"@reboot\"}",
         "{\"id\":\"j\",\"error\":\"this schedule has no times beforehand: they follow from what "
         "happens\"}\n"},
        {"{\"id\":\"o\",\"dialect\":\"iso8601\",\"expr\":\"R2/2026-01-31T09:00:00/"
         "P1M\",\"n\":3}",
         "{\"id\":\"o\",\"next\":[\"2026-01-31T09:00:00Z\",\"2026-02-28T09:00:00Z\"]}\n"},
        {"{\"id\":\"k\",\"dialect\":\"and\",\"fields\":{\"triggers\":[{\"dialect\":\"cron\","
         "\"expr\":\"0 0 13 * *\"},{\"dialect\":\"fields\",\"fields\":{\"day_of_week\":\"fri\"}}]}"
         ",\"after\":\"2026-01-01\"}",
         "{\"id\":\"k\",\"next\":[\"2026-02-13T00:00:00Z\"]}\n"},
        {"{\"id\":\"l\",\"dialect\":\"or\",\"fields\":{\"triggers\":[{\"dialect\":\"runes\","
         "\"expr\":\"x\"}]}}",
         "{\"id\":\"l\",\"unsupported\":true}\n"},
        {"{\"id\":\"m\",\"dialect\":\"or\",\"fields\":{\"triggers\":[{\"dialect\":\"cron\"}]}}",
         "{\"id\":\"m\",\"error\":\"a request of dialect cron needs \\\"expr\\\"\"}\n"},
        {"{\"id\":\"n\",\"dialect\":\"or\",\"fields\":{\"triggers\":[7]}}",
         "{\"id\":\"n\",\"error\":\"a request of dialect cron needs \\\"expr\\\"\"}\n"},
        {"[1]", "{\"id\":null,\"error\":\"a request is a JSON object\"}\n"},
    };
    struct zones *zones = zones_new("test/data/zoneinfo");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 10000);
        next_answer(zones, (wall){0}, str_of(rows[i].line), &out);
        assert_string_equal(buf_text(&out), rows[i].answer);
        buf_done(&out);
    }
    zones_free(zones);
}

static void test_nonsense(void **state)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    struct buf out;

    (void)state;
    buf_init(&out, 10000);
    next_answer(zones, (wall){0}, STR_LIT("{nonsense"), &out);
    assert_true(
        str_starts(buf_str(&out), STR_LIT("{\"id\":null,\"error\":\"the line is not valid JSON")));
    buf_done(&out);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
