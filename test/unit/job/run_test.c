// run_test.c - names of states and reasons, ids that only grow.
// SPDX-License-Identifier: Apache-2.0
#include "job/run.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define MS_2025 1735689600000

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(run_state_name(RUN_SUCCEEDED), "succeeded");
    assert_string_equal(run_state_name(RUN_LOST), "lost");
    assert_string_equal(run_state_name((enum run_state)99), "unknown");
    assert_string_equal(run_reason_name(REASON_NONE), "");
    assert_string_equal(run_reason_name(REASON_MISFIRE), "misfire");
    assert_string_equal(run_reason_sentence(REASON_MISFIRE), "Noticed too late to be made up for.");
    assert_true(run_reason_sentence((enum run_reason)99)[0]);
    assert_string_equal(run_reason_name(REASON_OVERLAP), "overlap");
    assert_string_equal(run_reason_name(REASON_RESTART), "restart");
    assert_string_equal(run_reason_name(REASON_SHUTDOWN), "shutdown");
    assert_string_equal(run_reason_name(REASON_LIMIT), "limit");
    assert_string_equal(run_reason_name(REASON_RETRY), "retry");
    assert_string_equal(run_reason_sentence(REASON_ASKED), "A person or a program asked for it.");
    assert_string_equal(run_reason_name((enum run_reason)99), "unknown");
    assert_string_equal(run_origin_name(RUN_SCHEDULED), "schedule");
    assert_string_equal(run_origin_name(RUN_CATCHUP), "catchup");
    assert_string_equal(run_origin_name(RUN_MANUAL), "manual");
    assert_string_equal(run_origin_name(RUN_BACKFILL), "backfill");
    assert_string_equal(run_origin_name((enum run_origin)99), "unknown");
}

static void test_final(void **state)
{
    (void)state;
    assert_false(run_state_is_final(RUN_QUEUED));
    assert_false(run_state_is_final(RUN_ORPHANED));
    assert_true(run_state_is_final(RUN_SUCCEEDED));
    assert_true(run_state_is_final(RUN_LOST));
}

// The table as a whole: what is final stays, what is alive can end, and each row is there once.
static void test_moves(void **state)
{
    static const struct {
        enum run_state from, to;
        enum run_actor by;
    } moves[] = {
#define X(from, to, by, attempt, sentence) {from, to, by},
#include "job/run_move.def"
#undef X
    };
    uint32_t ends = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(moves); i++) {
        assert_false(run_state_is_final(moves[i].from));
        assert_true(run_move_from(moves[i].by, moves[i].to) >> moves[i].from & 1);
        assert_true(run_move_to(moves[i].by, moves[i].from) >> moves[i].to & 1);
        if (run_state_is_final(moves[i].to))
            ends |= 1U << moves[i].from;
        for (size_t k = 0; k < i; k++)
            assert_false(moves[k].from == moves[i].from && moves[k].to == moves[i].to);
    }
    assert_int_equal(ends, 1U << RUN_NONE | 1U << RUN_QUEUED | 1U << RUN_RUNNING |
                               1U << RUN_WAITING | 1U << RUN_ORPHANED);
    assert_int_equal(run_move_from(RUN_BY_START, RUN_RUNNING),
                     1U << RUN_QUEUED | 1U << RUN_WAITING);
    assert_int_equal(run_move_to(RUN_BY_START, RUN_SUCCEEDED), 0);
}

static void test_end_state(void **state)
{
    struct run_end end = {.state = RUN_FAILED};

    (void)state;
    assert_int_equal(run_end_state(&end), RUN_FAILED);
    end.try_at.us = 1;
    assert_int_equal(run_end_state(&end), RUN_WAITING);
}

static void test_id_layout(void **state)
{
    struct run_ids ids = {.last = 0, .node_slot = 5};
    wall now = {(MS_2025 + 1234) * 1000 + 999};

    (void)state;
    assert_int_equal(run_id_next(&ids, now), 1234 << 12 | 5 << 6);
    assert_int_equal(run_id_next(&ids, now), 1234 << 12 | 5 << 6 | 1);
    now.us += 1000;
    assert_int_equal(run_id_next(&ids, now), 1235 << 12 | 5 << 6);
    assert_int_equal(ids.last, 1235 << 12 | 5 << 6);
    assert_int_equal(run_id_slot(ids.last), 5);
    assert_int_equal(run_id_slot(INT64_MAX), 63);
}

// 1,000 ids in one millisecond, then a clock that goes back, then one before 2025: the ids grow all
// the same.
static void test_id_grows(void **state)
{
    struct run_ids ids = {.last = 0, .node_slot = 63};
    wall nows[] = {{(MS_2025 + 99) * 1000}, {(MS_2025 + 50) * 1000}, {(MS_2025 - 1) * 1000}, {0}};
    int64_t last = 0;

    (void)state;
    for (size_t i = 0; i < sizeof nows / sizeof *nows; i++) {
        for (int n = 0; n < 1000; n++) {
            int64_t id = run_id_next(&ids, nows[i]);

            assert_true(id > last);
            assert_int_equal(id >> 6 & 63, 63);
            last = id;
        }
    }
    assert_true(last >> 12 < 99 + 4 * 1000 / 64 + 1);
}

