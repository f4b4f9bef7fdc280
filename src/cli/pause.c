// pause.c - `belfry pause` and `belfry resume`: holds jobs, and lets them go again.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "cli/errand.h"
#include "time/duration.h"
#include "time/iso8601.h"

// "+2h" is so long from now; any other time is left to the server, which knows the job's zone.
static bool until_add(const struct errand *x, const char *text, json_t *body, struct err *e)
{
    struct buf moment;
    int64_t us;

    if (text[0] != '+') {
        json_object_set_new(body, "until", json_string(text));
        return true;
    }
    if (!duration_parse(str_of(text + 1), "--until", &us, e))
        return false;
    buf_init(&moment, 64);
    iso8601_write(wall_after_us(x->screen.now, us), NULL, &moment);
    json_object_set_new(body, "until", json_stringn(moment.p, moment.len));
    buf_done(&moment);
    return true;
}

// {"reason", "until", "catch_up"}, as far as they are given; NULL when nothing is.
static bool body_make(const struct errand *x, json_t **ret_body, struct err *e)
{
    const char *reason = typed_value(&x->typed, "--reason");
    const char *until = typed_value(&x->typed, "--until");
    const char *catch_up = typed_value(&x->typed, "--catch-up");
    json_t *body = reason || until || catch_up ? json_object() : NULL;

    if (catch_up)
        json_object_set_new(body, "catch_up", json_string(catch_up));
    if (reason)
        json_object_set_new(body, "reason", json_string(reason));
    if (until && !until_add(x, until, body, e)) {
        json_decref(body);
        return false;
    }
    *ret_body = body;
    return true;
}

// One job (pattern has a place for it), a tag, or everything (what is NULL).
static bool act(struct errand *x, const char *did, const json_t *body, const char *pattern,
                const char *what)
{
    struct client_reply reply;

    if (!errand_ask(x, "POST", body, &reply, pattern, what))
        return false;
    buf_printf(&x->out, "%s %s\n", did, what ? what : "everything");
    client_reply_done(&reply);
    return true;
}

struct acts {
    const char *did, *job, *tag, *all; // past tense; paths
};

static bool acts_run(struct errand *x, const struct acts *acts, const json_t *body)
{
    const char *tag = typed_value(&x->typed, "--tag");
    bool is_all = typed_has(&x->typed, "--all");

    if (x->typed.arg_count == 0 && !tag && !is_all) {
        (void)fail(&x->e, ERR_USAGE, NULL, "a job is missing");
        return fail_hint(&x->e, "or give --tag or --all");
    }
    if (typed_value(&x->typed, "--catch-up") && (tag || is_all))
        return fail(&x->e, ERR_USAGE, NULL, "--catch-up is for single jobs");
    if (is_all && !act(x, acts->did, body, acts->all, NULL))
        return false;
    if (tag && !act(x, acts->did, body, acts->tag, tag))
        return false;
    for (int i = 0; i < x->typed.arg_count; i++)
        if (!act(x, acts->did, body, acts->job, x->typed.args[i]))
            return false;
    return true;
}

static int acts_do(int argc, char **argv, const struct acts *acts)
{
    json_t *body = NULL;
    struct errand x;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, NULL, argc, &status))
        return status;
    ok = body_make(&x, &body, &x.e) && acts_run(&x, acts, body);
    json_decref(body);
    return errand_close(&x, ok);
}

int cmd_pause(int argc, char **argv)
{
    static const struct acts acts = {"paused", "/api/v1/jobs/{}/pause", "/api/v1/tags/{}/pause",
                                     "/api/v1/scheduler/pause"};

    return acts_do(argc, argv, &acts);
}

int cmd_resume(int argc, char **argv)
{
    static const struct acts acts = {"resumed", "/api/v1/jobs/{}/resume", "/api/v1/tags/{}/resume",
                                     "/api/v1/scheduler/resume"};

    return acts_do(argc, argv, &acts);
}
