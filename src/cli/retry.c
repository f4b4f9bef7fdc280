// retry.c - `belfry retry`: runs again what has run, with the same arguments.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "cli/errand.h"
#include "cli/run_page.h"
#include "cli/run_watch.h"

int cmd_retry(int argc, char **argv)
{
    struct client_reply reply = {0};
    struct errand x;
    struct run_watch w;
    int status = 0, close_status;
    bool ok;

    if (!errand_open(&x, argc, argv, "a run", 1, &status))
        return status;
    ok = run_watch_read(&x, &w, &x.e) && run_page_check(x.typed.args[0], &x.e) &&
         errand_ask(&x, "POST", NULL, &reply, "/api/v1/runs/{}/retry", x.typed.args[0]) &&
         run_watch(&x, &w, &reply, &status);
    run_watch_done(&w);
    client_reply_done(&reply);
    close_status = errand_close(&x, ok);
    return close_status ? close_status : status;
}
