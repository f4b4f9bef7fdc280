// rm.c - `belfry rm`: removes jobs.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"

static bool confirm(struct errand *x)
{
    char question[200];

    if (x->typed.arg_count == 1)
        snprintf(question, sizeof question, "Remove the job %.100s?", x->typed.args[0]);
    else
        snprintf(question, sizeof question, "Remove %d jobs?", x->typed.arg_count);
    return errand_confirm(x, question);
}

// Whether they are all there: either all are removed or none.
static bool jobs_look(struct errand *x)
{
    struct client_reply reply;

    for (int i = 0; i < x->typed.arg_count; i++) {
        if (!errand_ask(x, "GET", NULL, &reply, "/api/v1/jobs/{}", x->typed.args[i]))
            return false;
        client_reply_done(&reply);
    }
    return true;
}

int cmd_rm(int argc, char **argv)
{
    struct client_reply reply;
    struct errand x;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, "a job", argc, &status))
        return status;
    ok = jobs_look(&x) && confirm(&x);
    for (int i = 0; ok && i < x.typed.arg_count; i++) {
        ok = errand_ask(&x, "DELETE", NULL, &reply, "/api/v1/jobs/{}", x.typed.args[i]);
        if (!ok)
            break;
        buf_printf(&x.out, "removed %s\n", x.typed.args[i]);
        client_reply_done(&reply);
    }
    return errand_close(&x, ok);
}
