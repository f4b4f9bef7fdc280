// recur_test.c - recurrence rules from text: what is read, what is refused and where.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/recur.h"

#include "recur_fixture.h"

static void test_read(void **state)
{
    struct recur r;
    struct err e;

    (void)state;
    assert_true(
        recur_of("freq=Monthly;interval=18;byday=mo,1Tu,-2FR,+5su;WKST=SU;COUNT=7", &r, &e));
    assert_int_equal(r.freq, RECUR_MONTHLY);
    assert_int_equal(r.interval, 18);
    assert_int_equal(r.count, 7);
    assert_int_equal(r.week_start, 6);
    assert_int_equal(r.weekdays, 1);
    assert_true(r.nth[0] == (UINT64_C(1) << 1 | UINT64_C(1) << (4 * 7 + 6)));
    assert_true(r.nth_back[0] == UINT64_C(1) << (7 + 4));
    assert_true(recur_has(&r, RECUR_BYDAY) && !recur_has(&r, RECUR_BYMONTH));
    assert_int_equal(r.months, 0x1ffe);

    assert_true(
        recur_of("FREQ=YEARLY;BYMONTH=12,1;BYMONTHDAY=31,-1;BYYEARDAY=366,-366;BYWEEKNO=53,-1;"
                 "BYSETPOS=1,-2;BYHOUR=0,23;BYMINUTE=59;BYSECOND=0,60",
                 &r, &e));
    assert_int_equal(r.months, 1 << 12 | 1 << 1);
    assert_true(r.month_days.front[0] == UINT64_C(1) << 30);
    assert_true(r.month_days.back[5] == UINT64_C(1) << 63);
    assert_true(r.year_days.front[5] == UINT64_C(1) << (365 - 320));
    assert_true(r.year_days.back[0] == UINT64_C(1) << (RECUR_BITS - 366));
    assert_true(r.weeks == UINT64_C(1) << 53 && r.weeks_back == 2);
    assert_true(r.places.front[0] == 1 && r.places.back[5] == UINT64_C(1) << 62);
    assert_int_equal(r.times.hours, 1 << 23 | 1);
    assert_true(r.times.minutes == UINT64_C(1) << 59);
    assert_true(r.times.seconds == (UINT64_C(1) << 59 | 1)); // 60 is 59

    assert_true(recur_of("UNTIL=19971224T000000Z;FREQ=DAILY", &r, &e));
    assert_true(r.until.is_utc && !r.until.is_date);
    assert_int_equal(r.until.local_s, 882921600);
    assert_true(recur_of("FREQ=DAILY;UNTIL=19971224", &r, &e));
    assert_true(!r.until.is_utc && r.until.is_date);
    assert_true(recur_of("FREQ=DAILY;COUNT=9999999999;INTERVAL=0000000002", &r, &e));
    assert_int_equal(r.count, 9999999999);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int column;
        const char *message; // may be NULL
    } rows[] = {
        {"", 1, "RRULE is empty: write FREQ=DAILY or the like"},
        {"INTERVAL=2", 11, "RRULE has no FREQ"},
        {"FREQ=FORTNIGHTLY", 6,
         "FREQ does not understand \"FORTNIGHTLY\": write SECONDLY, MINUTELY, HOURLY, DAILY, "
         "WEEKLY, "
         "MONTHLY or YEARLY"},
        {"FREQ=", 6, NULL},
        {"FREQ", 5,
         "FREQ has no value: write SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY "
         "or YEARLY"},
        {"FREQ=DAILY;", 12, "RRULE needs parts such as FREQ=DAILY between its semicolons"},
        {"FREQ=DAILY;;COUNT=1", 12, NULL},
        {"FREQ=DAILY;FREQ=DAILY", 12, "FREQ is given twice"},
        {"FREQ=DAILY;BYDAY=MO;BYDAY=TU", 21, "BYDAY is given twice"},
        {"FREQ=DAILY;INTERVALL=2", 12, "RRULE has no part \"INTERVALL\""},
        {"FREQ=DAILY;X-NAME=2", 12, "RRULE has a part \"X-NAME\" of somebody's own: leave it out"},
        {"RSCALE=GREGORIAN;FREQ=DAILY", 1,
         "RRULE has RSCALE: other calendars (RFC 7529) are not supported, leave it out"},
        {"FREQ=DAILY;SKIP=OMIT", 12, NULL},
        {"FREQ=DAILY;INTERVAL=0", 21, "INTERVAL must be 1-9999999999, not \"0\""},
        {"FREQ=DAILY;INTERVAL=-2", 21, NULL},
        {"FREQ=DAILY;INTERVAL=+2", 21, NULL},
        {"FREQ=DAILY;INTERVAL=10000000000", 21, NULL},
        {"FREQ=DAILY;INTERVAL=99999999999999999999", 21, NULL},
        {"FREQ=DAILY;COUNT=0", 18, "COUNT must be 1-9999999999, not \"0\""},
        {"FREQ=DAILY;COUNT=x", 18, NULL},
        {"FREQ=DAILY;COUNT=1,2", 19, NULL},
        {"FREQ=DAILY;COUNT=5;UNTIL=20261231", 20,
         "UNTIL cannot stand beside COUNT: write one of them"},
        {"FREQ=DAILY;UNTIL=2026-12-31", 18, NULL},
        {"FREQ=DAILY;UNTIL=20260230T000000", 18, "UNTIL has no such moment: \"20260230T000000\""},
        {"FREQ=DAILY;UNTIL=20260131T0000", 18, NULL},
        {"FREQ=DAILY;UNTIL=20260131T240000", 18, NULL},
        {"FREQ=DAILY;UNTIL=20260131T000000ZZ", 34, NULL},
        {"FREQ=DAILY;BYSECOND=61", 21, "BYSECOND must be 0-60, not \"61\""},
        {"FREQ=DAILY;BYMINUTE=60", 21, NULL},
        {"FREQ=DAILY;BYHOUR=9,24", 21, "BYHOUR must be 0-23, not \"24\""},
        {"FREQ=DAILY;BYHOUR=-1", 19, NULL},
        {"FREQ=DAILY;BYHOUR=9,,10", 21, "BYHOUR has an empty place: write 0-23, or a list"},
        {"FREQ=DAILY;BYHOUR=9 ,10", 20, NULL},
        {"FREQ=DAILY;BYMONTH=13", 20, NULL},
        {"FREQ=DAILY;BYMONTH=5L", 21, NULL},
        {"FREQ=MONTHLY;BYMONTHDAY=32", 25, "BYMONTHDAY must be 1-31 or -1 to -31, not \"32\""},
        {"FREQ=MONTHLY;BYMONTHDAY=-32", 25, "BYMONTHDAY must be 1-31 or -1 to -31, not \"-32\""},
        {"FREQ=MONTHLY;BYMONTHDAY=0", 25, NULL},
        {"FREQ=MONTHLY;BYMONTHDAY=-", 26, NULL},
        {"FREQ=YEARLY;BYYEARDAY=367", 23, NULL},
        {"FREQ=YEARLY;BYWEEKNO=54", 22, NULL},
        {"FREQ=MONTHLY;BYDAY=XX", 20, NULL},
        {"FREQ=MONTHLY;BYDAY=MON", 20, NULL},
        {"FREQ=MONTHLY;BYDAY=0MO", 20, NULL},
        {"FREQ=MONTHLY;BYDAY=MO1", 22, NULL},
        {"FREQ=YEARLY;BYDAY=54MO", 19, "BYDAY must be 1-53 or -1 to -53, not \"54\""},
        {"FREQ=WEEKLY;BYDAY=MO,1TU", 22, "BYDAY takes numbers with FREQ=MONTHLY and YEARLY only"},
        {"BYDAY=-1FR;FREQ=DAILY", 7, NULL},
        {"FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", 31, "BYDAY takes no numbers beside BYWEEKNO"},
        {"FREQ=MONTHLY;BYWEEKNO=20", 14, "BYWEEKNO needs FREQ=YEARLY"},
        {"FREQ=DAILY;BYYEARDAY=20", 12, "BYYEARDAY needs FREQ=YEARLY, or HOURLY and below"},
        {"FREQ=WEEKLY;BYMONTHDAY=13", 13, NULL},
        {"FREQ=DAILY;BYSETPOS=1", 12,
         "BYSETPOS picks from what other BY parts give: write one of them as well"},
        {"FREQ=DAILY;BYHOUR=1;BYSETPOS=0", 30, NULL},
        {"FREQ=WEEKLY;WKST=1", 18, NULL},
        {"FREQ=WEEKLY;WKST=MO,TU", 20, NULL},
        {"FREQ=DAILY COUNT=2", 11, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct recur rule;
        struct err e;

        if (recur_of(rows[i].text, &rule, &e))
            fail_msg("%s is accepted", rows[i].text);
        if (e.column != rows[i].column || (rows[i].message && strcmp(e.message, rows[i].message)))
            fail_msg("%s: column %d, %s", rows[i].text, e.column, e.message);
        assert_string_equal(e.field, "expr");
        assert_int_equal(e.code, ERR_INPUT);
    }
}

