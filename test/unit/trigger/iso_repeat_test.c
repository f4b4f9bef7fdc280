// iso_repeat_test.c - ISO 8601 repeating intervals, read, counted and refused.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/iso_repeat.h"

#include "time/duration.h"
#include "trigger_fixture.h"

static void test_slots(void **state)
{
    static const struct {
        const char *text, *zone, *after;
        const char *slots[4]; // UTC; "": no more
    } rows[] = {
        {"R12/2026-01-31T09:00:00/P1M",
         "Europe/Berlin",
         "2026-01-01",
         {"2026-01-31 08:00", "2026-02-28 08:00", "2026-03-31 07:00", "2026-04-30 07:00"}},
        {"R3/2026-01-31T09:00:00/P1M",
         "UTC",
         "2026-01-31 09:00",
         {"2026-02-28 09:00", "2026-03-31 09:00", "", NULL}},
        {"R1/2026-01-31T09:00:00/P1M", "UTC", "2020-01-01", {"2026-01-31 09:00", "", NULL, NULL}},
        {"R0/2026-01-31T09:00:00/P1M", "UTC", "2020-01-01", {"", NULL, NULL, NULL}},
        {"R/2024-02-29/P1Y",
         "UTC",
         "2024-02-29",
         {"2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"}},
        // The clock time of the start's offset, whatever the zone.
        {"R/2026-01-01T00:00:00+05:30/P1W",
         "Europe/Berlin",
         "2026-03-27 12:00",
         {"2026-04-01 18:30", "2026-04-08 18:30", NULL, NULL}},
        // Days are the calendar's, hours elapse.
        {"R/2026-03-28T02:30:00/P1D",
         "Europe/Berlin",
         "2026-03-27",
         {"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30", NULL}},
        {"R/2026-03-28T02:30:00/PT24H",
         "Europe/Berlin",
         "2026-03-27",
         {"2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 01:30", NULL}},
        {"R/1989-03-11T02:45:00/P1DT1H",
         "Europe/Berlin",
         "1989-03-25 10:00",
         {"1989-03-25 15:45", "1989-03-26 16:00", "1989-03-27 16:45", NULL}},
        // A day that a zone left out.
        {"R/2011-12-28T12:00:00/P1D",
         "Pacific/Apia",
         "2011-12-29",
         {"2011-12-29 22:00", "2011-12-30 22:00", NULL, NULL}},
        // Two stamps are elapsed time; the end has its start's offset.
        {"R/2026-01-01T00:00:00Z/2026-01-01T08:00:00",
         "Europe/Berlin",
         "2026-03-29 00:30",
         {"2026-03-29 08:00", "2026-03-29 16:00", NULL, NULL}},
        {"R2/2026-03-28T12:00:00/2026-03-29T12:00:00",
         "Europe/Berlin",
         "2026-01-01",
         {"2026-03-28 11:00", "2026-03-29 10:00", "", NULL}},
        // Counted back from the end.
        {"R3/P1M/2026-03-31T09:00:00",
         "UTC",
         "2000-01-01",
         {"2026-01-31 09:00", "2026-02-28 09:00", "2026-03-31 09:00", ""}},
        {"R/P1D/2026-03-31T09:00:00",
         "UTC",
         "2026-03-29 10:00",
         {"2026-03-30 09:00", "2026-03-31 09:00", "", NULL}},
        {"R0/P1D/2026-03-31", "UTC", "2020-01-01", {"", NULL, NULL, NULL}},
        // The other forms of dates and durations.
        {"R/20260131T090000/P0,5D",
         "UTC",
         "2026-01-31",
         {"2026-01-31 09:00", "2026-01-31 21:00", "2026-02-01 09:00", NULL}},
        {"R/2026-W05-6/P0000-01-00T00:00:00",
         "UTC",
         "2026-01-31",
         {"2026-02-28", NULL, NULL, NULL}},
        {"R/2026031T09Z/PT1H30M",
         "UTC",
         "2026-01-31",
         {"2026-01-31 09:00", "2026-01-31 10:30", NULL, NULL}},
        {" R007/2026-01-01/P2W ", "UTC", "2026-03-10", {"2026-03-12", "2026-03-26", "", NULL}},
        {"R99999999999999999999999/2026-01-01/P1D", NULL, NULL, {NULL}},
        {"R4611686018427387999/2026-01-01/P1D",
         "UTC",
         "2199-12-30",
         {"2199-12-31", "", NULL, NULL}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct zone *zone;
        struct repeat r;
        struct err e;

        if (!rows[i].zone) {
            assert_false(iso_repeat_parse(str_of(rows[i].text), zones, zones_utc(zones), &r, &e));
            continue;
        }
        assert_true(zones_get(zones, str_of(rows[i].zone), &zone, &e));
        if (!iso_repeat_parse(str_of(rows[i].text), zones, zone, &r, &e))
            fail_msg("%s: %s", rows[i].text, e.message);
        wall at = at_of(zones, rows[i].after);
        for (int n = 0; n < 4 && rows[i].slots[n]; n++) {
            at = repeat_next(&r, at);
            if (at.us != (rows[i].slots[n][0] ? at_of(zones, rows[i].slots[n]) : WALL_NEVER).us)
                fail_msg("%s: slot %d", rows[i].text, n);
        }
    }
    zones_free(zones);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int column;
        const char *part; // of the message
    } rows[] = {
        {"", 0, "missing"},
        {"R", 2, "three parts"},
        {"R/", 3, "three parts"},
        {"R//", 3, "date and time is expected"},
        {"R5/2026-01-01T00:00:00Z", 24, "three parts"},
        {"R5/2026-01-01T00:00:00Z/", 25, "date and time is expected"},
        {"R5/2026-01-01T00:00:00Z/P1D/", 28, "three parts"},
        {"R5/2026-01-01T00:00:00Z/1D", 25, "is not a date and time"},
        {"Rx/2026-01-01T00:00:00Z/P1D", 2, "number of runs"},
        {"R-1/2026-01-01T00:00:00Z/P1D", 2, "number of runs"},
        {"R+1/2026-01-01T00:00:00Z/P1D", 2, "number of runs"},
        {"R 5/2026-01-01T00:00:00Z/P1D", 2, "number of runs"},
        {"r5/2026-01-01T00:00:00Z/P1D", 1, "begins with R"},
        {"R5/2026-02-30T00:00:00Z/P1D", 12, "no such day"},
        {"R5/2026-01-01 00:00:00Z/P1D", 14, "\"T\" is expected"},
        {"R5/2026-01-01T00:00:00Z/P0D", 25, "longer than 0"},
        {"R5/2026-01-01T00:00:00Z/P-1D", 26, "number is missing"},
        {"R5/2026-01-01T00:00:00Z/P1.5M", 29, "no fixed length"},
        {"R5/P1D/P1D", 8, "date and time is expected"},
        {"R5/P1D", 7, "three parts"},
        {"R5/now/P1D", 4, "date and time is expected"},
        {"R5/2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", 25, "later than the start"},
        {"R5/2026-01-02T00:00:00Z/2026-01-02T00:00:00Z", 25, "later than the start"},
        {"R5/0001-01-01/P1D", 4, "years 2 to 9998"},
        {"2026-01-01T00:00:00Z/P1D", 25, "three parts"},
        {"5/2026-01-01T00:00:00Z/P1D", 1, "begins with R"},
        {"R5/2026-01-01T00:00:00Z--P1D", 29, "three parts"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct repeat r;
        struct err e = {0};

        if (iso_repeat_parse(str_of(rows[i].text), zones, zones_utc(zones), &r, &e))
            fail_msg("accepted %s", rows[i].text);
        if (e.code != ERR_INPUT || strcmp(e.field, "expr") != 0 || e.column != rows[i].column ||
            !strstr(e.message, rows[i].part))
            fail_msg("%s: column %d, %s", rows[i].text, e.column, e.message);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
