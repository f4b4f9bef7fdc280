// keeper_test.c - real keepers: what runs is looked after, also without belfry, and found again.
// SPDX-License-Identifier: Apache-2.0
#include "exec/keepers.h"

#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/keep_files.h"
#include "exec/keep_link.h"
#include "exec/leftover.h"
#include "exec/wire.h"

#define IDLE_US 300000

static char dir_name[64], runs[80];
static struct loop *loop;
static struct keepers *keepers;

struct told {
    int ends;
    struct keep_end end; // its texts are gone
    char out[100], result[100], progress[100];
};

static void ended(const struct keep_end *end, void *ctx)
{
    struct told *t = ctx;

    t->end = *end;
    (void)snprintf(t->out, sizeof t->out, "%.*s", STR(end->command.out.head));
    (void)snprintf(t->result, sizeof t->result, "%.*s", STR(end->result));
    (void)snprintf(t->progress, sizeof t->progress, "%.*s", STR(end->progress));
    t->ends++;
}

static void belfry_come(void)
{
    const struct keepers_options options = {
        .loop = loop, .runs_dir = runs, .self = "/proc/self/exe", .idle_us = IDLE_US};
    struct err e;

    keepers = keepers_open(&options, &e);
    assert_non_null(keepers);
}

// As a kill: without a word to the keeper.
static void belfry_go(void)
{
    keepers_free(keepers);
    keepers = NULL;
}

static struct keep_run *start(int64_t run_id, const char *script, struct told *t)
{
    char sh[] = "/bin/sh", c[] = "-c", path[] = "PATH=/usr/bin:/bin";
    char *argv[] = {sh, c, (char *)(uintptr_t)script, NULL}, *envp[] = {path, NULL};
    struct keep_start start = {
        .run_id = run_id,
        .attempt = 1,
        .program = "/bin/sh",
        .argv = argv,
        .envp = envp,
        .has_result = true,
        .head_max = 1000,
        .log_max = 1 << 20,
        .grace_us = 5000000,
        .setting = {.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1},
    };
    struct err e;
    struct keep_run *run = keepers_start(keepers, &start, ended, t, &e);

    assert_non_null(run);
    return run;
}

static bool has_file(const char *end_of_name)
{
    DIR *list = opendir(runs);
    const struct dirent *entry;
    bool has = false;

    while ((entry = readdir(list)))
        has = has || str_ends(str_of(entry->d_name), str_of(end_of_name));
    closedir(list);
    return has;
}

static void turn_until(bool (*is)(void *ctx), void *ctx)
{
    int64_t until = clock_mono(clock_real()).us + WORLD_WAIT_US;

    while (!is(ctx) && clock_mono(clock_real()).us < until)
        (void)loop_turn(loop, 20);
    assert_true(is(ctx));
}

static bool has_ended(void *ctx)
{
    return ((struct told *)ctx)->ends > 0;
}

static bool has_started(void *ctx)
{
    mono started;
    wall at;

    return keepers_started(ctx, &started, &at);
}

static bool has_name(void *ctx)
{
    return has_file(ctx);
}

static bool has_no_name(void *ctx)
{
    return !has_file(ctx);
}

static pid_t keeper_pid(void)
{
    DIR *list = opendir(runs);
    const struct dirent *entry;
    int64_t pid = 0;

    while ((entry = readdir(list)))
        if (strncmp(entry->d_name, "keeper.", 7) == 0)
            (void)str_to_int(str_of(entry->d_name + 7), &pid);
    closedir(list);
    return (pid_t)pid;
}

static bool has_no_keeper(void *ctx)
{
    (void)ctx;
    return keeper_pid() == 0;
}

