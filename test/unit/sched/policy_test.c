// policy_test.c - what becomes of a due slot: a table of situations and verdicts.
// SPDX-License-Identifier: Apache-2.0
#include "sched/policy.h"

#include "base/buf.h"
#include "unit.h"

#include <stdio.h>
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
        struct job_spec spec = {.coalesce = rows[i].coalesce,
                                .max_instances = rows[i].max_instances};
        struct job job = {.spec = &spec};
        wall slot = {(T0 + rows[i].slot_s) * S}, now = {(T0 + rows[i].now_s) * S};
        struct verdict v;

        print_message("row %zu: %s\n", i, rows[i].name);
        spec.misfire_grace_us = rows[i].grace_s < 0 ? rows[i].grace_s : rows[i].grace_s * S;
        job.trigger = trigger_of(zones, rows[i].trigger);
        policy_decide(&(struct situation){&job, {0}, slot, now, rows[i].running, {0}, 0, NULL}, &v);
        assert_int_equal(v.not_before.us, 0);
        assert_int_equal(v.rest.slot.us, 0);
        assert_int_equal(v.kind, rows[i].kind);
        if (v.kind != VERDICT_RUN)
            assert_int_equal(v.reason, rows[i].reason);
        assert_int_equal(v.row.slot.us, (T0 + rows[i].verdict_slot_s) * S);
        assert_int_equal(v.row.missed, rows[i].missed);
        assert_int_equal(v.row.missed_from.us,
                         v.row.missed > 0 ? (T0 + rows[i].missed_from_s) * S : 0);
        assert_int_equal(v.next.us, rows[i].next_s < 0 ? WALL_NEVER.us : (T0 + rows[i].next_s) * S);
        assert_int_equal(v.is_catchup, rows[i].is_catchup);
        trigger_free(job.trigger);
    }
    zones_free(zones);
}

// The same trigger; a freeze from 100 to 200, another from 200 to 230, one for other jobs, and one
// from 90000 on.
static const struct {
    const char *name;
    const char *trigger;
    enum job_coalesce coalesce;
    int64_t slot_s, now_s;
    int running;
    enum verdict_kind kind;
    enum run_reason reason;
    const char *freeze; // "": none
    int64_t verdict_slot_s, missed, next_s, not_before_s;
} freeze_rows[] = {
#define AFTER "{\"type\":\"after\",\"delay\":\"30s\"}"
    {"before it", TEN, COALESCE_LAST, 90, 90, 0, VERDICT_RUN, REASON_NONE, "", 90, 0, 100, 0},
    {"its first slot", TEN, COALESCE_LAST, 100, 100, 0, VERDICT_SKIP, REASON_FREEZE, "one", 100, 0,
     110, 200},
    {"running does not matter", TEN, COALESCE_ALL, 100, 100, 1, VERDICT_SKIP, REASON_FREEZE, "one",
     100, 0, 110, 200},
    {"at its end the rest is told", TEN, COALESCE_ALL, 110, 200, 0, VERDICT_SKIP, REASON_FREEZE,
     "one", 190, 8, 200, 0},
    {"the next one is told apart", TEN, COALESCE_LAST, 200, 200, 0, VERDICT_SKIP, REASON_FREEZE,
     "two", 200, 0, 210, 230},
    {"behind it", TEN, COALESCE_LAST, 230, 230, 0, VERDICT_RUN, REASON_NONE, "", 230, 0, 240, 0},
    {"a slot before, noticed in it", TEN, COALESCE_LAST, 90, 105, 0, VERDICT_SKIP, REASON_MISFIRE,
     "", 90, 0, 100, 0},
    {"likewise, within its grace", TEN, COALESCE_LAST, 90, 100, 0, VERDICT_SKIP, REASON_FREEZE,
     "one", 90, 0, 100, 0},
    {"likewise, waiting", TEN, COALESCE_ALL, 90, 100, 1, VERDICT_SKIP, REASON_FREEZE, "one", 90, 0,
     100, 0},
    {"missed before it: not folded over", TEN, COALESCE_LAST, 50, 300, 0, VERDICT_SKIP,
     REASON_MISFIRE, "", 90, 4, 100, 0},
    {"missed in it, noticed behind it", TEN, COALESCE_LAST, 150, 300, 0, VERDICT_SKIP,
     REASON_FREEZE, "one", 190, 4, 200, 0},
    {"a long one has a row an hour", TEN, COALESCE_LAST, 90000, 90000, 0, VERDICT_SKIP,
     REASON_FREEZE, "long", 90000, 0, 90010, 93600},
    {"and an hour later", TEN, COALESCE_LAST, 90010, 93600, 0, VERDICT_SKIP, REASON_FREEZE, "long",
     93600, 359, 93610, 97200},
    {"a seldom one has all its rows",
     "{\"type\":\"interval\",\"hours\":25,\"start_date\":"
     "\"2026-01-01T00:00:00Z\"}",
     COALESCE_LAST, 90000, 90000, 0, VERDICT_SKIP, REASON_FREEZE, "long", 90000, 0, 180000, 93600},
    {"a date", "{\"type\":\"date\",\"run_date\":\"2026-01-01T00:02:00Z\"}", COALESCE_LAST, 120, 120,
     0, VERDICT_SKIP, REASON_FREEZE, "one", 120, 0, -1, 0},
    {"after a run before it", AFTER, COALESCE_LAST, 110, 110, 0, VERDICT_SKIP, REASON_FREEZE, "one",
     110, 0, -1, 0},
    {"after a skip in it", AFTER, COALESCE_LAST, 140, 140, 0, VERDICT_WAIT, REASON_NONE, "", 140, 0,
     140, 200},
    {"likewise, when it is over", AFTER, COALESCE_LAST, 140, 200, 0, VERDICT_SKIP, REASON_FREEZE,
     "one", 140, 0, -1, 0},
};

