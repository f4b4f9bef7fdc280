// run.c - `belfry run`: starts a run now, and waits for it when asked to.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "cli/errand.h"
#include "cli/run_page.h"
#include "cli/run_watch.h"

static void text_add(const struct errand *x, const char *option, const char *member, json_t *body)
{
    const char *text = typed_value(&x->typed, option);

    if (text)
        json_object_set_new(body, member, json_string(text));
}

// What the API takes of a run; NULL when there is nothing to say.
static json_t *body_make(const struct errand *x)
{
    json_t *body = json_object();

    if (typed_has(&x->typed, "--force"))
        json_object_set_new(body, "force", json_true());
    text_add(x, "--delay", "delay", body);
    text_add(x, "--at", "scheduled_for", body);
    text_add(x, "--overlap", "overlap", body);
    if (x->typed.arg_count > 1 || x->typed.rest) {
        json_t *args = json_array();

        for (int i = 1; i < x->typed.arg_count; i++)
            json_array_append_new(args, json_string(x->typed.args[i]));
        for (int i = 0; i < x->typed.rest_count; i++)
            json_array_append_new(args, json_string(x->typed.rest[i]));
        json_object_set_new(body, "args", args);
    }
    if (json_object_size(body) > 0)
        return body;
    json_decref(body);
    return NULL;
}

static bool start(struct errand *x, struct client_reply *reply)
{
    const char *key = typed_value(&x->typed, "--key");
    json_t *body = body_make(x);
    bool ok;

    if (key)
        client_header(x->client, "idempotency-key", key);
    ok = errand_ask(x, "POST", body, reply, "/api/v1/jobs/{}/runs", x->typed.args[0]);
    json_decref(body);
    return ok;
}

int cmd_run(int argc, char **argv)
{
    struct client_reply reply = {0};
    struct errand x;
    struct run_watch w;
    int status = 0, close_status;
    bool ok;

    if (run_page_is_meant(argc, argv))
        return run_page(argc, argv);
    if (!errand_open(&x, argc, argv, "a job", argc, &status))
        return status;
    ok = run_watch_read(&x, &w, &x.e) && start(&x, &reply) && run_watch(&x, &w, &reply, &status);
    run_watch_done(&w);
    client_reply_done(&reply);
    close_status = errand_close(&x, ok);
    return close_status ? close_status : status;
}
