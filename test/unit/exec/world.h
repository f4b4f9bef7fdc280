// world.h - for tests of the executor: a temporary jobs directory, a real loop, real children,
// every wait bounded.
#pragma once

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "exec/exec.h"
#include "exec/keeper.h"

#define WORLD_WAIT_US 60000000 // no test waits longer for anything

struct world {
    char dir[64]; // jobs live in dir/jobs
    char jobs[80];
    char runs[80];
    struct loop *loop;
    struct exec *exec;
};

// What one run reported, copied.
struct seen {
    int reports;
    enum run_state state;
    enum run_reason reason;
    wall started_at, finished_at;
    int exit_code;
    int signal;
    char message[600];
    char *out, *err; // head and tail, one behind the other
    size_t out_kept;
    int64_t out_total, err_total;
    char result[1000];
};

static inline struct exec_options world_options(const struct world *w)
{
    return (struct exec_options){
        .jobs_dir = w->jobs,
        .runs_dir = w->runs,
        .self = "/proc/self/exe",
        .python = "/usr/bin/python3",
        .compiler = "cc",
        .children_max = 4,
    };
}

static inline void world_exec(struct world *w, const struct exec_options *options)
{
    struct err e;

    exec_free(w->exec);
    assert_true(exec_new(w->loop, options, &w->exec, &e));
}

// This program is also the keeper that the executor starts: main begins with
//     if (world_is_keeper(argc, argv)) return keeper_command(argc - 1, argv + 1);
static inline bool world_is_keeper(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "keep") == 0;
}

static inline void world_open(struct world *w)
{
    struct err e;
    struct exec_options options;

    *w = (struct world){.dir = "/tmp/belfry-exec-XXXXXX"};
    assert_non_null(mkdtemp(w->dir));
    (void)snprintf(w->jobs, sizeof w->jobs, "%s/jobs", w->dir);
    (void)snprintf(w->runs, sizeof w->runs, "%s/runs", w->dir);
    assert_int_equal(mkdir(w->jobs, 0755), 0);
    w->loop = loop_new(clock_real(), &e);
    assert_non_null(w->loop);
    options = world_options(w);
    world_exec(w, &options);
}

static inline int world_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void world_close(struct world *w)
{
    exec_free(w->exec);
    loop_free(w->loop);
    (void)nftw(w->dir, world_remove, 8, FTW_DEPTH | FTW_PHYS);
}

// Writes jobs/FOLDER/FILE, making the folder.
static inline void world_file(const struct world *w, const char *folder, const char *file,
                              const char *text, mode_t mode)
{
    char path[PATH_MAX];
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", w->jobs, folder);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", w->jobs, folder, file);
    (void)unlink(path);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_true(file_write(fd, str_of(text)));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static inline void world_script(const struct world *w, const char *folder, const char *script)
{
    world_file(w, folder, "main", script, 0755);
}

static inline char *seen_stream(const struct run_stream *s)
{
    char *text = mem_alloc(s->head.len + s->tail.len + 1);

    if (s->head.len)
        memcpy(text, s->head.p, s->head.len);
    if (s->tail.len)
        memcpy(text + s->head.len, s->tail.p, s->tail.len);
    return text;
}

static inline void seen_done(const struct run_end *end, void *ctx)
{
    struct seen *s = ctx;

    s->reports++;
    s->state = end->state;
    s->reason = end->reason;
    s->started_at = end->started_at;
    s->finished_at = end->finished_at;
    s->exit_code = end->exit_code;
    s->signal = end->signal;
    (void)snprintf(s->message, sizeof s->message, "%.*s", STR(end->message));
    (void)snprintf(s->result, sizeof s->result, "%.*s", STR(end->result));
    free(s->out);
    free(s->err);
    s->out = seen_stream(&end->out);
    s->err = seen_stream(&end->err);
    s->out_kept = end->out.head.len + end->out.tail.len;
    s->out_total = end->out.total;
    s->err_total = end->err.total;
}

static inline void seen_free(struct seen *s)
{
    free(s->out);
    free(s->err);
    *s = (struct seen){0};
}

static inline struct exec_request world_request(const char *folder, const char *args)
{
    static int64_t last = 1000; // run ids differ from test to test

    return (struct exec_request){
        .run_id = ++last,
        .job_name = str_of(folder),
        .kind = JOB_FOLDER,
        .target = str_of(folder),
        .args = str_of(args),
        .scheduled_at = {1763787600123456},
        .attempt = 1,
        .kill_grace_us = 5000000,
    };
}

// Turns until *count reaches want.
static inline void world_wait(struct world *w, const int *count, int want)
{
    int64_t until = clock_mono(clock_real()).us + WORLD_WAIT_US;

    while (*count < want && clock_mono(clock_real()).us < until)
        (void)loop_turn(w->loop, 100);
    assert_int_equal(*count, want);
}

static inline void world_run_request(struct world *w, const struct exec_request *request,
                                     struct seen *s)
{
    int before = s->reports;

    exec_start(w->exec, request, seen_done, s);
    assert_int_equal(s->reports, before);
    world_wait(w, &s->reports, before + 1);
}

static inline void world_run(struct world *w, const char *folder, const char *args, struct seen *s)
{
    struct exec_request request = world_request(folder, args);

    world_run_request(w, &request, s);
}
