// series_test.c - the times of recurrence rules: examples, and random rules against making whole
// periods and looking at each time by itself.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/series.h"

#include "base/vec.h"
#include "recur_fixture.h"

// ---- examples

static void check_times(const char *text, const char *start, const char *const *want)
{
    const int64_t start_s = local_of(start);
    struct recur rule;
    struct series s;
    struct err e;
    int64_t at = start_s - 1;

    if (!recur_of(text, &rule, &e))
        fail_msg("%s: %s", text, e.message);
    series_init(&s, &rule, start_s);
    for (int i = 0; i < 8 && want[i]; i++) {
        bool is_end = strcmp(want[i], "end") == 0;

        at = series_next(&s, at + 1);
        if (at != (is_end ? SERIES_NEVER : local_of(want[i])))
            fail_msg("%s: %s is not time %d", text, want[i], i);
    }
    series_done(&s);
}

static void test_examples(void **state)
{
    static const struct {
        const char *text, *start;
        const char *want[8];
    } rows[] = {
        {"FREQ=DAILY;INTERVAL=2", "19970902T090000", {"19970902T090000", "19970904T090000"}},
        {"FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH",
         "19970902T090000",
         {"19970902T090000", "19970904T090000", "19970916T090000", "19970918T090000"}},
        // The same but for the day on which weeks begin.
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
         "19970805T090000",
         {"19970805T090000", "19970810T090000", "19970819T090000", "19970824T090000"}},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
         "19970805T090000",
         {"19970805T090000", "19970817T090000", "19970819T090000", "19970831T090000"}},
        {"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
         "19970902T090000",
         {"19980213T090000", "19980313T090000", "19981113T090000", "19990813T090000"}},
        {"FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3",
         "19970904T090000",
         {"19970904T090000", "19971007T090000", "19971106T090000"}},
        {"FREQ=MONTHLY;BYMONTHDAY=1,2;BYSETPOS=1",
         "20260101T090000",
         {"20260101T090000", "20260201T090000", "20260301T090000"}},
        {"FREQ=YEARLY;BYDAY=MO;BYSETPOS=50,-50",
         "20260105T090000",
         {"20260119T090000", "20261214T090000"}},
        {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
         "19970929T090000",
         {"19970929T090000", "19971030T090000", "19971127T090000"}},
        {"FREQ=MONTHLY",
         "20260131T090000",
         {"20260131T090000", "20260331T090000", "20260531T090000"}},
        {"FREQ=YEARLY", "20240229T090000", {"20240229T090000", "20280229T090000"}},
        {"FREQ=YEARLY;BYDAY=20MO", "19970519T090000", {"19970519T090000", "19980518T090000"}},
        {"FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200",
         "19970101T090000",
         {"19970101T090000", "19970410T090000", "19970719T090000", "20000101T090000"}},
        // Week 1 of 2026 begins in 2025.
        {"FREQ=YEARLY;BYWEEKNO=1",
         "20250101T090000",
         {"20250101T090000", "20251231T090000", "20270106T090000"}},
        {"FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=MO,TU",
         "20251230T090000",
         {"20251230T090000", "20280103T090000", "20280104T090000"}},
        {"FREQ=HOURLY;INTERVAL=30", "20260101T000000", {"20260101T000000", "20260102T060000"}},
        {"FREQ=MINUTELY;INTERVAL=90;BYHOUR=9,12",
         "20260101T090000",
         {"20260101T090000", "20260101T120000", "20260102T090000", "20260102T120000"}},
        {"FREQ=MINUTELY;INTERVAL=7;BYHOUR=9;BYMINUTE=0",
         "20260101T090000",
         {"20260101T090000", "20260108T090000"}},
        {"FREQ=SECONDLY;INTERVAL=3600;BYMINUTE=0",
         "20260101T090000",
         {"20260101T090000", "20260101T100000"}},
        {"FREQ=SECONDLY;INTERVAL=3600;BYMINUTE=1", "20260101T090000", {"end"}},
        {"FREQ=HOURLY;BYMINUTE=0,20,40;BYSECOND=0,30;BYSETPOS=2,-1",
         "20260101T091000",
         {"20260101T094030", "20260101T100030", "20260101T104030"}},
        {"FREQ=DAILY;INTERVAL=7;BYDAY=TU", "20260101T090000", {"end"}},
        {"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "20260101T090000", {"end"}},
        {"FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1,3,5", "20260101T090000", {"end"}},
        {"FREQ=SECONDLY;INTERVAL=4;BYSECOND=7", "20260101T090000", {"end"}},
        {"FREQ=SECONDLY;INTERVAL=86401;BYHOUR=3;BYMINUTE=7;BYSECOND=11",
         "20260101T090000",
         {"end"}},
        {"FREQ=DAILY;BYHOUR=1,2;BYSETPOS=3", "20260101T090000", {"end"}},
        {"FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=1,2;BYSETPOS=5,-5", "20260101T090000", {"end"}},
        {"FREQ=YEARLY;INTERVAL=9999999999", "20260101T090000", {"20260101T090000", "end"}},
        {"FREQ=SECONDLY;INTERVAL=9999999999", "20260101T090000", {"20260101T090000", "end"}},
        {"FREQ=YEARLY", "21991231T235959", {"21991231T235959", "end"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_times(rows[i].text, rows[i].start, rows[i].want);
}

// ---- random rules

struct moments {
    VEC(int64_t);
};

static int64_t period_of(const struct recur *rule, int64_t at)
{
    static const int64_t units[] = {1, 60, 3600, DAY_S};
    int64_t day = floor_div(at, DAY_S);
    struct civil c = civil_date(day);

    if (rule->freq <= RECUR_DAILY)
        return floor_div(at, units[rule->freq]);
    if (rule->freq == RECUR_WEEKLY)
        return week_of(rule, day) / 7;
    if (rule->freq == RECUR_MONTHLY)
        return c.year * 12 + c.month;
    return recur_has(rule, RECUR_BYWEEKNO) ? week_year(rule, day) : c.year;
}

// All times of a rule's days in [first, end), whatever the interval.
static void days_make(const struct recur *rule, int64_t first, int64_t end, struct moments *out)
{
    const struct times *t = &rule->times;

    for (int64_t day = first; day < end; day++) {
        if (!day_matches(rule, day))
            continue;
        for (int32_t second = 0; second < DAY_S; second++)
            if ((t->hours >> second / 3600 & 1) && (t->minutes >> second / 60 % 60 & 1) &&
                (t->seconds >> second % 60 & 1))
                vec_push(out, day * DAY_S + second);
    }
}

// The times of the rule in [start, end), by making periods as a whole.
static void times_make(const struct recur *rule, int64_t start, int64_t end, struct moments *out)
{
    static const int margins[] = {1, 1, 1, 1, 8, 32, 380};
    int64_t margin = margins[rule->freq];
    int64_t origin = period_of(rule, start);
    struct moments all = {0};

    days_make(rule, floor_div(start, DAY_S) - margin, floor_div(end, DAY_S) + margin, &all);
    for (size_t i = 0, next; i < all.len; i = next) {
        int64_t period = period_of(rule, all.v[i]);

        for (next = i; next < all.len && period_of(rule, all.v[next]) == period;)
            next++;
        for (size_t k = i; k < next; k++) {
            bool is_kept = !recur_has(rule, RECUR_BYSETPOS) ||
                           among(&rule->places, (int64_t)(k - i), (int64_t)(next - i));

            if (is_kept && (period - origin) % rule->interval == 0 && all.v[k] >= start &&
                all.v[k] < end)
                vec_push(out, all.v[k]);
        }
    }
    vec_done(&all);
}

static void random_rule(uint64_t *x, int freq, char *text)
{
    static const int intervals[] = {1,  1,  1,  2,  3,  4,   5,    7,    9,    12,   15,   24,
                                    26, 30, 45, 60, 90, 100, 1440, 3000, 3600, 7200, 43201};
    int interval =
        freq > RECUR_DAILY ? 1 + below(x, 3) : intervals[below(x, freq == RECUR_DAILY ? 9 : 23)];

    snprintf(text, 500, "FREQ=%s;INTERVAL=%d", recur_freq_names[freq], interval);
    if (freq >= RECUR_WEEKLY || below(x, 3) == 0)
        random_days(x, text, freq);
    if (below(x, 3) == 0)
        random_part(x, text, "BYHOUR", 0, 23, false, 3);
    if (below(x, 3) == 0)
        random_part(x, text, "BYMINUTE", 0, 59, false, 3);
    if (below(x, 4) == 0)
        random_part(x, text, "BYSECOND", 0, 60, false, 3);
    if (strstr(text, ";BY") && below(x, 3) == 0)
        random_part(x, text, "BYSETPOS", 1, below(x, 2) ? 3 : 30, true, 4);
}

static void check_next(const struct series *s, const struct moments *want, int64_t start,
                       int64_t end, const char *text)
{
    int64_t at = start - 1;

    for (size_t i = 0; i <= want->len; i++) {
        at = series_next(s, at + 1);
        if (i < want->len ? at != want->v[i] : at < end)
            fail_msg("%s from %lld: time %zu", text, (long long)start, i);
    }
}

static void check_has(const struct series *s, const struct moments *want, int64_t start,
                      int64_t end, uint64_t *x)
{
    size_t i = 0;

    for (int k = 0; k < 200; k++) {
        int64_t at = start - 10 + (int64_t)(rnd(x) % (uint64_t)(end - start));

        if (k % 2 && want->len > 0)
            at = want->v[below(x, (int)want->len)];
        for (i = 0; i < want->len && want->v[i] < at;)
            i++;
        assert_int_equal(series_has(s, at), i < want->len && want->v[i] == at);
        if (at >= start && series_next(s, at) < end)
            assert_int_equal(series_next(s, at), want->v[i]);
    }
}

static void check_count(const struct series *s, const struct moments *want, int64_t start,
                        int64_t end, uint64_t *x)
{
    for (int k = 0; k < 20; k++) {
        int64_t from = start + (int64_t)(rnd(x) % (uint64_t)(end - start)),
                to = from + (int64_t)(rnd(x) % (uint64_t)(end - from));
        size_t low = 0, high;
        int64_t left = 1 + below(x, 300);
        struct series_tally tally = {.left = left};

        while (low < want->len && want->v[low] < from)
            low++;
        for (high = low; high < want->len && want->v[high] < to;)
            high++;
        if (!series_count(s, from, to, &tally))
            continue;
        if ((int64_t)(high - low) < left) {
            assert_int_equal(tally.left, left - (int64_t)(high - low));
        } else {
            assert_int_equal(tally.left, 0);
            assert_int_equal(tally.at, want->v[low + (size_t)left - 1]);
        }
    }
}

static void check_rule(uint64_t *x, int freq)
{
    static const int64_t spans[] = {DAY_S / 4,   DAY_S,       4 * DAY_S,   60 * DAY_S,
                                    200 * DAY_S, 500 * DAY_S, 1500 * DAY_S};
    int64_t start = local_of("20200101T000000") + (int64_t)(rnd(x) % (2000 * UINT64_C(86400))),
            end = start + spans[freq];
    char text[500];
    struct moments want = {0};
    struct recur rule, filled;
    struct series s;
    struct err e;

    random_rule(x, freq, text);
    assert_true(recur_of(text, &rule, &e));
    filled = rule;
    recur_fill(&filled, start);
    times_make(&filled, start, end, &want);
    series_init(&s, &rule, start);
    check_next(&s, &want, start, end, text);
    check_has(&s, &want, start, end, x);
    check_count(&s, &want, start, end, x);
    series_done(&s);
    vec_done(&want);
}

static void test_random(void **state)
{
    uint64_t x = 55450;

    (void)state;
    for (int round = 0; round < 8; round++)
        for (int freq = RECUR_SECONDLY; freq <= RECUR_YEARLY; freq++)
            check_rule(&x, freq);
}

// ---- counting far

static int64_t last_of(const char *text, int64_t count)
{
    int64_t start = local_of("20260101T090000");
    struct recur rule;
    struct series s;
    struct err e;
    struct series_tally tally = {.left = count};

    assert_true(recur_of(text, &rule, &e));
    series_init(&s, &rule, start);
    bool ok = series_count(&s, start, local_of("21991231T000000"), &tally);
    series_done(&s);
    return ok ? tally.at : -1;
}

static void test_count_far(void **state)
{
    (void)state;
    assert_int_equal(last_of("FREQ=DAILY", 60000),
                     local_of("20260101T090000") + INT64_C(59999) * DAY_S);
    assert_int_equal(last_of("FREQ=SECONDLY", 1000000000), local_of("20260101T090000") + 999999999);
    assert_int_equal(last_of("FREQ=SECONDLY;INTERVAL=7", 100000000),
                     local_of("20260101T090000") + 7 * INT64_C(99999999));
    assert_int_equal(last_of("FREQ=MINUTELY;INTERVAL=7;BYSECOND=1,2,3;BYSETPOS=1,-1", 1000001),
                     local_of("20260101T090001") + 7 * 60 * INT64_C(500000));
    // Too many times that only a walk can count.
    assert_int_equal(last_of("FREQ=SECONDLY;INTERVAL=7;BYHOUR=3,4", 1000000), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_count_far),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
