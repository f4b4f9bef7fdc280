// add.c - `belfry add`: a new job from the command line.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/job_form.h"
#include "cli/job_told.h"

static bool body_make(const struct errand *x, json_t *body, struct err *e)
{
    json_t *trigger;

    if (!job_form_trigger(&x->typed, x->screen.now, &trigger, e))
        return false;
    if (trigger)
        json_object_set_new(body, "trigger", trigger);
    if (typed_has(&x->typed, "--paused"))
        json_object_set_new(body, "paused", json_true());
    bool is_command = !typed_has(&x->typed, "--folder") && !typed_has(&x->typed, "--cert");

    if (!job_form_action(&x->typed, is_command, body, e) ||
        !job_form_members(&x->typed, 1, body, e))
        return false;
    if (json_object_get(body, "trigger"))
        return true;
    (void)fail(e, ERR_USAGE, NULL, "a schedule is missing");
    return fail_hint(e,
                     "give --cron, --every, --daily, --at, --on, --after, --startup or --manual");
}

static bool job_put(struct errand *x, const char *id, const json_t *body)
{
    struct client_reply reply = {0};
    bool ok;

    if (!typed_has(&x->typed, "--replace"))
        client_header(x->client, "if-none-match", "*");
    ok = errand_ask(x, "PUT", body, &reply, "/api/v1/jobs/{}", id);
    if (!ok && x->e.code == ERR_CONFLICT) {
        (void)fail(&x->e, ERR_EXISTS, NULL, "there is a job \"%s\" already", id);
        (void)fail_hint(&x->e, "`belfry set %.100s` changes it, --replace replaces it", id);
    }
    ok = ok && job_told(x, &reply, reply.status == 201 ? "added" : "replaced");
    client_reply_done(&reply);
    return ok;
}

int cmd_add(int argc, char **argv)
{
    json_t *body = json_object();
    struct errand x;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, "the name of the job", argc, &status)) {
        json_decref(body);
        return status;
    }
    ok = body_make(&x, body, &x.e) && job_put(&x, x.typed.args[0], body);
    json_decref(body);
    return errand_close(&x, ok);
}