// The last id may come from a store that another node slot wrote to.
static void test_id_other_slot(void **state)
{
    int64_t last = (int64_t)77 << 12 | 9 << 6 | 3;
    struct run_ids lower = {.last = last, .node_slot = 8}, higher = {.last = last, .node_slot = 10};
    wall now = {(MS_2025 + 77) * 1000};

    (void)state;
    assert_int_equal(run_id_next(&lower, now), 78 << 12 | 8 << 6);
    assert_int_equal(run_id_next(&higher, now), 77 << 12 | 10 << 6);
}

static void test_id_exact_in_json(void **state)
{
    struct run_ids ids = {.last = 0, .node_slot = 63};

    (void)state;
    assert_true(run_id_next(&ids, (wall){3900000000000000}) < (int64_t)1 << 53); // the year 2093
}

static void test_size_of_an_end(void **state)
{
    const struct run_end end = {
        .message = STR_LIT("12345"),
        .result = STR_LIT("12"),
        .out = {STR_LIT("123"), STR_LIT("1"), 1000},
        .err = {.head = STR_LIT("1")},
    };

    (void)state;
    assert_int_equal(run_end_size(&end), 12);
}

static void test_copy_of_an_end(void **state)
{
    char text[] = "0123456789";
    struct run_end end = {
        .run_id = 7,
        .message = {text, 2},
        .result = {text + 2, 1},
        .progress = {text + 3, 1},
        .out = {{text + 4, 1}, {text + 5, 1}, 100},
        .err = {{text + 6, 1}, {NULL, 0}, 1},
        .usage = {1, 2, 3},
    };
    struct run_end *copy = run_end_copy(&end);

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(copy->run_id, 7);
    assert_true(str_eq(copy->message, STR_LIT("01")));
    assert_true(str_eq(copy->result, STR_LIT("2")));
    assert_true(str_eq(copy->progress, STR_LIT("3")));
    assert_true(str_eq(copy->out.head, STR_LIT("4")));
    assert_true(str_eq(copy->out.tail, STR_LIT("5")));
    assert_true(str_eq(copy->err.head, STR_LIT("6")));
    assert_int_equal(copy->err.tail.len, 0);
    assert_int_equal(copy->usage.max_rss_bytes, 3);
    free(copy);
}

// A planned run waits until its moment, then it runs; what is not planned stays as it is.
static void test_planned(void **state)
{
    static const struct {
        enum run_state state;
        int64_t try_at, now;
        bool is_planned;
        enum run_state seen;
        int64_t seen_try_at;
    } rows[] = {
        {RUN_RUNNING, 100, 99, true, RUN_QUEUED, 0},
        {RUN_RUNNING, 100, 100, true, RUN_RUNNING, 0},
        {RUN_RUNNING, 0, 99, false, RUN_RUNNING, 0},
        {RUN_WAITING, 100, 99, false, RUN_WAITING, 100},
        {RUN_SUCCEEDED, 0, 99, false, RUN_SUCCEEDED, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run run = {
            .state = rows[i].state, .try_at = {rows[i].try_at}, .started_at = {100}, .attempt = 1};

        assert_int_equal(run_is_planned(&run), rows[i].is_planned);
        run_as_seen(&run, (wall){rows[i].now});
        assert_int_equal(run.state, rows[i].seen);
        assert_int_equal(run.try_at.us, rows[i].seen_try_at);
        assert_int_equal(run.attempt, run.state == RUN_QUEUED ? 0 : 1);
        assert_int_equal(run.started_at.us, run.state == RUN_QUEUED ? 0 : 100);
        assert_int_equal(run.reason, run.state == RUN_QUEUED ? REASON_DELAY : REASON_NONE);
    }
}

// From the birth of its row on when it has been tried again, until its end.
static void test_going(void **state)
{
    struct run run = {.state = RUN_RUNNING, .attempt = 1, .queued_at = {10}, .started_at = {20}};

    (void)state;
    assert_int_equal(run_began_at(&run).us, 20);
    assert_false(run_was_going(&run, (wall){19}));
    assert_true(run_was_going(&run, (wall){20}));
    run.attempt = 2;
    assert_int_equal(run_began_at(&run).us, 10);
    assert_true(run_was_going(&run, (wall){19}));
    run.state = RUN_FAILED;
    run.finished_at.us = 30;
    assert_true(run_was_going(&run, (wall){29}));
    assert_false(run_was_going(&run, (wall){30}));
    run.started_at.us = 0;
    assert_false(run_was_going(&run, (wall){25}));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),          cmocka_unit_test(test_final),
        cmocka_unit_test(test_moves),          cmocka_unit_test(test_end_state),
        cmocka_unit_test(test_id_layout),      cmocka_unit_test(test_id_grows),
        cmocka_unit_test(test_id_other_slot),  cmocka_unit_test(test_id_exact_in_json),
        cmocka_unit_test(test_size_of_an_end), cmocka_unit_test(test_copy_of_an_end),
        cmocka_unit_test(test_planned),        cmocka_unit_test(test_going),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
