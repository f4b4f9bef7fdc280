// skip.c - `belfry skip`: leaves out the next runs of a job.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "cli/errand.h"
#include "cli/job_told.h"

#define SKIP_MAX 1000000 // the server has its own, and says so

// {"n", "reason"}, as far as they are given.
static bool body_make(const struct errand *x, json_t **ret_body, int64_t *ret_count, struct err *e)
{
    const char *reason = typed_value(&x->typed, "--reason");

    if (!typed_number(&x->typed, "--count", 1, SKIP_MAX, 1, ret_count, e))
        return false;
    *ret_body = json_pack("{s:I}", "n", (json_int_t)*ret_count);
    if (reason)
        json_object_set_new(*ret_body, "reason", json_string(reason));
    return true;
}

static bool skip(struct errand *x)
{
    bool is_undo = typed_has(&x->typed, "--undo"), ok;
    struct client_reply reply = {0};
    json_t *body = NULL;
    int64_t count = 0;
    char did[64];

    if (is_undo && (typed_has(&x->typed, "--count") || typed_has(&x->typed, "--reason")))
        return fail(&x->e, ERR_USAGE, NULL, "--undo takes back all of it, without a word");
    if (!is_undo && !body_make(x, &body, &count, &x->e))
        return false;
    if (is_undo)
        snprintf(did, sizeof did, "will skip no run of");
    else
        snprintf(did, sizeof did, "will skip %" PRId64 " %s of", count,
                 count == 1 ? "run" : "runs");
    ok = errand_ask(x, is_undo ? "DELETE" : "POST", body, &reply, "/api/v1/jobs/{}/skip-next",
                    x->typed.args[0]) &&
         job_told(x, &reply, did);
    json_decref(body);
    client_reply_done(&reply);
    return ok;
}

int cmd_skip(int argc, char **argv)
{
    struct errand x;
    int status;

    if (!errand_open(&x, argc, argv, "a job", 1, &status))
        return status;
    return errand_close(&x, skip(&x));
}
