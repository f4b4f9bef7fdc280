// options.c - reads and judges how a job is carried out.
// SPDX-License-Identifier: Apache-2.0
#include "job/options.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/size.h"

#define ENTRY_BYTES 65536 // of a user's or group's line
#define WORDS_MAX 200
#define LOG_LEAST (INT64_C(64) << 10)
#define LOG_MOST (INT64_C(16) << 30)
#define COMMAND_TEXT_MAX 65536

static const struct model_field option_fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct job_options, member), __VA_ARGS__},
#include "job/job_option.def"
#undef X
};

static const struct model_field limit_fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct job_limits, member), __VA_ARGS__},
#include "job/job_limit.def"
#undef X
};

static const struct model_field http_fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct job_http, member), __VA_ARGS__},
#include "job/job_http.def"
#undef X
};

const struct model job_http_model = {
    .name = "JobHttp",
    .doc = "The request of a job that calls a URL.",
    .fields = http_fields,
    .count = MODEL_COUNT(http_fields),
    .size = sizeof(struct job_http),
    .extra = MODEL_EXTRA_FORBID,
};

const struct model job_options_model = {
    .name = "JobOptions",
    .fields = option_fields,
    .count = MODEL_COUNT(option_fields),
    .size = sizeof(struct job_options),
    .extra = MODEL_EXTRA_FORBID,
};

const struct model job_limits_model = {
    .name = "JobLimits",
    .doc = "What a job's process may use.",
    .fields = limit_fields,
    .count = MODEL_COUNT(limit_fields),
    .size = sizeof(struct job_limits),
    .extra = MODEL_EXTRA_FORBID,
};

const char *const options_env_pass[] = {"HOME",  "LANG",   "LC_*", "LOGNAME", "PATH",
                                        "SHELL", "TMPDIR", "TZ",   "USER",    NULL};

struct judging {
    const json_t *options;
    enum job_kind kind;
    const struct job_options *o;
    struct model_issues *issues;
};

// --- single members ---------------------------------------------------------------------------

bool options_umask_check(struct str text, struct err *e)
{
    bool ok = text.len > 0 && text.len <= 4;

    for (size_t i = 0; i < text.len; i++)
        ok = ok && text.p[i] >= '0' && text.p[i] <= '7';
    return ok || fail(e, ERR_INPUT, "umask", "a umask is up to four octal digits, such as 027");
}

bool options_size_check(struct str text, struct err *e)
{
    int64_t bytes;

    return size_parse(text, &bytes, e);
}

bool options_log_check(struct str text, struct err *e)
{
    int64_t bytes;

    if (!size_parse(text, &bytes, e))
        return false;
    return (bytes >= LOG_LEAST && bytes <= LOG_MOST) ||
           fail(e, ERR_INPUT, "log_max", "log_max is from 64K to 16G");
}

bool options_url_check(struct str text, struct err *e)
{
    size_t scheme = str_starts(text, STR_LIT("https://"))  ? 8
                    : str_starts(text, STR_LIT("http://")) ? 7
                                                           : 0;
    bool ok = scheme > 0 && text.len > scheme && text.p[scheme] != '/' && text.p[scheme] != ':';

    for (size_t i = 0; i < text.len; i++)
        ok = ok && (unsigned char)text.p[i] > ' ' && text.p[i] != 0x7f;
    return ok || fail(e, ERR_INPUT, "url", "a url is http://HOST... or https://HOST..., no blanks");
}

bool options_method_check(struct str text, struct err *e)
{
    bool ok = text.len > 0 && text.len <= 16;

    for (size_t i = 0; i < text.len; i++)
        ok = ok && text.p[i] >= 'A' && text.p[i] <= 'Z';
    return ok || fail(e, ERR_INPUT, "method", "a method is up to 16 capital letters, such as POST");
}

