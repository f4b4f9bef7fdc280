// kept.c - looks after one process of a job.
// SPDX-License-Identifier: Apache-2.0
#include "exec/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "exec/cgroup.h"
#include "exec/command.h"
#include "exec/log_write.h"
#include "exec/progress.h"
#include "exec/words.h"

#define TMP_SUFFIX "tmp"

struct kept {
    const struct kept_place *place;
    const struct kept_events *events;
    void *ctx;
    struct arena *arena; // owns it
    struct keep_start start;
    struct command *command;
    struct log_write *log;     // NULL: none is kept
    struct progress *progress; // NULL: none is read
    struct loop_timer timeout, hold, telling;
    enum keep_cause cause;
    int input;                  // of its standard input; -1
    char tmp[RUN_LOG_PATH_MAX]; // its directory for temporary files; "" for none
    int cgroup;                 // its control group; -1
    int cgroup_errnum;          // why it has none though it should
    struct err failure;         // why it could not even be tried
};

static void process_start(struct kept *k);
static void fail_report(void *ctx);
static void process_ended(const struct command_end *end, void *ctx);

struct kept *kept_start(const struct kept_place *place, const struct kept_events *events, void *ctx,
                        const struct keep_start *start, struct arena *arena)
{
    struct kept *k = arena_alloc(arena, sizeof *k);

    *k = (struct kept){.place = place,
                       .events = events,
                       .ctx = ctx,
                       .arena = arena,
                       .start = *start,
                       .input = -1,
                       .cgroup = -1};
    k->start.setting.groups = k->start.groups;
    if (start->log_max > 0)
        k->log = log_write_new(place->dir, start->run_id, start->attempt, start->log_max);
    if (start->has_result)
        k->progress = progress_new();
    process_start(k);
    return k;
}

// ---- before ----

// A file in memory that holds what the process reads.
static bool input_make(struct kept *k)
{
    if (k->start.input.len == 0)
        return true;
    k->input = launch_fd(memfd_create("belfry-stdin", MFD_CLOEXEC));
    return k->input >= 0 && file_write(k->input, k->start.input) &&
           lseek(k->input, 0, SEEK_SET) == 0;
}

static bool tmp_make(struct kept *k)
{
    const struct spawn_setting *s = &k->start.setting;
    char *slash;

    if (!k->start.has_private_tmp)
        return true;
    run_log_path(k->start.run_id, k->start.attempt, TMP_SUFFIX, k->tmp);
    slash = strchr(k->tmp, '/');
    *slash = '\0';
    (void)mkdirat(k->place->dir, k->tmp, 0700);
    *slash = '/';
    if (mkdirat(k->place->dir, k->tmp, 0700) < 0 ||
        (s->has_ids && fchownat(k->place->dir, k->tmp, s->uid, s->gid, AT_SYMLINK_NOFOLLOW) < 0))
        return false;
    return true;
}

// Root's children see the directory as /tmp; others are told of it by TMPDIR.
static void tmp_use(struct kept *k)
{
    const char *path;
    size_t count = 0;
    char **envp;

    if (!k->start.has_private_tmp)
        return;
    path = arena_path(k->arena, str_of(k->place->path), str_of(k->tmp)).p;
    if (geteuid() == 0)
        k->start.setting.tmp = path;
    while (k->start.envp[count])
        count++;
    envp = arena_array(k->arena, count + 2, sizeof *envp);
    envp[0] =
        (char *)(uintptr_t)arena_printf(k->arena, "TMPDIR=%s", geteuid() == 0 ? "/tmp" : path).p;
    for (size_t i = 0, n = 1; i < count; i++)
        if (strncmp(k->start.envp[i], "TMPDIR=", 7) != 0)
            envp[n++] = k->start.envp[i];
    k->start.envp = envp;
}

// What the control group keeps need not be kept for each process.
static void limit_drop(struct spawn_setting *s, int resource)
{
    for (int i = 0; i < s->limit_count; i++)
        if (s->limits[i].resource == resource) {
            s->limits[i] = s->limits[--s->limit_count];
            return;
        }
}

static bool is_kept(const struct kept *k, int64_t limit, enum cgroup_can bit)
{
    return limit > 0 && k->cgroup >= 0 && k->place->controllers & bit;
}

