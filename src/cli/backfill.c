// backfill.c - `belfry backfill`: runs past slots of a job; shows and cancels that.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"

#define SLOTS_SHOWN 10 // at each end of a list

static json_t *body_make(const struct errand *x, int64_t parallel, bool is_dry)
{
    const char *to = typed_value(&x->typed, "--to");
    json_t *body =
        json_pack("{s:s, s:I, s:b, s:b, s:b}", "from", typed_value(&x->typed, "--from"), "parallel",
                  (json_int_t)parallel, "dry_run", is_dry, "rerun", typed_has(&x->typed, "--rerun"),
                  "force", typed_has(&x->typed, "--force"));

    if (to)
        (void)json_object_set_new(body, "to", json_string(to));
    if (typed_has(&x->typed, "--newest-first"))
        (void)json_object_set_new(body, "order", json_string("newest"));
    return body;
}

static json_int_t number(const json_t *reply, const char *key)
{
    return json_integer_value(json_object_get(reply, key));
}

// The first and the last slots.
static void slots_list(struct errand *x, const json_t *reply)
{
    const json_t *slots = json_object_get(reply, "slots");
    size_t count = json_array_size(slots);

    for (size_t i = 0; i < count; i++) {
        if (i == SLOTS_SHOWN && count > 2 * SLOTS_SHOWN) {
            buf_printf(&x->out, "  ... %zu more ...\n", count - 2 * SLOTS_SHOWN);
            i = count - SLOTS_SHOWN;
        }
        buf_printf(&x->out, "  %s\n", json_string_value(json_array_get(slots, i)));
    }
}

static bool ask(struct errand *x, int64_t parallel, bool is_dry, struct client_reply *ret)
{
    json_t *body = body_make(x, parallel, is_dry);
    bool ok = errand_ask(x, "POST", body, ret, "/api/v1/jobs/{}/backfill", x->typed.args[0]);

    json_decref(body);
    return ok;
}

static void left_out_add(const json_t *reply, struct buf *out)
{
    if (number(reply, "left_out") > 0)
        buf_printf(out, " (%lld more have been run; --rerun runs them again)",
                   (long long)number(reply, "left_out"));
}

static bool confirm(struct errand *x, const json_t *reply)
{
    char question[200];

    snprintf(question, sizeof question, "Run %lld past slots of %.100s?",
             (long long)number(reply, "total"), x->typed.args[0]);
    return errand_confirm(x, question);
}

// First what it would be, then, when that is wanted, the thing itself.
static bool run_slots(struct errand *x, enum form form)
{
    struct client_reply dry = {0}, reply = {0};
    bool is_dry = typed_has(&x->typed, "--dry-run"), ok;
    int64_t parallel;

    if (!typed_value(&x->typed, "--from"))
        return fail(&x->e, ERR_USAGE, NULL, "--from is missing: the first moment");
    if (!typed_number(&x->typed, "--parallel", 1, 100, 1, &parallel, &x->e) ||
        !ask(x, parallel, true, &dry))
        return false;
    ok = is_dry || number(dry.json, "total") == 0 ||
         (confirm(x, dry.json) && ask(x, parallel, false, &reply));
    if (ok && form == FORM_JSON) {
        buf_add(&x->out, buf_str(reply.json ? &reply.text : &dry.text));
        buf_add_byte(&x->out, '\n');
    } else if (ok && reply.json) {
        buf_printf(&x->out, "backfill %lld: %lld runs of %s\n",
                   (long long)number(reply.json, "backfill_id"),
                   (long long)number(reply.json, "total"), x->typed.args[0]);
    } else if (ok) {
        buf_printf(&x->out, "%lld slots of %s would be run", (long long)number(dry.json, "total"),
                   x->typed.args[0]);
        left_out_add(dry.json, &x->out);
        buf_add_byte(&x->out, '\n');
        slots_list(x, dry.json);
    }
    client_reply_done(&dry);
    client_reply_done(&reply);
    return ok;
}

static void status_write(struct errand *x, const json_t *reply)
{
    const json_t *states = json_object_get(reply, "states"), *failed, *count;
    const char *state, *gap = "";
    size_t i;

    buf_printf(&x->out, "backfill %lld of %s: ", (long long)number(reply, "backfill_id"),
               item_text(reply, "job_id"));
    json_object_foreach((json_t *)(uintptr_t)states, state, count)
    {
        buf_printf(&x->out, "%s%lld %s", gap, (long long)json_integer_value(count), state);
        gap = ", ";
    }
    buf_printf(&x->out, "\n  slots %s to %s\n", item_text(reply, "first_slot"),
               item_text(reply, "last_slot"));
    json_array_foreach(json_object_get(reply, "failed"), i, failed)
        buf_printf(&x->out, "  run %lld ended badly\n", (long long)json_integer_value(failed));
}

static bool one(struct errand *x, enum form form, bool is_show)
{
    struct client_reply reply = {0};
    bool ok = errand_ask(x, is_show ? "GET" : "POST", NULL, &reply,
                         is_show ? "/api/v1/backfills/{}" : "/api/v1/backfills/{}/cancel",
                         x->typed.args[1]);

    if (ok && form == FORM_JSON) {
        buf_add(&x->out, buf_str(&reply.text));
        buf_add_byte(&x->out, '\n');
    } else if (ok && is_show) {
        status_write(x, reply.json);
    } else if (ok) {
        buf_printf(&x->out, "cancelled %lld runs\n", (long long)number(reply.json, "cancelled"));
    }
    client_reply_done(&reply);
    return ok;
}

int cmd_backfill(int argc, char **argv)
{
    struct errand x;
    enum form form;
    int status;
    bool ok, is_show, is_cancel;

    if (!errand_open(&x, argc, argv, "a job", 2, &status))
        return status;
    is_show = x.typed.arg_count == 2 && strcmp(x.typed.args[0], "show") == 0;
    is_cancel = x.typed.arg_count == 2 && strcmp(x.typed.args[0], "cancel") == 0;
    ok = form_read(&x.typed, &form, &x.e);
    if (ok && (is_show || is_cancel))
        ok = one(&x, form, is_show);
    else if (ok && x.typed.arg_count == 2)
        ok = fail(&x.e, ERR_USAGE, NULL, "\"%s\" is not understood", x.typed.args[1]);
    else if (ok)
        ok = run_slots(&x, form);
    return errand_close(&x, ok);
}