// 204 or "200-299".
static bool range_read(const json_t *value, int64_t *ret_from, int64_t *ret_to)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    ptrdiff_t dash = text.p ? str_find(text, '-') : -1;

    if (json_is_integer(value)) {
        *ret_from = *ret_to = json_integer_value(value);
    } else if (dash < 0) {
        if (!str_to_int(text, ret_from))
            return false;
        *ret_to = *ret_from;
    } else if (!str_to_int(str_cut(text, 0, (size_t)dash), ret_from) ||
               !str_to_int(str_cut(text, (size_t)dash + 1, text.len), ret_to)) {
        return false;
    }
    return *ret_from >= 100 && *ret_from <= *ret_to && *ret_to <= 599;
}

// --- judging ----------------------------------------------------------------------------------

static bool complain(struct judging *j, const char *member, const char *words)
{
    return model_complain(j->issues, "value_error",
                          model_loc(j->issues->arena, STR_LIT("\"body\""), str_of(member)),
                          json_object_get(j->options, member), "", "Value error, %s", words);
}

static bool complain_err(struct judging *j, const char *member, const struct err *e)
{
    return model_complain_err(j->issues,
                              model_loc(j->issues->arena, STR_LIT("\"body\""), str_of(member)),
                              json_object_get(j->options, member), e);
}

// Kernel and libc end texts at a NUL.
static bool has_nul(const json_t *text)
{
    return json_string_length(text) != strlen(json_string_value(text));
}

static bool command_check(struct judging *j)
{
    const json_t *command = j->o->command, *word;
    size_t index;

    if (!command)
        return true;
    if (json_is_string(command)) {
        struct str text = {json_string_value(command), json_string_length(command)};

        if (str_trim(text).len == 0 || text.len > COMMAND_TEXT_MAX || has_nul(command))
            return complain(j, "command", "a command is a text of 1 to 65536 bytes");
        return true;
    }
    json_array_foreach((json_t *)command, index, word)
    {
        if (!json_is_string(word) || has_nul(word))
            return complain(j, "command", "a command's words are texts");
    }
    if (json_string_length(json_array_get(command, 0)) == 0)
        return complain(j, "command", "a command needs a program as its first word");
    return !j->o->shell.p ||
           complain(j, "shell", "a command that is a list is run without a shell; give a text");
}

static bool is_variable(const char *name)
{
    if (*name == '\0' || (*name >= '0' && *name <= '9'))
        return false;
    return strchr(name, '=') == NULL;
}

static bool env_check(struct judging *j)
{
    const json_t *value;
    const char *name;

    json_object_foreach((json_t *)j->o->env, name, value)
    {
        if (!is_variable(name))
            return complain(j, "env",
                            "a variable's name has no \"=\" and does not begin with a digit");
        if (!json_is_string(value) || has_nul(value))
            return complain(j, "env", "the value of each variable is a text");
        if (strncmp(name, "BELFRY_", 7) == 0)
            return complain(j, "env", "names that begin with BELFRY_ are the server's own");
    }
    return true;
}

static bool http_complain(struct judging *j, const char *member, const json_t *value,
                          const char *words)
{
    return model_complain(j->issues, "value_error",
                          model_loc(j->issues->arena, STR_LIT("\"body\",\"http\""), str_of(member)),
                          value, "", "Value error, %s", words);
}

static bool is_header(const char *name, const json_t *value)
{
    return *name && strpbrk(name, " :\r\n\t") == NULL && json_is_string(value) && !has_nul(value) &&
           strpbrk(json_string_value(value), "\r\n") == NULL;
}

static bool http_check(struct judging *j)
{
    struct job_http http;
    const json_t *value;
    const char *name;
    int64_t from, to;
    size_t index;

    if (!j->o->http)
        return true;
    if (!model_decode(&job_http_model, j->o->http, STR_LIT("\"body\",\"http\""), &http, NULL,
                      j->issues))
        return false;
    json_object_foreach((json_t *)http.headers, name, value)
    {
        if (!is_header(name, value))
            return http_complain(j, "headers", value, "a header is a name and a text of one line");
    }
    json_array_foreach((json_t *)http.expect_status, index, value)
    {
        if (!range_read(value, &from, &to))
            return http_complain(j, "expect_status", value,
                                 "a status is from 100 to 599, or a range such as 200-299");
    }
    return !http.ca_file.p || http.ca_file.p[0] == '/' ||
           http_complain(j, "ca_file", NULL, "a ca_file is an absolute path");
}

