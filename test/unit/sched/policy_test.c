// policy_test.c - what becomes of a due slot: a table of situations and verdicts.
// SPDX-License-Identifier: Apache-2.0
#include "sched/policy.h"

#include "unit.h"

#include <string.h>

#define S 1000000LL
#define T0 1767225600LL // 2026-01-01T00:00:00Z

static struct trigger *trigger_of(struct zones *zones, const char *text)
{
    struct trigger_context context = {zones, STR_LIT("UTC"), {T0 * S}, {0}, NULL};
    json_t *spec = json_loads(text, 0, NULL);
    struct trigger *trigger = NULL;
    struct err e;

    assert_non_null(spec);
    assert_true(trigger_parse(spec, &context, &trigger, &e));
    json_decref(spec);
    return trigger;
}

// Moments are seconds after T0. A trigger here fires each ten seconds, once at 0, or follows
// events.
static const struct {
    const char *name;
    const char *trigger;
    enum job_coalesce coalesce;
    int max_instances;
    int64_t grace_s; // < 0: as JOB_GRACE_...
    int64_t slot_s, now_s;
    int running;
    enum verdict_kind kind;
    enum run_reason reason;
    int64_t verdict_slot_s, missed, missed_from_s, next_s;
    bool is_catchup;
} rows[] = {
#define TEN "{\"type\":\"interval\",\"seconds\":10,\"start_date\":\"2026-01-01T00:00:00Z\"}"
#define ONCE "{\"type\":\"date\",\"run_date\":\"2026-01-01T00:00:00Z\"}"
    {"on time", TEN, COALESCE_LAST, 1, -1, 10, 10, 0, VERDICT_RUN, REASON_NONE, 10, 0, 0, 20,
     false},
    {"late within grace", TEN, COALESCE_LAST, 1, -1, 10, 14, 0, VERDICT_RUN, REASON_NONE, 10, 0, 0,
     20, true},
    {"overlap", TEN, COALESCE_LAST, 1, -1, 10, 10, 1, VERDICT_SKIP, REASON_OVERLAP, 10, 0, 0, 20,
     false},
    {"two at once", TEN, COALESCE_LAST, 2, -1, 10, 10, 1, VERDICT_RUN, REASON_NONE, 10, 0, 0, 20,
     false},
    {"overlap waits", TEN, COALESCE_ALL, 1, -1, 10, 10, 1, VERDICT_WAIT, REASON_OVERLAP, 10, 0, 0,
     10, false},
    {"folded", TEN, COALESCE_LAST, 1, -1, 10, 45, 0, VERDICT_RUN, REASON_NONE, 40, 3, 10, 50, true},
    {"folded, too late", TEN, COALESCE_LAST, 1, 2, 10, 45, 0, VERDICT_SKIP, REASON_MISFIRE, 40, 3,
     10, 50, true},
    {"one, too late", TEN, COALESCE_LAST, 1, 2, 10, 15, 0, VERDICT_SKIP, REASON_MISFIRE, 10, 0, 0,
     20, true},
    {"all: first", TEN, COALESCE_ALL, 1, 60, 10, 45, 0, VERDICT_RUN, REASON_NONE, 10, 0, 0, 20,
     true},
    {"all: expired ones", TEN, COALESCE_ALL, 1, 12, 10, 45, 0, VERDICT_SKIP, REASON_MISFIRE, 30, 2,
     10, 40, true},
    {"all: one expired", TEN, COALESCE_ALL, 1, 12, 10, 25, 0, VERDICT_SKIP, REASON_MISFIRE, 10, 0,
     0, 20, true},
    {"once, very late", ONCE, COALESCE_LAST, 1, -1, 0, 86400 * 365, 0, VERDICT_RUN, REASON_NONE, 0,
     0, 0, -1, true},
    {"once, with a grace", ONCE, COALESCE_LAST, 1, 60, 0, 61, 0, VERDICT_SKIP, REASON_MISFIRE, 0, 0,
     0, -1, true},
    {"a delay, an hour late", "{\"type\":\"after\",\"delay\":\"10s\"}", COALESCE_LAST, 1, -1, 10,
     3600, 0, VERDICT_RUN, REASON_NONE, 10, 0, 0, -1, true},
    {"a delay, with a grace", "{\"type\":\"after\",\"delay\":\"10s\"}", COALESCE_ALL, 1, 60, 10,
     3600, 0, VERDICT_SKIP, REASON_MISFIRE, 10, 0, 0, -1, true},
    {"a start, overlap", "{\"type\":\"startup\"}", COALESCE_LAST, 1, -1, 10, 10, 1, VERDICT_SKIP,
     REASON_OVERLAP, 10, 0, 0, -1, false},
    {"a start, overlap waits", "{\"type\":\"startup\"}", COALESCE_ALL, 1, -1, 10, 10, 1,
     VERDICT_WAIT, REASON_OVERLAP, 10, 0, 0, 10, false},
    {"years of misses", TEN, COALESCE_LAST, 1, -1, 10, 86400 * 3650, 0, VERDICT_RUN, REASON_NONE,
     86400 * 3650, POLICY_COUNT_MAX, 10, 86400 * 3650 + 10, true},
};

static void test_table(void **state)
{
    struct zones *zones = zones_new(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job job = {.coalesce = rows[i].coalesce, .max_instances = rows[i].max_instances};
        wall slot = {(T0 + rows[i].slot_s) * S}, now = {(T0 + rows[i].now_s) * S};
        struct verdict v;

        print_message("row %zu: %s\n", i, rows[i].name);
        job.misfire_grace_us = rows[i].grace_s < 0 ? rows[i].grace_s : rows[i].grace_s * S;
        job.trigger = trigger_of(zones, rows[i].trigger);
        policy_decide(&job, slot, slot, now, rows[i].running, &v);
        assert_int_equal(v.kind, rows[i].kind);
        if (v.kind != VERDICT_RUN)
            assert_int_equal(v.reason, rows[i].reason);
        assert_int_equal(v.slot.us, (T0 + rows[i].verdict_slot_s) * S);
        assert_int_equal(v.missed, rows[i].missed);
        assert_int_equal(v.missed_from.us, v.missed > 0 ? (T0 + rows[i].missed_from_s) * S : 0);
        assert_int_equal(v.next.us, rows[i].next_s < 0 ? WALL_NEVER.us : (T0 + rows[i].next_s) * S);
        assert_int_equal(v.is_catchup, rows[i].is_catchup);
        trigger_free(job.trigger);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
