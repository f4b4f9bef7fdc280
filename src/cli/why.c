// why.c - `belfry why`: what became of a moment of a job.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "cli/errand.h"
#include "cli/listing.h"

// The words behind the job are one time: yesterday 02:00.
static void time_join(const struct typed *typed, struct buf *at)
{
    for (int i = 1; i < typed->arg_count; i++) {
        buf_add_text(at, i > 1 ? " " : "");
        buf_add_text(at, typed->args[i]);
    }
}

int cmd_why(int argc, char **argv)
{
    struct client_reply reply = {0};
    struct errand x;
    enum form form;
    struct buf at;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, "a job", 3, &status))
        return status;
    buf_init(&at, 1024);
    time_join(&x.typed, &at);
    ok = form_read(&x.typed, &form, &x.e) &&
         errand_ask(&x, "GET", NULL, &reply, "/api/v1/jobs/{}/why?at={}", x.typed.args[0],
                    buf_text(&at));
    if (ok && form == FORM_JSON) {
        buf_add(&x.out, buf_str(&reply.text));
        buf_add_byte(&x.out, '\n');
    } else if (ok) {
        buf_add_text(&x.out, item_text(reply.json, "text"));
        if (json_is_true(json_object_get(reply.json, "more")))
            buf_add_text(&x.out, "and more: ask for a shorter time\n");
    }
    buf_done(&at);
    client_reply_done(&reply);
    return errand_close(&x, ok);
}
