// oncalendar_test.c - the language of systemd's calendar events.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/oncalendar.h"

#include <stdlib.h>

#include "unit.h"

static struct oncalendar parsed(const char *expr)
{
    struct oncalendar o;
    struct err e = {0};

    if (!oncalendar_parse(str_of(expr), &o, &e))
        fail_msg("%s: %s", expr, e.message);
    return o;
}

static void check_same(const char *expr, const char *other)
{
    struct oncalendar o = parsed(expr), p = parsed(other);
    const struct calendar *a = &o.calendar, *b = &p.calendar;

    if (a->seconds != b->seconds || a->minutes != b->minutes || a->hours != b->hours ||
        a->days != b->days || a->last != b->last || a->months != b->months ||
        a->weekdays != b->weekdays || memcmp(a->years, b->years, sizeof a->years) != 0 ||
        a->is_elapsed != b->is_elapsed)
        fail_msg("%s is not %s", expr, other);
    assert_int_equal(o.fractions ? o.fractions->count : 0, p.fractions ? p.fractions->count : 0);
    if (o.fractions)
        assert_memory_equal(o.fractions->steps, p.fractions->steps,
                            (size_t)o.fractions->count * sizeof *o.fractions->steps);
    free(o.fractions);
    free(p.fractions);
}

// Texts and their long forms; the first ones are those of systemd.time(7).
static void test_same(void **state)
{
    static const struct {
        const char *expr, *other;
    } rows[] = {
        {"minutely", "*-*-* *:*:00"},
        {"hourly", "*-*-* *:00:00"},
        {"daily", "*-*-* 00:00:00"},
        {"monthly", "*-*-01 00:00:00"},
        {"weekly", "Mon *-*-* 00:00:00"},
        {"YEARLY", "*-01-01 00:00:00"},
        {"annually", "*-01-01 00:00:00"},
        {"anually", "*-01-01 00:00:00"},
        {"quarterly", "*-01,04,07,10-01 00:00:00"},
        {"semiannually", "*-01,07-01 00:00:00"},
        {"Semi-Annually", "*-01,07-01 00:00:00"},
        {"biannually", "*-01,07-01 00:00:00"},
        {"bi-annually", "*-01,07-01 00:00:00"},
        {"Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00"},
        {"Sat,Thu,Mon-Wed,Sat-Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00"},
        {"Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00"},
        {"Wed *-1", "Wed *-*-01 00:00:00"},
        {"Wed..Wed,Wed *-1", "Wed *-*-01 00:00:00"},
        {"Wed, 17:48", "Wed *-*-* 17:48:00"},
        {"Wed..Sat,Tue 12-10-15 1:2:3", "Tue..Sat 2012-10-15 01:02:03"},
        {"10-15", "*-10-15 00:00:00"},
        {"monday *-12-* 17:00", "Mon *-12-* 17:00:00"},
        {"12,14,13,12:20,10,30", "*-*-* 12,13,14:10,20,30:00"},
        {"12..14:10,20,30", "*-*-* 12,13,14:10,20,30:00"},
        {"mon,fri *-1/2-1,3 *:30:45", "Mon,Fri *-01,03,05,07,09,11-01,03 *:30:45"},
        {"05:40:23.4200004/3.1700005", "*-*-* 05:40:23.420000/3.170001"},
        {"2003-02..04-05", "2003-02,03,04-05 00:00:00"},
        {"2003-03-05 05:40 UTC", "2003-03-05 05:40:00 uTc"},
        {"weekly Pacific/Auckland", "Mon *-*-* 00:00:00 Pacific/Auckland"},
        {"*:2/3", "*-*-* *:2,5,8,11,14,17,20,23,26,29,32,35,38,41,44,47,50,53,56,59:00"},
        {"*:*:*", "*-*-* *:*:0/1"},
        {"*:30", "*-*-* *:30:00"},
        {"Monday", "Mon *-*-* 00:00:00"},
        {"sUNDAY, ", "Sun *-*-* 00:00:00"},
        {"  Mon   12:00  ", "Mon 12:00"},
        {"*-* 12:00", "*-*-* 12:00"},
        {"93..00-*-*", "1993..2000-*-*"},
        {"00..07-*-*", "2000..2007-*-*"},
        {"69,70-1-1", "2069,1970-01-01"},
        {"12/100-1-1", "2012,2112-1-1"},
        {"*:5..05", "*:05"},
        {"*:05..10/6", "*:05"},
        {"*:05..10/2000000000", "*:05"},
        {"*:20..39/5", "*:20,25,30,35"},
        {"00:00:20..40/1", "00:00:20..40"},
        {"*:00000000000000000000000000000007", "*:07"},
        {"*-*~*", "*-*-*"},
        {"*~03/1,03..05", "*~1,2,3,4,5"},
        {"*~07/3", "*~1,4,7"},
        {"*~9/3", "*~3,6,9"},
        {"*~2..7/3", "*~2,5"},
        {"*-02~03", "*-2~3"},
        {"@1493187147", "2017-04-26 06:12:27"},
        {"Wed @1493187147 UTC", "Wed 2017-04-26 06:12:27"},
        {"@7258118399", "2199-12-31 23:59:59"},
        {"00:00:1.0..3.8", "0:0:1,2,3"}, // nothing is at 3.8
        {"00:00:1.5,2", "0:0:1.500,2.0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_same(rows[i].expr, rows[i].other);
}

static void test_masks(void **state)
{
    struct oncalendar o = parsed("Sat..Sun 2026/50-2-28..31 8/7:50/9:5");
    const struct calendar *c = &o.calendar;

    (void)state;
    assert_int_equal(c->weekdays, 0x60);
    assert_int_equal(c->months, 1 << 2);
    assert_int_equal(c->days, 0xf0000000);
    assert_int_equal(c->hours, 1 << 8 | 1 << 15 | 1 << 22);
    assert_true(c->minutes == (UINT64_C(1) << 50 | UINT64_C(1) << 59));
    assert_int_equal(c->seconds, 1 << 5);
    for (int year = 1970; year < 2200; year++)
        assert_int_equal(calendar_has_year(c, year), year >= 2026 && (year - 2026) % 50 == 0);
    assert_false(c->is_elapsed || c->is_either);
    assert_null(o.fractions);
    o = parsed("*-*~7/1");
    assert_int_equal(o.calendar.days, 0);
    assert_int_equal(o.calendar.last, 0x7f);
    assert_true(parsed("*:00").calendar.is_elapsed && parsed("0:*").calendar.is_elapsed &&
                parsed("0:0:*").calendar.is_elapsed && parsed("hourly").calendar.is_elapsed);
    assert_false(parsed("0/1:00").calendar.is_elapsed || parsed("*-*-*").calendar.is_elapsed);
}

static void test_fractions(void **state)
{
    struct oncalendar o = parsed("*:*:7,0.5..30/2.5,59.9999994");

    (void)state;
    assert_int_equal(o.fractions->count, 3);
    assert_int_equal(o.fractions->steps[0].from_us, 7000000);
    assert_int_equal(o.fractions->steps[0].to_us, 7000000);
    assert_int_equal(o.fractions->steps[1].from_us, 500000);
    assert_int_equal(o.fractions->steps[1].to_us, 30000000);
    assert_int_equal(o.fractions->steps[1].step_us, 2500000);
    assert_int_equal(o.fractions->steps[2].from_us, 59999999);
    // 0.5 3 5.5 8 10.5 ... 28, and 7 and 59
    assert_true(o.fractions->calendar.seconds ==
                (UINT64_C(1) << 59 | 1 << 28 | 1 << 25 | 1 << 23 | 1 << 20 | 1 << 18 | 1 << 15 |
                 1 << 13 | 1 << 10 | 1 << 8 | 1 << 7 | 1 << 5 | 1 << 3 | 1));
    assert_true(o.fractions->calendar.is_elapsed);
    free(o.fractions);
    o = parsed("0:0:0/0.000001");
    assert_true(o.fractions->calendar.seconds == (UINT64_C(1) << 60) - 1);
    assert_int_equal(o.fractions->steps[0].to_us, 59999999);
    free(o.fractions);
    assert_null(parsed("0:0:5.0,7.0000004/1.0").fractions);
}

static void test_zone(void **state)
{
    static const struct {
        const char *expr, *zone;
        size_t at;
    } rows[] = {
        {"daily Europe/Berlin", "Europe/Berlin", 6},
        {"  Mon 12:00   utc ", "UTC", 14},
        {"1-1 CET", "CET", 4},
        {"@5", "UTC", 0},
        {" @5 Utc", "UTC", 4},
        {"Thu @5", "UTC", 4},
        {"Mon", NULL, 0},
        {"daily", NULL, 0},
        {"Mon 12:00", NULL, 0},
        {"Europe/Berlin", NULL, 0},
        {"", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t at = 0;
        struct str zone = oncalendar_zone(str_of(rows[i].expr), &at);

        if (!str_eq(zone, str_of(rows[i].zone)) || (zone.p && at != rows[i].at))
            fail_msg("%s: \"%.*s\" at %zu", rows[i].expr, STR(zone), at);
        assert_int_equal(!zone.p, !rows[i].zone);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *expr;
        int column;
        const char *message, *hint; // may be NULL
    } rows[] = {
        {"", 1, "a calendar event needs weekdays, a date or a time", NULL},
        {"    ", 1, NULL, NULL},
        {"test", 1,
         "weekday does not understand \"test\": write Mon, Mon..Fri, a list of such, or a word "
         "such as daily",
         ""},
        {"dayly", 1, NULL, "did you mean \"daily\"?"},
        {" utc", 2, NULL, NULL},
        {"Europe/Berlin", 1, NULL, NULL},
        {"daily Z", 7, "\"Z\" is not the name of a zone", "write UTC"},
        {"12:00 +02:00", 7, "\"+02:00\" has no place here", NULL},
        {"7", 1, "\"7\" is neither a date nor a time", NULL},
        {"Mon 7", 5, NULL, NULL},
        {"2026", 1, NULL, NULL},
        {"*", 1, NULL, NULL},
        {"1-2-3-4", 1, "\"1-2-3-4\" has more than year, month and day", NULL},
        {"1:2:3:4", 1, "\"1:2:3:4\" has more than hour, minute and second", NULL},
        {"2026-01-01T12:00", 1, "\"2026-01-01T12:00\" needs a blank between date and time", NULL},
        {"2016~11-22", 1, NULL, NULL},
        {"12:00 2026-01-01", 7, "\"2026-01-01\" has no place here", NULL},
        {"Mon 1-1 1:1 1:1", 13, NULL, NULL},
        {"Mon 1-1 1:1 1:1 UTC", 17, "more than 4 words", NULL},
        {"daily Mon 12:00", 1, NULL, NULL},
        {"12:00 \t Mon", 7, NULL, NULL},
        {"Mon\t12:00", 4, NULL, NULL},
        {"Tues", 1, NULL, NULL},
        {"Mon,Foo 12:00", 5,
         "weekday does not understand \"Foo\": write Mon, Mon..Fri or a list "
         "of such",
         NULL},
        {"Mon..", 6, NULL, NULL},
        {"Mon- 12:00", 5, NULL, NULL},
        {"Mon,,Tue", 5, NULL, NULL},
        {"Mon.Tue", 4, NULL, NULL},
        {"..Fri", 1, NULL, NULL},
        {"Mon..Wed..Fri", 9, NULL, NULL},
        {"Mon..Wed-Fri", 9, NULL, NULL},
        {"Wed,Fri..Mon", 5, "weekday has a range that runs backwards: \"Fri..Mon\"",
         "the week begins on Monday: write Sat,Sun,Mon for Sat..Mon"},
        {"Sun..Mon", 1, NULL, NULL},
        {"25:00", 1, "hour must be 0-23, not \"25\"", NULL},
        {"24:00", 1, NULL, NULL},
        {"23:60", 4, "minute must be 0-59, not \"60\"", NULL},
        {"23:59:60", 7, "second must be 0-59, not \"60\"", NULL},
        {"00:00:59.9999995", 7, "second must be 0-59, not \"59.9999995\"", NULL},
        {"0:0:18446744073709551617", 5, NULL, NULL},
        {"*-13-1", 3, "month must be 1-12, not \"13\"", NULL},
        {"*-jan-1", 3, NULL, NULL},
        {"*-0-1", 3, NULL, NULL},
        {"*-*-0", 5, NULL, NULL},
        {"*-*-32", 5, "day must be 1-31, not \"32\"", NULL},
        {"*-*~0", 5, NULL, NULL},
        {"*-*~29", 5, "day behind \"~\" must be 1-28, not \"29\"", NULL},
        {"*~16..31", 7, NULL, NULL},
        {"1969-1-1", 1, "year must be 1970-2199, not \"1969\"", NULL},
        {"2200-1-1", 1, NULL, NULL},
        {"100-1-1", 1, NULL, NULL},
        {"0..99-1-1", 1, "year has a range that runs backwards: \"0..99\"", NULL},
        {"12..1-*", 1, NULL, NULL},
        {"12..1/2-*", 1, NULL, NULL},
        {"*-*~07..03", 5, NULL, NULL},
        {"*:0..60/15", 6, NULL, NULL},
        {"*:5/0", 5, "minute cannot have a step of 0", NULL},
        {"*:*/5", 4, "minute cannot have a step behind \"*\"", "write 0/5"},
        {"*-*/2-1", 4, NULL, "write 1/2"},
        {"*:*,5", 4, NULL, NULL},
        {"*:50/10", 6, "minute has a step that leads beyond its end: leave it out", NULL},
        {"20/4:00", 4, NULL, NULL},
        {"00:00/60", 7, NULL, NULL},
        {"*-*~5/5", 7, NULL, NULL},
        {"2199/1-1-1", 6, NULL, NULL},
        {"*:5..9/2147483648", 8, "minute has too wide a step", NULL},
        {"0:0:0..30/2148", 11, NULL, NULL},
        {"0:0:5..5", 5, "second has a range shorter than a second: \"5..5\" needs a step", NULL},
        {"00:00:00.0..00.9", 7, NULL, NULL},
        {"00:00:00/0.00000001", 10, NULL, NULL},
        {"2000-03-05 00:00.1:00", 17, NULL, NULL},
        {"5:00.0", 5, NULL, NULL},
        {"0:0:5.", 5, NULL, NULL},
        {"0:0:.5", 5, NULL, NULL},
        {"0:0:5.5.5", 8, NULL, NULL},
        {"0:0:1...2", 8, NULL, NULL},
        {"1,,2:00", 3,
         "hour has an empty place: write *, 0-23 such as 07, 8..17, 0/2 or a list of "
         "such",
         NULL},
        {"1,:00", 3, NULL, NULL},
        {"12:xx", 4,
         "minute does not understand \"xx\": write *, 0-59 such as 07, 0..30, 0/15 or "
         "a list of such",
         NULL},
        {"12:", 4, NULL, NULL},
        {":12", 1, NULL, NULL},
        {"-1-1", 1, NULL, NULL},
        {"+5:00", 1, NULL, NULL},
        {"1-", 3, NULL, NULL},
        {"@", 1, NULL, NULL},
        {"@-0", 1, NULL, NULL},
        {"@+5", 1, NULL, NULL},
        {"@5.5", 1, NULL, NULL},
        {"@7258118400", 1, "\"@7258118400\" is not a moment until the end of 2199", NULL},
        {"@99999999999999999999", 1, NULL, NULL},
        {"@5 12:00", 4, NULL, NULL},
        {"@5 Europe/Berlin", 4, "\"Europe/Berlin\" cannot stand here",
         "a moment behind \"@\" is in UTC"},
        {"\xc2\xb9:00", 1, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct oncalendar o;
        struct err e = {0};

        if (oncalendar_parse(str_of(rows[i].expr), &o, &e))
            fail_msg("accepted %s", rows[i].expr);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "expr");
        if (e.column != rows[i].column)
            fail_msg("%s: column %d (%s)", rows[i].expr, e.column, e.message);
        if (rows[i].message)
            assert_string_equal(e.message, rows[i].message);
        if (rows[i].hint)
            assert_string_equal(e.hint, rows[i].hint);
    }
}

static void test_long_list(void **state)
{
    char expr[1024] = "*:";
    struct oncalendar o;
    struct err e;

    (void)state;
    for (int i = 0; i < 241; i++)
        memcpy(expr + 2 + i * 2, i == 240 ? "1\0" : "1,", 2);
    assert_true(oncalendar_parse(str_of(expr), &o, &e));
    memcpy(expr + 2 + 240 * 2, "1,1", 4);
    assert_false(oncalendar_parse(str_of(expr), &o, &e));
    assert_string_equal(e.message, "minute has more than 241 items");
    assert_int_equal(e.column, 485);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),      cmocka_unit_test(test_masks),
        cmocka_unit_test(test_fractions), cmocka_unit_test(test_zone),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_long_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
