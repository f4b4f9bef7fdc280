// calendar_test.c - the list that `belfry calendar` prints.
// SPDX-License-Identifier: Apache-2.0
#include "cli/calendar.h"

#include "time/iso8601.h"
#include "trigger/almanac_read.h"
#include "unit.h"

static void put(struct almanacs *all, struct zones *zones, const char *name, const char *text)
{
    json_t *definition = json_loads(text, 0, NULL);
    struct almanac *a;
    struct err e;

    assert_non_null(definition);
    if (!almanac_read(definition, str_of(name), zones, &a, &e))
        fail_msg("%s: %s", text, e.message);
    almanacs_put(all, a);
    json_decref(definition);
}

static void test_list(void **state)
{
    static const struct {
        const char *name, *from, *to;
        int count;
        const char *lines;
    } rows[] = {
        {"all", "2026-12-24", "2027-01-10", 9,
         "  Fri 2026-12-25                                      Christmas (holidays)\n"
         "  Sat 2026-12-26 to Sun 2026-12-27                    (weekend)\n"
         "  Thu 2026-12-31 18:00 to Fri 2027-01-01 06:00:30     party\n"
         "  Sat 2027-01-02 to Sun 2027-01-03                    (weekend)\n"
         "  Sat 2027-01-09 to Sun 2027-01-10                    (weekend)\n"},
        {"all", "2026-12-24", "2027-01-10", 1,
         "  Fri 2026-12-25                                      Christmas (holidays)\n"
         "  and more (-n shows more)\n"},
        {"holidays", "2026-12-26", "2027-12-20", 9, "  nothing\n"},
        {"weekend", "2026-03-28", "2026-03-30", 9, "  Sat 2026-03-28 to Sun 2026-03-29\n"},
        {"end", "2026-03-28", "2199-03-30", 9, "  Thu 2026-04-02 12:00 for ever\n"},
    };
    struct zones *zones = zones_new("test/data/zoneinfo");
    const struct zone *zone;
    struct almanacs all;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, &e));
    almanacs_init(&all);
    put(&all, zones, "holidays", "{\"reason\":\"Christmas\",\"dates\":[\"12-25\"]}");
    put(&all, zones, "weekend", "{\"weekdays\":[\"sat\",\"sun\"]}");
    put(&all, zones, "all",
        "{\"calendars\":[\"holidays\",\"weekend\"],\"dates\":[{\"date\":"
        "\"2026-12-31 18:00..2027-01-01 06:00:30\",\"reason\":\"party\"}]}");
    put(&all, zones, "end", "{\"dates\":[\"2026-04-02 12:00..9000-01-01 00:00\"]}");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct almanac_list list = {0};
        struct buf out;
        wall from, to;

        assert_true(iso8601_moment(str_of(rows[i].from), zone, "from", &from, &e));
        assert_true(iso8601_moment(str_of(rows[i].to), zone, "to", &to, &e));
        assert_true(almanacs_gather(&all, str_of(rows[i].name), "x", &list, &e));
        buf_init(&out, 10000);
        calendar_write(&list, zone, from, to, rows[i].count, &out);
        assert_string_equal(buf_text(&out), rows[i].lines);
        buf_done(&out);
        almanac_list_done(&list);
    }
    almanacs_done(&all);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_list)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
