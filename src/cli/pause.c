// pause.c - `belfry pause` and `belfry resume`: holds jobs, and lets them go again.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "cli/errand.h"

static int jobs_act(int argc, char **argv, const char *act, const char *did)
{
    struct client_reply reply;
    struct errand x;
    int status;
    bool ok = true;

    if (!errand_open(&x, argc, argv, "a job", argc, &status))
        return status;
    for (int i = 0; ok && i < x.typed.arg_count; i++) {
        ok = errand_ask(&x, "POST", NULL, &reply, "/api/v1/jobs/{}/{}", x.typed.args[i], act);
        if (!ok)
            break;
        buf_printf(&x.out, "%s %s\n", did, x.typed.args[i]);
        client_reply_done(&reply);
    }
    return errand_close(&x, ok);
}

int cmd_pause(int argc, char **argv)
{
    return jobs_act(argc, argv, "pause", "paused");
}

int cmd_resume(int argc, char **argv)
{
    return jobs_act(argc, argv, "resume", "resumed");
}
