// job_told.c - tells what a job has become.
// SPDX-License-Identifier: Apache-2.0
#include "cli/job_told.h"

#include <string.h>

#include "cli/listing.h"

#define TOLD_MAX 3

// The first three that nothing keeps from being run.
static void next_write(struct errand *x, const json_t *slots)
{
    size_t i;
    json_t *slot;
    wall at;
    int told = 0;

    json_array_foreach(slots, i, slot)
    {
        if (told == TOLD_MAX || item_held(slot)[0] || !item_moment(slot, "at", &at))
            continue;
        buf_add_text(&x->out, told++ == 0 ? "next: " : ", ");
        screen_moment(&x->screen, at, &x->out);
    }
    if (told > 0)
        buf_add_byte(&x->out, '\n');
}

bool job_told(struct errand *x, const struct client_reply *reply, const char *did)
{
    const json_t *job = reply->json, *warnings = json_object_get(job, "warnings");
    struct client_reply next;
    enum form form;
    size_t i;
    json_t *warning;

    if (!form_read(&x->typed, &form, &x->e))
        return false;
    json_array_foreach(warnings, i, warning)
        errand_say(x, "warning: %s", json_string_value(warning));
    if (form == FORM_JSON) {
        buf_add(&x->out, buf_str(&reply->text));
        buf_add_byte(&x->out, '\n');
        return true;
    }
    buf_printf(&x->out, "%s %s: %s\n", did, item_text(job, "job_id"), item_text(job, "words"));
    if (strcmp(item_text(job, "state"), "scheduled") != 0) {
        buf_printf(&x->out, "it is %s\n", item_text(job, "state"));
        return true;
    }
    if (!errand_ask(x, "GET", NULL, &next, "/api/v1/jobs/{}/next?n=50", item_text(job, "job_id")))
        return strcmp(x->e.field, "job_not_found") == 0; // its single date is over already
    next_write(x, json_object_get(next.json, "next"));
    client_reply_done(&next);
    return true;
}
