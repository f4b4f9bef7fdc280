// trigger_test.c - specs in, answers and canonical specs out; then the laws that hold for every
// trigger.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fixture.h"

#include <stdlib.h>

#include "time/duration.h"

static void test_print(void **state)
{
    static const struct {
        const char *spec, *zone, *str, *written, *words;
    } rows[] = {
        {"{\"type\":\"cron\",\"hour\":4}", "UTC", "cron[hour='4']",
         "{\"type\":\"cron\",\"hour\":\"4\",\"timezone\":\"UTC\"}", "at 04:00 every day, UTC"},
        {"{\"type\":\"cron\",\"year\":\"*\",\"month\":\"*\",\"day\":\"*\",\"week\":\"*\",\"day_of_"
         "week\":\"*\",\"hour\":\"*\","
         "\"minute\":\"*\",\"second\":\"*/10\"}",
         "",
         "cron[year='*', month='*', day='*', week='*', day_of_week='*', hour='*', minute='*', "
         "second='*/10']",
         "{\"type\":\"cron\",\"year\":\"*\",\"month\":\"*\",\"day\":\"*\",\"week\":\"*\",\"day_of_"
         "week\":\"*\",\"hour\":\"*\","
         "\"minute\":\"*\",\"second\":\"*/10\",\"timezone\":\"UTC\"}",
         "every 10 seconds, UTC"},
        {"30 2  * *\tMON-fri", "Europe/Berlin",
         "cron[month='*', day='*', day_of_week='mon-fri', hour='2', minute='30']",
         "{\"type\":\"cron\",\"expr\":\"30 2 * * MON-fri\",\"timezone\":\"Europe/Berlin\"}",
         "at 02:30 on weekdays, Europe/Berlin"},
        {"{\"type\":\"crontab\",\"expr\":\"@daily\",\"timezone\":\"+02:00\",\"jitter\":\"30\","
         "\"start_date\":\"2026-01-01\"}",
         "UTC", "cron[month='*', day='*', day_of_week='*', hour='0', minute='0']",
         "{\"type\":\"cron\",\"expr\":\"@daily\",\"start_date\":\"2026-01-01T00:00:00+02:00\","
         "\"timezone\":\"+02:00\","
         "\"jitter\":30}",
         "at 00:00 every day, +02:00, from 2026-01-01 00:00:00 UTC+02:00, up to 30 seconds later"},
        {"{\"type\":\"interval\",\"minutes\":5}", "UTC", "interval[0:05:00]",
         "{\"type\":\"interval\",\"minutes\":5,\"start_date\":\"2026-01-15T10:12:03Z\","
         "\"timezone\":\"UTC\"}",
         "every 5 minutes"},
        {"{\"type\":\"interval\",\"days\":1,\"start_date\":\"2026-01-01 "
         "00:00:00.25\",\"end_date\":\"2027-01-01\"}",
         "Europe/Berlin", "interval[1 day, 0:00:00]",
         "{\"type\":\"interval\",\"days\":1,\"start_date\":\"2026-01-01T00:00:00.250000+01:00\","
         "\"end_date\":\"2027-01-01T00:00:00+01:00\",\"timezone\":\"Europe/Berlin\"}",
         "every day from 2026-01-01 00:00:00 CET, until 2027-01-01 00:00:00 CET"},
        {"{\"type\":\"interval\",\"seconds\":\"0.5\",\"hours\":1,\"start_date\":\"2026-01-01\"}",
         "UTC", "interval[1:00:00.500000]",
         "{\"type\":\"interval\",\"hours\":1,\"seconds\":0.5,\"start_date\":\"2026-01-01T00:00:"
         "00Z\",\"timezone\":\"UTC\"}",
         "every 1 hour and 0.5 seconds from 2026-01-01 00:00:00 UTC"},
        {"{\"type\":\"date\",\"run_date\":\"2024-04-20 18:45:48\"}", "UTC",
         "date[2024-04-20 18:45:48 UTC]",
         "{\"type\":\"date\",\"run_date\":\"2024-04-20T18:45:48Z\",\"timezone\":\"UTC\"}",
         "once at 2024-04-20 18:45:48 UTC"},
        {"{\"type\":\"date\",\"run_date\":\"2026-02-03 "
         "04:05:06\",\"timezone\":\"Europe/Helsinki\"}",
         "UTC", "date[2026-02-03 04:05:06 EET]",
         "{\"type\":\"date\",\"run_date\":\"2026-02-03T04:05:06+02:00\",\"timezone\":\"Europe/"
         "Helsinki\"}",
         "once at 2026-02-03 04:05:06 EET"},
        {"{\"type\":\"date\",\"run_date\":\"2026-02-03 04:05:06-03:30\"}", "Europe/Berlin",
         "date[2026-02-03 04:05:06 UTC-03:30]",
         "{\"type\":\"date\",\"run_date\":\"2026-02-03T04:05:06-03:30\",\"timezone\":\"-03:30\"}",
         "once at 2026-02-03 04:05:06 UTC-03:30"},
        {"{\"type\":\"cron\",\"month\":\"6-8,11-12\",\"day\":\"3RD "
         "fri\",\"hour\":\"0-3\",\"week\":null}",
         "UTC", "cron[month='6-8,11-12', day='3rd fri', hour='0-3']",
         "{\"type\":\"cron\",\"month\":\"6-8,11-12\",\"day\":\"3rd "
         "fri\",\"hour\":\"0-3\",\"timezone\":\"UTC\"}",
         "at 00:00, 01:00, 02:00 and 03:00 on the third Friday of June to August, "
         "November and December, UTC"},
        {"{\"type\":\"cron\",\"hour\":2,\"max_runs\":3,\"dst\":\"utc\"}", "Europe/Berlin",
         "cron[hour='2']",
         "{\"type\":\"cron\",\"hour\":\"2\",\"start_date\":\"2026-01-15T11:07:03+01:00\","
         "\"max_runs\":3,\"timezone\":\"Europe/Berlin\",\"dst\":\"utc\"}",
         "at 02:00 every day, UTC, from 2026-01-15 11:07:03 CET, 3 times"},
        {"{\"type\":\"after\",\"delay\":\"90s\",\"jitter\":5}", "UTC", "after[0:01:30]",
         "{\"type\":\"after\",\"delay\":\"1m30s\",\"timezone\":\"UTC\",\"jitter\":5}",
         "90 seconds after the end of the run before, up to 5 seconds later"},
        {"{\"type\":\"startup\"}", "UTC", "startup[]",
         "{\"type\":\"startup\",\"timezone\":\"UTC\"}", "at each start of the scheduler"},
        {"{\"type\":\"startup\",\"delay\":30}", "UTC", "startup[0:00:30]",
         "{\"type\":\"startup\",\"delay\":\"30s\",\"timezone\":\"UTC\"}",
         "30 seconds after each start of the scheduler"},
        {"{\"type\":\"quartz\",\"expr\":\" 0 30  2 ? * MON-FRI \"}", "UTC",
         "quartz[month='*', day='?', day_of_week='mon-fri', hour='2', minute='30', second='0']",
         "{\"type\":\"quartz\",\"expr\":\"0 30 2 ? * MON-FRI\",\"timezone\":\"UTC\"}",
         "at 02:30 on weekdays, UTC"},
        {"0 0 13 * +FRI", "UTC",
         "cron[month='*', day='13', day_of_week='+fri', hour='0', minute='0']",
         "{\"type\":\"cron\",\"expr\":\"0 0 13 * +FRI\",\"timezone\":\"UTC\"}",
         "at 00:00 on day 13 of the month, but only on Fridays, UTC"},
        {"{\"type\":\"manual\"}", "UTC", "manual[]", "{\"type\":\"manual\",\"timezone\":\"UTC\"}",
         "only when started by hand"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trigger *t = trigger_good(zones, rows[i].spec, rows[i].zone);
        struct buf out;

        buf_init(&out, 4000);
        trigger_str(t, &out);
        assert_string_equal(buf_text(&out), rows[i].str);
        buf_clear(&out);
        trigger_write(t, &out);
        assert_string_equal(buf_text(&out), rows[i].written);
        buf_clear(&out);
        trigger_words(t, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_done(&out);
        trigger_free(t);
    }
    zones_free(zones);
}

static void test_refused(void **state)
{
    static const struct {
        const char *spec;
        enum err_code code;
        const char *field;
        const char *part; // of the message
    } rows[] = {
        {"{\"type\":\"cron\",\"hour\":\"25\"}", ERR_INPUT, "hour", "0-23"},
        {"{\"type\":\"cron\",\"hour\":1.5}", ERR_INPUT, "hour", "whole number"},
        {"{\"type\":\"cron\",\"horu\":1}", ERR_INPUT, "horu", "horu"},
        {"{\"type\":\"cron\"}", ERR_INPUT, "", "at least one field"},
        {"{\"type\":\"cron\",\"expr\":\"* * * * *\",\"hour\":1}", ERR_INPUT, "hour", "hour"},
        {"{\"type\":\"crontab\",\"hour\":1}", ERR_INPUT, "expr", "expr"},
        {"{\"type\":\"cron\",\"hour\":1,\"jitter\":-1}", ERR_INPUT, "jitter", "not negative"},
        {"{\"type\":\"cron\",\"hour\":1,\"jitter\":0.5}", ERR_INPUT, "jitter", "whole"},
        {"{\"type\":\"cron\",\"hour\":1,\"timezone\":\"Mars/Phobos\"}", ERR_INPUT, "timezone",
         "Mars/Phobos"},
        {"{\"type\":\"cron\",\"hour\":1,\"timezone\":\"\"}", ERR_INPUT, "timezone", "empty"},
        {"{\"type\":\"cron\",\"hour\":1,\"start_date\":\"soon\"}", ERR_INPUT, "start_date", "soon"},
        {"{\"type\":\"cron\",\"hour\":1,\"start_date\":\"2027-01-01\",\"end_date\":\"2026-01-01\"}",
         ERR_SCHEDULE, "end_date", "never fires"},
        {"{\"type\":\"cron\",\"day\":31,\"month\":2}", ERR_SCHEDULE, "", "never fires"},
        {"{\"type\":\"cron\",\"year\":2500}", ERR_SCHEDULE, "", "never fires"},
        {"0 0 31 4 *", ERR_SCHEDULE, "expr", "never fires"},
        {"61 * * * *", ERR_INPUT, "expr", "0-59"},
        {"{\"type\":\"interval\"}", ERR_INPUT, "", "longer than 0"},
        {"{\"type\":\"interval\",\"seconds\":0}", ERR_INPUT, "", "longer than 0"},
        {"{\"type\":\"interval\",\"minutes\":-5}", ERR_INPUT, "minutes", "not negative"},
        {"{\"type\":\"interval\",\"weeks\":9223372036854775807}", ERR_INPUT, "weeks", "too large"},
        {"{\"type\":\"interval\",\"weeks\":470000,\"days\":3290000}", ERR_INPUT, "", "9000 years"},
        {"{\"type\":\"interval\",\"fortnights\":1}", ERR_INPUT, "fortnights", "fortnights"},
        {"{\"type\":\"interval\",\"hours\":1,\"start_date\":\"2026-01-02\",\"end_date\":\"2026-01-"
         "01\"}",
         ERR_SCHEDULE, "end_date", "never fires"},
        {"{\"type\":\"interval\",\"hours\":1,\"start_date\":\"2300-01-01\"}", ERR_SCHEDULE, "",
         "never fires"},
        {"{\"type\":\"date\"}", ERR_INPUT, "run_date", "needs run_date"},
        {"{\"type\":\"date\",\"run_date\":7}", ERR_INPUT, "run_date", "text"},
        {"{\"type\":\"date\",\"run_date\":\"2026-13-01 00:00:00\"}", ERR_INPUT, "run_date",
         "month"},
        {"{\"type\":\"date\",\"run_date\":\"2300-01-01\"}", ERR_SCHEDULE, "", "never fires"},
        {"{\"type\":\"date\",\"run_date\":\"2026-01-01\",\"jitter\":5}", ERR_INPUT, "jitter",
         "jitter"},
        {"{\"type\":\"weekly\"}", ERR_INPUT, "type", "cron, interval, date"},
        {"{\"type\":\"cron\",\"hour\":1,\"max_runs\":0}", ERR_INPUT, "max_runs", "from 1 to"},
        {"{\"type\":\"cron\",\"hour\":1,\"dst\":\"later\"}", ERR_INPUT, "dst", "later"},
        {"{\"type\":\"interval\",\"hours\":1,\"dst\":\"skip\"}", ERR_INPUT, "dst", "no \"dst\""},
        {"{\"type\":\"after\"}", ERR_INPUT, "delay", "needs a delay"},
        {"{\"type\":\"after\",\"delay\":\"5x\"}", ERR_INPUT, "delay", "5x"},
        {"{\"type\":\"startup\",\"delay\":\"400d\"}", ERR_INPUT, "delay", "366 days"},
        {"{\"type\":\"manual\",\"delay\":\"5m\"}", ERR_INPUT, "delay", "delay"},
        {"{\"type\":\"quartz\"}", ERR_INPUT, "expr", "needs expr"},
        {"{\"type\":\"quartz\",\"expr\":\"0 0 0 31 2 ?\"}", ERR_SCHEDULE, "expr", "never"},
        {"{\"type\":\"quartz\",\"expr\":\"0 0 0 1 2 ?\",\"hour\":1}", ERR_INPUT, "hour", "no"},
        {"{\"type\":5}", ERR_INPUT, "type", "5"},
        {"{}", ERR_INPUT, "type", "needs a type"},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger_context context = {zones, STR_LIT("UTC"), {0}, {0}, NULL};
    json_t *array = json_array();
    struct trigger *t;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (trigger_of(zones, rows[i].spec, "UTC", &e))
            fail_msg("accepted %s", rows[i].spec);
        if (e.code != rows[i].code || strcmp(e.field, rows[i].field) != 0 ||
            !strstr(e.message, rows[i].part))
            fail_msg("%s: %s: %s", rows[i].spec, e.field, e.message);
    }
    assert_false(trigger_parse(array, &context, &t, &e));
    assert_false(trigger_parse(NULL, &context, &t, &e));
    json_decref(array);
    trigger_free(NULL);
    zones_free(zones);
}

// APScheduler's own answers, UTC, from 2026-01-15 10:07:03.
static void test_next(void **state)
{
    static const struct {
        const char *spec, *slots[4];
    } rows[] = {
        {"{\"type\":\"cron\",\"day\":1,\"minute\":20}",
         {"2026-02-01 00:20", "2026-02-01 01:20", "2026-02-01 02:20", NULL}},
        {"{\"type\":\"cron\",\"hour\":\"*/10\"}",
         {"2026-01-15 20:00", "2026-01-16 00:00", "2026-01-16 10:00", NULL}},
        {"{\"type\":\"cron\",\"second\":\"*/10\"}",
         {"2026-01-15 10:07:10", "2026-01-15 10:07:20", NULL, NULL}},
        {"{\"type\":\"cron\",\"week\":10}", {"2026-03-02", "2026-03-03", "2026-03-04", NULL}},
        {"{\"type\":\"cron\",\"week\":1,\"day_of_week\":\"mon\"}",
         {"2027-01-04", "2028-01-03", "2029-01-01", "2029-12-31"}},
        {"{\"type\":\"cron\",\"day\":\"last sun\"}",
         {"2026-01-25", "2026-02-22", "2026-03-29", "2026-04-26"}},
        {"{\"type\":\"cron\",\"day\":\"5th mon\"}",
         {"2026-03-30", "2026-06-29", "2026-08-31", NULL}},
        {"{\"type\":\"cron\",\"day\":\"1st mon,last fri\",\"hour\":8}",
         {"2026-01-30 08:00", "2026-02-02 08:00", "2026-02-27 08:00", NULL}},
        {"{\"type\":\"cron\",\"day\":\"1-7\",\"day_of_week\":\"mon\",\"hour\":9}",
         {"2026-02-02 09:00", "2026-03-02 09:00", NULL, NULL}},
        {"{\"type\":\"cron\",\"minute\":\"50/9\"}",
         {"2026-01-15 10:50", "2026-01-15 10:59", "2026-01-15 11:50", NULL}},
        {"{\"type\":\"cron\",\"month\":\"*/5\"}", {"2026-06-01", "2026-11-01", "2027-01-01", NULL}},
        {"{\"type\":\"cron\",\"day\":29,\"month\":2}",
         {"2028-02-29", "2032-02-29", "2036-02-29", "2040-02-29"}},
        {"{\"type\":\"cron\",\"year\":\"2030-2032/2\"}", {"2030-01-01", "2032-01-01", "", NULL}},
        {"{\"type\":\"cron\",\"hour\":0,\"start_date\":\"2026-02-01\",\"end_date\":\"2026-02-02\"}",
         {"2026-02-01", "2026-02-02", "", NULL}},
        {"{\"type\":\"interval\",\"minutes\":5}",
         {"2026-01-15 10:12:03", "2026-01-15 10:17:03", NULL, NULL}},
        {"{\"type\":\"interval\",\"hours\":1,\"start_date\":\"2020-01-01 00:00:30\"}",
         {"2026-01-15 11:00:30", NULL, NULL, NULL}},
        {"{\"type\":\"interval\",\"minutes\":5,\"max_runs\":2}",
         {"2026-01-15 10:12:03", "2026-01-15 10:17:03", "", NULL}},
        {"{\"type\":\"cron\",\"hour\":4,\"max_runs\":2}",
         {"2026-01-16 04:00", "2026-01-17 04:00", "", NULL}},
        {"{\"type\":\"cron\",\"hour\":4,\"max_runs\":5,\"start_date\":\"2026-01-12\"}",
         {"2026-01-16 04:00", "", NULL, NULL}},
        {"{\"type\":\"cron\",\"hour\":4,\"max_runs\":5,\"end_date\":\"2026-01-17\"}",
         {"2026-01-16 04:00", "", NULL, NULL}},
        {"{\"type\":\"date\",\"run_date\":\"2026-02-01\"}", {"2026-02-01", "", NULL, NULL}},
        {"{\"type\":\"date\",\"run_date\":\"2020-02-01\"}", {"", NULL, NULL, NULL}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trigger *t = trigger_good(zones, rows[i].spec, "UTC");
        wall at = at_of(zones, "2026-01-15 10:07:03");

        for (int n = 0; n < 4 && rows[i].slots[n]; n++) {
            wall want = rows[i].slots[n][0] ? at_of(zones, rows[i].slots[n]) : WALL_NEVER;

            at = trigger_next(t, at);
            if (at.us != want.us)
                fail_msg("%s: slot %d", rows[i].spec, n);
        }
        trigger_free(t);
    }
    zones_free(zones);
}

static void test_once(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t =
        trigger_good(zones, "{\"type\":\"date\",\"run_date\":\"2026-02-01\"}", "Europe/Berlin");
    struct buf out;
    wall slot = at_of(zones, "2026-01-31 23:00"), last;

    (void)state;
    assert_true(trigger_is_once(t));
    assert_int_equal(trigger_kind(t), TRIGGER_DATE);
    assert_true(str_eq(zone_name(trigger_zone(t)), STR_LIT("Europe/Berlin")));
    assert_int_equal(trigger_prev(t, slot).us, slot.us);
    assert_int_equal(trigger_prev(t, (wall){slot.us - 1}).us, WALL_NEVER.us);
    assert_int_equal(trigger_count(t, (wall){slot.us - 1}, slot, 5, &last), 1);
    assert_int_equal(last.us, slot.us);
    assert_int_equal(trigger_count(t, slot, WALL_NEVER, 5, NULL), 0);
    assert_int_equal(trigger_jitter_us(t, 1, slot), 0);
    buf_init(&out, 100);
    trigger_time_str(t, slot, &out);
    assert_string_equal(buf_text(&out), "2026-02-01 00:00:00+01:00");
    buf_done(&out);
    trigger_free(t);
    zones_free(zones);
}

// H and ~ stand for what they stand for because of the job, and the text is kept as it is.
static void test_hashed(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger_context context = {zones, STR_LIT("UTC"), at_of(zones, "2026-01-15 10:07:03"),
                                      STR_LIT("backup"), NULL};
    json_t *spec = json_pack("{ss}", "expr", "H  H(0-5) * * ~"), *written;
    const char *text = "{\"type\":\"cron\",\"expr\":\"H H(0-5) * * ~\",\"timezone\":\"UTC\"}";
    struct trigger *t, *again;
    struct buf out;
    struct err e;

    (void)state;
    buf_init(&out, 1000);
    assert_true(trigger_parse(spec, &context, &t, &e));
    trigger_str(t, &out);
    assert_string_equal(buf_text(&out),
                        "cron[month='*', day='*', day_of_week='wed', hour='2', minute='15']");
    buf_clear(&out);
    trigger_words(t, &out);
    assert_string_equal(buf_text(&out), "at 02:15 on Wednesdays, UTC");
    buf_clear(&out);
    trigger_write(t, &out);
    assert_string_equal(buf_text(&out), text);
    assert_int_equal(trigger_next(t, context.now).us, at_of(zones, "2026-01-21 02:15").us);
    written = json_loads(text, 0, NULL);
    assert_true(trigger_parse(written, &context, &again, &e));
    assert_int_equal(trigger_next(again, context.now).us, at_of(zones, "2026-01-21 02:15").us);
    trigger_free(again);
    context.job_id = STR_LIT("report");
    assert_true(trigger_parse(written, &context, &again, &e));
    assert_int_not_equal(trigger_next(again, context.now).us, trigger_next(t, context.now).us);
    trigger_free(again);
    trigger_free(t);
    json_decref(written);
    json_decref(spec);
    buf_done(&out);
    zones_free(zones);
}

static void test_relative(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *after = trigger_good(zones, "{\"type\":\"after\",\"delay\":\"5m\"}", "UTC");
    struct trigger *startup = trigger_good(zones, "{\"type\":\"startup\",\"delay\":\"1s\"}", "UTC");
    struct trigger *manual = trigger_good(zones, "{\"type\":\"manual\"}", "UTC");
    struct trigger *daily = trigger_good(zones, "@daily", "UTC");
    wall end = at_of(zones, "2026-02-01");

    (void)state;
    assert_int_equal(trigger_kind(after), TRIGGER_AFTER);
    assert_true(trigger_is_relative(after) && trigger_is_relative(startup));
    assert_true(trigger_is_relative(manual) && !trigger_is_relative(daily));
    assert_int_equal(trigger_delay_us(after), 5 * MINUTE_US);
    assert_int_equal(trigger_delay_us(startup), SECOND_US);
    assert_int_equal(trigger_delay_us(manual) + trigger_delay_us(daily), 0);
    assert_int_equal(trigger_next(after, end).us, end.us + 5 * MINUTE_US);
    assert_int_equal(trigger_next(after, WALL_NEVER).us, WALL_NEVER.us);
    assert_int_equal(trigger_next(startup, end).us, WALL_NEVER.us);
    assert_int_equal(trigger_next(manual, end).us, WALL_NEVER.us);
    assert_int_equal(trigger_prev(after, end).us, WALL_NEVER.us);
    assert_int_equal(trigger_count(manual, end, WALL_NEVER, 9, NULL), 0);
    assert_ptr_equal(trigger_share(after), after);
    trigger_free(after);
    assert_int_equal(trigger_delay_us(after), 5 * MINUTE_US); // one of its owners is left
    trigger_free(after);
    trigger_free(startup);
    trigger_free(manual);
    trigger_free(daily);
    zones_free(zones);
}

static void test_zone_in_a_text(void **state)
{
    static const struct {
        const char *spec;
        bool has_zone;
    } rows[] = {
        {"{\"type\":\"cron\",\"expr\":\"CRON_TZ=Asia/Tokyo 0 4 * * *\"}", true},
        {"{\"expr\":\"TZ=Asia/Tokyo 0 4 * * *\"}", true},
        {"{\"type\":\"cron\",\"expr\":\"0 4 * * *\",\"timezone\":\"Asia/Tokyo\"}", false},
        {"{\"type\":\"cron\",\"hour\":4}", false},
        {"{\"type\":\"oncalendar\",\"expr\":\"04:00 Asia/Tokyo\"}", true},
        {"{\"type\":\"oncalendar\",\"expr\":\"04:00\"}", false},
        {"{\"type\":\"manual\"}", false},
        {"{\"type\":\"sometimes\"}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *spec = json_loads(rows[i].spec, 0, NULL);

        assert_int_equal(trigger_spec_has_zone(spec), rows[i].has_zone);
        json_decref(spec);
    }
}

static void test_between(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(zones, "0 */6 * * *", "UTC");
    wall from = at_of(zones, "2026-01-15"), slots[10];

    (void)state;
    assert_int_equal(trigger_between(t, from, at_of(zones, "2026-01-16"), 10, slots), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(slots[i].us, from.us + (i + 1) * 6 * HOUR_US);
    assert_int_equal(trigger_between(t, from, at_of(zones, "2026-01-16"), 2, slots), 2);
    assert_int_equal(trigger_between(t, from, from, 10, slots), 0);
    trigger_free(t);
    zones_free(zones);
}

static void test_jitter(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t =
        trigger_good(zones, "{\"type\":\"interval\",\"minutes\":10,\"jitter\":60}", "UTC");
    int buckets[10] = {0};

    (void)state;
    for (int64_t i = 0; i < 20000; i++) {
        int64_t us = trigger_jitter_us(t, (uint64_t)i % 7, (wall){i * 600 * SECOND_US});

        assert_true(us >= 0 && us <= 60 * SECOND_US);
        assert_int_equal(us, trigger_jitter_us(t, (uint64_t)i % 7, (wall){i * 600 * SECOND_US}));
        buckets[us < 60 * SECOND_US ? us / (6 * SECOND_US) : 9]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(buckets[i], 1800, 2200);
    assert_true(trigger_jitter_us(t, 1, (wall){0}) != trigger_jitter_us(t, 2, (wall){0}));
    trigger_free(t);
    zones_free(zones);
}

static void test_dst(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(zones, "30 2 * * *", "Europe/Berlin");
    struct trigger *ended = trigger_good(
        zones, "{\"expr\":\"30 2 * * *\",\"end_date\":\"2026-06-01\"}", "Europe/Berlin");
    struct trigger *interval =
        trigger_good(zones, "{\"type\":\"interval\",\"days\":1}", "Europe/Berlin");
    wall from = at_of(zones, "2026-01-01"), until = at_of(zones, "2027-01-01");
    struct trigger_dst dst;

    (void)state;
    assert_true(trigger_next_dst(t, from, until, &dst));
    assert_int_equal(dst.kind, LOCAL_GAP);
    assert_int_equal(dst.runs_at.us, at_of(zones, "2026-03-29 01:00").us);
    assert_true(trigger_next_dst(t, dst.change_at, until, &dst));
    assert_int_equal(dst.kind, LOCAL_FOLD);
    assert_int_equal(dst.runs_at.us, at_of(zones, "2026-10-25 00:30").us);
    assert_false(trigger_next_dst(t, dst.change_at, until, &dst));
    assert_true(trigger_next_dst(ended, from, until, &dst));
    assert_false(trigger_next_dst(ended, dst.change_at, until, &dst));
    assert_false(trigger_next_dst(interval, from, until, &dst));
    trigger_free(t);
    trigger_free(ended);
    trigger_free(interval);
    zones_free(zones);
}

// ---- laws

static const char *const law_specs[] = {
    "* * * * *",
    "30 2 * * *",
    "*/7 1-3 * * *",
    "0 0 L * *",
    "0 0 29 2 *",
    "0 12 13 * 5",
    "5 4 3 2 1 *",
    "0 0 0 1 1 * 2030-2040/3",
    "0 0 * * 5#5",
    "0 0 15W,LW * *",
    "@hourly",
    "{\"type\":\"cron\",\"day\":\"2nd fri,last\",\"hour\":\"*/5\",\"jitter\":7}",
    "{\"type\":\"cron\",\"week\":\"1,53\",\"day_of_week\":\"mon\",\"hour\":2,\"minute\":30}",
    "{\"type\":\"cron\",\"hour\":2,\"start_date\":\"2026-03-01 "
    "02:00:00.5\",\"end_date\":\"2026-11-30T02:00:00Z\"}",
    "{\"type\":\"interval\",\"minutes\":7,\"start_date\":\"2025-12-31 23:59:59.999999\"}",
    "{\"type\":\"interval\",\"seconds\":0.000001,\"start_date\":\"2026-01-01\",\"end_date\":\"2026-"
    "12-01\"}",
    "{\"type\":\"interval\",\"weeks\":3,\"jitter\":100}",
    "{\"type\":\"interval\",\"days\":3,\"start_date\":\"2025-01-01\",\"max_runs\":300}",
    "{\"type\":\"cron\",\"hour\":2,\"minute\":30,\"dst\":\"shift\"}",
    "{\"type\":\"cron\",\"minute\":\"*/20\",\"dst\":\"both\"}",
    "{\"type\":\"cron\",\"hour\":2,\"minute\":30,\"dst\":\"utc\"}",
    "{\"type\":\"cron\",\"hour\":\"1-3\",\"minute\":30,\"dst\":\"first\",\"start_date\":\"2025-"
    "01-01\",\"max_runs\":500}",
    "{\"type\":\"date\",\"run_date\":\"2026-10-25 02:30\"}",
    "H H(0-5) +13 * +~",
    "TZ=America/New_York H/20 2 * * *",
    "{\"type\":\"quartz\",\"expr\":\"0/30 0 22-2/3 ? NOV-FEB 6-2\"}",
    "{\"type\":\"quartz\",\"expr\":\"0 30 2 L-3W,1W * ? 2020-2030\"}",
    "{\"type\":\"date\",\"run_dates\":[\"2026-10-25 02:30\",\"2024-02-29\",\"2025-07-01\"]}",
    "{\"type\":\"iso8601\",\"expr\":\"R/2024-01-31T02:30:00/P1M\"}",
    "{\"type\":\"iso8601\",\"expr\":\"R400/2025-10-01T02:30:00.5/P1D\",\"dst\":\"both\"}",
    "{\"type\":\"iso8601\",\"expr\":\"R/P1DT7H/2027-01-01T00:00:00+05:30\"}",
    "{\"type\":\"iso8601\",\"expr\":\"R/20200101T000000Z/PT36.000001S\"}",
    "{\"type\":\"calendarinterval\",\"months\":1,\"start_date\":\"2024-01-31\",\"time\":\"02:30\"}",
    "{\"type\":\"calendarinterval\",\"years\":1,\"start_date\":\"2000-02-29\",\"jitter\":5}",
    "{\"type\":\"calendarinterval\",\"days\":3,\"dst\":\"skip\",\"time\":\"00:30\",\"max_runs\":"
    "90}",
    "{\"type\":\"and\",\"triggers\":[{\"expr\":\"0 2,3 * * *\"},{\"expr\":\"0 * * * 1-5\"}]}",
    "{\"type\":\"and\",\"triggers\":[{\"expr\":\"30 1-3 */2 * *\"},{\"type\":\"interval\","
    "\"minutes\":90,\"start_date\":\"2024-01-01\"}],\"end_date\":\"2026-06-01\"}",
    "{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 3 * * *\"},{\"type\":\"interval\",\"minutes\":"
    "1000},{\"type\":\"and\",\"triggers\":[{\"expr\":\"*/7 * * * *\"},{\"expr\":\"*/11 * * * "
    "*\"}]}],\"jitter\":3}",
};
static const char *const law_zones[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe",
                                        "Pacific/Apia", "America/Santiago"};
static uint64_t seed = 99;

static int64_t rnd(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 2) % n;
}

static struct trigger *rewritten(struct zones *zones, const struct trigger *t)
{
    struct buf once, twice;
    struct trigger *copy;
    struct err e;

    buf_init(&once, 4000);
    buf_init(&twice, 4000);
    trigger_write(t, &once);
    copy = trigger_of(zones, buf_text(&once), "Asia/Kolkata", &e); // the context must not matter
    if (!copy)
        fail_msg("%s: %s", buf_text(&once), e.message);
    trigger_write(copy, &twice);
    assert_string_equal(buf_text(&once), buf_text(&twice));
    buf_clear(&once);
    buf_clear(&twice);
    trigger_str(t, &once);
    trigger_str(copy, &twice);
    assert_string_equal(buf_text(&once), buf_text(&twice));
    buf_done(&once);
    buf_done(&twice);
    return copy;
}

static void check_laws(const struct trigger *t, const struct trigger *copy, wall at)
{
    wall slot = at, last;

    for (int n = 1; n <= 5; n++) {
        wall next = trigger_next(t, slot);

        assert_int_equal(trigger_next(copy, slot).us, next.us);
        if (next.us == WALL_NEVER.us)
            return;
        assert_true(next.us > slot.us);
        // Nothing lies between: from anywhere in between the answer is the same.
        if (slot.us > -DAY_US)
            assert_int_equal(trigger_next(t, (wall){slot.us + rnd(next.us - slot.us)}).us, next.us);
        assert_int_equal(trigger_next(t, (wall){next.us - 1}).us, next.us);
        assert_int_equal(trigger_prev(t, next).us, next.us);
        assert_true(trigger_prev(t, (wall){next.us - 1}).us == WALL_NEVER.us ||
                    trigger_prev(t, (wall){next.us - 1}).us <= slot.us);
        if (n > 1)
            assert_int_equal(trigger_prev(t, (wall){next.us - 1}).us, slot.us);
        slot = next;
        assert_int_equal(trigger_count(t, at, slot, 100, &last), n);
        assert_int_equal(last.us, slot.us);
        assert_int_equal(trigger_count(t, at, (wall){slot.us - 1}, 100, NULL), n - 1);
        assert_int_equal(trigger_count(t, at, slot, n - 1, NULL), n - 1);
    }
}

static void test_laws(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    int64_t from = at_of(zones, "2024-01-01").us;

    (void)state;
    for (size_t s = 0; s < sizeof law_specs / sizeof *law_specs; s++)
        for (size_t z = 0; z < sizeof law_zones / sizeof *law_zones; z++) {
            struct trigger *t = trigger_good(zones, law_specs[s], law_zones[z]);
            struct trigger *copy = rewritten(zones, t);

            for (int i = 0; i < 10; i++)
                check_laws(t, copy, (wall){from + rnd(3 * 366 * DAY_US)});
            check_laws(t, copy, (wall){INT64_MIN});
            check_laws(t, copy, (wall){-1});
            assert_int_equal(trigger_next(t, WALL_NEVER).us, WALL_NEVER.us);
            assert_int_equal(trigger_prev(t, (wall){INT64_MIN}).us, WALL_NEVER.us);
            wall last = trigger_prev(t, WALL_NEVER);
            assert_true(last.us != WALL_NEVER.us);
            assert_int_equal(trigger_next(t, last).us, WALL_NEVER.us);
            trigger_free(t);
            trigger_free(copy);
        }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_next),           cmocka_unit_test(test_once),
        cmocka_unit_test(test_jitter),         cmocka_unit_test(test_dst),
        cmocka_unit_test(test_relative),       cmocka_unit_test(test_between),
        cmocka_unit_test(test_zone_in_a_text), cmocka_unit_test(test_laws),
        cmocka_unit_test(test_hashed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