// Without a control group, or a controller, there are still the limits of each process.
static void cgroup_enter(struct kept *k)
{
    const struct cgroup_limits *l = &k->start.limits;
    unsigned can = k->place->controllers;
    const struct cgroup_limits kept = {
        .memory = can & CGROUP_MEMORY ? l->memory : 0,
        .cpu_percent = can & CGROUP_CPU ? l->cpu_percent : 0,
        .processes = can & CGROUP_PIDS ? l->processes : 0,
        .io_weight = can & CGROUP_IO ? l->io_weight : 0,
    };
    char name[CGROUP_NAME_MAX];

    if (k->place->cgroup < 0)
        return;
    cgroup_name(k->start.run_id, k->start.attempt, name);
    k->cgroup = launch_fd(cgroup_make(k->place->cgroup, name, &kept));
    if (k->cgroup < 0) {
        k->cgroup_errnum = errno;
        return;
    }
    k->start.setting.cgroup = k->cgroup;
    if (is_kept(k, l->memory, CGROUP_MEMORY))
        limit_drop(&k->start.setting, RLIMIT_AS);
    if (is_kept(k, l->processes, CGROUP_PIDS))
        limit_drop(&k->start.setting, RLIMIT_NPROC);
}

static void cgroup_leave(struct kept *k)
{
    char name[CGROUP_NAME_MAX];

    if (k->cgroup < 0)
        return;
    file_close(&k->cgroup);
    cgroup_name(k->start.run_id, k->start.attempt, name);
    (void)cgroup_remove(k->place->cgroup, name); // else the keeper's next sweep
}

// ---- while it runs ----

static wall now(const struct kept *k)
{
    return clock_wall(loop_clock(k->place->loop));
}

static void hold_ring(void *ctx)
{
    struct kept *k = ctx;

    log_write_flush(k->log, now(k));
}

static void stream_take(struct kept *k, enum run_log_stream stream, struct str bytes)
{
    struct loop *loop = k->place->loop;

    if (!k->log)
        return;
    log_write_add(k->log, stream, bytes, now(k));
    if (log_write_holds(k->log) && !loop_timer_is_armed(&k->hold))
        loop_timer_set(loop, &k->hold, mono_after_us(loop_now(loop), KEPT_HOLD_US), hold_ring, k);
}

static void out_take(struct str bytes, void *ctx)
{
    stream_take(ctx, RUN_LOG_OUT, bytes);
}

static void err_take(struct str bytes, void *ctx)
{
    stream_take(ctx, RUN_LOG_ERR, bytes);
}

static void progress_tell(void *ctx)
{
    struct kept *k = ctx;
    struct arena *arena = arena_new(4096);

    if (progress_is_new(k->progress))
        k->events->on_progress(k, progress_json(k->progress, arena), k->ctx);
    arena_free(arena);
}

static void result_take(struct str bytes, void *ctx)
{
    struct kept *k = ctx;
    struct loop *loop = k->place->loop;

    progress_add(k->progress, bytes);
    if (!loop_timer_is_armed(&k->telling))
        loop_timer_set(loop, &k->telling, mono_after_us(loop_now(loop), KEPT_PROGRESS_US),
                       progress_tell, k);
}

static void timeout_ring(void *ctx)
{
    struct kept *k = ctx;

    kept_stop(k, KEEP_CAUSE_TIMEOUT, k->start.grace_us);
}

static void process_started(void *ctx)
{
    struct kept *k = ctx;
    mono started;

    if (k->start.timeout_us > 0 && command_started(k->command, &started))
        loop_timer_set(k->place->loop, &k->timeout, mono_after_us(started, k->start.timeout_us),
                       timeout_ring, k);
    k->events->on_start(k, k->ctx);
}

static void process_start(struct kept *k)
{
    struct command_options options = {
        .loop = k->place->loop,
        .launcher = k->place->launcher,
        .head_max = (size_t)k->start.head_max,
        .tail_max = (size_t)k->start.head_max,
        .on_out = out_take,
        .on_err = err_take,
        .on_result = result_take,
        .on_start = process_started,
        .sink_ctx = k,
    };
    bool ok = input_make(k) && tmp_make(k);

    if (!ok)
        (void)fail_errno(&k->failure, ERR_SYSTEM, errno, "could not prepare the run");
    tmp_use(k);
    cgroup_enter(k);
    options.spec = (struct launch_spec){
        .program = k->start.program,
        .argv = k->start.argv,
        .envp = k->start.envp,
        .folder = k->start.folder,
        .in = k->input,
        .has_result = k->start.has_result,
        .setting = &k->start.setting,
    };
    if (ok)
        k->command = command_start(&options, process_ended, k, &k->failure);
    if (!k->command)
        loop_defer(k->place->loop, fail_report, k);
}