static void freeze_add(struct freezes *all, struct zones *zones, const char *name, const char *text)
{
    json_t *definition = json_loads(text, 0, NULL);
    struct freeze *freeze;
    struct err e;

    assert_non_null(definition);
    if (!freeze_read(definition, str_of(name), zones, &freeze, &e))
        fail_msg("%s: %s", text, e.message);
    freezes_put(all, freeze);
    json_decref(definition);
}

static void test_freezes(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct freezes all = {.zone = zones_utc(zones)};
    char message[64];

    (void)state;
    freeze_add(&all, zones, "one",
               "{\"from\":\"2026-01-01T00:01:40Z\",\"to\":"
               "\"2026-01-01T00:03:20Z\",\"reason\":\"x\"}");
    freeze_add(&all, zones, "two",
               "{\"from\":\"2026-01-01T00:03:20Z\",\"to\":"
               "\"2026-01-01T00:03:50Z\",\"reason\":\"x\"}");
    freeze_add(&all, zones, "other",
               "{\"from\":\"2026-01-01\",\"reason\":\"x\",\"jobs\":"
               "[\"b*\"]}");
    freeze_add(&all, zones, "long", "{\"from\":\"2026-01-02T01:00:00Z\",\"reason\":\"x\"}");
    for (size_t i = 0; i < COUNT(freeze_rows); i++) {
        struct job_spec spec = {.coalesce = freeze_rows[i].coalesce,
                                .max_instances = 1,
                                .misfire_grace_us = JOB_GRACE_DEFAULT};
        struct job job = {.name = STR_LIT("a"), .spec = &spec};
        wall slot = {(T0 + freeze_rows[i].slot_s) * S}, now = {(T0 + freeze_rows[i].now_s) * S};
        struct verdict v;

        print_message("row %zu: %s\n", i, freeze_rows[i].name);
        job.trigger = trigger_of(zones, freeze_rows[i].trigger);
        policy_decide(
            &(struct situation){
                &job, {.freezes = &all}, slot, now, freeze_rows[i].running, {0}, 0, NULL},
            &v);
        assert_int_equal(v.kind, freeze_rows[i].kind);
        if (v.kind == VERDICT_SKIP)
            assert_int_equal(v.reason, freeze_rows[i].reason);
        snprintf(message, sizeof message, "freeze %s: x", freeze_rows[i].freeze);
        assert_string_equal(v.message ? v.message : "freeze : x", message);
        assert_int_equal(v.row.slot.us, (T0 + freeze_rows[i].verdict_slot_s) * S);
        assert_int_equal(v.row.missed, freeze_rows[i].missed);
        assert_int_equal(v.row.missed_from.us, v.row.missed > 0 ? slot.us : 0);
        assert_int_equal(v.next.us, freeze_rows[i].next_s < 0 ? WALL_NEVER.us
                                                              : (T0 + freeze_rows[i].next_s) * S);
        assert_int_equal(v.not_before.us, freeze_rows[i].not_before_s == 0
                                              ? 0
                                              : (T0 + freeze_rows[i].not_before_s) * S);
        trigger_free(job.trigger);
    }
    freezes_done(&all);
    zones_free(zones);
}

