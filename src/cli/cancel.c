// cancel.c - `belfry cancel`: ends runs.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "cli/errand.h"
#include "cli/run_page.h"

int cmd_cancel(int argc, char **argv)
{
    struct client_reply reply;
    struct errand x;
    int status;
    bool ok = true;

    if (!errand_open(&x, argc, argv, "a run", argc, &status))
        return status;
    for (int i = 0; ok && i < x.typed.arg_count; i++) {
        ok = run_page_check(x.typed.args[i], &x.e) &&
             errand_ask(&x, "POST", NULL, &reply, "/api/v1/runs/{}/cancel", x.typed.args[i]);
        if (!ok)
            break;
        buf_printf(&x.out, "cancelled run %s\n", x.typed.args[i]);
        client_reply_done(&reply);
    }
    return errand_close(&x, ok);
}
