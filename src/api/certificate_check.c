// certificate_check.c - a certificate check over HTTP, with all that it finds.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "net/tls_probe.h"
#include "net/tls_request.h"

enum {
    RESULT_MAX = 1 << 20,
};

static void checked(const struct tls_result *result, void *ctx);

static void complain(struct call *call, const struct err *e)
{
    struct str loc = STR_LIT("\"body\"");
    const char *field = e->field[0] ? e->field : "host";

    (void)model_complain_err(call->issues, model_loc(call->arena, loc, str_of(field)),
                             json_object_get(call->json, field), e);
    call_reply_issues(call);
}

void certificate_check_all(struct call *call)
{
    struct tls_target target;
    struct err e = {0};

    if (!call->api->o.prober) {
        call_reply_problem(call, &PROBLEM_NO_CHECKS);
        return;
    }
    if (!tls_request_read(call->json, NULL, &target, &e)) {
        complain(call, &e);
        return;
    }
    if (!tls_probe_start(call->api->o.prober, &target, NULL, &e, checked, call))
        call_reply_err(call, &e);
    tls_options_drop(target.options); // the probe holds them
}

// Without a certificate it is an error that has what is known all the same.
static void checked(const struct tls_result *result, void *ctx)
{
    struct call *call = ctx;
    struct problem problem;
    struct buf body;

    buf_init(&body, RESULT_MAX);
    tls_result_write(result, &body);
    if (result->leaf) {
        call_reply(call, 200, &body);
        return;
    }
    problem = problem_of(&result->error);
    problem.result = arena_copy(call->arena, buf_str(&body));
    buf_done(&body);
    call_reply_problem(call, &problem);
}
