// modules.c - the jobs directory over HTTP: its folders, their schedules, and the jobs that run
// them.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "base/vec.h"
#include "job/folder.h"
#include "job/schedule_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDERS_MAX 10000 // more are not looked at

struct names {
    VEC(struct str);
};

static bool folders_list(struct call *call, struct names *names);
static void folder_write(struct call *call, struct str name, struct json_write *w);
static void jobs_write(struct str name, const struct sched_item *list, size_t count,
                       struct json_write *w);

static int name_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void modules_list(struct call *call)
{
    struct sched_item *list;
    struct names names = {0};
    struct json_write w;
    struct buf body;

    if (!folders_list(call, &names)) {
        vec_done(&names);
        return;
    }
    if (names.len > 0)
        qsort(names.v, names.len, sizeof *names.v, name_order);
    list = sched_list(call->api->o.sched);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "total");
    json_write_int(&w, (int64_t)names.len);
    json_write_key(&w, "modules");
    json_write_array(&w);
    for (size_t i = 0; i < names.len; i++) {
        json_write_object(&w);
        folder_write(call, names.v[i], &w);
        jobs_write(names.v[i], list, sched_count(call->api->o.sched), &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    free(list);
    vec_done(&names);
    call_reply(call, 200, &body);
}

// False when the call has been answered.
static bool folders_list(struct call *call, struct names *names)
{
    DIR *dir = opendir(call->api->o.jobs_dir);
    struct dirent *item;
    struct err e = {0};

    if (!dir) {
        (void)fail_errno(&e, ERR_SYSTEM, errno, "cannot read the jobs directory %s",
                         call->api->o.jobs_dir);
        struct problem problem = problem_of(&e);

        problem.status = 503;
        call_reply_problem(call, &problem);
        return false;
    }
    while (names->len < FOLDERS_MAX && (item = readdir(dir))) {
        struct str name = str_of(item->d_name);
        struct stat st;

        if (!job_name_check(name, &e) || fstatat(dirfd(dir), item->d_name, &st, 0) != 0 ||
            !S_ISDIR(st.st_mode))
            continue;
        vec_push(names, arena_copy(call->arena, name));
    }
    closedir(dir);
    return true;
}

static void text_or_null(struct json_write *w, const char *key, struct str s)
{
    json_write_key(w, key);
    if (s.len > 0)
        json_write_str(w, s);
    else
        json_write_null(w);
}

// What a folder's .schedule file says; everything empty when there is none.
struct schedule_facts {
    const char *type;
    struct str frequency;
    struct str error;
};

static struct schedule_facts schedule_look(struct call *call, struct str name,
                                           struct model_issues *issues)
{
    struct trigger_context context = sched_trigger_context(call->api->o.sched);
    struct schedule_facts facts = {0};
    struct schedule_file *file = arena_alloc(call->arena, sizeof *file);
    struct trigger *trigger = NULL;
    struct err e = {0};
    struct buf text;
    bool ok;

    buf_init(&text, SCHEDULE_FILE_MAX);
    ok = schedule_file_read(call->api->o.jobs_dir, name, &text, &e);
    if (!ok && e.code == ERR_SCHEDULE_FILE) { // nothing wrong: it may be scheduled with args
        buf_done(&text);
        return facts;
    }
    ok = ok && schedule_file_parse(buf_str(&text), SCHEDULE_UNKNOWN, context.now, issues, file, &e);
    if (ok) {
        facts.type = schedule_type_names[file->type];
        ok = trigger_parse(file->spec, &context, &trigger, &e);
        if (!ok)
            schedule_file_locate(file, &e);
    }
    buf_done(&text);
    schedule_file_done(file);
    if (!ok) {
        bool has_line = e.line > 0 && strncmp(e.message, "line ", 5) != 0;

        facts.error = has_line
                          ? arena_printf(call->arena, ".schedule, line %d: %s", e.line, e.message)
                          : arena_printf(call->arena, ".schedule: %s", e.message);
        return facts;
    }
    buf_init(&text, 1 << 16);
    trigger_str(trigger, &text);
    facts.frequency = arena_copy(call->arena, buf_str(&text));
    buf_done(&text);
    trigger_free(trigger);
    return facts;
}

static void folder_write(struct call *call, struct str name, struct json_write *w)
{
    struct model_issues *issues = arena_alloc(call->arena, sizeof *issues);
    enum folder_entry entry = ENTRY_NONE;
    struct schedule_facts facts;
    struct err e = {0};
    bool has_entry = folder_find(call->api->o.jobs_dir, name, &entry, &e);

    model_issues_init(issues, call->arena);
    facts = schedule_look(call, name, issues);
    json_write_key(w, "name");
    json_write_str(w, name);
    text_or_null(w, "entry", has_entry ? str_of(folder_entry_file(entry)) : (struct str){0});
    text_or_null(w, "type", str_of(facts.type));
    text_or_null(w, "run_frequency", facts.frequency);
    text_or_null(w, "error", has_entry ? facts.error : str_of(e.message));
    json_write_key(w, "warnings");
    json_write_array(w);
    for (size_t i = 0; i < issues->warning_count; i++)
        json_write_str(w, issues->warnings[i]);
    json_write_array_end(w);
}

static void jobs_write(struct str name, const struct sched_item *list, size_t count,
                       struct json_write *w)
{
    json_write_key(w, "jobs");
    json_write_array(w);
    for (size_t i = 0; i < count; i++)
        if (list[i].job->kind == JOB_FOLDER && str_eq(list[i].job->target, name))
            json_write_str(w, list[i].job->name);
    json_write_array_end(w);
}