// A trigger of ten seconds that was not looked at from `slot` on until now: what the policies make
// of it, verdict by verdict, as "run 10" or "misfire 30+2@10", "+2@10" being 2 earlier slots, the
// first at 10; "-> 50" is what is planned then. "max 20" is a misfire for misfire.max, and so on.
static const struct {
    const char *name;
    enum job_coalesce policy;
    int64_t grace_s, window_s; // 0: preset; < 0: none
    int32_t max;
    int64_t slot_s, now_s;
    int running;
    const char *want;
} missed_rows[] = {
    {"last", COALESCE_LAST, 0, 0, 0, 10, 45, 0, "run 40+3@10 -> 50"},
    {"last, a window", COALESCE_LAST, 0, 20, 0, 10, 45, 0, "window 20+1@10, run 40+1@30 -> 50"},
    {"last, a window that none is in", COALESCE_LAST, -1, 2, 0, 10, 45, 0, "window 40+3@10 -> 50"},
    {"last, a slot on time", COALESCE_LAST, 0, 20, 0, 10, 10, 0, "run 10 -> 20"},
    {"first", COALESCE_FIRST, 0, 0, 0, 10, 45, 0, "run 10, coalesced 40+2@20 -> 50"},
    {"first, one other", COALESCE_FIRST, 0, 0, 0, 10, 25, 0, "run 10, coalesced 20 -> 30"},
    {"first, none other", COALESCE_FIRST, 0, 0, 0, 10, 15, 0, "run 10 -> 20"},
    {"first, within its grace", COALESCE_FIRST, 20, 0, 0, 10, 45, 0,
     "misfire 20+1@10, run 30, coalesced 40 -> 50"},
    {"first, too late for all", COALESCE_FIRST, 2, 0, 0, 10, 45, 0, "misfire 40+3@10 -> 50"},
    {"first, overlap", COALESCE_FIRST, 0, 0, 0, 10, 45, 1, "overlap 40+3@10 -> 50"},
    {"first, more than a day", COALESCE_FIRST, 0, 0, 0, 10, 86435, 0,
     "window 30+2@10, run 40, coalesced 86430+8638@50 -> 86440"},
    {"all", COALESCE_ALL, 0, 0, 0, 10, 45, 0, "run 10, run 20, run 30, run 40 -> 50"},
    {"all, at most two", COALESCE_ALL, 0, 0, 2, 10, 45, 0, "max 20+1@10, run 30, run 40 -> 50"},
    {"all, at most three", COALESCE_ALL, 0, 0, 3, 10, 45, 0,
     "max 10, run 20, run 30, run 40 -> 50"},
    {"all, at most four", COALESCE_ALL, 0, 0, 4, 10, 45, 0, "run 10, run 20, run 30, run 40 -> 50"},
    {"all, within a window", COALESCE_ALL, -1, 20, 0, 10, 45, 0,
     "window 20+1@10, run 30, run 40 -> 50"},
    {"all, within grace and window", COALESCE_ALL, 12, 30, 0, 10, 45, 0,
     "misfire 30+2@10, run 40 -> 50"},
    {"all, while one runs", COALESCE_ALL, 0, 0, 0, 10, 45, 1, "wait 10"},
    {"all, at most two, while one runs", COALESCE_ALL, 0, 0, 2, 10, 45, 1, "max 20+1@10, wait 30"},
    {"all, years, at most two", COALESCE_ALL, -1, -1, 2, 10, 86400 * 3650, 0,
     "max 315359980+100000@10, run 315359990, run 315360000 -> 315360010"},
    {"skip", COALESCE_SKIP, 0, 0, 0, 10, 45, 0, "misfire 40+3@10 -> 50"},
    {"skip, the last is not late", COALESCE_SKIP, 0, 0, 0, 10, 41, 0, "skip 30+2@10, run 40 -> 50"},
    {"skip, within its grace", COALESCE_SKIP, 30, 0, 0, 10, 45, 0, "skip 30+2@10, run 40 -> 50"},
    {"skip, a single one", COALESCE_SKIP, 0, 0, 0, 10, 14, 0, "misfire 10 -> 20"},
    {"skip, on time", COALESCE_SKIP, 0, 0, 0, 10, 10, 0, "run 10 -> 20"},
};

static void row_tell(const char *what, const struct verdict_row *row, struct buf *out)
{
    buf_printf(out, "%s%s %lld", out->len > 0 ? ", " : "", what,
               (long long)(row->slot.us / S - T0));
    if (row->missed > 0)
        buf_printf(out, "+%lld@%lld", (long long)row->missed,
                   (long long)(row->missed_from.us / S - T0));
}

