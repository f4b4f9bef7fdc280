// run.c - `belfry run`: starts a run now, and waits for it when asked to.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "base/file.h"
#include "cli/errand.h"
#include "cli/interrupt.h"
#include "cli/listing.h"
#include "cli/run_list.h"
#include "cli/run_log.h"
#include "cli/run_page.h"
#include "cli/run_wait.h"
#include "time/duration.h"

struct wish {
    bool is_waiting;
    bool is_following;
    bool is_passing;
    int64_t limit_us;
    int interrupt_fd; // -1 when nothing is waited for
};

static bool wish_read(const struct errand *x, struct wish *w, struct err *e)
{
    const char *limit = typed_value(&x->typed, "--for");

    w->is_following = typed_has(&x->typed, "--follow");
    w->is_passing = typed_has(&x->typed, "--passthrough");
    if (limit && (!duration_parse(str_of(limit), "--for", &w->limit_us, e) || w->limit_us == 0))
        return fail(e, ERR_USAGE, NULL, "--for wants a duration such as 10m, not \"%s\"", limit);
    w->is_waiting = typed_has(&x->typed, "--wait") || w->is_following || w->is_passing || limit;
    w->interrupt_fd = w->is_waiting ? interrupt_open() : -1;
    return true;
}

// The exit status that the job's own gives: its code, or as a shell tells of a signal.
static int status_of(const json_t *run, bool is_passing)
{
    const json_t *code = json_object_get(run, "exit_code"),
                 *signal = json_object_get(run, "signal");

    if (is_passing && json_is_integer(signal))
        return 128 + (int)json_integer_value(signal);
    if (is_passing && json_is_integer(code))
        return (int)json_integer_value(code);
    return strcmp(item_text(run, "state"), "succeeded") == 0 ? 0 : EXIT_RUN_FAILED;
}

static bool end_tell(struct errand *x, const struct wish *w, const char *run_id,
                     const struct client_reply *run, int *ret_status)
{
    struct buf words;
    enum form form;

    if (!form_read(&x->typed, &form, &x->e))
        return false;
    buf_init(&words, 4096);
    run_words(run->json, &words);
    if (form == FORM_JSON) {
        buf_add(&x->out, buf_str(&run->text));
        buf_add_byte(&x->out, '\n');
    }
    errand_say(x, "run %s of %s %s", run_id, item_text(run->json, "job_id"), buf_text(&words));
    buf_done(&words);
    *ret_status = status_of(run->json, w->is_passing);
    return true;
}

// Shows what the run writes until it has ended, or the person has had enough.
static bool follow(struct errand *x, const struct wish *w, const char *run_id, bool *ret_is_left)
{
    struct run_log_wish log = {.is_following = true, .tail = -1, .limit_ms = w->limit_us / 1000};
    bool is_whole = false, ok = true;

    *ret_is_left = false;
    while (ok && !is_whole && !*ret_is_left) {
        ok = run_log_print(x, run_id, &log, w->interrupt_fd, &is_whole);
        if (ok && !is_whole && interrupt_wait(w->interrupt_fd, 0))
            *ret_is_left = run_wait_interrupted(x, w->interrupt_fd, run_id, &ok);
    }
    return ok || (x->e.code == ERR_TIMEOUT && run_wait_over(x, run_id));
}

static bool wait(struct errand *x, const struct wish *w, const char *run_id, int *ret_status)
{
    struct client_reply run = {0};
    bool is_left = false, ok;

    if (w->is_following && !follow(x, w, run_id, &is_left))
        return false;
    if (!is_left && !run_wait(x, run_id, w->interrupt_fd, w->limit_us, &run, &is_left))
        return false;
    if (is_left) {
        errand_say(x, "run %s goes on: `belfry logs %s` shows what it wrote", run_id, run_id);
        *ret_status = EXIT_INTERRUPTED;
        return true;
    }
    ok = end_tell(x, w, run_id, &run, ret_status);
    client_reply_done(&run);
    return ok;
}

// What the API takes: {"force":true}, {"args":[...]}; NULL when there is nothing to say.
static json_t *body_make(const struct errand *x)
{
    json_t *body = json_object();

    if (typed_has(&x->typed, "--force"))
        json_object_set_new(body, "force", json_true());
    if (x->typed.arg_count > 1 || x->typed.rest) {
        json_t *args = json_array();

        for (int i = 1; i < x->typed.arg_count; i++)
            json_array_append_new(args, json_string(x->typed.args[i]));
        for (int i = 0; i < x->typed.rest_count; i++)
            json_array_append_new(args, json_string(x->typed.rest[i]));
        json_object_set_new(body, "args", args);
    }
    if (json_object_size(body) > 0)
        return body;
    json_decref(body);
    return NULL;
}

static bool start(struct errand *x, const struct wish *w, char *run_id, size_t size)
{
    json_t *body = body_make(x);
    struct client_reply reply;
    enum form form;
    bool ok;

    ok = form_read(&x->typed, &form, &x->e) &&
         errand_ask(x, "POST", body, &reply, "/api/v1/jobs/{}/runs", x->typed.args[0]);
    json_decref(body);
    if (!ok)
        return false;
    snprintf(run_id, size, "%lld",
             (long long)json_integer_value(json_object_get(reply.json, "run_id")));
    if (w->is_waiting)
        errand_say(x, "run %s of %s has started", run_id, x->typed.args[0]);
    else if (form == FORM_JSON)
        buf_printf(&x->out, "%s\n", buf_text(&reply.text));
    else if (form == FORM_NAME || typed_has(&x->typed, "--quiet"))
        buf_printf(&x->out, "%s\n", run_id);
    else
        buf_printf(&x->out, "started run %s of %s\n", run_id, x->typed.args[0]);
    client_reply_done(&reply);
    return true;
}

int cmd_run(int argc, char **argv)
{
    struct errand x;
    struct wish w = {.interrupt_fd = -1};
    char run_id[32];
    int status = 0, close_status;
    bool ok;

    if (run_page_is_meant(argc, argv))
        return run_page(argc, argv);
    if (!errand_open(&x, argc, argv, "a job", argc, &status))
        return status;
    ok = wish_read(&x, &w, &x.e) && start(&x, &w, run_id, sizeof run_id) &&
         (!w.is_waiting || wait(&x, &w, run_id, &status));
    file_close(&w.interrupt_fd);
    close_status = errand_close(&x, ok);
    return close_status ? close_status : status;
}
