// keep_message_test.c - messages between belfry and its keeper: there and back, cut, and from later
// versions.
// SPDX-License-Identifier: Apache-2.0
#include "exec/keep_message.h"

#include "unit.h"

#include "exec/wire.h"

static struct arena *arena;
static struct buf out;

// The fields of the one message in out.
static struct str fields(enum keep_type type)
{
    struct str in = buf_str(&out), found = {0};
    uint8_t got = 0;

    assert_int_equal(wire_take(&in, &got, &found), WIRE_MESSAGE);
    assert_int_equal(got, type);
    assert_int_equal(in.len, 0);
    return found;
}

static void test_start(void **state)
{
    char a[] = "sh", b[] = "-c", c[] = "", v[] = "A=1";
    char *argv[] = {a, b, c, NULL}, *envp[] = {v, NULL};
    const gid_t groups[] = {5, 6};
    struct keep_start start = {
        .run_id = 7,
        .attempt = 2,
        .program = "sh",
        .argv = argv,
        .envp = envp,
        .folder = "/srv",
        .input = STR_LIT("in\0put"),
        .has_result = true,
        .timeout_us = 5,
        .grace_us = 6,
        .log_max = 8,
        .head_max = 9,
        .has_private_tmp = true,
        .setting = {.umask = 027,
                    .nice = -3,
                    .has_ids = true,
                    .uid = 4000000000u,
                    .gid = 12,
                    .groups = groups,
                    .group_count = 2,
                    .no_new_privs = true,
                    .limits = {{7, UINT64_MAX}, {1, 0}},
                    .limit_count = 2},
        .limits = {1, 2, 3, 4},
    };
    struct keep_start back;
    struct str all;

    (void)state;
    buf_clear(&out);
    keep_start_write(&out, &start);
    all = fields(KEEP_START);
    assert_true(keep_start_read(all, arena, &back));
    assert_int_equal(back.run_id, 7);
    assert_int_equal(back.attempt, 2);
    assert_string_equal(back.program, "sh");
    assert_string_equal(back.argv[1], "-c");
    assert_string_equal(back.argv[2], "");
    assert_null(back.argv[3]);
    assert_string_equal(back.envp[0], "A=1");
    assert_null(back.envp[1]);
    assert_string_equal(back.folder, "/srv");
    assert_true(str_eq(back.input, start.input));
    assert_true(back.has_result && back.has_private_tmp);
    assert_int_equal(back.timeout_us, 5);
    assert_int_equal(back.grace_us, 6);
    assert_int_equal(back.log_max, 8);
    assert_int_equal(back.head_max, 9);
    assert_int_equal(back.setting.umask, 027);
    assert_int_equal(back.setting.nice, -3);
    assert_true(back.setting.has_ids && back.setting.no_new_privs);
    assert_int_equal(back.setting.uid, 4000000000u);
    assert_int_equal(back.setting.gid, 12);
    assert_int_equal(back.setting.group_count, 2);
    assert_int_equal(back.groups[1], 6);
    assert_int_equal(back.setting.limit_count, 2);
    assert_int_equal(back.setting.limits[0].resource, 7);
    assert_true(back.setting.limits[0].value == UINT64_MAX);
    assert_true(back.setting.dies_with_parent);
    assert_memory_equal(&back.limits, &start.limits, sizeof start.limits);
    for (size_t n = 0; n < all.len; n++) // cut anywhere: refused, or understood, but read
        (void)keep_start_read(str_cut(all, 0, n), arena, &back);
    assert_false(keep_start_read(str_cut(all, 0, all.len - 1), arena, &back));
}

static void test_plain_start(void **state)
{
    char a[] = "x";
    char *argv[] = {a, NULL}, *envp[] = {NULL};
    struct keep_start start = {.run_id = 1, .program = "x", .argv = argv, .envp = envp}, back;

    (void)state;
    start.setting = (struct spawn_setting){.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1};
    buf_clear(&out);
    keep_start_write(&out, &start);
    assert_true(keep_start_read(fields(KEEP_START), arena, &back));
    assert_null(back.folder);
    assert_false(back.setting.has_ids);
    assert_int_equal(back.setting.umask, -1);
    assert_int_equal(back.setting.nice, SPAWN_NICE_NONE);
    buf_clear(&out);
    start.run_id = 0;
    keep_start_write(&out, &start);
    assert_false(keep_start_read(fields(KEEP_START), arena, &back));
}