static void test_end(void **state)
{
    struct told t = {0};

    (void)state;
    belfry_come();
    keepers_expect(keepers);
    (void)start(4096001, "echo hi; echo '{\"result\":7}' >&3; exit 3", &t);
    turn_until(has_ended, &t);
    assert_int_equal(t.end.command.exit_code, 3);
    assert_string_equal(t.out, "hi\n");
    assert_string_equal(t.result, "7");
    assert_true(t.end.command.usage.max_rss_bytes > 0);
    assert_false(t.end.is_lost);
    keepers_settled(keepers, 4096001);
    keepers_settled(keepers, 4096001); // a second one is nothing
    belfry_go();
    turn_until(has_no_keeper, NULL); // it has nothing to do
    assert_false(has_file(".end"));
}

static bool has_progress(void *ctx)
{
    return keepers_progress(ctx).len > 0;
}

static void test_progress(void **state)
{
    struct told t = {0};
    struct keep_run *run;

    (void)state;
    belfry_come();
    run = start(4096002, "echo '{\"progress\":0.5}' >&3; read x < /dev/tty; exec sleep 100", &t);
    turn_until(has_progress, run);
    assert_true(str_eq(keepers_progress(run), STR_LIT("{\"progress\":0.5}")));
    keepers_stop(keepers, run, KEEP_CAUSE_CANCEL, 0);
    turn_until(has_ended, &t);
    assert_int_equal(t.end.cause, KEEP_CAUSE_CANCEL);
    assert_int_equal(t.end.command.signal, SIGKILL);
    assert_string_equal(t.progress, "{\"progress\":0.5}");
    keepers_settled(keepers, 4096002);
    belfry_go();
}

// belfry is killed while a run goes on: the next one finds it, and it ends as if nothing had been.
static void test_adopt_running(void **state)
{
    struct told t = {0}, next = {0};
    struct keep_run *run;
    int64_t *found;

    (void)state;
    belfry_come();
    run = start(4096003,
                "trap 'echo bye; exit 4' TERM; echo '{\"progress\":0}' >&3; sleep 100 & wait", &t);
    turn_until(has_progress, run);
    keepers_forget(keepers, run);
    assert_int_equal(keepers_found(keepers, &found), 0); // it is our own
    free(found);
    belfry_go();
    belfry_come();
    assert_int_equal(keepers_found(keepers, &found), 1);
    assert_int_equal(found[0], 4096003);
    free(found);
    assert_null(keepers_adopt(keepers, 4096003, 2, ended, &next)); // another attempt
    assert_null(keepers_adopt(keepers, 99, 1, ended, &next));
    run = keepers_adopt(keepers, 4096003, 1, ended, &next);
    assert_non_null(run);
    keepers_adopt_end(keepers);
    assert_true(has_started(run));
    keepers_stop(keepers, run, KEEP_CAUSE_SHUTDOWN, 5000000);
    turn_until(has_ended, &next);
    assert_int_equal(t.ends, 0);
    assert_int_equal(next.end.command.exit_code, 4);
    assert_int_equal(next.end.cause, KEEP_CAUSE_SHUTDOWN);
    keepers_settled(keepers, 4096003);
    belfry_go();
}

// Belfry is killed while its keeper is still beginning: what it has asked for is found all the
// same.
static void test_adopt_at_once(void **state)
{
    struct told t = {0}, next = {0};

    (void)state;
    belfry_come();
    (void)start(4096013, "exit 6", &t);
    loop_turn(loop, 0); // it is on its way
    belfry_go();
    belfry_come();
    assert_non_null(keepers_adopt(keepers, 4096013, 1, ended, &next));
    keepers_adopt_end(keepers);
    turn_until(has_ended, &next);
    assert_int_equal(next.end.command.exit_code, 6);
    keepers_settled(keepers, 4096013);
    belfry_go();
}

