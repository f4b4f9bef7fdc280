// sqlite_store_test.c - the SQLite store fulfils the contract, and says clearly what it cannot open
// or write.
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_store.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../contract/store_contract.c"
#include "scratch.h"

static void *medium_new(void)
{
    struct scratch *s = mem_alloc(sizeof *s);

    scratch_init(s);
    return s;
}

static bool try_open(const char *path, struct loop *loop, const struct clock *clock,
                     struct store **ret, struct err *e)
{
    const struct sqlite_store_options options = {path, "node-a", "1.2.3"};

    return sqlite_store_open(loop, clock, &options, ret, e);
}

static struct store *medium_open(void *medium, struct loop *loop, const struct clock *clock)
{
    struct store *store = NULL;
    struct err e;

    if (!try_open(((struct scratch *)medium)->path, loop, clock, &store, &e))
        fail_msg("%s", e.message);
    return store;
}

static void medium_free(void *medium)
{
    scratch_done(medium);
    free(medium);
}

static const struct store_kind sqlite_kind = {medium_new, medium_open, medium_free, NULL};

// ---- helpers ----

static const char *path_of(const struct fixture *f)
{
    return ((struct scratch *)f->medium)->path;
}

static void close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

// Opening must fail; the message must hold these words and the path.
static struct err refused(struct fixture *f, const char *path, enum err_code code,
                          const char *words)
{
    struct store *store = NULL;
    struct err e = {0};

    assert_false(try_open(path, f->loop, &f->clock.base, &store, &e));
    assert_null(store);
    assert_int_equal(e.code, code);
    if (!strstr(e.message, words) || !strstr(e.message, path))
        fail_msg("\"%s\" does not say \"%s\"", e.message, words);
    assert_true(strlen(e.hint) > 10);
    return e;
}

static int64_t query(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t n = -1;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return n;
}

static void write_at(const char *path, off_t at, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    close(fd);
}

static size_t read_whole(const char *path, char *into, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = pread(fd, into, max, 0);

    assert_true(fd >= 0 && got >= 0);
    close(fd);
    return (size_t)got;
}

// ---- opening ----

static void test_lock(void **state)
{
    struct fixture *f = *state;
    char link[128], pid[32];
    struct err e = refused(f, path_of(f), ERR_BUSY, "in use by another belfry");

    snprintf(pid, sizeof pid, "process %ld)", (long)getpid());
    assert_non_null(strstr(e.message, pid));
    snprintf(link, sizeof link, "%s/link.db", ((struct scratch *)f->medium)->directory);
    assert_int_equal(symlink("b.db", link), 0);
    struct store *store = NULL;
    assert_false(try_open(link, f->loop, &f->clock.base, &store, &e)); // the same file all the same
    assert_int_equal(e.code, ERR_BUSY);
    close_store(f);
    assert_true(try_open(link, f->loop, &f->clock.base, &store, &e));
    refused(f, path_of(f), ERR_BUSY, pid);
    store_close(store);
}

static void test_newer_schema(void **state)
{
    struct fixture *f = *state;

    create(f, "a");
    close_store(f);
    query(path_of(f), "PRAGMA user_version = 99");
    refused(f, path_of(f), ERR_STORE, "written by a newer belfry (schema 99, this one knows ");
    assert_int_equal(query(path_of(f), "SELECT count(*) FROM job"), 1);
}

static void test_foreign(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "This is my diary. It is not a database, and longer than a page head.";
    static char zeros[8192];
    char back[100];

    close_store(f);
    unlink(path_of(f));
    query(path_of(f), "CREATE TABLE diary(day TEXT)");
    refused(f, path_of(f), ERR_STORE, "a database of another program");
    assert_int_equal(query(path_of(f), "SELECT count(*) FROM sqlite_schema"), 1);
    unlink(path_of(f));
    write_at(path_of(f), 0, text, sizeof text);
    refused(f, path_of(f), ERR_STORE, "is not a database");
    assert_int_equal(read_whole(path_of(f), back, sizeof back), sizeof text);
    assert_memory_equal(back, text, sizeof text);
    write_at(path_of(f), 0, zeros, sizeof zeros);
    refused(f, path_of(f), ERR_STORE, "is not a database");
    unlink(path_of(f));
    write_at(path_of(f), 0, "", 0); // nothing in it: new
    f->store = medium_open(f->medium, f->loop, &f->clock.base);
    create(f, "a");
}

