// set.c - `belfry set`: changes members of a job.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

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
    if (!job_form_action(&x->typed, body, e) || !job_form_members(&x->typed, 1, body, e))
        return false;
    return json_object_size(body) > 0 ||
           fail(e, ERR_USAGE, NULL, "nothing to change: give key=value, or a schedule");
}

int cmd_set(int argc, char **argv)
{
    struct client_reply reply = {0};
    json_t *body = json_object();
    struct errand x;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, "a job", argc, &status)) {
        json_decref(body);
        return status;
    }
    ok = body_make(&x, body, &x.e);
    if (ok && typed_value(&x.typed, "--if-version")) {
        char tag[64];

        snprintf(tag, sizeof tag, "\"r%.40s\"", typed_value(&x.typed, "--if-version"));
        client_header(x.client, "if-match", tag);
    }
    ok = ok && errand_ask(&x, "PATCH", body, &reply, "/api/v1/jobs/{}", x.typed.args[0]) &&
         job_told(&x, &reply, "changed");
    client_reply_done(&reply);
    json_decref(body);
    return errand_close(&x, ok);
}
