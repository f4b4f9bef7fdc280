// process.c - from a job's options to a process to start.
// SPDX-License-Identifier: Apache-2.0
#include "exec/process.h"

#include <grp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "exec/args.h"
#include "exec/python.h"
#include "job/options.h"

#define SHELL_WORDS_MAX 32

struct making {
    const struct process_place *place;
    const struct exec_request *request;
    enum folder_entry entry;
    struct str folder;
    struct arena *arena;
    struct keep_start *start;
    const char *program;
    json_t *json; // of the options; NULL: none were given
    struct job_options options;
    uint64_t given;
    struct options_user user;
    struct err *e;
};

static char *word(const char *text)
{
    return (char *)(uintptr_t)text; // exec's interface asks for writable texts
}

static const char *text_of(struct making *m, struct str s)
{
    return s.p ? arena_copy(m->arena, s).p : NULL;
}

static bool is_given(const struct making *m, enum job_option option)
{
    return m->given >> option & 1;
}

// ---- options ----

static bool options_load(struct making *m)
{
    struct model_issues issues;
    struct buf words;
    bool ok;

    if (m->request->options.len == 0)
        return true;
    m->json = json_loadb(m->request->options.p, m->request->options.len, 0, NULL);
    model_issues_init(&issues, m->arena);
    ok = m->json && options_read(m->json, m->request->kind, &issues, &m->options, &m->given);
    if (ok)
        return true;
    buf_init(&words, 400);
    model_issues_words(&issues, &words);
    (void)fail(m->e, ERR_INPUT, NULL, "%s", words.len > 0 ? buf_text(&words) : "no such options");
    buf_done(&words);
    return false;
}

static void limit_add(struct spawn_setting *s, int resource, int64_t value)
{
    if (value >= 0)
        s->limits[s->limit_count++] = (struct spawn_limit){resource, (uint64_t)value};
}

static void limits_fill(struct making *m)
{
    struct spawn_setting *s = &m->start->setting;
    const struct job_limit_values l = options_limits(&m->options);

    limit_add(s, RLIMIT_AS, l.memory);
    limit_add(s, RLIMIT_CPU, l.cpu_time_s);
    limit_add(s, RLIMIT_NOFILE, l.open_files);
    limit_add(s, RLIMIT_FSIZE, l.file_size);
    limit_add(s, RLIMIT_NPROC, l.processes);
    limit_add(s, RLIMIT_CORE, l.core);
    m->start->limits = (struct cgroup_limits){l.memory, l.cpu_percent, l.processes, l.io_weight};
}

static void groups_fill(struct making *m)
{
    struct spawn_setting *s = &m->start->setting;
    int count = KEEP_GROUPS_MAX;

    s->groups = m->start->groups;
    if (m->user.name.len == 0 || getgrouplist(m->user.name.p, s->gid, m->start->groups, &count) < 0)
        count = 0;
    s->group_count = (size_t)count;
}

static bool ids_fill(struct making *m)
{
    struct spawn_setting *s = &m->start->setting;
    uint32_t gid;

    if (!m->options.user.p && !m->options.group.p)
        return true;
    m->user = (struct options_user){.uid = geteuid(), .gid = getegid()};
    if (m->options.user.p && !options_user_find(m->options.user, m->arena, &m->user, m->e))
        return false;
    gid = m->user.gid;
    if (m->options.group.p && !options_group_find(m->options.group, &gid, m->e))
        return false;
    s->has_ids = true;
    s->uid = m->user.uid;
    s->gid = gid;
    groups_fill(m);
    return true;
}

static bool setting_fill(struct making *m)
{
    struct spawn_setting *s = &m->start->setting;

    *s = (struct spawn_setting){.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1};
    if (!m->json)
        return true;
    s->umask = options_umask(&m->options);
    if (is_given(m, OPTION_nice))
        s->nice = (int)m->options.nice;
    s->no_new_privs =
        is_given(m, OPTION_no_new_privs) ? m->options.no_new_privs : m->options.user.p != NULL;
    limits_fill(m);
    return ids_fill(m);
}

// ---- surroundings ----

// The patterns of env_pass; NULL: everything.
static const char *const *pass_list(struct making *m)
{
    const json_t *given = m->options.env_pass;
    const char **list;
    size_t count = json_array_size(given);

    if (!given)
        return m->request->kind == JOB_COMMAND ? options_env_pass : NULL;
    list = arena_array(m->arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = json_string_value(json_array_get(given, i));
    return list;
}

static void environment_fill(struct making *m)
{
    struct environment_wish wish = {
        .pass = pass_list(m),
        .set = m->options.env,
        .has_result = true,
    };

    if (m->entry == ENTRY_PYTHON)
        wish.python_path = python_path(m->place->jobs_dir, m->arena);
    if (m->options.user.p && m->user.name.len > 0) {
        wish.user = m->user.name.p;
        wish.home = m->user.home.p;
        wish.shell = m->user.shell.p;
    }
    m->start->envp = environment_make(m->place->environment, m->request, &wish, m->arena);
}

static void place_fill(struct making *m)
{
    if (m->options.workdir.p)
        m->start->folder = text_of(m, m->options.workdir);
    else if (m->folder.len > 0)
        m->start->folder = m->folder.p;
    else if (m->options.user.p && m->user.home.len > 0)
        m->start->folder = m->user.home.p;
    if (m->options.stdin.len > 0)
        m->start->input = arena_copy(m->arena, m->options.stdin);
    m->start->has_private_tmp = m->options.private_tmp;
}

// ---- the program ----

static bool has_parameters(struct str text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.p[i] == '$' && strchr("@*#123456789{", text.p[i + 1]))
            return true;
    return false;
}