// It ends just as the next belfry finds it: that end waits until it is adopted, or until nobody
// will.
static void test_adopt_end_at_once(void **state)
{
    struct told t = {0}, next = {0};
    struct keep_run *run;
    pid_t keeper, helper;

    (void)state;
    belfry_come();
    run = start(4096014, "sleep 0.3; exit 6", &t);
    turn_until(has_started, run);
    keeper = keeper_pid();
    assert_int_equal(kill(keeper, SIGSTOP), 0);
    belfry_go();
    helper = fork();
    if (helper == 0) {
        (void)usleep(600000);
        _exit(kill(keeper, SIGCONT));
    }
    belfry_come(); // it waits for the keeper, which has the end by then
    assert_int_equal(waitpid(helper, NULL, 0), helper);
    assert_non_null(keepers_adopt(keepers, 4096014, 1, ended, &next));
    keepers_adopt_end(keepers);
    turn_until(has_ended, &next);
    assert_int_equal(next.end.command.exit_code, 6);
    keepers_settled(keepers, 4096014);
    belfry_go();
    assert_false(has_file(".end"));
}

// It ends while nobody is there, and its keeper leaves: the end lies in a file until it is
// recorded.
static void test_adopt_ended(void **state)
{
    struct told t = {0}, next = {0};
    char name[] = "4096004.1.end";

    (void)state;
    belfry_come();
    (void)start(4096004, "echo all; exit 5", &t);
    loop_turn(loop, 0); // it is on its way
    belfry_go();
    turn_until(has_name, name);
    turn_until(has_no_keeper, NULL);
    for (int i = 0; i < 2; i++) { // a belfry that is killed before it has recorded it finds it
                                  // again
        belfry_come();
        next = (struct told){0};
        assert_non_null(keepers_adopt(keepers, 4096004, 1, ended, &next));
        keepers_adopt_end(keepers);
        turn_until(has_ended, &next);
        assert_int_equal(next.end.command.exit_code, 5);
        assert_string_equal(next.out, "all\n");
        if (i == 1)
            keepers_settled(keepers, 4096004);
        belfry_go();
    }
    assert_false(has_file(name));
}

// An end that was told, but not recorded when belfry was killed.
static void test_unsettled(void **state)
{
    struct told t = {0}, next = {0};
    char name[] = "4096005.1.end";

    (void)state;
    belfry_come();
    (void)start(4096005, "exit 6", &t);
    turn_until(has_ended, &t);
    belfry_go();
    turn_until(has_name, name);
    belfry_come();
    assert_non_null(keepers_adopt(keepers, 4096005, 1, ended, &next));
    turn_until(has_ended, &next);
    assert_int_equal(next.end.command.exit_code, 6);
    keepers_settled(keepers, 4096005);
    belfry_go();
    assert_false(has_file(name));
}

// What no row asks for is ended and forgotten.
static void test_not_adopted(void **state)
{
    struct told t = {0};
    struct keep_run *run;
    char name[] = "4096007.1.end";

    (void)state;
    belfry_come();
    run = start(4096006, "sleep 100", &t);
    (void)start(4096007, "exit 0", &t);
    turn_until(has_started, run);
    turn_until(has_ended, &t);
    belfry_go();
    turn_until(has_name, name);
    belfry_come();
    keepers_adopt_end(keepers);
    turn_until(has_no_name, name);
    keepers_leave(keepers);
    belfry_go();
    turn_until(has_no_keeper, NULL);
    assert_int_equal(t.ends, 1);
}

static bool is_gone(void *ctx)
{
    const pid_t *pid = ctx;
    char path[64], text[300] = "";
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)*pid);
    f = fopen(path, "re");
    if (!f)
        return true;
    (void)fgets(text, sizeof text, f);
    (void)fclose(f);
    return strstr(text, ") Z ") != NULL;
}

