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

// The jobs that run folders, by folder, then in the order of the list of jobs.
struct user {
    const struct job *job;
    size_t place;
};

struct users {
    VEC(struct user);
};

static bool folders_list(struct call *call, struct names *names);
static void folder_write(struct call *call, struct str name, struct json_write *w);
static void users_list(struct call *call, struct users *users);
static void users_write(struct str name, const struct users *users, struct json_write *w);

static int name_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void modules_list(struct call *call)
{
    struct names names = {0};
    struct users users = {0};
    struct json_write w;
    struct buf body;

    if (!folders_list(call, &names)) {
        vec_done(&names);
        return;
    }
    if (names.len > 0)
        qsort(names.v, names.len, sizeof *names.v, name_order);
    users_list(call, &users);
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
        users_write(names.v[i], &users, &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    vec_done(&users);
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

static int user_order(const void *a, const void *b)
{
    const struct user *x = a, *y = b;
    int order = str_cmp(x->job->target, y->job->target);

    return order != 0 ? order : x->place < y->place ? -1 : x->place > y->place;
}

static void users_list(struct call *call, struct users *users)
{
    struct sched_item *list = sched_list(call->api->o.sched);
    size_t count = sched_count(call->api->o.sched);

    for (size_t i = 0; i < count; i++)
        if (list[i].job->kind == JOB_FOLDER)
            vec_push(users, ((struct user){list[i].job, i}));
    free(list);
    if (users->len > 0)
        qsort(users->v, users->len, sizeof *users->v, user_order);
}

static void users_write(struct str name, const struct users *users, struct json_write *w)
{
    size_t from = 0, to = users->len;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (str_cmp(users->v[middle].job->target, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    json_write_key(w, "jobs");
    json_write_array(w);
    for (; from < users->len && str_eq(users->v[from].job->target, name); from++)
        json_write_str(w, users->v[from].job->name);
    json_write_array_end(w);
}
