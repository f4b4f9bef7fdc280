// environment.c - makes the environment of a run.
// SPDX-License-Identifier: Apache-2.0
#include "exec/environment.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "time/civil.h"

static bool is_for_jobs(const char *setting)
{
    static const char *const own[] = {"BELFRY_", "NOTIFY_SOCKET=", "LISTEN_", "WATCHDOG_"};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strncmp(setting, own[i], strlen(own[i])) == 0)
            return false;
    return true;
}

void environment_init(struct environment *env)
{
    size_t count = 0;

    while (environ && environ[count])
        count++;
    env->v = mem_array(count + 1, sizeof *env->v);
    env->count = 0;
    for (size_t i = 0; i < count; i++)
        if (is_for_jobs(environ[i]))
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

static struct str slot_text(wall at, struct arena *arena)
{
    int64_t us = at.us % 1000000;
    struct civil c;

    if (us < 0)
        us += 1000000;
    c = civil_at((at.us - us) / 1000000);
    if (us == 0)
        return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour,
                            c.minute, c.second);
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", c.year, c.month, c.day,
                        c.hour, c.minute, c.second, (int)us);
}

void environment_identity(const struct exec_request *request, struct arena *arena,
                          char *ret[ENVIRONMENT_IDENTITY])
{
    struct str at = slot_text(request->scheduled_at, arena);

    ret[0] = setting(arena_printf(arena, "BELFRY_JOB_ID=%.*s", STR(request->job_name)));
    ret[1] = setting(arena_printf(arena, "BELFRY_RUN_ID=%lld", (long long)request->run_id));
    ret[2] = setting(arena_printf(arena, "BELFRY_SCHEDULED_AT=%.*s", STR(at)));
    ret[3] = setting(arena_printf(arena, "BELFRY_ATTEMPT=%d", request->attempt));
}

char **environment_make(const struct environment *env, const struct exec_request *request,
                        const char *python_path, struct arena *arena)
{
    static const char name[] = "PYTHONPATH=";
    char **v = arena_array(arena, env->count + ENVIRONMENT_IDENTITY + 2, sizeof *v);
    const char *before = "";
    size_t n = ENVIRONMENT_IDENTITY;

    environment_identity(request, arena, v);
    for (size_t i = 0; i < env->count; i++) {
        if (python_path && strncmp(env->v[i], name, sizeof name - 1) == 0)
            before = env->v[i] + sizeof name - 1;
        else
            v[n++] = env->v[i];
    }
    if (python_path)
        v[n] =
            setting(arena_printf(arena, "%s%s%s%s", name, python_path, *before ? ":" : "", before));
    return v;
}