static void test_places(void **state)
{
    struct fixture *f = *state;
    char path[128];

    refused(f, "/nowhere-at-all/b.db", ERR_STORE, "No such file or directory");
    refused(f, "/dev/null", ERR_STORE, "not a regular file");
    refused(f, ((struct scratch *)f->medium)->directory, ERR_STORE, "not a regular file");
    refused(f, "/proc/b.db", ERR_STORE, "lock file");
    snprintf(path, sizeof path, "%s/link.db", ((struct scratch *)f->medium)->directory);
    assert_int_equal(symlink("gone.db", path), 0);
    refused(f, path, ERR_STORE, "symbolic link to nothing");
}

static void test_read_only(void **state)
{
    struct fixture *f = *state;

    if (geteuid() == 0)
        skip(); // root may write everything
    close_store(f);
    chmod(path_of(f), 0444);
    refused(f, path_of(f), ERR_STORE, "cannot be written");
    chmod(path_of(f), 0644);
}

// Every page of the database, one after the other, becomes rubbish: it never opens as if nothing
// were wrong.
static void test_damaged(void **state)
{
    struct fixture *f = *state;
    static char whole[256 * 1024], back[256 * 1024], rubbish[64];
    size_t size, opened = 0;

    create(f, "a");
    claim_one(f, 1, 1, 1);
    close_store(f);
    size = read_whole(path_of(f), whole, sizeof whole);
    assert_true(size >= 8 * 4096 && size < sizeof whole);
    memset(rubbish, 0xa5, sizeof rubbish);
    for (size_t at = 4096; at < size; at += 4096) {
        struct store *store = NULL;
        struct err e;

        write_at(path_of(f), 0, whole, size);
        write_at(path_of(f), (off_t)at, rubbish, sizeof rubbish);
        if (try_open(path_of(f), f->loop, &f->clock.base, &store, &e)) {
            store_close(store);
            opened++;
            continue;
        }
        assert_int_equal(e.code, ERR_STORE);
        assert_non_null(strstr(e.message, "is damaged"));
        assert_non_null(strstr(e.hint, "backup"));
        assert_int_equal(read_whole(path_of(f), back, sizeof back), size);
        assert_memory_equal(back + at, rubbish, sizeof rubbish);
    }
    assert_int_equal(opened, 0);
    truncate(path_of(f), (off_t)size / 2 / 4096 * 4096);
    refused(f, path_of(f), ERR_STORE, "is damaged");
}

static void test_lost_database(void **state)
{
    struct fixture *f = *state;
    char wal[128];

    close_store(f);
    snprintf(wal, sizeof wal, "%s-wal", path_of(f));
    write_at(wal, 0, "data", 4);
    truncate(path_of(f), 0);
    refused(f, path_of(f), ERR_STORE, "is empty although its log");
    unlink(path_of(f));
    refused(f, path_of(f), ERR_STORE, "is missing although its log");
}

static void test_incarnation(void **state)
{
    struct fixture *f = *state;
    int64_t first = query(path_of(f), "SELECT id FROM node WHERE name = 'node-a' AND slot = 0");

    create(f, "a");
    claim_one(f, 1, 1, 1);
    assert_int_equal(query(path_of(f), "SELECT node FROM run"), first);
    assert_int_equal(query(path_of(f), "SELECT value FROM meta WHERE key = 'clean'"), 0);
    reopen(f);
    claim_one(f, 2, 1, 2);
    assert_true(query(path_of(f), "SELECT node FROM run WHERE id = 2") > first);
    assert_int_equal(query(path_of(f), "SELECT count(*) FROM node"), 1);
    close_store(f);
    assert_int_equal(query(path_of(f), "SELECT value FROM meta WHERE key = 'clean'"), 1);
    assert_int_equal(query(path_of(f), "PRAGMA application_id"), 0x62656c66);
}