static void test_hints(void **state)
{
    struct recur rule;
    struct err e;

    (void)state;
    assert_false(recur_of("FREQ=DAILY;INTERVALL=2", &rule, &e));
    assert_string_equal(e.hint, "did you mean INTERVAL?");
    assert_false(recur_of("FREQ=DAILY;EVERYOTHER=2", &rule, &e));
    assert_string_equal(e.hint, "parts are FREQ, INTERVAL, COUNT, UNTIL, WKST and BY...");
    assert_false(recur_of("COUNT=2", &rule, &e));
    assert_non_null(strstr(e.hint, "YEARLY"));
}

// What is left open comes from DTSTART, Friday 2026-03-13 09:30:05.
static void test_fill(void **state)
{
    const int64_t start = local_of("20260313T093005");
    struct recur r;

    (void)state;
    r = recur_good("FREQ=YEARLY", start);
    assert_int_equal(r.months, 1 << 3);
    assert_true(r.month_days.front[0] == 1 << 12);
    assert_int_equal(r.times.hours, 1 << 9);
    assert_true(r.times.minutes == UINT64_C(1) << 30 && r.times.seconds == 1 << 5);
    r = recur_good("FREQ=YEARLY;BYMONTH=1", start);
    assert_int_equal(r.months, 1 << 1);
    assert_true(recur_has(&r, RECUR_BYMONTHDAY));
    r = recur_good("FREQ=YEARLY;BYMONTHDAY=1", start);
    assert_int_equal(r.months, 0x1ffe);
    r = recur_good("FREQ=YEARLY;BYWEEKNO=20;BYMONTH=5", start);
    assert_int_equal(r.weekdays, 1 << 4);
    assert_false(recur_has(&r, RECUR_BYMONTHDAY));
    r = recur_good("FREQ=YEARLY;BYWEEKNO=20;BYMONTHDAY=5", start);
    assert_false(recur_has(&r, RECUR_BYDAY));
    r = recur_good("FREQ=MONTHLY;BYDAY=MO", start);
    assert_false(recur_has(&r, RECUR_BYMONTHDAY));
    r = recur_good("FREQ=WEEKLY", start);
    assert_int_equal(r.weekdays, 1 << 4);
    r = recur_good("FREQ=DAILY;BYHOUR=1", start);
    assert_false(recur_has(&r, RECUR_BYMONTHDAY) || recur_has(&r, RECUR_BYDAY));
    assert_true(r.times.hours == 2 && r.times.minutes == UINT64_C(1) << 30);
    r = recur_good("FREQ=HOURLY", start);
    assert_true(r.times.hours == TIMES_ALL_24 && r.times.minutes == UINT64_C(1) << 30);
    r = recur_good("FREQ=MINUTELY;BYSECOND=1", start);
    assert_true(r.times.minutes == TIMES_ALL_60 && r.times.seconds == 2);
    r = recur_good("FREQ=SECONDLY", start);
    assert_true(r.times.seconds == TIMES_ALL_60);
}

static void test_positions(void **state)
{
    uint64_t x = 3310;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct recur_positions p = {0};
        int64_t total = below(&x, round % 2 ? 40 : 1000), from = below(&x, 1 + (int)total), want;

        for (int i = below(&x, 5); i > 0; i--)
            p.front[below(&x, 6)] |= UINT64_C(1) << below(&x, 64);
        for (int i = below(&x, 5); i > 0; i--)
            p.back[below(&x, 6)] |= UINT64_C(1) << below(&x, 64);
        for (want = from; want < total && !among(&p, want, total);)
            want++;
        assert_int_equal(recur_position(&p, from, total), want < total ? want : -1);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(recur_freq_names[RECUR_SECONDLY], "SECONDLY");
    assert_string_equal(recur_freq_names[RECUR_YEARLY], "YEARLY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read), cmocka_unit_test(test_refused),   cmocka_unit_test(test_hints),
        cmocka_unit_test(test_fill), cmocka_unit_test(test_positions), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
