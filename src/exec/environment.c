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
