// environment.c - makes the environment of a run.
// SPDX-License-Identifier: Apache-2.0
#include "exec/environment.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "time/civil.h"

#define ADDED_MAX 16 // strings of belfry's own beside the identity, and the end

static bool is_for_jobs(const char *setting)
{
    // Among them what opens the store, which is not for jobs to have.
    static const char *const own[] = {"BELFRY_",   "NOTIFY_SOCKET=", "LISTEN_",
                                      "WATCHDOG_", "PGPASSWORD=",    "JOB_DATABASE_URI=postgres"};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strncmp(setting, own[i], strlen(own[i])) == 0)
            return false;
    return true;
}

static size_t name_len(const char *string)
{
    return strcspn(string, "=");
}

// Whether one of v sets the same name as string.
static bool has_name(char *const *v, size_t count, const char *string)
{
    size_t len = count > 0 ? name_len(string) : 0;

    for (size_t i = 0; i < count; i++)
        if (strncmp(v[i], string, len + 1) == 0)
            return true;
    return false;
}

void environment_init(struct environment *env)
{
    size_t count = 0;

    while (environ && environ[count])
        count++;
    env->v = mem_array(count + 1, sizeof *env->v);
    env->count = 0;
    for (size_t i = 0; i < count; i++)
        if (is_for_jobs(environ[i]) && !has_name(env->v, env->count, environ[i]))
            env->v[env->count++] = environ[i];
}

void environment_done(struct environment *env)
{
    free(env->v);
    *env = (struct environment){0};
}

static char *setting(struct str s)
{
    return (char *)(uintptr_t)s.p; // arenas hand out writable memory, as exec's interface asks for
}

static char *text_put(char *at, const char *text)
{
    return stpcpy(at, text);
}

// n >= 0 with at least width digits, zeros in front.
static char *digits_put(char *at, uint64_t n, int width)
{
    char digits[20];
    int count = 0;

    for (; n > 0 || count < width; n /= 10)
        digits[count++] = (char)('0' + n % 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *slot_put(char *at, wall slot)
{
    int64_t us = slot.us % 1000000 + (slot.us % 1000000 < 0 ? 1000000 : 0);
    struct civil c = civil_at((slot.us - us) / 1000000);
    const int fields[] = {c.month, c.day, c.hour, c.minute, c.second};

    at = digits_put(at, (uint64_t)c.year, 4);
    for (int i = 0; i < 5; i++) {
        *at++ = "--T::"[i];
        at = digits_put(at, (uint64_t)fields[i], 2);
    }
    if (us > 0) {
        *at++ = '.';
        at = digits_put(at, (uint64_t)us, 6);
    }
    return text_put(at, "Z");
}

// Made a thousand times when a thousand jobs are due at once: one block, no printf.
void environment_identity(const struct exec_request *request, struct arena *arena,
                          char *ret[ENVIRONMENT_IDENTITY])
{
    char *at = arena_alloc(arena, request->job_name.len + 160);

    ret[0] = at;
    at = mempcpy(text_put(at, "BELFRY_JOB_ID="), request->job_name.p, request->job_name.len);
    *at++ = '\0';
    ret[1] = at;
    at = digits_put(text_put(at, "BELFRY_RUN_ID="), (uint64_t)request->run_id, 1);
    *at++ = '\0';
    ret[2] = at;
    at = slot_put(text_put(at, "BELFRY_SCHEDULED_AT="), request->scheduled_at) + 1;
    ret[3] = at;
    at = digits_put(text_put(at, "BELFRY_ATTEMPT="), (uint64_t)request->attempt, 1);
    *at = '\0';
}

// Strings being gathered. A name that is there already is not taken again: who comes first wins.
struct gathering {
    char **v;
    size_t count;
    size_t first; // of those that belfry may have as well
    const struct environment_wish *wish;
    struct arena *arena;
};

static void add(struct gathering *g, const char *name, const char *value)
{
    if (value)
        g->v[g->count++] = setting(arena_printf(g->arena, "%s=%s", name, value));
}

static bool is_passed(const struct gathering *g, const char *string)
{
    const char *const *pattern = g->wish->pass;
    struct str name;

    if (!pattern)
        return true;
    name = (struct str){string, name_len(string)};
    for (; *pattern; pattern++)
        if (str_glob(str_of(*pattern), name))
            return true;
    return false;
}

// What the run has of its own, mostly nothing, beats belfry's. Names that begin with BELFRY_ are
// not among these.
static void pass(struct gathering *g, const struct environment *env)
{
    char *const *own = g->v + g->first;
    size_t own_count = g->count - g->first;

    for (size_t i = 0; i < env->count; i++)
        if (is_passed(g, env->v[i]) && !has_name(own, own_count, env->v[i]))
            g->v[g->count++] = env->v[i];
}

static const char *python_before(const struct gathering *g, const struct environment *env)
{
    static const char name[] = "PYTHONPATH=";
    const json_t *own = json_object_get(g->wish->set, "PYTHONPATH");

    if (own)
        return json_string_value(own);
    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->v[i], name, sizeof name - 1) == 0 && is_passed(g, env->v[i]))
            return env->v[i] + sizeof name - 1;
    return "";
}