static bool limits_check(struct judging *j)
{
    struct job_limits limits;

    return !j->o->limits || model_decode(&job_limits_model, j->o->limits,
                                         STR_LIT("\"body\",\"limits\""), &limits, NULL, j->issues);
}

static bool is_root(void)
{
    return geteuid() == 0;
}

static bool user_check(struct judging *j)
{
    struct options_user user;
    struct err e = {0};

    if (!j->o->user.p)
        return true;
    if (!options_user_find(j->o->user, j->issues->arena, &user, &e))
        return complain_err(j, "user", &e);
    if (is_root() || user.uid == geteuid())
        return true;
    (void)fail(&e, ERR_INPUT, "user", "jobs can run as another user only when the server is root");
    (void)fail_hint(&e, "leave user out, or run belfry as root");
    return complain_err(j, "user", &e);
}

static bool group_check(struct judging *j)
{
    struct err e = {0};
    uint32_t gid;

    if (!j->o->group.p)
        return true;
    if (!options_group_find(j->o->group, &gid, &e))
        return complain_err(j, "group", &e);
    if (is_root() || gid == getegid())
        return true;
    (void)fail(&e, ERR_INPUT, "group",
               "jobs can run as another group only when the server is root");
    return complain_err(j, "group", &e);
}

static bool place_check(struct judging *j)
{
    if (j->o->workdir.p && j->o->workdir.p[0] != '/')
        return complain(j, "workdir", "a workdir is an absolute path, such as /srv/data");
    if (j->o->nice < 0 && !is_root())
        return complain(j, "nice", "a niceness below 0 needs a server that is root");
    return true;
}

// What a job without a process of its own cannot have.
static bool kind_check(struct judging *j)
{
    const char *name;
    const json_t *value;

    if (j->kind == JOB_COMMAND && !j->o->command)
        return complain(j, "command", "a command job needs its command");
    if (j->kind == JOB_HTTP && !j->o->http)
        return complain(j, "http", "a job of this kind needs its request");
    if (j->kind == JOB_FOLDER || j->kind == JOB_COMMAND)
        return true;
    json_object_foreach((json_t *)j->options, name, value)
    {
        if (j->kind != JOB_HTTP || strcmp(name, "http") != 0)
            return complain(j, name, "this kind of job has no process of its own to be given that");
    }
    return true;
}

bool options_read(const json_t *options, enum job_kind kind, struct model_issues *issues,
                  struct job_options *ret, uint64_t *ret_given)
{
    struct judging j = {options, kind, ret, issues};

    return model_decode(&job_options_model, options, STR_LIT("\"body\""), ret, ret_given, issues) &&
           kind_check(&j) && command_check(&j) && env_check(&j) && limits_check(&j) &&
           http_check(&j) && place_check(&j) && user_check(&j) && group_check(&j);
}

// --- what they come to ------------------------------------------------------------------------

static int64_t size_of(struct str text)
{
    struct err e;
    int64_t bytes = -1;

    return text.p && size_parse(text, &bytes, &e) ? bytes : -1;
}

struct job_limit_values options_limits(const struct job_options *options)
{
    struct job_limit_values none = {-1, -1, -1, -1, -1, -1, -1, -1};
    struct arena *arena;
    struct model_issues issues;
    struct job_limits l;

    if (!options->limits)
        return none;
    arena = arena_new(512);
    model_issues_init(&issues, arena);
    if (model_decode(&job_limits_model, options->limits, (struct str){0}, &l, NULL, &issues))
        none = (struct job_limit_values){
            .memory = size_of(l.memory),
            .cpu_time_s = l.cpu_time > 0 ? (l.cpu_time + 999999) / 1000000 : -1,
            .open_files = l.open_files,
            .file_size = size_of(l.file_size),
            .processes = l.processes,
            .core = size_of(l.core),
            .cpu_percent = l.cpu_percent,
            .io_weight = l.io_weight,
        };
    arena_free(arena);
    return none;
}

