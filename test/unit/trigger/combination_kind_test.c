// combination_kind_test.c - "and" and "or" as triggers: what they take, refuse and print.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/kind.h"
#include "trigger_fixture.h"

#define AND(list) "{\"type\":\"and\",\"triggers\":[" list "]}"
#define OR(list) "{\"type\":\"or\",\"triggers\":[" list "]}"
#define LIST(a, b) a "," b
#define CRON(expr) "{\"type\":\"cron\",\"expr\":\"" expr "\"}"
#define FOUR(x) x "," x "," x "," x

static void test_print(void **state)
{
    static const struct {
        const char *spec, *str, *written, *words;
    } rows[] = {
        {AND(LIST("{\"type\":\"cron\",\"day\":\"13\"}", CRON("0 0 * * fri"))),
         "and[cron[day='13'], cron[month='*', day='*', day_of_week='fri', hour='0', minute='0']]",
         "{\"type\":\"and\",\"triggers\":[{\"type\":\"cron\",\"day\":\"13\",\"timezone\":\"Europe/"
         "Berlin\"},{\"type\":\"cron\",\"expr\":\"0 0 * * fri\",\"timezone\":\"Europe/Berlin\"}],"
         "\"timezone\":\"Europe/Berlin\"}",
         "at 00:00 on day 13 of the month and at the same time at 00:00 on Fridays, Europe/Berlin"},
        {"{\"type\":\"or\",\"triggers\":[{\"type\":\"cron\",\"hour\":2},{\"type\":\"cron\","
         "\"hour\":15,\"minute\":30,\"timezone\":\"UTC\",\"end_date\":\"2027-01-01\"},{\"type\":"
         "\"interval\",\"minutes\":5}],\"timezone\":\"Asia/Kolkata\",\"start_date\":\"2026-02-01\","
         "\"max_runs\":7,\"jitter\":3}",
         "or[cron[hour='2'], cron[hour='15', minute='30'], interval[0:05:00]]",
         "{\"type\":\"or\",\"triggers\":[{\"type\":\"cron\",\"hour\":\"2\",\"timezone\":\"Asia/"
         "Kolkata\"},{\"type\":\"cron\",\"hour\":\"15\",\"minute\":\"30\",\"end_date\":\"2027-01-"
         "01T00:00:00Z\",\"timezone\":\"UTC\"},{\"type\":\"interval\",\"minutes\":5,\"start_date\":"
         "\"2026-01-15T15:42:03+05:30\",\"timezone\":\"Asia/Kolkata\"}],\"start_date\":\"2026-02-"
         "01T00:00:00+05:30\",\"max_runs\":7,\"timezone\":\"Asia/Kolkata\",\"jitter\":3}",
         "at 02:00 every day, or (at 15:30 every day, UTC, until 2027-01-01 00:00:00 UTC), or "
         "every "
         "5 minutes, Asia/Kolkata, from 2026-02-01 00:00:00 IST, 7 times, up to 3 seconds later"},
        {AND(LIST(OR(LIST(CRON("0 * * * *"), CRON("30 * * * *"))),
                  "{\"type\":\"interval\",\"minutes\":30,\"start_date\":\"2026-01-01\"}")),
         "and[or[cron[month='*', day='*', day_of_week='*', hour='*', minute='0'], "
         "cron[month='*', day='*', day_of_week='*', hour='*', minute='30']], interval[0:30:00]]",
         "{\"type\":\"and\",\"triggers\":[{\"type\":\"or\",\"triggers\":[{\"type\":\"cron\","
         "\"expr\":\"0 * * * *\",\"timezone\":\"Europe/Berlin\"},{\"type\":\"cron\",\"expr\":\"30 "
         "* "
         "* * *\",\"timezone\":\"Europe/Berlin\"}],\"timezone\":\"Europe/Berlin\"},{\"type\":"
         "\"interval\",\"minutes\":30,\"start_date\":\"2026-01-01T00:00:00+01:00\",\"timezone\":"
         "\"Europe/Berlin\"}],\"timezone\":\"Europe/Berlin\"}",
         "(every hour, or at minute 30 of every hour) and at the same time every 30 minutes, "
         "Europe/Berlin"},
        {OR("{\"type\":\"date\",\"run_date\":\"2026-02-01\"}"), "or[date[2026-02-01 00:00:00 CET]]",
         "{\"type\":\"or\",\"triggers\":[{\"type\":\"date\",\"run_date\":\"2026-02-01T00:00:00+01:"
         "00\",\"timezone\":\"Europe/Berlin\"}],\"timezone\":\"Europe/Berlin\"}",
         "once at 2026-02-01 00:00:00 CET"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_print(zones, rows[i].spec, "Europe/Berlin", rows[i].str, rows[i].written,
                    rows[i].words);
    zones_free(zones);
}

static void test_refused(void **state)
{
    static const struct {
        const char *spec;
        enum err_code code;
        const char *field, *part;
    } rows[] = {
        {"{\"type\":\"and\"}", ERR_INPUT, "triggers", "list of 1 to 16"},
        {"{\"type\":\"or\",\"triggers\":[]}", ERR_INPUT, "triggers", "list of 1 to 16"},
        {"{\"type\":\"or\",\"triggers\":{}}", ERR_INPUT, "triggers", "list of 1 to 16"},
        {"{\"type\":\"or\",\"triggers\":[],\"minutes\":1}", ERR_INPUT, "minutes", "minutes"},
        {OR(LIST(FOUR(FOUR(CRON("* * * * *"))), CRON("* * * * *"))), ERR_INPUT, "triggers",
         "list of 1 to 16"},
        {OR("7"), ERR_INPUT, "triggers.0", "JSON object"},
        {OR(LIST(CRON("* * * * *"), CRON("61 * * * *"))), ERR_INPUT, "triggers.1.expr", "0-59"},
        {AND(OR(LIST(CRON("* * * * *"), "{\"type\":\"cron\",\"horu\":4}"))), ERR_INPUT,
         "triggers.0.triggers.1.horu", "horu"},
        {OR("{\"type\":\"weekly\"}"), ERR_INPUT, "triggers.0.type", "weekly"},
        {OR("{\"type\":\"after\",\"delay\":\"5m\"}"), ERR_INPUT, "triggers.0.type", "events"},
        {OR("{\"type\":\"startup\"}"), ERR_INPUT, "triggers.0.type", "events"},
        {OR("{\"type\":\"manual\"}"), ERR_INPUT, "triggers.0.type", "events"},
        {OR("{\"type\":\"cron\",\"hour\":1,\"jitter\":5}"), ERR_INPUT, "triggers.0.jitter",
         "belongs to the whole"},
        {OR(OR(OR(OR(OR(CRON("* * * * *")))))), ERR_INPUT,
         "triggers.0.triggers.0.triggers.0.triggers.0.triggers", "4 deep"},
        {OR(FOUR(OR(FOUR(FOUR(CRON("* * * * *")))))), ERR_INPUT, "triggers", "at most 32"},
        {AND(LIST(CRON("0 0 * * mon"), CRON("0 0 * * tue"))), ERR_SCHEDULE, "triggers",
         "in common"},
        {AND(LIST(CRON("0 0 * * mon"), CRON("0 0 31 4 *"))), ERR_SCHEDULE, "triggers.1",
         "never fires"},
        {AND(LIST(CRON("0 0 * * *"), "{\"type\":\"date\",\"run_date\":\"2026-01-01T00:00:01\"}")),
         ERR_SCHEDULE, "triggers", "in common"},
        {AND(LIST("{\"type\":\"interval\",\"hours\":2,\"start_date\":\"2026-01-01\"}",
                  "{\"type\":\"interval\",\"hours\":4,\"start_date\":\"2026-01-01 01:00\"}")),
         ERR_SCHEDULE, "triggers", "in common"},
        {AND(LIST("{\"type\":\"cron\",\"expr\":\"0 9 * * *\",\"timezone\":\"America/New_York\"}",
                  "{\"type\":\"cron\",\"expr\":\"0 3 * * *\",\"timezone\":\"Europe/Berlin\"}")),
         ERR_SCHEDULE, "triggers", "10000 steps"},
        {OR(LIST(CRON("0 0 31 4 *"), CRON("0 0 31 6 *"))), ERR_SCHEDULE, "triggers", "none of its"},
        {"{\"type\":\"or\",\"triggers\":[" CRON("* * * * *") "],\"max_runs\":10001}", ERR_INPUT,
         "max_runs", "10000"},
        {"{\"type\":\"or\",\"triggers\":[" FOUR(
             CRON("* * * * *")) "],\"max_runs\":9000,\"start_date\":\"2026-01-01\"}",
         ERR_SCHEDULE, "max_runs", "too many"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(zones, rows[i].spec, rows[i].code, rows[i].field, rows[i].part);
    zones_free(zones);
}

static void test_next(void **state)
{
    static const struct {
        const char *spec, *slots[4];
    } rows[] = {
        {AND(LIST(CRON("0 0 13 * *"), CRON("0 0 * * fri"))),
         {"2026-02-12 23:00", "2026-03-12 23:00", "2026-11-12 23:00", NULL}},
        {OR(LIST(CRON("0 9 * * *"), LIST(CRON("0 12 * * *"), CRON("0 12 * * thu")))),
         {"2026-01-15 11:00", "2026-01-16 08:00", "2026-01-16 11:00", NULL}},
        // What never fires may stand in a union, also when it is an intersection.
        {OR(LIST(CRON("0 0 31 4 *"),
                 LIST(CRON("0 12 * * *"), AND(LIST(CRON("0 0 * * mon"), CRON("0 0 * * tue")))))),
         {"2026-01-15 11:00", "2026-01-16 11:00", NULL, NULL}},
        // Sets of moments: both run when the clocks have gone forward, and only then.
        {AND(LIST(CRON("10 2 * * *"), CRON("50 2 * * *"))),
         {"2026-03-29 01:00", "2027-03-28 01:00", NULL, NULL}},
        {AND(LIST(CRON("30 2 * * *"), CRON("*/30 * * * *"))),
         {"2026-01-16 01:30", "2026-01-17 01:30", NULL, NULL}},
        {"{\"type\":\"and\",\"triggers\":[" CRON("0 12 * * *") "," CRON(
             "0 * * * *") "],\"start_date\":\"2026-02-01\",\"end_date\":\"2026-03-01\",\"max_"
                          "runs\":"
                          "2}",
         {"2026-02-01 11:00", "2026-02-02 11:00", "", NULL}},
        {AND(LIST(CRON("0 9 * * *"),
                  "{\"type\":\"interval\",\"days\":10,\"start_date\":\"2026-01-01 09:00\"}")),
         {"2026-01-21 08:00", "2026-01-31 08:00", NULL, NULL}},
        {AND(LIST(
             "{\"type\":\"date\",\"run_dates\":[\"2026-02-01\",\"2026-02-02\",\"2026-02-03\"]}",
             CRON("0 0 * * mon"))),
         {"2026-02-01 23:00", "", NULL, NULL}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_slots(zones, rows[i].spec, "Europe/Berlin", rows[i].slots, COUNT(rows[i].slots));
    zones_free(zones);
}

static void test_dst(void **state)
{
    static const struct {
        const char *spec, *first_runs; // NULL: nothing is touched in 2026
    } rows[] = {
        {OR(LIST(CRON("0 9 * * *"), CRON("30 2 * * *"))), "2026-03-29 01:00"},
        {AND(LIST(CRON("30 2 * * *"), CRON("* * * * *"))), "2026-03-29 01:00"},
        {AND(LIST(CRON("30 2 * * *"), CRON("30 * * * mon"))), NULL},
        {OR(LIST(CRON("0 9 * * *"), CRON("0 * * * *"))), NULL},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_good(zones, rows[i].spec, "Europe/Berlin");
        struct trigger_dst dst;
        bool is_touched =
            trigger_next_dst(t, at_of(zones, "2026-01-01"), at_of(zones, "2027-01-01"), &dst);

        if (is_touched != (rows[i].first_runs != NULL))
            fail_msg("%s", rows[i].spec);
        if (is_touched)
            assert_int_equal(dst.runs_at.us, at_of(zones, rows[i].first_runs).us);
        trigger_free(t);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_dst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
