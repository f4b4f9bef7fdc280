// pings.c - pings of jobs that run elsewhere, at the paths that Healthchecks' clients know.
//
// The reply is a text, "OK" when the ping is durable; pings are sent by curl at the end of a
// script, and nobody reads more.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/models.h"

static void pinged(const struct err *err, void *ctx)
{
    struct call *call = ctx;

    if (!err)
        call_reply_plain(call, 200, "OK");
    else if (err->code == ERR_NOT_FOUND)
        call_reply_plain(call, 404, "not found");
    else if (err->code == ERR_RATE)
        call_reply_plain(call, 429, "rate limited");
    else if (err->code == ERR_MOVED)
        call_reply_err(call, err);
    else
        call_reply_plain(call, 503, "try again later");
}

static void ping(struct call *call, enum ping_kind kind, int exit_code)
{
    const struct ping_params *params = call->params;
    const struct ping_query *query = call->query;
    const struct ping ping = {
        .kind = kind, .exit_code = exit_code, .rid = query->rid, .body = call->r->body};

    sched_ping(call->api->o.sched, params->key, &ping, pinged, call);
}

void ping_success(struct call *call)
{
    ping(call, PING_SUCCESS, 0);
}

// start, fail, log, or an exit code.
void ping_other(struct call *call)
{
    const struct ping_params *params = call->params;
    int64_t code;

    if (str_eq(params->what, STR_LIT("start")))
        ping(call, PING_START, 0);
    else if (str_eq(params->what, STR_LIT("fail")))
        ping(call, PING_FAIL, 0);
    else if (str_eq(params->what, STR_LIT("log")))
        ping(call, PING_LOG, 0);
    else if (str_to_int(params->what, &code) && code >= 0 && code <= 255)
        ping(call, PING_EXIT, (int)code);
    else
        call_reply_plain(call, 404, "not found");
}
