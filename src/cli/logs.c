// logs.c - `belfry logs`: what a run wrote, or is writing.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"
#include "cli/run_log.h"
#include "cli/run_page.h"

enum {
    TAIL_MAX = 10000
};

// The run that was named: itself, or the last one of a job that has started.
static bool run_find(struct errand *x, const char *name, char *run_id, size_t size)
{
    struct client_reply reply;
    size_t i;
    json_t *run;

    if (run_page_is_number(name)) {
        snprintf(run_id, size, "%s", name);
        return true;
    }
    if (!errand_ask(x, "GET", NULL, &reply, "/api/v1/jobs/{}/runs?limit=100", name))
        return false;
    run_id[0] = '\0';
    json_array_foreach(json_object_get(reply.json, "runs"), i, run)
    {
        if (!item_text(run, "started_at")[0])
            continue;
        snprintf(run_id, size, "%lld",
                 (long long)json_integer_value(json_object_get(run, "run_id")));
        break;
    }
    client_reply_done(&reply);
    return run_id[0] || fail(&x->e, ERR_NOT_FOUND, NULL, "%s has not run yet", name);
}

int cmd_logs(int argc, char **argv)
{
    struct run_log_wish wish = {.tail = -1};
    struct errand x;
    char run_id[64];
    bool is_whole, ok;
    int status;

    if (!errand_open(&x, argc, argv, "a run or a job", 1, &status))
        return status;
    wish.is_following = typed_has(&x.typed, "--follow");
    wish.is_stderr_only = typed_has(&x.typed, "--stderr");
    wish.has_times = typed_has(&x.typed, "--timestamps");
    ok = typed_number(&x.typed, "--tail", 0, TAIL_MAX, -1, &wish.tail, &x.e) &&
         run_find(&x, x.typed.args[0], run_id, sizeof run_id) &&
         run_log_print(&x, run_id, &wish, -1, &is_whole);
    return errand_close(&x, ok);
}
