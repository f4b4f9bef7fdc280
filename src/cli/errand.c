// errand.c - the beginning and the end of every command that asks a server.
// SPDX-License-Identifier: Apache-2.0
#include "cli/errand.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "cli/command_usage.h"

enum {
    OUT_MAX_BYTES = 1 << 30,
    PATH_MAX_BYTES = 64 << 10
};

bool errand_open(struct errand *x, int argc, char **argv, const char *argument, int args_max,
                 int *ret_status)
{
    struct err *e = &x->e;
    bool ok;

    *x = (struct errand){0};
    buf_init(&x->out, OUT_MAX_BYTES);
    ok = typed_read(argc, argv, &x->typed, e);
    if (ok && argument && x->typed.arg_count == 0)
        ok = fail(e, ERR_USAGE, NULL, "%s is missing", argument);
    if (ok && x->typed.arg_count > args_max)
        ok = fail(e, ERR_USAGE, NULL, "\"%s\" is too much", x->typed.args[args_max]);
    ok = ok && client_open(&x->typed, &x->client, e) && screen_open(&x->typed, &x->screen, e);
    if (!ok) {
        *ret_status = command_complain(argv[0], e);
        client_close(x->client);
    }
    return ok;
}

int errand_close(struct errand *x, bool is_ok)
{
    int status = 0;

    if (!screen_print(&x->out) && is_ok)
        is_ok = fail(&x->e, ERR_SYSTEM, NULL, "the output cannot be written");
    if (!is_ok)
        status = command_complain(x->typed.command, &x->e);
    buf_done(&x->out);
    screen_done(&x->screen);
    client_close(x->client);
    return status;
}

// ---- asking ----

static void path_add(struct buf *path, const char *pattern, va_list texts)
{
    for (const char *p = pattern; *p; p++) {
        if (p[0] == '{' && p[1] == '}') {
            client_escape(path, va_arg(texts, const char *));
            p++;
        } else {
            buf_add_byte(path, *p);
        }
    }
}

void errand_path(struct buf *path, const char *pattern, ...)
{
    va_list texts;

    va_start(texts, pattern);
    path_add(path, pattern, texts);
    va_end(texts);
}

// Adds "did you mean" to an error about a job that is not there.
static void job_suggest(struct errand *x, const char *id)
{
    struct client_reply reply;
    struct err ignored;
    const char **names, *near;
    size_t i, count = 0;
    json_t *item;

    if (!client_ask(x->client, "GET", "/api/v1/jobs?limit=1000", NULL, &reply, &ignored))
        return;
    const json_t *jobs = json_object_get(reply.json, "jobs");

    names = mem_array(json_array_size(jobs) + 1, sizeof *names);
    json_array_foreach(jobs, i, item)
    {
        names[count] = json_string_value(json_object_get(item, "job_id"));
        count += names[count] != NULL;
    }
    near = suggest_find(str_of(id), names, count);
    (void)fail(&x->e, ERR_NOT_FOUND, "job_not_found", "there is no job \"%s\"", id);
    (void)(near ? fail_hint(&x->e, "did you mean %s?", near)
                : fail_hint(&x->e, "`belfry ls` lists the jobs"));
    free(names);
    client_reply_done(&reply);
}

bool errand_ask(struct errand *x, const char *method, const json_t *body,
                struct client_reply *ret_reply, const char *pattern, ...)
{
    struct buf path;
    va_list texts;
    bool ok;

    buf_init(&path, PATH_MAX_BYTES);
    va_start(texts, pattern);
    path_add(&path, pattern, texts);
    va_end(texts);
    ok = client_ask(x->client, method, buf_text(&path), body, ret_reply, &x->e);
    buf_done(&path);
    if (!ok && strcmp(x->e.field, "job_not_found") == 0 && strstr(pattern, "{}")) {
        va_start(texts, pattern);
        job_suggest(x, va_arg(texts, const char *));
        va_end(texts);
    }
    return ok;
}

// ---- talking ----

void errand_say(const struct errand *x, const char *format, ...)
{
    va_list args;

    if (typed_has(&x->typed, "--quiet"))
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

bool errand_confirm(struct errand *x, const char *question)
{
    char answer[16] = "";

    if (typed_has(&x->typed, "--yes"))
        return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        (void)fail(&x->e, ERR_USAGE, NULL, "this needs a yes, and there is no terminal to ask at");
        return fail_hint(&x->e, "give --yes");
    }
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    return fail(&x->e, ERR_SYSTEM, NULL, "nothing was done");
}

bool errand_remove(struct errand *x, const char *what, const char *path)
{
    struct client_reply reply;
    char question[200];
    bool ok;

    snprintf(question, sizeof question, "Remove the %s %.100s%s?", what, x->typed.args[1],
             x->typed.arg_count > 2 ? " and others" : "");
    ok = errand_confirm(x, question);
    for (int i = 1; ok && i < x->typed.arg_count; i++) {
        ok = errand_ask(x, "DELETE", NULL, &reply, path, x->typed.args[i]);
        if (!ok)
            break;
        buf_printf(&x->out, "removed %s\n", x->typed.args[i]);
        client_reply_done(&reply);
    }
    return ok;
}