static void python_add(struct gathering *g, const struct environment *env)
{
    const char *before = python_before(g, env);

    g->v[g->count++] = setting(arena_printf(g->arena, "PYTHONPATH=%s%s%s", g->wish->python_path,
                                            *before ? ":" : "", before));
}

// The run that it follows.
static void cause_add(struct gathering *g, struct str text)
{
    json_t *cause = text.len > 0 ? json_loadb(text.p, text.len, 0, NULL) : NULL;
    char *result;

    if (!cause)
        return;
    result = json_dumps(json_object_get(cause, "result"), JSON_COMPACT | JSON_ENCODE_ANY);
    g->v[g->count++] =
        setting(arena_printf(g->arena, "BELFRY_PARENT_RUN_ID=%lld",
                             (long long)json_integer_value(json_object_get(cause, "run_id"))));
    add(g, "BELFRY_PARENT_JOB", json_string_value(json_object_get(cause, "job")));
    add(g, "BELFRY_PARENT_STATE", json_string_value(json_object_get(cause, "state")));
    add(g, "BELFRY_PARENT_SLOT", json_string_value(json_object_get(cause, "slot")));
    add(g, "BELFRY_PARENT_RESULT", result ? result : "null");
    free(result);
    json_decref(cause);
}

char **environment_make(const struct environment *env, const struct exec_request *request,
                        const struct environment_wish *wish, struct arena *arena)
{
    size_t most = env->count + ENVIRONMENT_IDENTITY + json_object_size(wish->set) + ADDED_MAX;
    struct gathering g = {.v = arena_array(arena, most, sizeof *g.v),
                          .count = ENVIRONMENT_IDENTITY,
                          .wish = wish,
                          .arena = arena};
    const json_t *value;
    const char *name;

    environment_identity(request, arena, g.v);
    if (wish->has_result)
        add(&g, "BELFRY_RESULT_FD", "3");
    cause_add(&g, request->cause);
    g.first = g.count;
    if (wish->python_path)
        python_add(&g, env);
    json_object_foreach((json_t *)wish->set, name, value)
    {
        if (strcmp(name, "PYTHONPATH") != 0 || !wish->python_path)
            add(&g, name, json_string_value(value));
    }
    if (!json_object_get(wish->set, "HOME"))
        add(&g, "HOME", wish->home);
    if (!json_object_get(wish->set, "USER"))
        add(&g, "USER", wish->user);
    if (!json_object_get(wish->set, "LOGNAME"))
        add(&g, "LOGNAME", wish->user);
    if (!json_object_get(wish->set, "SHELL"))
        add(&g, "SHELL", wish->shell);
    pass(&g, env);
    return g.v;
}
