// modules.c - the jobs directory over HTTP: its folders, their schedules, and the jobs that run
// them.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "base/map.h"
#include "base/vec.h"
#include "job/folder.h"
#include "job/schedule_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDERS_MAX 10000 // more are not looked at
#define JOBS_MAX 100      // of a folder that are named

// A folder, how many jobs run it, and the names of the first of them. Among very many jobs they
// are counted in one walk; their names would be most of the reply.
struct module {
    struct str name;
    size_t job_count;
    VEC_OF(struct str) jobs;
};

struct modules {
    VEC(struct module);
};

static bool folders_list(struct call *call, struct modules *modules);
static void folder_write(struct call *call, struct str name, struct json_write *w);
static void jobs_count(const struct sched *sched, struct modules *modules);
static void jobs_write(const struct module *module, struct json_write *w);

static int name_order(const void *a, const void *b)
{
    return str_cmp(((const struct module *)a)->name, ((const struct module *)b)->name);
}

static void modules_done(struct modules *modules)
{
    for (size_t i = 0; i < modules->len; i++)
        vec_done(&modules->v[i].jobs);
    vec_done(modules);
}

void modules_list(struct call *call)
{
    struct modules modules = {0};
    struct json_write w;
    struct buf body;

    if (!folders_list(call, &modules)) {
        modules_done(&modules);
        return;
    }
    if (modules.len > 0)
        qsort(modules.v, modules.len, sizeof *modules.v, name_order);
    jobs_count(call->api->o.sched, &modules);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "total");
    json_write_int(&w, (int64_t)modules.len);
    json_write_key(&w, "modules");
    json_write_array(&w);
    for (size_t i = 0; i < modules.len; i++) {
        json_write_object(&w);
        folder_write(call, modules.v[i].name, &w);
        jobs_write(&modules.v[i], &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    modules_done(&modules);
    call_reply(call, 200, &body);
}

// False when the call has been answered.
static bool folders_list(struct call *call, struct modules *modules)
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
    while (modules->len < FOLDERS_MAX && (item = readdir(dir))) {
        struct str name = str_of(item->d_name);
        struct stat st;

        if (!job_name_check(name, &e) || fstatat(dirfd(dir), item->d_name, &st, 0) != 0 ||
            !S_ISDIR(st.st_mode))
            continue;
        vec_push(modules, ((struct module){.name = arena_copy(call->arena, name)}));
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

static void jobs_count(const struct sched *sched, struct modules *modules)
{
    struct map by_name;
    const struct job *job;
    wall next_at;

    map_init(&by_name);
    for (size_t i = 0; i < modules->len; i++)
        map_put(&by_name, modules->v[i].name, &modules->v[i]);
    for (size_t at = 0; (job = sched_next_job(sched, &at, &next_at));) {
        struct module *module = job->kind == JOB_FOLDER ? map_get(&by_name, job->target) : NULL;

        if (!module)
            continue;
        if (module->job_count++ < JOBS_MAX)
            vec_push(&module->jobs, job->name);
    }
    map_done(&by_name);
}

static void jobs_write(const struct module *module, struct json_write *w)
{
    json_write_key(w, "job_count");
    json_write_int(w, (int64_t)module->job_count);
    json_write_key(w, "jobs");
    json_write_array(w);
    for (size_t i = 0; i < module->jobs.len; i++)
        json_write_str(w, module->jobs.v[i]);
    json_write_array_end(w);
}
