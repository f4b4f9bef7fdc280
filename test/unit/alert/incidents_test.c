// incidents_test.c - what opens, what is told when and to whom, what is repeated, held back,
// closed: on a simulated clock and a store in memory.
// SPDX-License-Identifier: Apache-2.0
#include "alert/incidents.h"

#include <stdio.h>
#include <string.h>

#include "store/memory_store.h"
#include "unit.h"

#define S INT64_C(1000000)
#define START (INT64_C(1800000000) * S)
#define HOUR (3600 * S)

static struct {
    struct sim_clock clock;
    struct loop *loop;
    struct store *store;
    struct journal journal;
    struct incidents incidents;
    struct notify rules;
    char told[2000]; // "failed>ops(1) ..." in the order made
} w;

static bool rules_of(int64_t job_id, struct notify *ret, void *ctx)
{
    (void)ctx;
    *ret = w.rules;
    return job_id == 7;
}

static void watch_stored(struct watch *watch, void *ctx)
{
    (void)ctx;
    incidents_stored(&w.incidents, watch);
}

static void parcel_stored(struct parcel *parcel, void *ctx)
{
    size_t at = strlen(w.told);

    (void)ctx;
    assert_true(parcel->is_known);
    snprintf(w.told + at, sizeof w.told - at, "%s>%.*s ",
             notice_name((enum notice)parcel->row.notice), STR(parcel->row.channel));
}

static void settle(void)
{
    for (int i = 0; i < 1000 && loop_turn(w.loop, 0) > 0; i++) {
    }
}

static void world_begin(const char *rules)
{
    struct err e;

    assert_true(notify_parse(str_of(rules), &w.rules, &e));
    journal_init(&w.journal, w.loop, w.store);
    w.journal.on_watch = watch_stored;
    w.journal.on_parcel = parcel_stored;
    incidents_init(&w.incidents, w.loop, &w.journal);
    w.incidents.host = STR_LIT("here");
    w.incidents.rules = rules_of;
    w.told[0] = '\0';
}