static void test_end(void **state)
{
    const struct keep_end end = {
        .run_id = 7,
        .attempt = 3,
        .cause = KEEP_CAUSE_TIMEOUT,
        .command = {.errnum = 2,
                    .is_limit = true,
                    .step = "set its limits",
                    .words = "",
                    .started_at = {10},
                    .finished_at = {20},
                    .exit_code = -1,
                    .signal = 9,
                    .out = {STR_LIT("head"), STR_LIT("tail"), 100},
                    .err = {.total = 0},
                    .usage = {1, 2, 3}},
        .result = STR_LIT("{}"),
        .progress = STR_LIT("{\"progress\":1}"),
        .warning = STR_LIT("hm"),
    };
    struct keep_end back;
    struct str all;

    (void)state;
    buf_clear(&out);
    keep_end_write(&out, &end);
    all = fields(KEEP_END);
    assert_true(keep_end_read(all, arena, &back));
    assert_int_equal(back.run_id, 7);
    assert_int_equal(back.attempt, 3);
    assert_int_equal(back.cause, KEEP_CAUSE_TIMEOUT);
    assert_int_equal(back.command.errnum, 2);
    assert_true(back.command.is_limit && !back.is_lost);
    assert_string_equal(back.command.step, "set its limits");
    assert_int_equal(back.command.started_at.us, 10);
    assert_int_equal(back.command.finished_at.us, 20);
    assert_int_equal(back.command.exit_code, -1);
    assert_int_equal(back.command.signal, 9);
    assert_true(str_eq(back.command.out.tail, STR_LIT("tail")));
    assert_int_equal(back.command.out.total, 100);
    assert_int_equal(back.command.err.head.len, 0);
    assert_int_equal(back.command.usage.max_rss_bytes, 3);
    assert_true(str_eq(back.result, STR_LIT("{}")));
    assert_true(str_eq(back.progress, end.progress));
    assert_true(str_eq(back.warning, end.warning));
    for (size_t n = 0; n < all.len; n++)
        (void)keep_end_read(str_cut(all, 0, n), arena, &back);
}

static void test_others(void **state)
{
    const struct keep_stop stop = {5, 1, KEEP_CAUSE_CANCEL, 300};
    const struct keep_live live = {5, 1, 77, {8}, {9}};
    const struct keep_progress progress = {5, STR_LIT("{}")};
    struct keep_progress told;
    struct keep_stop stopped;
    struct keep_live alive;
    int64_t a, b;
    int attempt;

    (void)state;
    buf_clear(&out);
    keep_hello_write(&out, KEEP_VERSION, 42);
    assert_true(keep_hello_read(fields(KEEP_HELLO), &a, &b));
    assert_true(a == KEEP_VERSION && b == 42);
    buf_clear(&out);
    keep_stop_write(&out, &stop);
    assert_true(keep_stop_read(fields(KEEP_STOP), &stopped));
    assert_true(stopped.run_id == 5 && stopped.cause == KEEP_CAUSE_CANCEL &&
                stopped.grace_us == 300);
    buf_clear(&out);
    keep_live_write(&out, &live);
    assert_true(keep_live_read(fields(KEEP_LIVE), &alive));
    assert_true(alive.pid == 77 && alive.started_at.us == 8 && alive.started.us == 9);
    buf_clear(&out);
    keep_settled_write(&out, 5, 2);
    assert_true(keep_settled_read(fields(KEEP_SETTLED), &a, &attempt));
    assert_true(a == 5 && attempt == 2);
    buf_clear(&out);
    keep_progress_write(&out, &progress);
    assert_true(keep_progress_read(fields(KEEP_PROGRESS), &told));
    assert_true(told.run_id == 5 && str_eq(told.json, STR_LIT("{}")));
    buf_clear(&out);
    keep_word_write(&out, KEEP_SYNC);
    assert_int_equal(fields(KEEP_SYNC).len, 0);
    assert_false(keep_hello_read((struct str){0}, &a, &b));
    assert_false(keep_stop_read((struct str){0}, &stopped));
}

// A later version may tell more: it is passed over.
static void test_unknown(void **state)
{
    struct keep_live live;
    size_t at;

    (void)state;
    buf_clear(&out);
    at = wire_begin(&out, KEEP_LIVE);
    wire_int(&out, 1, 5);
    wire_text(&out, 200, STR_LIT("who knows"));
    wire_int(&out, 4, 6);
    wire_end(&out, at);
    assert_true(keep_live_read(fields(KEEP_LIVE), &live));
    assert_true(live.run_id == 5 && live.pid == 6);
}

static void test_frames(void **state)
{
    struct str in, found;
    struct buf small;
    uint8_t type;
    size_t at;

    (void)state;
    buf_clear(&out);
    keep_settled_write(&out, 5, 2);
    for (size_t n = 0; n < out.len; n++) {
        in = str_cut(buf_str(&out), 0, n);
        assert_int_equal(wire_take(&in, &type, &found), WIRE_MORE);
        assert_int_equal(in.len, n);
    }
    in = STR_LIT("\0\0\0\0x"); // no type
    assert_int_equal(wire_take(&in, &type, &found), WIRE_BROKEN);
    in = STR_LIT("\xff\xff\xff\x7fx"); // more than a frame may have
    assert_int_equal(wire_take(&in, &type, &found), WIRE_BROKEN);
    buf_init(&small, 20); // what does not fit leaves nothing behind
    at = wire_begin(&small, 1);
    wire_text(&small, 1, STR_LIT("far too long for this"));
    wire_end(&small, at);
    assert_true(small.is_full && small.len == 0);
    buf_done(&small);
    assert_int_equal(wire_number(&(struct wire_field){1, STR_LIT("abc")}), 0);
    in = STR_LIT("\1\5\0\0\0abc"); // a field that is cut
    assert_false(wire_next(&in, &(struct wire_field){0}));
    assert_null(in.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),   cmocka_unit_test(test_plain_start),
        cmocka_unit_test(test_end),     cmocka_unit_test(test_others),
        cmocka_unit_test(test_unknown), cmocka_unit_test(test_frames),
    };
    int failed;

    arena = arena_new(4096);
    buf_init(&out, 1 << 20);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_done(&out);
    arena_free(arena);
    return failed;
}
