// set.c - `belfry set`: changes members of a job.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/job_form.h"
#include "cli/job_told.h"
#include "cli/listing.h"

// Whether the job, as it is to be, runs a command: then words behind "--" are one.
static bool command_look(struct errand *x, bool *ret_is_command)
{
    struct client_reply reply;

    *ret_is_command = false;
    if (!x->typed.rest || typed_has(&x->typed, "--folder") || typed_has(&x->typed, "--cert"))
        return true;
    if (!errand_ask(x, "GET", NULL, &reply, "/api/v1/jobs/{}", x->typed.args[0]))
        return false;
    *ret_is_command = strcmp(item_text(reply.json, "kind"), "command") == 0;
    client_reply_done(&reply);
    return true;
}

static bool body_make(struct errand *x, json_t *body, struct err *e)
{
    bool is_command;
    json_t *trigger;

    if (!job_form_trigger(&x->typed, x->screen.now, &trigger, e))
        return false;
    if (trigger)
        json_object_set_new(body, "trigger", trigger);
    if (!command_look(x, &is_command) || !job_form_action(&x->typed, is_command, body, e) ||
        !job_form_members(&x->typed, 1, body, e))
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