// The verdict in a word: for a skip its reason, or what else its message names.
static const char *verdict_word(const struct verdict *v)
{
    const char *message = v->kind == VERDICT_SKIP && v->message ? v->message : "";

    return v->kind == VERDICT_RUN                        ? "run"
           : v->kind == VERDICT_WAIT                     ? "wait"
           : strcmp(message, POLICY_MESSAGE_MAX) == 0    ? "max"
           : strcmp(message, POLICY_MESSAGE_WINDOW) == 0 ? "window"
           : strcmp(message, POLICY_MESSAGE_SKIP) == 0   ? "skip"
                                                         : run_reason_name(v->reason);
}

// What becomes of everything that is due at a moment.
static void verdicts_tell(struct situation s, struct verdict *v, struct buf *out)
{
    bool is_never;

    for (int i = 0; i < 10 && s.slot.us <= s.now.us; i++) {
        policy_decide(&s, v);
        row_tell(verdict_word(v), &v->row, out);
        if (v->kind == VERDICT_WAIT)
            return;
        if (v->rest.slot.us != 0)
            row_tell("coalesced", &v->rest, out);
        s.slot = v->next;
    }
    is_never = s.slot.us == WALL_NEVER.us;
    buf_printf(out, " -> %lld", is_never ? -1 : (long long)(s.slot.us / S - T0));
}

// The same whether nothing is remembered, something is, or all of it.
static void verdicts_check(struct situation s, struct verdict *v, const char *name,
                           const char *want)
{
    struct policy_memo memo = {0};

    for (int i = 0; i < 3; i++) {
        struct buf out;

        buf_init(&out, 1000);
        s.memo = i > 0 ? &memo : NULL;
        verdicts_tell(s, v, &out);
        if (strcmp(buf_text(&out), want) != 0)
            fail_msg("%s, look %d: %s\n  want %s", name, i, buf_text(&out), want);
        buf_done(&out);
    }
}

static void test_missed(void **state)
{
    struct zones *zones = zones_new(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(missed_rows); i++) {
        int64_t grace_s = missed_rows[i].grace_s, window_s = missed_rows[i].window_s;
        struct job_spec spec = {
            .coalesce = missed_rows[i].policy,
            .max_instances = 1,
            .misfire_grace_us = grace_s == 0  ? JOB_GRACE_DEFAULT
                                : grace_s < 0 ? JOB_GRACE_NONE
                                              : grace_s * S,
            .misfire_window_us = window_s < 0 ? JOB_WINDOW_NONE : window_s * S,
            .misfire_max = missed_rows[i].max,
        };
        struct job job = {.spec = &spec, .trigger = trigger_of(zones, TEN)};
        struct situation s = {&job,
                              {0},
                              {(T0 + missed_rows[i].slot_s) * S},
                              {(T0 + missed_rows[i].now_s) * S},
                              missed_rows[i].running,
                              {0},
                              0,
                              NULL};
        struct verdict v;

        verdicts_check(s, &v, missed_rows[i].name, missed_rows[i].want);
        trigger_free(job.trigger);
    }
    zones_free(zones);
}

// What is made up for is spread evenly, from the job's own place on; lateness counts from then.
static void test_spread(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct job_spec spec = {.coalesce = COALESCE_ALL,
                            .max_instances = 1,
                            .misfire_grace_us = 40 * S,
                            .misfire_spread_us = 60 * S};
    struct job job = {.id = 5, .spec = &spec, .trigger = trigger_of(zones, TEN)};
    struct situation s = {&job, {0}, {(T0 + 10) * S}, {(T0 + 45) * S}, 0, {0}, 0, NULL};
    struct verdict v;
    wall began = s.now, last = {0};
    int runs = 0;

    (void)state;
    policy_decide(&s, &v); // 10, 20, 30 and 40: fifteen seconds each
    assert_int_equal(v.kind, VERDICT_WAIT);
    assert_true(v.not_before.us >= began.us && v.not_before.us < began.us + 15 * S);
    assert_int_equal(v.spread_from.us, began.us);
    while (v.spread_from.us != 0) {
        s.spread_from = v.spread_from;
        s.now = v.not_before;
        policy_decide(&s, &v);
        assert_int_equal(v.kind, VERDICT_RUN);
        assert_true(v.is_catchup);
        s.slot = v.next;
        last = s.now;
        runs++;
    }
    assert_true(runs >= 4); // those that have come due meanwhile stand behind them
    assert_true(last.us >= began.us + 40 * S && last.us <= began.us + 60 * S);
    // One run comes before the next slot at the latest.
    spec.coalesce = COALESCE_LAST;
    s = (struct situation){&job, {0}, {(T0 + 10) * S}, {(T0 + 45) * S}, 0, {0}, 0, NULL};
    for (job.id = 1; job.id < 100; job.id++) {
        s.now = began;
        s.spread_from = (wall){0};
        policy_decide(&s, &v);
        assert_int_equal(v.kind, VERDICT_WAIT);
        assert_true(v.not_before.us >= began.us && v.not_before.us < (T0 + 50) * S);
        s.now = v.not_before;
        s.spread_from = v.spread_from;
        policy_decide(&s, &v);
        assert_int_equal(v.kind, VERDICT_RUN);
        assert_int_equal(v.row.missed, 3);
        assert_int_equal(v.spread_from.us, 0);
    }
    // What is on time does not wait.
    s = (struct situation){&job, {0}, {(T0 + 10) * S}, {(T0 + 10) * S}, 0, {0}, 0, NULL};
    policy_decide(&s, &v);
    assert_int_equal(v.kind, VERDICT_RUN);
    assert_int_equal(v.next.us, (T0 + 20) * S);
    trigger_free(job.trigger);
    zones_free(zones);
}