// The keeper is killed: its runs are lost, and neither their processes nor what these have started
// go on.
static void test_killed_keeper(void **state)
{
    struct told t = {0}, after = {0};
    struct keep_run *run;
    char name[] = "keeper.log";
    char path[120];
    int64_t pid = 0;
    pid_t grandchild;
    struct buf text;
    struct err e;

    (void)state;
    belfry_come();
    (void)snprintf(path, sizeof path, "sleep 100 & echo $! > %s/pid; wait", dir_name);
    run = start(4096008, path, &t);
    turn_until(has_started, run);
    turn_until(has_name, name);
    buf_init(&text, 100);
    (void)snprintf(path, sizeof path, "%s/pid", dir_name);
    while (text.len < 2) {
        buf_clear(&text);
        (void)loop_turn(loop, 10);
        (void)file_read_all(AT_FDCWD, path, &text, &e);
    }
    assert_true(str_to_int(str_trim(buf_str(&text)), &pid));
    buf_done(&text);
    grandchild = (pid_t)pid;
    assert_false(is_gone(&grandchild));
    assert_int_equal(kill(keeper_pid(), SIGKILL), 0);
    turn_until(has_ended, &t);
    assert_true(t.end.is_lost);
    assert_true(t.end.command.started_at.us > 0);
    turn_until(is_gone, &grandchild);
    (void)start(4096009, "exit 0", &after); // another keeper is there when it is needed
    turn_until(has_ended, &after);
    assert_int_equal(after.end.command.exit_code, 0);
    keepers_settled(keepers, 4096009);
    belfry_go();
}

// A start that cannot be, and one whose surroundings cannot be made.
static void test_not_started(void **state)
{
    struct told t = {0};
    char none[] = "/no/such/program";
    char *argv[] = {none, NULL}, *envp[] = {NULL};
    struct keep_start what = {
        .run_id = 4096010,
        .attempt = 1,
        .program = none,
        .argv = argv,
        .envp = envp,
        .setting = {.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1},
    };
    struct err e;

    (void)state;
    belfry_come();
    assert_non_null(keepers_start(keepers, &what, ended, &t, &e));
    turn_until(has_ended, &t);
    assert_int_equal(t.end.command.errnum, ENOENT);
    assert_int_equal(t.end.command.exit_code, -1);
    keepers_settled(keepers, 4096010);
    what.folder = "/no/such/folder";
    what.program = "/bin/true";
    t = (struct told){0};
    assert_non_null(keepers_start(keepers, &what, ended, &t, &e));
    turn_until(has_ended, &t);
    assert_int_equal(t.end.command.errnum, ENOENT);
    keepers_settled(keepers, 4096010);
    belfry_go();
}

static void file_seen(int64_t pid, struct str message, void *ctx)
{
    (void)message;
    *(int *)ctx += pid == 0; // a keeper may be about to leave
}

static void test_files(void **state)
{
    char path[PATH_MAX];
    struct err e;
    int dir = keep_dir_open(runs, path, &e), listener, peer, seen = 0, before = 0;

    (void)state;
    assert_true(dir >= 0);
    assert_true(str_ends(str_of(path), STR_LIT("/runs")));
    listener = keep_socket_listen(dir, 12345678);
    assert_true(listener >= 0);
    peer = keep_socket_connect(dir, 12345678);
    assert_true(peer >= 0);
    close(peer);
    keep_socket_rename(dir, 12345678, 12345679);
    assert_int_equal(keep_socket_connect(dir, 12345678), -1);
    peer = keep_socket_connect(dir, 12345679);
    assert_true(peer >= 0);
    close(peer);
    keep_socket_rename(dir, 12345679, 12345678);
    close(listener);
    assert_int_equal(keep_socket_connect(dir, 12345678), -1);
    keep_socket_remove(dir, 12345678);
    assert_false(has_file("keeper.12345678"));
    keep_files_look(dir, file_seen, &before);
    assert_true(keep_end_save(dir, 77, 1, STR_LIT("x")));
    assert_true(has_file("77.1.end"));
    keep_files_look(dir, file_seen, &seen); // that is no message: passed over
    assert_int_equal(seen, before);
    keep_end_remove(dir, 77, 1);
    assert_false(has_file("77.1.end"));
    assert_int_equal(keep_dir_open("/proc/no", path, &e), -1);
    close(dir);
}

// A directory that was asked for alone is nobody else's until it is closed.
static void test_exclusive(void **state)
{
    struct keepers_options options = {.loop = loop, .runs_dir = runs, .is_exclusive = true};
    struct keepers *first, *second;
    struct err e;

    (void)state;
    first = keepers_open(&options, &e);
    assert_non_null(first);
    assert_null(keepers_open(&options, &e));
    assert_int_equal(e.code, ERR_BUSY);
    assert_non_null(strstr(e.message, "/runs"));
    assert_non_null(strstr(e.hint, "--node"));
    keepers_free(first);
    second = keepers_open(&options, &e);
    assert_non_null(second);
    keepers_free(second);
}

