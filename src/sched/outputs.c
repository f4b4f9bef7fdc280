// outputs.c - removes files whose runs are gone, on a thread of its own.
// SPDX-License-Identifier: Apache-2.0
#include "sched/outputs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "job/run_log.h"

#define DAY_LEN 8 // YYYYMMDD

// A file, or the directory of a private /tmp, that is looked at.
struct sweep_file {
    struct sweep *sweep;
    char name[RUN_LOG_PATH_MAX];
    int64_t run_id;
    int64_t bytes;
    bool is_tmp;
    bool is_orphan;
};

// A round. While one of its steps is with the thread, nobody else touches it.
struct sweep {
    struct outputs *o; // NULL: nobody wants to know any more
    DIR *days, *files; // files: of this day; NULL between two
    char day[DAY_LEN + 1];
    struct sweep_file v[OUTPUTS_STEP];
    size_t count;
    size_t asking; // questions that are with the store
    bool is_over;
    int64_t left, left_bytes, removed;
};

// Runs whose files go.
struct removal {
    const struct outputs *o;
    size_t count;
    struct store_gone v[];
};

static void sweep_step(void *ctx);
static void sweep_work(void *ctx);
static void sweep_worked(bool has_run, void *ctx);

static void sweep_at(struct outputs *o, int64_t us)
{
    loop_timer_set(o->loop, &o->timer, mono_after_us(loop_now(o->loop), us), sweep_step, o);
}

void outputs_init(struct outputs *o, struct loop *loop, struct store *store, const char *runs_dir)
{
    *o = (struct outputs){.loop = loop, .store = store};
    if (!runs_dir)
        return;
    o->runs_dir = str_own(str_of(runs_dir));
    sweep_at(o, OUTPUTS_FIRST_US);
}

static void sweep_free(struct sweep *s)
{
    if (s->files)
        closedir(s->files);
    if (s->days)
        closedir(s->days);
    free(s);
}

void outputs_done(struct outputs *o)
{
    o->is_leaving = true;
    pool_free(o->pool);
    loop_timer_stop(o->loop, &o->timer);
    o->pool = NULL;
    if (o->is_asking)
        o->sweep->o = NULL; // the last answer ends it
    else if (o->sweep)
        sweep_free(o->sweep);
    o->sweep = NULL;
    free(o->runs_dir);
    o->runs_dir = NULL;
}

// What cannot be done now is left to the next round.
static bool pool_take(struct outputs *o, pool_work_fn *work, pool_done_fn *done, void *ctx)
{
    struct err e;

    if (!o->pool)
        o->pool = pool_new(o->loop, 1, &e);
    return o->pool && pool_run(o->pool, work, done, ctx);
}

// ---- files of rows that have just been removed ----

static void removal_work(void *ctx)
{
    const struct removal *r = ctx;

    for (size_t i = 0; i < r->count; i++)
        run_log_remove(r->o->runs_dir, r->v[i].run_id, r->v[i].attempts);
}

static void removal_done(bool has_run, void *ctx)
{
    (void)has_run;
    free(ctx);
}

void outputs_remove(struct outputs *o, const struct store_gone *gone, size_t count)
{
    struct removal *r;

    if (!o->runs_dir || count == 0)
        return;
    r = mem_alloc(sizeof *r + count * sizeof *gone);
    r->o = o;
    r->count = count;
    memcpy(r->v, gone, count * sizeof *gone);
    if (!pool_take(o, removal_work, removal_done, r))
        free(r);
}

// ---- a round: on the thread ----

static bool is_number(struct str s)
{
    int64_t n;

    return str_to_int(s, &n) && n >= 0;
}

// RUN.ATTEMPT.log or RUN.ATTEMPT.tmp.
static bool name_read(const char *name, struct sweep_file *ret)
{
    struct str rest = str_of(name), run, attempt;

    if (rest.len >= sizeof ret->name || !str_next(&rest, '.', &run) ||
        !str_next(&rest, '.', &attempt) || !str_to_int(run, &ret->run_id) || ret->run_id <= 0 ||
        !is_number(attempt))
        return false;
    ret->is_tmp = str_eq(rest, STR_LIT("tmp"));
    memcpy(ret->name, name, strlen(name) + 1);
    return ret->is_tmp || str_eq(rest, STR_LIT("log"));
}

