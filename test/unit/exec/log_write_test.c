// log_write_test.c - what a run writes, into its file and back: lines, pieces, times, the hole.
// SPDX-License-Identifier: Apache-2.0
#include "exec/log_write.h"

#include "world.h"

#include <errno.h>
#include <inttypes.h>

#include "base/buf.h"
#include "job/run.h"

#define RUN INT64_C(219049113387008)

static char dir_name[64];
static int dir;

static void add(struct log_write *w, enum run_log_stream stream, const char *text, int64_t us)
{
    log_write_add(w, stream, str_of(text), (wall){us});
}

// All of a log as "us stream text[\n]|..." ; gaps as "gap".
static char *told(struct run_log *log)
{
    static char text[65536];
    struct run_log_item item;
    size_t n = 0;

    text[0] = '\0';
    while (run_log_next(log, &item)) {
        if (item.missing > 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "gap|");
        else
            n += (size_t)snprintf(text + n, sizeof text - n, "%lld %c %.*s%s|",
                                  (long long)item.at.us, item.stream == RUN_LOG_OUT ? 'o' : 'e',
                                  STR(item.text), item.is_whole ? "" : "~");
    }
    return text;
}

static void test_lines(void **state)
{
    struct log_write *w = log_write_new(dir, RUN, 1, 1 << 20);
    struct run_log log;
    struct err e;

    (void)state;
    assert_false(run_log_open(dir_name, RUN, 1, &log, &e)); // nothing was written
    assert_int_equal(e.code, ERR_NOT_FOUND);
    add(w, RUN_LOG_OUT, "one\ntwo\n", 1000000);
    add(w, RUN_LOG_ERR, "bad\n\n", 1000000);
    add(w, RUN_LOG_OUT, "o 1\n@2026\n", 2000003);
    add(w, RUN_LOG_OUT, "half", 3000000);
    assert_true(log_write_holds(w));
    add(w, RUN_LOG_OUT, " and half\n", 4000000);
    assert_false(log_write_holds(w));
    add(w, RUN_LOG_ERR, "prompt: ", 5000000);
    log_write_flush(w, (wall){5200000});
    add(w, RUN_LOG_ERR, "yes\nend", 6000000);
    log_write_free(w);
    assert_true(run_log_open(dir_name, RUN, 1, &log, &e));
    assert_string_equal(told(&log), "1000000 o one|1000000 o two|1000000 e bad|1000000 e |"
                                    "2000003 o o 1|2000003 o @2026|4000000 o half and half|"
                                    "5200000 e prompt: ~|6000000 e yes|6000000 e end~|");
    run_log_close(&log);
    run_log_remove(dir_name, RUN, 1);
    assert_false(run_log_open(dir_name, RUN, 1, &log, &e));
}

// A line longer than a piece, and bytes that are no text.
static void test_pieces(void **state)
{
    struct log_write *w = log_write_new(dir, RUN, 2, 1 << 20);
    char *bytes = mem_alloc(40000);
    struct run_log_item item;
    struct run_log log;
    struct buf all;
    struct err e;

    (void)state;
    for (size_t i = 0; i < 40000; i++)
        bytes[i] = (char)(i % 251);
    buf_init(&all, 50000);
    log_write_add(w, RUN_LOG_OUT, (struct str){bytes, 40000}, (wall){1000000});
    log_write_free(w);
    assert_true(run_log_open(dir_name, RUN, 2, &log, &e));
    while (run_log_next(&log, &item)) {
        buf_add(&all, item.text);
        if (item.is_whole)
            buf_add_byte(&all, '\n');
    }
    assert_int_equal(all.len, 40000);
    assert_memory_equal(all.p, bytes, 40000);
    run_log_close(&log);
    buf_done(&all);
    free(bytes);
}

// Ten times what is kept: head and tail are there, each line of them whole, the disk holds no more.
static void test_hole(void **state)
{
    struct log_write *w = log_write_new(dir, RUN, 3, 1 << 18);
    int64_t first = -1, last = -1, gaps = 0, missing = 0, behind = 0, n;
    struct run_log_item item;
    struct run_log log;
    char line[64], path[160];
    struct stat st;
    struct err e;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(line, sizeof line, "line %d of many\n", i);
        add(w, RUN_LOG_OUT, line, 1000000 + i);
    }
    assert_int_equal(log_write_errnum(w), 0);
    log_write_free(w);
    assert_true(run_log_open(dir_name, RUN, 3, &log, &e));
    while (run_log_next(&log, &item)) {
        if (item.missing > 0) {
            gaps++;
            missing = item.missing;
            continue;
        }
        (void)snprintf(line, sizeof line, "%.*s", STR(item.text));
        assert_int_equal(sscanf(line, "line %" SCNd64 " of", &n), 1);
        assert_int_equal(item.at.us, 1000000 + n);
        if (first < 0)
            first = n;
        if (gaps && !behind)
            behind = n;
        assert_true(n == last + 1 || n == behind);
        last = n;
    }
    assert_int_equal(first, 0);
    assert_int_equal(last, 99999);
    assert_int_equal(gaps, 1);
    assert_true(missing > 100000 * 40 - (1 << 18) - 8192);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", log.fd);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 < (1 << 18) + (1 << 17));
    run_log_seek(&log, item.next);
    run_log_close(&log);
}

