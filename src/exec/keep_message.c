// keep_message.c - structs to messages and back.
// SPDX-License-Identifier: Apache-2.0
#include "exec/keep_message.h"

#include <string.h>

#include "exec/wire.h"

enum tag {
#define X(name, number) TAG_##name = number,
#include "exec/keep_tag.def"
#undef X
};

// ---- writing ----

static void run_write(struct buf *b, int64_t run_id, int attempt)
{
    wire_int(b, TAG_RUN, run_id);
    wire_int(b, TAG_ATTEMPT, attempt);
}

void keep_hello_write(struct buf *b, int64_t version, int64_t pid)
{
    size_t at = wire_begin(b, KEEP_HELLO);

    wire_int(b, TAG_VERSION, version);
    wire_int(b, TAG_PID, pid);
    wire_end(b, at);
}

static void words_write(struct buf *b, uint8_t tag, char *const *words)
{
    for (; *words; words++)
        wire_text(b, tag, str_of(*words));
}

static void setting_write(struct buf *b, const struct spawn_setting *s)
{
    wire_int(b, TAG_UMASK, s->umask);
    wire_int(b, TAG_NICE, s->nice);
    if (s->has_ids) {
        wire_int(b, TAG_UID, s->uid);
        wire_int(b, TAG_GID, s->gid);
        for (size_t i = 0; i < s->group_count; i++)
            wire_int(b, TAG_GROUP, s->groups[i]);
    }
    wire_int(b, TAG_NO_NEW_PRIVS, s->no_new_privs);
    for (int i = 0; i < s->limit_count; i++) {
        wire_int(b, TAG_LIMIT_RESOURCE, s->limits[i].resource);
        wire_int(b, TAG_LIMIT_VALUE, (int64_t)s->limits[i].value);
    }
}

static void group_write(struct buf *b, const struct cgroup_limits *limits)
{
    wire_int(b, TAG_GROUP_MEMORY, limits->memory);
    wire_int(b, TAG_GROUP_CPU, limits->cpu_percent);
    wire_int(b, TAG_GROUP_PROCESSES, limits->processes);
    wire_int(b, TAG_GROUP_IO, limits->io_weight);
}

void keep_start_write(struct buf *b, const struct keep_start *start)
{
    size_t at = wire_begin(b, KEEP_START);

    run_write(b, start->run_id, start->attempt);
    wire_text(b, TAG_PROGRAM, str_of(start->program));
    words_write(b, TAG_ARGUMENT, start->argv);
    words_write(b, TAG_VARIABLE, start->envp);
    if (start->folder)
        wire_text(b, TAG_FOLDER, str_of(start->folder));
    if (start->input.len > 0)
        wire_text(b, TAG_INPUT, start->input);
    wire_int(b, TAG_HAS_RESULT, start->has_result);
    wire_int(b, TAG_TIMEOUT, start->timeout_us);
    wire_int(b, TAG_GRACE, start->grace_us);
    wire_int(b, TAG_LOG_MAX, start->log_max);
    wire_int(b, TAG_HEAD_MAX, start->head_max);
    wire_int(b, TAG_PRIVATE_TMP, start->has_private_tmp);
    setting_write(b, &start->setting);
    group_write(b, &start->limits);
    wire_end(b, at);
}

void keep_stop_write(struct buf *b, const struct keep_stop *stop)
{
    size_t at = wire_begin(b, KEEP_STOP);

    run_write(b, stop->run_id, stop->attempt);
    wire_int(b, TAG_CAUSE, stop->cause);
    wire_int(b, TAG_GRACE, stop->grace_us);
    wire_end(b, at);
}

void keep_settled_write(struct buf *b, int64_t run_id, int attempt)
{
    size_t at = wire_begin(b, KEEP_SETTLED);

    run_write(b, run_id, attempt);
    wire_end(b, at);
}

void keep_live_write(struct buf *b, const struct keep_live *live)
{
    size_t at = wire_begin(b, KEEP_LIVE);

    run_write(b, live->run_id, live->attempt);
    wire_int(b, TAG_PID, live->pid);
    wire_int(b, TAG_STARTED_AT, live->started_at.us);
    wire_int(b, TAG_STARTED, live->started.us);
    wire_end(b, at);
}

