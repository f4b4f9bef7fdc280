// status.c - `belfry status`: the service at a glance.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdlib.h>

#include "cli/errand.h"
#include "cli/listing.h"

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void page_write(struct errand *x, const json_t *s)
{
    const json_t *runs = json_object_get(s, "runs"), *store = json_object_get(s, "store");
    const char *failure = item_text(s, "failure"), *broken = item_text(store, "failure");
    struct buf *out = &x->out;

    buf_printf(out, "belfry %s at %s", item_text(s, "version"), client_server(x->client));
    if (number(s, "nodes") > 1)
        buf_printf(out, ", node %s of %lld", item_text(s, "node"), (long long)number(s, "nodes"));
    buf_add_byte(out, '\n');
    buf_printf(out, "jobs   %lld, %lld paused, %lld running", (long long)number(s, "jobs"),
               (long long)number(s, "paused"), (long long)number(s, "running"));
    if (number(s, "quarantined") > 0)
        buf_printf(out, ", %lld unusable", (long long)number(s, "quarantined"));
    buf_printf(out,
               "\nruns   %lld finished, %lld skipped, %lld missed since the start; latest start "
               "%lldms late\n",
               (long long)number(runs, "finished"), (long long)number(runs, "skipped"),
               (long long)number(runs, "missed"), (long long)number(runs, "late_max_ms"));
    buf_printf(out, "store  %lld writes, %lld waiting\n", (long long)number(store, "writes"),
               (long long)number(store, "waiting"));
    enum tone tone = failure[0] || broken[0] ? TONE_BAD : TONE_GOOD;

    buf_add_text(out, "state  ");
    buf_add_text(out, screen_icon(&x->screen, tone));
    screen_paint(&x->screen, tone,
                 str_of(failure[0]  ? failure
                        : broken[0] ? broken
                                    : "healthy"),
                 out);
    buf_add_byte(out, '\n');
}

int cmd_status(int argc, char **argv)
{
    struct client_reply reply = {0};
    struct errand x;
    enum form form;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, NULL, 0, &status))
        return status;
    ok = form_read(&x.typed, &form, &x.e) && errand_ask(&x, "GET", NULL, &reply, "/api/v1/status");
    if (ok && form == FORM_JSON) {
        buf_add(&x.out, buf_str(&reply.text));
        buf_add_byte(&x.out, '\n');
    } else if (ok) {
        page_write(&x, reply.json);
    }
    client_reply_done(&reply);
    return errand_close(&x, ok);
}