static void test_seek(void **state)
{
    struct log_write *w = log_write_new(dir, RUN, 4, 1 << 18);
    static const int64_t tails[] = {0, 1, 7, 500};
    struct run_log_item item, again;
    struct run_log log, other;
    char line[64], want[64];
    struct err e;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        (void)snprintf(line, sizeof line, "%s %d\n", i % 2 ? "odd" : "even", i);
        add(w, i % 2 ? RUN_LOG_ERR : RUN_LOG_OUT, line, 1000000 + i);
    }
    add(w, RUN_LOG_OUT, "a piece", 2000000);
    log_write_free(w);
    assert_true(run_log_open(dir_name, RUN, 4, &log, &e));
    assert_true(run_log_open(dir_name, RUN, 4, &other, &e));
    for (int i = 0; run_log_next(&log, &item); i++) { // from everywhere one goes on alike
        if (i % 501 != 0)
            continue;
        run_log_seek(&other, item.next);
        assert_int_equal(other.offset, item.next);
        assert_int_equal(other.at.us, log.at.us);
    }
    for (size_t i = 0; i < COUNT(tails); i++) {
        run_log_seek_tail(&other, tails[i], RUN_LOG_ERR);
        do
            assert_true(run_log_next(&other, &again));
        while (tails[i] > 0 && again.stream != RUN_LOG_ERR);
        (void)snprintf(want, sizeof want, "odd %d", (int)(60001 - 2 * tails[i]));
        if (tails[i] > 0)
            assert_true(str_eq(again.text, str_of(want)));
        else
            assert_true(str_eq(again.text, STR_LIT("a piece")));
    }
    run_log_seek_tail(&other, INT64_MAX - 1, RUN_LOG_BOTH);
    assert_true(run_log_next(&other, &again));
    assert_true(str_eq(again.text, STR_LIT("even 0")));
    run_log_seek(&other, 1); // no place that was told
    assert_true(run_log_next(&other, &again));
    run_log_seek(&other, INT64_MAX);
    assert_false(run_log_next(&other, &again));
    run_log_close(&log);
    run_log_close(&other);
}

// A disk that is full: whole lines or none, and the reason.
static void test_full(void **state)
{
    const struct rlimit before = {RLIM_INFINITY, RLIM_INFINITY}, small = {5000, RLIM_INFINITY};
    struct log_write *w = log_write_new(dir, RUN, 5, 1 << 18);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    struct run_log log;
    struct err e;

    (void)state;
    sigaction(SIGXFSZ, &ignore, &old);
    add(w, RUN_LOG_OUT, "fits\n", 1000000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 400; i++)
        add(w, RUN_LOG_OUT, "a line of some length, written again and again\n", 1000000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(log_write_errnum(w), EFBIG);
    add(w, RUN_LOG_OUT, "and goes on\n", 2000000);
    log_write_free(w);
    sigaction(SIGXFSZ, &old, NULL);
    assert_true(run_log_open(dir_name, RUN, 5, &log, &e));
    assert_true(str_starts(str_of(told(&log)), STR_LIT("1000000 o fits|1000000 o a line")));
    run_log_seek_tail(&log, 1, RUN_LOG_OUT);
    assert_string_equal(told(&log), "2000000 o and goes on|");
    run_log_close(&log);
}

static void test_path(void **state)
{
    char path[RUN_LOG_PATH_MAX];

    (void)state;
    run_log_path(RUN, 2, "log", path);
    assert_string_equal(path, "20260911/219049113387008.2.log");
    assert_int_equal(run_id_time(RUN).us / 1000000 / 86400, 20707);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir_name, sizeof dir_name, "/tmp/belfry-log-XXXXXX");
    assert_non_null(mkdtemp(dir_name));
    dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(dir);
    file_remove_tree(AT_FDCWD, dir_name);
    return access(dir_name, F_OK) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines), cmocka_unit_test(test_pieces), cmocka_unit_test(test_hole),
        cmocka_unit_test(test_seek),  cmocka_unit_test(test_full),   cmocka_unit_test(test_path),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