void keep_progress_write(struct buf *b, const struct keep_progress *progress)
{
    size_t at = wire_begin(b, KEEP_PROGRESS);

    wire_int(b, TAG_RUN, progress->run_id);
    wire_text(b, TAG_PROGRESS, progress->json);
    wire_end(b, at);
}

static void stream_write(struct buf *b, uint8_t head_tag, const struct run_stream *s)
{
    if (s->head.len > 0)
        wire_text(b, head_tag, s->head);
    if (s->tail.len > 0)
        wire_text(b, (uint8_t)(head_tag + 1), s->tail);
    if (s->total > 0)
        wire_int(b, (uint8_t)(head_tag + 2), s->total);
}

static void text_write(struct buf *b, uint8_t tag, struct str s)
{
    if (s.len > 0)
        wire_text(b, tag, s);
}

void keep_end_write(struct buf *b, const struct keep_end *end)
{
    const struct command_end *c = &end->command;
    size_t at = wire_begin(b, KEEP_END);

    run_write(b, end->run_id, end->attempt);
    wire_int(b, TAG_CAUSE, end->cause);
    wire_int(b, TAG_ERRNUM, c->errnum);
    wire_int(b, TAG_IS_LIMIT, c->is_limit);
    text_write(b, TAG_STEP, str_of(c->step));
    wire_int(b, TAG_STARTED_AT, c->started_at.us);
    wire_int(b, TAG_FINISHED_AT, c->finished_at.us);
    wire_int(b, TAG_EXIT_CODE, c->exit_code);
    wire_int(b, TAG_SIGNAL, c->signal);
    stream_write(b, TAG_OUT_HEAD, &c->out);
    stream_write(b, TAG_ERR_HEAD, &c->err);
    wire_int(b, TAG_USER_US, c->usage.user_us);
    wire_int(b, TAG_SYSTEM_US, c->usage.system_us);
    wire_int(b, TAG_MAX_RSS, c->usage.max_rss_bytes);
    text_write(b, TAG_RESULT, end->result);
    text_write(b, TAG_PROGRESS, end->progress);
    text_write(b, TAG_WARNING, end->warning);
    text_write(b, TAG_WORDS, str_of(c->words));
    wire_end(b, at);
}

void keep_word_write(struct buf *b, enum keep_type type)
{
    wire_end(b, wire_begin(b, (uint8_t)type));
}

// ---- reading ----

bool keep_hello_read(struct str fields, int64_t *ret_version, int64_t *ret_pid)
{
    struct wire_field f;

    *ret_version = *ret_pid = 0;
    while (wire_next(&fields, &f)) {
        if (f.tag == TAG_VERSION)
            *ret_version = wire_number(&f);
        else if (f.tag == TAG_PID)
            *ret_pid = wire_number(&f);
    }
    return fields.p && *ret_version > 0;
}

static size_t tag_count(struct str fields, uint8_t tag)
{
    struct wire_field f;
    size_t count = 0;

    while (wire_next(&fields, &f))
        count += f.tag == tag;
    return count;
}

static char *own(struct arena *arena, struct str s)
{
    return (char *)(uintptr_t)arena_copy(arena, s).p;
}

static bool setting_field(struct keep_start *s, const struct wire_field *f)
{
    struct spawn_setting *set = &s->setting;
    int64_t n = wire_number(f);

    switch (f->tag) {
    case TAG_UMASK:
        set->umask = (int)n;
        return true;
    case TAG_NICE:
        set->nice = (int)n;
        return true;
    case TAG_UID:
        set->has_ids = true;
        set->uid = (uid_t)n;
        return true;
    case TAG_GID:
        set->gid = (gid_t)n;
        return true;
    case TAG_GROUP:
        if (set->group_count < KEEP_GROUPS_MAX)
            s->groups[set->group_count++] = (gid_t)n;
        return true;
    case TAG_NO_NEW_PRIVS:
        set->no_new_privs = n != 0;
        return true;
    case TAG_LIMIT_RESOURCE:
        if (set->limit_count < SPAWN_LIMITS_MAX)
            set->limits[set->limit_count++].resource = (int)n;
        return true;
    case TAG_LIMIT_VALUE:
        if (set->limit_count > 0)
            set->limits[set->limit_count - 1].value = (uint64_t)n;
        return true;
    default:
        return false;
    }
}