// ---- weather ----

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// The log cannot grow any more: writes fail as a whole, reads go on, and all is well once there is
// room.
static void test_no_room(void **state)
{
    struct fixture *f = *state;
    static char text[100000];
    struct job_row row = row_of("large");
    struct store_stats stats;
    struct loaded loaded = {0};
    static struct answer a[2];
    struct page page;

    memset(text, 'x', sizeof text);
    memset(a, 0, sizeof a);
    create(f, "a");
    claim_one(f, 1, 1, 1);
    limit_files(150000);
    row.tz = (struct str){text, sizeof text};
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a[0]);
    row.name = STR_LIT("other");
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a[1]);
    settle(f);
    page = read_runs(f, 0, 0, 10);
    store_stats(f->store, &stats);
    limit_files(RLIM_INFINITY);
    assert_int_equal(page.len, 1);
    page_done(&page);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(a[i].code, ERR_STORE);
        assert_non_null(strstr(a[i].message, path_of(f)));
        if (!strstr(a[i].message, "File too large"))
            fail_msg("%s", a[i].message);
    }
    assert_int_equal(stats.last_failure.code, ERR_STORE);
    assert_non_null(strstr(stats.last_failure.hint, "ulimit"));
    assert_int_equal(put_row(f, &row, STORE_CREATE).change_seq, 2); // as if nothing had been
    store_stats(f->store, &stats);
    assert_int_equal(stats.last_failure.code, ERR_NONE);
    reopen(f);
    load(f, &loaded);
    assert_null(strstr(loaded.text, "large v"));
    assert_non_null(strstr(loaded.text, "other v1"));
}

// What a child process that is about to be killed does: create, claim, finish - and tell what was
// acknowledged.
struct victim {
    struct fixture *f;
    int pipe, created;
};

static void victim_acknowledged(const struct store_answer *a, void *ctx)
{
    struct victim *v = ctx;
    int64_t id = a->job_id;

    if (id && write(v->pipe, &id, sizeof id) != sizeof id)
        _exit(1);
}

static void victim_run(struct fixture *f, int pipe)
{
    struct victim v = {f, pipe, 0};
    struct sim_clock clock;
    struct store *store = NULL;
    struct loop *loop;
    struct err e;
    struct store_stats stats;
    char name[32];

    sim_clock_init(&clock, START);
    loop = loop_new(&clock.base, &e);
    if (!loop || !try_open(path_of(f), loop, &clock.base, &store, &e))
        _exit(1);
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "job-%d", i);

        struct job_row row = row_of(name);
        struct run run = run_of(1 + i, 1 + i / 2, i);

        store_put_job(store, &row, STORE_CREATE, victim_acknowledged, &v);
        store_claim(store, &run, 1, SLOT(i), victim_acknowledged, &v);
        for (store_stats(store, &stats); stats.waiting > 20; store_stats(store, &stats))
            loop_turn(loop, 10);
    }
    _exit(0);
}

static void test_killed(void **state)
{
    struct fixture *f = *state;
    int pipes[2], status, acknowledged = 0;
    int64_t id, last = 0, after;
    struct store_load l;
    static struct loaded loaded;
    pid_t child;

    close_store(f);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    child = fork();
    if (child == 0)
        victim_run(f, pipes[1]);
    close(pipes[1]);
    while (acknowledged < 300 && read(pipes[0], &id, sizeof id) == sizeof id)
        acknowledged++;
    kill(child, SIGKILL);
    while (read(pipes[0], &id, sizeof id) == sizeof id) {
        acknowledged++;
        last = id;
    }
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(acknowledged >= 300);

    f->store = medium_open(f->medium, f->loop, &f->clock.base);
    loaded = (struct loaded){0};
    l = load(f, &loaded);
    after = query(path_of(f), "SELECT count(*) FROM job");
    assert_true(after >= acknowledged && after >= last);
    assert_int_equal(query(path_of(f), "SELECT max(id) FROM job"), after); // no holes either
    assert_true(l.orphaned > 0);
    assert_int_equal(query(path_of(f), "SELECT count(*) FROM run WHERE state < 10"), l.orphaned);
    assert_int_equal(query(path_of(f), "SELECT max(scheduled_at) FROM run"), l.watermark.us);
    assert_int_equal(put(f, "one more", STORE_CREATE).change_seq, after + 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT(test_lock, &sqlite_kind),          CONTRACT(test_newer_schema, &sqlite_kind),
        CONTRACT(test_foreign, &sqlite_kind),       CONTRACT(test_places, &sqlite_kind),
        CONTRACT(test_read_only, &sqlite_kind),     CONTRACT(test_damaged, &sqlite_kind),
        CONTRACT(test_lost_database, &sqlite_kind), CONTRACT(test_incarnation, &sqlite_kind),
        CONTRACT(test_no_room, &sqlite_kind),       CONTRACT(test_killed, &sqlite_kind),
    };

    return contract_run("sqlite", &sqlite_kind) + cmocka_run_group_tests(tests, NULL, NULL);
}