static int setup(void **state)
{
    struct err e;

    (void)state;
    memset(&w, 0, sizeof w);
    sim_clock_init(&w.clock, (wall){START});
    w.loop = loop_new(&w.clock.base, &e);
    w.store = memory_store_new(w.loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(w.store);
    journal_end(&w.journal);
    incidents_done(&w.incidents);
    loop_free(w.loop);
    return 0;
}

static void raise_as(enum incident_kind kind, int level, int64_t run_id)
{
    const struct occurrence o = {.job_id = 7,
                                 .job = STR_LIT("backup"),
                                 .target = level ? STR_LIT("h:443") : (struct str){0},
                                 .kind = kind,
                                 .level = level,
                                 .run_id = run_id,
                                 .slot = {START + run_id},
                                 .message = STR_LIT("exit status 3")};

    incidents_raise(&w.incidents, &o, &w.rules);
    settle();
}

static void fail_once(int64_t run_id)
{
    raise_as(INCIDENT_FAILING, 0, run_id);
}

static struct watch *open_one(void)
{
    return incidents_next(&w.incidents, 7, NULL);
}

static void recover(void)
{
    incidents_close(&w.incidents, open_one(), NOTICE_RECOVERED, STR_LIT("fine"), NULL);
    settle();
}

static void pass(int64_t us)
{
    int64_t end = w.clock.mono_us + us;

    while (w.clock.mono_us < end) {
        int64_t next = loop_next_us(w.loop), left = end - w.clock.mono_us;

        sim_clock_advance(&w.clock, next < left ? (next > 0 ? next : 1) : left);
        settle();
    }
}

static void test_once_each(void **state)
{
    (void)state;
    world_begin("[{\"channel\":\"a\"},{\"channel\":\"b\",\"after\":3},{\"channel\":\"c\",\"on\":["
                "\"late\"]},{\"on\":[\"failed\"]}]");
    fail_once(1);
    assert_string_equal(w.told, "failed>a ");
    fail_once(1); // told of this run already
    fail_once(2);
    assert_string_equal(w.told, "failed>a ");
    assert_int_equal(open_one()->row.count, 2);
    fail_once(3);
    fail_once(4);
    assert_string_equal(w.told, "failed>a failed>b ");
    raise_as(INCIDENT_LATE, 0, 5);
    assert_string_equal(w.told, "failed>a failed>b late>c ");
    assert_int_equal(w.incidents.count, 2);
    assert_int_equal(w.incidents.open[INCIDENT_FAILING], 1);
    assert_non_null(incidents_find(&w.incidents, 7, INCIDENT_LATE, (struct str){0}));
    recover();
    assert_string_equal(w.told, "failed>a failed>b late>c recovered>a recovered>b ");
    assert_int_equal(w.incidents.count, 1);
    // Anew: told anew; b had only one failure, and hears nothing of its end.
    w.told[0] = '\0';
    fail_once(6);
    incidents_close(&w.incidents,
                    incidents_find(&w.incidents, 7, INCIDENT_FAILING, (struct str){0}),
                    NOTICE_RECOVERED, (struct str){0}, NULL);
    settle();
    assert_string_equal(w.told, "failed>a recovered>a ");
}

static void test_nobody_wants_it(void **state)
{
    (void)state;
    world_begin("[{\"channel\":\"a\",\"on\":[\"late\"]}]");
    fail_once(1);
    assert_null(open_one());
    assert_string_equal(w.told, "");
}

static void test_a_count_that_jumps(void **state)
{
    const struct occurrence o = {
        .job_id = 7, .job = STR_LIT("x"), .kind = INCIDENT_FAILING, .count = 5, .run_id = 1};

    (void)state;
    world_begin("[{\"channel\":\"a\",\"after\":2},{\"channel\":\"b\",\"after\":5},{\"channel\":"
                "\"c\",\"after\":6}]");
    incidents_raise(&w.incidents, &o, &w.rules);
    settle();
    assert_string_equal(w.told, "failed>a failed>b ");
}

static void test_repeated(void **state)
{
    (void)state;
    world_begin(
        "[{\"channel\":\"a\",\"repeat\":\"1h\"},{\"channel\":\"b\",\"on\":[\"recovered\"]}]");
    fail_once(1);
    pass(HOUR / 2);
    fail_once(2);
    pass(HOUR / 2 - S);
    assert_string_equal(w.told, "failed>a ");
    pass(2 * S);
    assert_string_equal(w.told, "failed>a failed>a ");
    // After a pause of three hours (asleep, or away) it is told once, not three times.
    sim_clock_step(&w.clock, 3 * HOUR);
    settle();
    pass(S);
    assert_string_equal(w.told, "failed>a failed>a failed>a ");
    recover();
    pass(5 * HOUR);
    assert_string_equal(w.told, "failed>a failed>a failed>a recovered>a recovered>b ");
}

static void test_repeated_over_a_restart(void **state)
{
    struct incident row;

    (void)state;
    world_begin("[{\"channel\":\"a\",\"repeat\":\"1h\"}]");
    fail_once(1);
    pass(HOUR + HOUR / 2);
    assert_string_equal(w.told, "failed>a failed>a ");
    row = open_one()->row;
    row.job = STR_LIT("backup");
    row.message = row.note = row.target = (struct str){0};
    store_close(w.store);
    journal_end(&w.journal);
    incidents_done(&w.incidents);
    w.store = memory_store_new(w.loop);
    world_begin("[{\"channel\":\"a\",\"repeat\":\"1h\"}]");
    incidents_load(&w.incidents, &row);
    assert_ptr_equal(incidents_by_id(&w.incidents, row.id), open_one());
    pass(HOUR / 2 - S);
    assert_string_equal(w.told, "");
    pass(2 * S);
    assert_string_equal(w.told, "failed>a ");
    fail_once(2); // not the first any more
    assert_string_equal(w.told, "failed>a ");
    assert_true(incidents_id(&w.incidents) > row.id);
}

static void test_acknowledged(void **state)
{
    (void)state;
    world_begin("[{\"channel\":\"a\",\"repeat\":\"1h\"},{\"channel\":\"b\",\"after\":2}]");
    fail_once(1);
    incidents_ack(&w.incidents, open_one(), (wall){START + 3 * HOUR + HOUR / 2}, STR_LIT("on it"));
    fail_once(2);
    pass(3 * HOUR + HOUR / 4);
    assert_string_equal(w.told, "failed>a ");
    pass(HOUR / 2); // until then; what was due meanwhile is told now
    assert_string_equal(w.told, "failed>a failed>a ");
    incidents_ack(&w.incidents, open_one(), (wall){0}, (struct str){0});
    pass(10 * HOUR);
    assert_string_equal(w.told, "failed>a failed>a ");
    recover();
    assert_string_equal(w.told, "failed>a failed>a recovered>a recovered>b ");
}

static void test_certificates_get_worse(void **state)
{
    (void)state;
    world_begin(
        "[{\"channel\":\"a\",\"on\":[\"cert_warning\",\"cert_critical\",\"cert_recovered\"]}]");
    raise_as(INCIDENT_CERTIFICATE, NOTICE_CERT_WARNING, 1);
    raise_as(INCIDENT_CERTIFICATE, NOTICE_CERT_WARNING, 2);
    raise_as(INCIDENT_CERTIFICATE, NOTICE_CERT_CRITICAL, 3);
    raise_as(INCIDENT_CERTIFICATE, NOTICE_CERT_CRITICAL, 4);
    raise_as(INCIDENT_CERTIFICATE, NOTICE_CERT_ERROR, 5); // not asked for
    raise_as(INCIDENT_CERTIFICATE, NOTICE_CERT_WARNING, 6);
    assert_int_equal(w.incidents.count, 1);
    incidents_close(&w.incidents, open_one(), NOTICE_CERT_RECOVERED, STR_LIT("good"), NULL);
    settle();
    assert_string_equal(w.told, "cert_warning>a cert_critical>a cert_warning>a cert_recovered>a ");
}

static void test_mentioned(void **state)
{
    const struct occurrence o = {.job_id = 7,
                                 .job = STR_LIT("x"),
                                 .target = STR_LIT("h:443"),
                                 .kind = INCIDENT_CERTIFICATE,
                                 .level = NOTICE_CERT_CHANGED,
                                 .message = STR_LIT("another one")};

    (void)state;
    world_begin("[{\"channel\":\"a\",\"on\":[\"cert_changed\"]}]");
    incidents_mention(&w.incidents, &o, NOTICE_CERT_CHANGED, &w.rules);
    settle();
    assert_string_equal(w.told, "cert_changed>a ");
    assert_int_equal(w.incidents.count, 0);
}

static void test_the_store_refuses(void **state)
{
    (void)state;
    world_begin("[{\"channel\":\"a\"}]");
    memory_store_fail(w.store, 2);
    fail_once(1);
    fail_once(2);
    assert_string_equal(w.told, ""); // nothing is told that is not kept
    pass(20 * S);
    assert_string_equal(w.told, "failed>a ");
    recover();
    assert_string_equal(w.told, "failed>a recovered>a ");
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WORLD(test_once_each),
        WORLD(test_nobody_wants_it),
        WORLD(test_a_count_that_jumps),
        WORLD(test_repeated),
        WORLD(test_repeated_over_a_restart),
        WORLD(test_acknowledged),
        WORLD(test_certificates_get_worse),
        WORLD(test_mentioned),
        WORLD(test_the_store_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