static bool group_field(struct cgroup_limits *limits, const struct wire_field *f)
{
    int64_t n = wire_number(f);

    switch (f->tag) {
    case TAG_GROUP_MEMORY:
        limits->memory = n;
        return true;
    case TAG_GROUP_CPU:
        limits->cpu_percent = n;
        return true;
    case TAG_GROUP_PROCESSES:
        limits->processes = n;
        return true;
    case TAG_GROUP_IO:
        limits->io_weight = n;
        return true;
    default:
        return false;
    }
}

static void number_field(struct keep_start *s, const struct wire_field *f)
{
    int64_t n = wire_number(f);

    switch (f->tag) {
    case TAG_RUN:
        s->run_id = n;
        break;
    case TAG_ATTEMPT:
        s->attempt = (int)n;
        break;
    case TAG_HAS_RESULT:
        s->has_result = n != 0;
        break;
    case TAG_TIMEOUT:
        s->timeout_us = n;
        break;
    case TAG_GRACE:
        s->grace_us = n;
        break;
    case TAG_LOG_MAX:
        s->log_max = n;
        break;
    case TAG_HEAD_MAX:
        s->head_max = n;
        break;
    case TAG_PRIVATE_TMP:
        s->has_private_tmp = n != 0;
        break;
    default:
        break;
    }
}

bool keep_start_read(struct str fields, struct arena *arena, struct keep_start *ret)
{
    size_t argc = tag_count(fields, TAG_ARGUMENT), envc = tag_count(fields, TAG_VARIABLE);
    size_t arg = 0, env = 0;
    struct wire_field f;

    if (argc > KEEP_WORDS_MAX || envc > KEEP_WORDS_MAX)
        return false;
    *ret = (struct keep_start){
        .setting = {.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1, .dies_with_parent = true},
        .argv = arena_array(arena, argc + 1, sizeof *ret->argv),
        .envp = arena_array(arena, envc + 1, sizeof *ret->envp),
    };
    while (wire_next(&fields, &f)) {
        if (f.tag == TAG_ARGUMENT)
            ret->argv[arg++] = own(arena, f.bytes);
        else if (f.tag == TAG_VARIABLE)
            ret->envp[env++] = own(arena, f.bytes);
        else if (f.tag == TAG_PROGRAM)
            ret->program = own(arena, f.bytes);
        else if (f.tag == TAG_FOLDER)
            ret->folder = own(arena, f.bytes);
        else if (f.tag == TAG_INPUT)
            ret->input = arena_copy(arena, f.bytes);
        else if (!setting_field(ret, &f) && !group_field(&ret->limits, &f))
            number_field(ret, &f);
    }
    return fields.p && ret->run_id > 0 && ret->program && argc > 0 && ret->head_max >= 0 &&
           ret->log_max >= 0 && ret->timeout_us >= 0 && ret->grace_us >= 0;
}

bool keep_stop_read(struct str fields, struct keep_stop *ret)
{
    struct wire_field f;

    *ret = (struct keep_stop){0};
    while (wire_next(&fields, &f)) {
        int64_t n = wire_number(&f);

        if (f.tag == TAG_RUN)
            ret->run_id = n;
        else if (f.tag == TAG_ATTEMPT)
            ret->attempt = (int)n;
        else if (f.tag == TAG_CAUSE)
            ret->cause = (enum keep_cause)n;
        else if (f.tag == TAG_GRACE)
            ret->grace_us = n;
    }
    return fields.p && ret->run_id > 0 && ret->cause >= KEEP_CAUSE_TIMEOUT &&
           ret->cause <= KEEP_CAUSE_SHUTDOWN && ret->grace_us >= 0;
}