void kept_stop(struct kept *k, enum keep_cause cause, int64_t grace_us)
{
    if (k->command && command_stop(k->command, grace_us) && k->cause == KEEP_CAUSE_NONE)
        k->cause = cause;
}

int64_t kept_run_id(const struct kept *k)
{
    return k->start.run_id;
}

void kept_live(const struct kept *k, struct keep_live *ret)
{
    *ret = (struct keep_live){.run_id = k->start.run_id, .attempt = k->start.attempt};
    if (!k->command || !command_started(k->command, &ret->started))
        return;
    ret->pid = command_pid(k->command);
    ret->started_at = command_started_at(k->command);
}

// ---- the end ----

static bool limits_are_missed(const struct kept *k)
{
    const struct cgroup_limits *l = &k->start.limits;

    return (l->cpu_percent > 0 && !is_kept(k, l->cpu_percent, CGROUP_CPU)) ||
           (l->io_weight > 0 && !is_kept(k, l->io_weight, CGROUP_IO));
}

// What the control group knows of its end.
static void facts_add(struct kept *k, struct keep_end *end)
{
    struct cgroup_facts facts;
    struct str words;

    if (k->cgroup < 0 || end->command.errnum != 0)
        return;
    cgroup_read(k->cgroup, &facts);
    if (facts.memory_peak > 0)
        end->command.usage.max_rss_bytes = facts.memory_peak;
    words = words_group(&facts, &k->start.limits, &end->command, k->arena);
    if (words.len == 0 || k->cause != KEEP_CAUSE_NONE)
        return;
    if (end->command.exit_code == 0)
        end->warning = words;
    else
        end->command.words = words.p;
}

static struct str warning_make(struct kept *k)
{
    int errnum = 0;

    if (k->log) {
        log_write_flush(k->log, now(k));
        errnum = log_write_errnum(k->log);
    }
    if (errnum != 0)
        return arena_printf(k->arena, "not all of its output could be kept: %s", err_words(errnum));
    if (k->cgroup_errnum != 0)
        return arena_printf(k->arena, "no control group could be made for it: %s",
                            err_words(k->cgroup_errnum));
    if (limits_are_missed(k))
        return STR_LIT("cpu_percent and io_weight of its limits need a control group, which it did "
                       "not have");
    return k->progress ? progress_warning(k->progress, k->arena) : (struct str){0};
}

static void end_report(struct kept *k, const struct command_end *end)
{
    struct keep_end all = {
        .run_id = k->start.run_id, .attempt = k->start.attempt, .cause = k->cause, .command = *end};

    if (k->progress) {
        progress_close(k->progress);
        all.result = progress_result(k->progress, k->arena);
        all.progress = progress_json(k->progress, k->arena);
    }
    all.warning = warning_make(k);
    facts_add(k, &all);
    k->events->on_end(k, &all, k->ctx);
    kept_free(k);
}

static void process_ended(const struct command_end *end, void *ctx)
{
    struct kept *k = ctx;

    k->command = NULL; // it is gone when this returns
    end_report(k, end);
}

static void fail_report(void *ctx)
{
    struct kept *k = ctx;
    struct command_end end = {.errnum = EAGAIN,
                              .is_limit = true,
                              .step = k->failure.message,
                              .finished_at = now(k),
                              .exit_code = -1,
                              .words = ""};

    end_report(k, &end);
}

void kept_free(struct kept *k)
{
    struct loop *loop;

    if (!k)
        return;
    loop = k->place->loop;
    loop_timer_stop(loop, &k->timeout);
    loop_timer_stop(loop, &k->hold);
    loop_timer_stop(loop, &k->telling);
    loop_defer_cancel(loop, fail_report, k);
    command_free(k->command);
    log_write_free(k->log);
    progress_free(k->progress);
    file_close(&k->input);
    cgroup_leave(k);
    if (k->tmp[0])
        file_remove_tree(k->place->dir, k->tmp);
    arena_free(k->arena);
}