// shell's words, the text, and the arguments as its parameters: those a text does not ask for by
// $1 or $@ are appended to it.
static void shell_fill(struct making *m, const struct args *args)
{
    struct str rest = m->options.shell.p ? m->options.shell : STR_LIT(OPTIONS_SHELL), part;
    const char *text = json_string_value(m->options.command);
    char **argv = arena_array(m->arena, SHELL_WORDS_MAX + (size_t)args->count + 3, sizeof *argv);
    int n = 0;

    while (n < SHELL_WORDS_MAX && str_next(&rest, ' ', &part))
        if (part.len > 0)
            argv[n++] = word(text_of(m, part));
    if (args->count > 1 && !has_parameters(str_of(text)))
        text = arena_printf(m->arena, "%s \"$@\"", text).p;
    argv[n++] = word(text_of(m, str_of(text)));
    argv[n++] = word(text_of(m, m->request->job_name)); // $0
    for (int i = 1; i < args->count; i++)
        argv[n++] = args->v[i];
    m->start->program = argv[0];
    m->start->argv = argv;
}

static void words_fill(struct making *m, const struct args *args)
{
    size_t count = json_array_size(m->options.command);
    char **argv = arena_array(m->arena, count + (size_t)args->count + 1, sizeof *argv);

    for (size_t i = 0; i < count; i++)
        argv[i] =
            word(text_of(m, str_of(json_string_value(json_array_get(m->options.command, i)))));
    for (int i = 1; i < args->count; i++)
        argv[count++] = args->v[i];
    m->start->program = argv[0];
    m->start->argv = argv;
}

// A program of the folder, or belfry itself for a module that has to run alone.
static void entry_fill(struct making *m, const struct args *args)
{
    bool is_module = m->entry != ENTRY_PROGRAM;
    char **argv = arena_array(m->arena, (size_t)args->count + 3, sizeof *argv);

    argv[0] = word(m->place->self);
    argv[1] = word("run-module");
    memcpy(argv + 2, args->v, (size_t)args->count * sizeof *argv);
    m->program = is_module ? "belfry run-module" : "main";
    m->start->program = is_module ? m->place->self : args->v[0];
    m->start->argv = is_module ? argv : args->v;
}

static bool program_fill(struct making *m)
{
    const struct python_job python = {
        .python = m->place->python,
        .jobs_dir = m->place->jobs_dir,
        .job = m->request->target,
        .args = m->request->args,
    };
    struct str file = m->entry == ENTRY_PROGRAM ? STR_LIT("main") : STR_LIT("main.so");
    struct args args;

    if (m->entry == ENTRY_PYTHON) {
        python_fill(&python, m->start, m->arena);
    } else {
        const char *path = m->folder.len > 0 ? arena_path(m->arena, m->folder, file).p : "";

        if (!args_read(m->request->args, path, m->arena, &args, m->e))
            return false;
        if (m->entry != ENTRY_NONE)
            entry_fill(m, &args);
        else if (json_is_string(m->options.command))
            shell_fill(m, &args);
        else
            words_fill(m, &args);
    }
    if (!m->program)
        m->program = m->start->program;
    return true;
}

bool process_make(const struct process_place *place, const struct exec_request *request,
                  enum folder_entry entry, struct str folder, struct arena *arena,
                  struct keep_start *ret, const char **ret_program, struct err *e)
{
    struct making m = {.place = place,
                       .request = request,
                       .entry = entry,
                       .folder = folder,
                       .arena = arena,
                       .start = ret,
                       .e = e};
    bool ok;

    *ret = (struct keep_start){.run_id = request->run_id,
                               .attempt = request->attempt,
                               .has_result = true,
                               .timeout_us = request->timeout_us,
                               .grace_us = request->kill_grace_us,
                               .head_max = (int64_t)place->head_max};
    ok = options_load(&m) && setting_fill(&m) && program_fill(&m);
    if (ok) {
        environment_fill(&m);
        place_fill(&m);
        if (place->has_logs)
            ret->log_max = m.json ? options_log_max(&m.options) : OPTIONS_LOG_MAX;
        *ret_program = m.program;
    }
    json_decref(m.json);
    return ok;
}