bool options_http(const struct job_options *options, struct job_http *ret)
{
    struct arena *arena = arena_new(512);
    struct model_issues issues;
    bool ok;

    model_issues_init(&issues, arena);
    ok = options->http &&
         model_decode(&job_http_model, options->http, (struct str){0}, ret, NULL, &issues);
    arena_free(arena);
    return ok;
}

bool options_status_fits(const struct job_http *http, int status)
{
    const json_t *value;
    int64_t from, to;
    size_t index;

    if (json_array_size(http->expect_status) == 0)
        return status >= 200 && status <= 399;
    json_array_foreach((json_t *)http->expect_status, index, value)
    {
        if (range_read(value, &from, &to) && status >= from && status <= to)
            return true;
    }
    return false;
}

int64_t options_log_max(const struct job_options *options)
{
    int64_t bytes = size_of(options->log_max);

    return bytes > 0 ? bytes : OPTIONS_LOG_MAX;
}

int options_umask(const struct job_options *options)
{
    int mask = options->umask.p ? 0 : -1;

    for (size_t i = 0; i < options->umask.len; i++)
        mask = mask * 8 + (options->umask.p[i] - '0');
    return mask;
}

static bool id_parse(struct str text, int64_t *ret_id)
{
    return str_to_int(text, ret_id) && *ret_id >= 0 && *ret_id < UINT32_MAX;
}

bool options_user_find(struct str user, struct arena *arena, struct options_user *ret,
                       struct err *e)
{
    char *bytes = arena_alloc(arena, ENTRY_BYTES);
    const char *name = arena_copy(arena, user).p;
    struct passwd entry, *found = NULL;
    int64_t id = -1;
    bool is_number = id_parse(user, &id);

    *ret = (struct options_user){.uid = (uint32_t)id, .gid = (uint32_t)id};
    if (is_number)
        (void)getpwuid_r((uid_t)id, &entry, bytes, ENTRY_BYTES, &found);
    else
        (void)getpwnam_r(name, &entry, bytes, ENTRY_BYTES, &found);
    if (!found && !is_number)
        return fail(e, ERR_INPUT, "user", "there is no user \"%.*s\" on this machine", STR(user));
    if (found)
        *ret = (struct options_user){found->pw_uid, found->pw_gid, str_of(found->pw_name),
                                     str_of(found->pw_dir), str_of(found->pw_shell)};
    return true;
}

bool options_group_find(struct str group, uint32_t *ret_gid, struct err *e)
{
    struct arena *arena = arena_new(ENTRY_BYTES + 512);
    char *bytes = arena_alloc(arena, ENTRY_BYTES);
    struct group entry, *found = NULL;
    int64_t id = -1;
    bool ok = id_parse(group, &id);

    if (!ok)
        (void)getgrnam_r(arena_copy(arena, group).p, &entry, bytes, ENTRY_BYTES, &found);
    if (found)
        id = found->gr_gid;
    arena_free(arena);
    if (!ok && !found)
        return fail(e, ERR_INPUT, "group", "there is no group \"%.*s\" on this machine",
                    STR(group));
    *ret_gid = (uint32_t)id;
    return true;
}

struct str options_command_words(const json_t *command, struct arena *arena)
{
    struct buf words;
    struct str text;
    const json_t *word;
    size_t index;

    buf_init(&words, 1 << 20);
    if (json_is_string(command))
        buf_add(&words, (struct str){json_string_value(command), json_string_length(command)});
    json_array_foreach((json_t *)command, index, word)
    {
        buf_printf(&words, "%s%s", index > 0 ? " " : "", json_string_value(word));
    }
    text = str_trim(buf_str(&words));
    if (text.len > WORDS_MAX) {
        text.len = WORDS_MAX - 3;
        while (text.len > 0 && !str_is_utf8(text))
            text.len--;
        text = arena_printf(arena, "%.*s...", STR(text));
    }
    text = arena_copy(arena, text);
    buf_done(&words);
    return text;
}