static void test_dir_lock(void **state)
{
    char path[PATH_MAX];
    struct err e;
    int dir = keep_dir_open(runs, path, &e);
    int lock = keep_dir_lock(dir, path, &e);

    (void)state;
    assert_true(lock >= 0);
    assert_int_equal(keep_dir_lock(dir, path, &e), -1);
    close(dir); // the lock is of its own
    dir = keep_dir_open(runs, path, &e);
    assert_int_equal(keep_dir_lock(dir, path, &e), -1);
    close(lock);
    lock = keep_dir_lock(dir, path, &e);
    assert_true(lock >= 0);
    close(lock);
    close(dir);
}

struct heard {
    int messages;
    int gone;
    struct keep_link *link;
};

static void hear(uint8_t type, struct str fields, void *ctx)
{
    struct heard *h = ctx;

    (void)fields;
    assert_int_equal(type, KEEP_SYNC);
    h->messages++;
}

static void gone(void *ctx)
{
    ((struct heard *)ctx)->gone++;
}

static bool has_heard(void *ctx)
{
    return ((struct heard *)ctx)->messages == 10000;
}

static bool has_gone(void *ctx)
{
    return ((struct heard *)ctx)->gone > 0;
}

// More than a socket holds, one at a time, and the end.
static void test_link(void **state)
{
    struct heard h = {0}, other = {0};
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    h.link = keep_link_new(loop, ends[0], hear, gone, &h);
    other.link = keep_link_new(loop, ends[1], hear, gone, &other);
    for (int i = 0; i < 10000; i++)
        keep_word_write(keep_link_out(other.link), KEEP_SYNC);
    assert_true(keep_link_waiting(other.link) > 0);
    keep_link_flush(other.link);
    assert_true(keep_link_read(h.link, 1000));
    turn_until(has_heard, &h);
    assert_int_equal(keep_link_waiting(other.link), 0);
    buf_add(keep_link_out(other.link), STR_LIT("\xff\xff\xff\xff nonsense"));
    turn_until(has_gone, &h);
    keep_link_free(h.link);
    turn_until(has_gone, &other);
    keep_link_free(other.link);
    keep_link_free(NULL);
}

static void test_leftovers(void **state)
{
    const struct keep_live none[] = {{.run_id = 1, .pid = 0}, {.run_id = 2, .pid = 1}};

    (void)state;
    assert_int_equal(leftovers_kill(none, 2), 0);
    assert_int_equal(leftovers_kill(NULL, 0), 0);
}

static int setup(void **state)
{
    struct err e;

    (void)state;
    (void)snprintf(dir_name, sizeof dir_name, "/tmp/belfry-keeper-XXXXXX");
    assert_non_null(mkdtemp(dir_name));
    (void)snprintf(runs, sizeof runs, "%s/runs", dir_name);
    loop = loop_new(clock_real(), &e);
    return loop == NULL;
}

static int teardown(void **state)
{
    (void)state;
    turn_until(has_no_keeper, NULL);
    loop_free(loop);
    file_remove_tree(AT_FDCWD, dir_name);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_adopt_running),
        cmocka_unit_test(test_exclusive),
        cmocka_unit_test(test_dir_lock),
        cmocka_unit_test(test_adopt_at_once),
        cmocka_unit_test(test_adopt_end_at_once),
        cmocka_unit_test(test_adopt_ended),
        cmocka_unit_test(test_unsettled),
        cmocka_unit_test(test_not_adopted),
        cmocka_unit_test(test_killed_keeper),
        cmocka_unit_test(test_not_started),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_leftovers),
    };

    if (world_is_keeper(argc, argv))
        return keeper_command(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, setup, teardown);
}
