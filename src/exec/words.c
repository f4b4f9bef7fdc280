// words.c - sentences about ends.
// SPDX-License-Identifier: Apache-2.0
#include "exec/words.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 300

static const char *denied_hint(const struct start_failure *f, struct arena *arena)
{
    struct stat st;

    if (f->is_entry)
        return arena_printf(arena, " (chmod +x %s/main)", f->folder).p;
    if (f->program[0] != '/' || stat(f->program, &st) < 0)
        return "";
    if (S_ISDIR(st.st_mode))
        return " (it is a folder)";
    return st.st_mode & 0111 ? "" : arena_printf(arena, " (chmod +x %s)", f->program).p;
}

static const char *missing_hint(const struct start_failure *f)
{
    if (f->is_entry || (f->program[0] == '/' && access(f->program, F_OK) == 0))
        return " (the interpreter that its first line names is missing)";
    return strchr(f->program, '/') ? "" : " (is it installed and in PATH?)";
}

static const char *exec_hint(const struct start_failure *f, struct arena *arena)
{
    switch (f->errnum) {
    case EACCES:
        return denied_hint(f, arena);
    case ENOENT:
        return missing_hint(f);
    case ENOEXEC:
        return " (a script needs a first line such as #!/bin/sh)";
    case EAGAIN:
        return " (its user has too many processes already: see limits.processes)";
    case E2BIG:
        return " (too many or too long arguments)";
    default:
        return "";
    }
}

struct str words_start(const struct start_failure *failure, struct arena *arena)
{
    const char *hint = "";
    bool has_folder = failure->folder && failure->folder[0];

    if (failure->is_limit)
        hint = " (a limit on open files or processes)";
    else if (has_folder && access(failure->folder, X_OK) < 0)
        return arena_printf(arena, "could not enter the job folder %s: %s", failure->folder,
                            err_words(errno));
    else if (failure->step && failure->step[0] && failure->workdir &&
             strcmp(failure->step, SPAWN_STEP_WORKDIR) == 0)
        return arena_printf(arena,
                            "could not start %s: could not enter its working directory %s: %s",
                            failure->program, failure->workdir, err_words(failure->errnum));
    else if (failure->step && failure->step[0])
        return arena_printf(arena, "could not start %s: could not %s: %s", failure->program,
                            failure->step, err_words(failure->errnum));
    else
        hint = exec_hint(failure, arena);
    return arena_printf(arena, "could not start %s: %s%s", failure->program,
                        err_words(failure->errnum), hint);
}

struct str words_end(const struct command_end *end, struct arena *arena)
{
    const char *name = end->signal ? sigabbrev_np(end->signal) : NULL;
    const char *words = end->signal ? sigdescr_np(end->signal) : NULL;

    if (*end->words)
        return arena_copy(arena, str_of(end->words));
    if (name && words)
        return arena_printf(arena, "killed by SIG%s (%s)", name, words);
    if (end->signal)
        return arena_printf(arena, "killed by signal %d", end->signal);
    if (end->exit_code == 0)
        return (struct str){0};
    return arena_printf(arena, "exit status %d", end->exit_code);
}

// "64 MiB"; of what is no whole number of them, the bytes.
static struct str size_words(int64_t bytes, struct arena *arena)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    size_t unit = 0;

    while (unit + 1 < sizeof units / sizeof *units && bytes > 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    return arena_printf(arena, "%lld %s", (long long)bytes, units[unit]);
}

static struct str group_reason(const struct cgroup_facts *facts, const struct cgroup_limits *limits,
                               struct arena *arena)
{
    if (facts->oom_kills > 0 && limits->memory > 0)
        return arena_printf(arena, "out of memory, limit %.*s",
                            STR(size_words(limits->memory, arena)));
    if (facts->oom_kills > 0)
        return STR_LIT("out of memory");
    if (facts->refused > 0 && limits->processes > 0)
        return arena_printf(arena, "it wanted more processes than its limit of %lld",
                            (long long)limits->processes);
    return (struct str){0};
}

struct str words_group(const struct cgroup_facts *facts, const struct cgroup_limits *limits,
                       const struct command_end *end, struct arena *arena)
{
    struct str reason = group_reason(facts, limits, arena);

    if (reason.len == 0)
        return reason;
    if (end->exit_code == 0)
        return facts->oom_kills > 0
                   ? arena_printf(arena, "processes of it were killed: %.*s", STR(reason))
                   : reason;
    if (end->signal == SIGKILL && facts->oom_kills > 0)
        return arena_printf(arena, "killed: %.*s", STR(reason));
    return arena_printf(arena, "%.*s; %.*s", STR(words_end(end, arena)), STR(reason));
}

// A terminal must not obey what a job has written.
static struct str line_plain(struct str line, struct arena *arena)
{
    struct str plain = arena_copy(arena, line);
    char *p = (char *)(uintptr_t)plain.p;

    for (size_t i = 0; i < plain.len; i++)
        if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
            p[i] = ' ';
    return plain;
}

struct str words_add_last_line(struct str message, struct run_stream err, struct arena *arena)
{
    struct str text = str_trim(err.tail.len ? err.tail : err.head);
    const char *newline = text.len ? memrchr(text.p, '\n', text.len) : NULL;

    if (newline)
        text = str_trim(str_cut(text, (size_t)(newline + 1 - text.p), text.len));
    if (text.len > LINE_MAX_BYTES)
        text.len = LINE_MAX_BYTES;
    if (text.len == 0)
        return message;
    text = line_plain(text, arena);
    return arena_printf(arena, "%.*s: %.*s", STR(message), STR(text));
}

struct str words_cause(enum keep_cause cause, bool has_begun, int64_t timeout_us,
                       struct arena *arena)
{
    if (cause == KEEP_CAUSE_TIMEOUT)
        return arena_printf(arena, "took longer than its limit of %g s", (double)timeout_us / 1e6);
    if (cause == KEEP_CAUSE_CANCEL)
        return has_begun ? STR_LIT("cancelled") : STR_LIT("cancelled before it could start");
    return has_begun ? STR_LIT("ended because belfry was stopped")
                     : STR_LIT("belfry was stopped before it could start");
}