static void day_close(struct sweep *s)
{
    closedir(s->files);
    s->files = NULL;
    (void)unlinkat(dirfd(s->days), s->day, AT_REMOVEDIR); // goes when it is empty
}

// False when there are no more.
static bool day_open(struct sweep *s)
{
    const struct dirent *entry;
    int fd;

    while (!s->files && (entry = readdir(s->days))) {
        if (strlen(entry->d_name) != DAY_LEN || !is_number(str_of(entry->d_name)))
            continue;
        memcpy(s->day, entry->d_name, sizeof s->day);
        fd = openat(dirfd(s->days), s->day, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        s->files = fd >= 0 ? fdopendir(fd) : NULL;
        if (fd >= 0 && !s->files)
            close(fd);
    }
    return s->files != NULL;
}

static void orphans_remove(struct sweep *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct sweep_file *f = &s->v[i];

        if (!f->is_orphan) {
            s->left += !f->is_tmp;
            s->left_bytes += f->bytes;
            continue;
        }
        if (f->is_tmp)
            file_remove_tree(dirfd(s->files), f->name);
        else
            (void)unlinkat(dirfd(s->files), f->name, 0);
        s->removed++;
    }
    s->count = 0;
}

// The next files of this day; none at its end.
static void files_read(struct sweep *s)
{
    const struct dirent *entry;
    struct stat st;

    while (s->count < OUTPUTS_STEP && (entry = readdir(s->files))) {
        struct sweep_file *f = &s->v[s->count];

        *f = (struct sweep_file){.sweep = s};
        if (!name_read(entry->d_name, f))
            continue;
        if (!f->is_tmp && fstatat(dirfd(s->files), f->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            f->bytes = (int64_t)st.st_blocks * 512;
        s->count++;
    }
}

static void sweep_work(void *ctx)
{
    struct sweep *s = ctx;

    if (!s->days)
        s->days = opendir(s->o->runs_dir);
    if (s->files)
        orphans_remove(s);
    while (s->count == 0 && s->days) {
        if (!s->files && !day_open(s))
            break;
        files_read(s);
        if (s->count == 0)
            day_close(s);
    }
    s->is_over = s->count == 0;
}

// ---- a round: on the loop ----

static void sweep_step(void *ctx)
{
    struct outputs *o = ctx;

    if (!o->sweep) {
        o->sweep = mem_alloc(sizeof *o->sweep);
        o->sweep->o = o;
    }
    if (!pool_take(o, sweep_work, sweep_worked, o->sweep))
        sweep_at(o, OUTPUTS_STEP_US);
}

static void sweep_end(struct outputs *o)
{
    struct sweep *s = o->sweep;

    o->rounds++;
    o->files = s->left;
    o->bytes = s->left_bytes;
    o->removed += s->removed;
    if (s->removed > 0)
        log_info("output that belonged to no run has been removed", log_int("files", s->removed));
    sweep_free(s);
    o->sweep = NULL;
    sweep_at(o, OUTPUTS_ROUND_US);
}

static void run_told(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct sweep_file *f = ctx;
    struct sweep *s = f->sweep;

    f->is_orphan = !err && (count == 0 || (f->is_tmp && run_state_is_final(runs->run.state)));
    if (--s->asking > 0)
        return;
    if (!s->o) {
        sweep_free(s);
        return;
    }
    s->o->is_asking = false;
    sweep_at(s->o, OUTPUTS_STEP_US);
}

static void sweep_worked(bool has_run, void *ctx)
{
    struct sweep *s = ctx;
    struct outputs *o = s->o;

    if (!has_run || o->is_leaving)
        return;
    if (s->is_over) {
        sweep_end(o);
        return;
    }
    o->is_asking = true;
    s->asking = s->count;
    for (size_t i = 0, count = s->count; i < count; i++)
        store_read_run(o->store, s->v[i].run_id, run_told, &s->v[i]);
}
