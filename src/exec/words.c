// words.c - sentences about ends.
// SPDX-License-Identifier: Apache-2.0
#include "exec/words.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 300

static const char *entry_hint(const struct start_failure *f, struct arena *arena)
{
    switch (f->errnum) {
    case EACCES:
        return arena_printf(arena, " (chmod +x %s/main)", f->folder).p;
    case ENOENT:
        return " (the interpreter that its first line names is missing)";
    case ENOEXEC:
        return " (a script needs a first line such as #!/bin/sh)";
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
    else if (failure->step && failure->step[0])
        return arena_printf(arena, "could not start %s: could not %s: %s", failure->program,
                            failure->step, err_words(failure->errnum));
    else if (failure->is_entry)
        hint = entry_hint(failure, arena);
    else if (failure->errnum == ENOENT)
        hint = " (is it installed and in PATH?)";
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