bool keep_settled_read(struct str fields, int64_t *ret_run_id, int *ret_attempt)
{
    struct keep_live live;

    if (!keep_live_read(fields, &live))
        return false;
    *ret_run_id = live.run_id;
    *ret_attempt = live.attempt;
    return true;
}

bool keep_live_read(struct str fields, struct keep_live *ret)
{
    struct wire_field f;

    *ret = (struct keep_live){0};
    while (wire_next(&fields, &f)) {
        int64_t n = wire_number(&f);

        if (f.tag == TAG_RUN)
            ret->run_id = n;
        else if (f.tag == TAG_ATTEMPT)
            ret->attempt = (int)n;
        else if (f.tag == TAG_PID)
            ret->pid = n;
        else if (f.tag == TAG_STARTED_AT)
            ret->started_at.us = n;
        else if (f.tag == TAG_STARTED)
            ret->started.us = n;
    }
    return fields.p && ret->run_id > 0;
}

bool keep_progress_read(struct str fields, struct keep_progress *ret)
{
    struct wire_field f;

    *ret = (struct keep_progress){0};
    while (wire_next(&fields, &f)) {
        if (f.tag == TAG_RUN)
            ret->run_id = wire_number(&f);
        else if (f.tag == TAG_PROGRESS)
            ret->json = f.bytes;
    }
    return fields.p && ret->run_id > 0;
}

static bool stream_field(struct run_stream *s, uint8_t head_tag, const struct wire_field *f)
{
    if (f->tag == head_tag)
        s->head = f->bytes;
    else if (f->tag == head_tag + 1)
        s->tail = f->bytes;
    else if (f->tag == head_tag + 2)
        s->total = wire_number(f);
    else
        return false;
    return true;
}

static bool end_text(struct keep_end *end, const struct wire_field *f, struct arena *arena)
{
    if (f->tag == TAG_STEP)
        end->command.step = own(arena, f->bytes);
    else if (f->tag == TAG_WORDS)
        end->command.words = own(arena, f->bytes);
    else if (f->tag == TAG_RESULT)
        end->result = f->bytes;
    else if (f->tag == TAG_PROGRESS)
        end->progress = f->bytes;
    else if (f->tag == TAG_WARNING)
        end->warning = f->bytes;
    else
        return stream_field(&end->command.out, TAG_OUT_HEAD, f) ||
               stream_field(&end->command.err, TAG_ERR_HEAD, f);
    return true;
}

static void end_number(struct keep_end *end, const struct wire_field *f)
{
    struct command_end *c = &end->command;
    int64_t n = wire_number(f);

    switch (f->tag) {
    case TAG_RUN:
        end->run_id = n;
        break;
    case TAG_ATTEMPT:
        end->attempt = (int)n;
        break;
    case TAG_CAUSE:
        end->cause = (enum keep_cause)n;
        break;
    case TAG_ERRNUM:
        c->errnum = (int)n;
        break;
    case TAG_IS_LIMIT:
        c->is_limit = n != 0;
        break;
    case TAG_STARTED_AT:
        c->started_at.us = n;
        break;
    case TAG_FINISHED_AT:
        c->finished_at.us = n;
        break;
    case TAG_EXIT_CODE:
        c->exit_code = (int)n;
        break;
    case TAG_SIGNAL:
        c->signal = (int)n;
        break;
    case TAG_USER_US:
        c->usage.user_us = n;
        break;
    case TAG_SYSTEM_US:
        c->usage.system_us = n;
        break;
    case TAG_MAX_RSS:
        c->usage.max_rss_bytes = n;
        break;
    default:
        break;
    }
}

bool keep_end_read(struct str fields, struct arena *arena, struct keep_end *ret)
{
    struct wire_field f;

    *ret = (struct keep_end){.command = {.exit_code = -1, .step = "", .words = ""}};
    while (wire_next(&fields, &f))
        if (!end_text(ret, &f, arena))
            end_number(ret, &f);
    return fields.p && ret->run_id > 0 && ret->cause >= KEEP_CAUSE_NONE &&
           ret->cause <= KEEP_CAUSE_SHUTDOWN;
}