// The same trigger, paused from 100 to 200, and not wanted at 300 and 310.
static const struct {
    const char *name, *trigger;
    int64_t slot_s, now_s;
    bool is_dropping;
    const char *want;
    int64_t not_before_s; // of the last verdict; 0: none
} held_rows[] = {
#define LATE "{\"type\":\"date\",\"run_date\":\"2026-01-01T00:02:00Z\"}"
    {"before it", TEN, 90, 90, false, "run 90 -> 100", 0},
    {"its first slot", TEN, 100, 100, false, "paused 100 -> 110", 200},
    {"at its end the rest is told", TEN, 110, 200, false, "paused 190+8@110, run 200 -> 210", 0},
    {"noticed long after", TEN, 50, 300, false,
     "misfire 90+4@50, paused 190+9@100, run 290+9@200, asked 300 -> 310", 0},
    {"a slot before it, noticed in it", TEN, 90, 100, false, "paused 90, paused 100 -> 110", 200},
    {"not wanted", TEN, 300, 300, false, "asked 300 -> 310", 0},
    {"nor the next", TEN, 310, 310, false, "asked 310 -> 320", 0},
    {"both noticed late", TEN, 300, 320, false, "asked 310+1@300, run 320 -> 330", 0},
    {"a late slot before them", TEN, 290, 300, false, "run 290, asked 300 -> 310", 0},
    {"a date in it waits", LATE, 120, 120, false, "wait 120", 200},
    {"and is late", LATE, 120, 250, false, "run 120 -> -1", 0},
    {"or is dropped", LATE, 120, 200, true, "paused 120 -> -1", 0},
    {"at once", LATE, 120, 120, true, "paused 120 -> -1", 0},
    {"what follows events waits", AFTER, 120, 120, false, "wait 120", 200},
    {"and begins anew at its end", AFTER, 120, 200, false, "paused 120 -> -1", 0},
};

static void test_held(void **state)
{
    struct zones *zones = zones_new(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(held_rows); i++) {
        struct job_spec spec = {.max_instances = 1, .misfire_grace_us = JOB_GRACE_DEFAULT};
        struct job job = {
            .spec = &spec,
            .trigger = trigger_of(zones, held_rows[i].trigger),
            .pause = pause_new(PAUSE_JOB, (struct str){0}, STR_LIT("x"), STR_LIT("api"),
                               (wall){(T0 + 100) * S}, (wall){(T0 + 200) * S}),
            .skip = pause_new(PAUSE_SLOTS, (struct str){0}, STR_LIT("x"), STR_LIT("api"),
                              (wall){(T0 + 300) * S}, (wall){(T0 + 310) * S + 1}),
        };
        struct situation s = {
            &job, {0}, {(T0 + held_rows[i].slot_s) * S}, {(T0 + held_rows[i].now_s) * S}, 0, {0},
            0,    NULL};
        struct verdict v;

        job.pause->is_dropping = held_rows[i].is_dropping;
        verdicts_check(s, &v, held_rows[i].name, held_rows[i].want);
        assert_int_equal(v.not_before.us,
                         held_rows[i].not_before_s == 0 ? 0 : (T0 + held_rows[i].not_before_s) * S);
        trigger_free(job.trigger);
        pause_free(job.pause);
        pause_free(job.skip);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),  cmocka_unit_test(test_freezes), cmocka_unit_test(test_held),
        cmocka_unit_test(test_missed), cmocka_unit_test(test_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
