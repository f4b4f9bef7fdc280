// run_watch.c - watches a run from its beginning to its end.
// SPDX-License-Identifier: Apache-2.0
#include "cli/run_watch.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/interrupt.h"
#include "cli/listing.h"
#include "cli/run_list.h"
#include "cli/run_log.h"
#include "cli/run_wait.h"
#include "time/duration.h"

bool run_watch_read(const struct errand *x, struct run_watch *ret_watch, struct err *e)
{
    const char *limit = typed_value(&x->typed, "--for");
    struct run_watch *w = ret_watch;

    *w = (struct run_watch){.is_following = typed_has(&x->typed, "--follow"),
                            .is_passing = typed_has(&x->typed, "--passthrough"),
                            .interrupt_fd = -1};
    if (limit && (!duration_parse(str_of(limit), "--for", &w->limit_us, e) || w->limit_us == 0))
        return fail(e, ERR_USAGE, NULL, "--for wants a duration such as 10m, not \"%s\"", limit);
    w->is_waiting = typed_has(&x->typed, "--wait") || w->is_following || w->is_passing || limit;
    w->interrupt_fd = w->is_waiting ? interrupt_open() : -1;
    return true;
}

void run_watch_done(struct run_watch *w)
{
    file_close(&w->interrupt_fd);
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

static bool end_tell(struct errand *x, const struct run_watch *w, const char *run_id,
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
static bool follow(struct errand *x, const struct run_watch *w, const char *run_id,
                   bool *ret_is_left)
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

static bool wait(struct errand *x, const struct run_watch *w, const char *run_id, int *ret_status)
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

static void start_tell(struct errand *x, const struct run_watch *w, enum form form,
                       const struct client_reply *reply, const char *run_id)
{
    const char *job = item_text(reply->json, "job_id");
    bool is_later = typed_has(&x->typed, "--delay") || typed_has(&x->typed, "--at");

    if (reply->is_repeated)
        errand_say(x, "this was asked for before: it is the same run");
    if (w->is_waiting)
        errand_say(x, "run %s of %s %s", run_id, job, is_later ? "is planned" : "has started");
    else if (form == FORM_JSON)
        buf_printf(&x->out, "%.*s\n", STR(buf_str(&reply->text)));
    else if (form == FORM_NAME || typed_has(&x->typed, "--quiet"))
        buf_printf(&x->out, "%s\n", run_id);
    else
        buf_printf(&x->out, "%s run %s of %s\n", is_later ? "planned" : "started", run_id, job);
}

bool run_watch(struct errand *x, const struct run_watch *w, const struct client_reply *reply,
               int *ret_status)
{
    enum form form;
    char run_id[32];

    if (!form_read(&x->typed, &form, &x->e))
        return false;
    snprintf(run_id, sizeof run_id, "%lld",
             (long long)json_integer_value(json_object_get(reply->json, "run_id")));
    start_tell(x, w, form, reply, run_id);
    return !w->is_waiting || wait(x, w, run_id, ret_status);
}
