// show.c - `belfry show`: everything about one job.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"
#include "cli/run_list.h"
#include "cli/value.h"

enum {
    LABEL_COLUMNS = 15
};

// Members that the page tells in other words, or that nobody reads.
static const char *const told[] = {"job_id",  "run_frequency", "next_run",   "next_run_at", "words",
                                   "trigger", "created_at",    "updated_at", "version",     "state",
                                   "running", "last_run",      "defaults"};

static bool is_told(const char *key)
{
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (strcmp(key, told[i]) == 0)
            return true;
    return false;
}

static void label_write(const char *key, struct buf *out)
{
    buf_printf(out, "  %s", key);
    for (size_t i = strlen(key); i < LABEL_COLUMNS; i++)
        buf_add_byte(out, ' ');
    buf_add_byte(out, ' ');
}

static void line_write(const char *key, const char *text, struct buf *out)
{
    label_write(key, out);
    buf_printf(out, "%s\n", text);
}

// "2026-11-22 04:49:33+01:00 (5m ago)"
static void moment_write(const struct errand *x, const char *key, const json_t *object,
                         const char *member, struct buf *out)
{
    wall at;

    if (!item_moment(object, member, &at))
        return;
    label_write(key, out);
    screen_moment(&x->screen, at, out);
    buf_add_text(out, at.us > x->screen.now.us ? " (in " : " (");
    screen_distance(&x->screen, at, out);
    buf_add_text(out, ")\n");
}

// Whether the job says nothing of that policy itself.
static bool is_default(const json_t *job, const char *key)
{
    const json_t *names = json_object_get(job, "defaults"), *name;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)names, i,
                       name) if (strcmp(json_string_value(name), key) == 0) return true;
    return false;
}

static void member_write(const json_t *job, const char *key, const json_t *value, struct buf *out)
{
    if (value_is_empty(value))
        return;
    label_write(key, out);
    value_write(value, out);
    buf_add_text(out, is_default(job, key) ? "  (default)\n" : "\n");
}

static void job_write(struct errand *x, const json_t *job)
{
    struct buf *out = &x->out;
    const char *state = item_text(job, "state"), *key;
    json_int_t running = json_integer_value(json_object_get(job, "running"));
    enum tone tone = strcmp(state, "quarantined") == 0 ? TONE_BAD
                     : strcmp(state, "paused") == 0    ? TONE_HELD
                     : running > 0                     ? TONE_BUSY
                                                       : TONE_NONE;
    json_t *value;

    buf_printf(out, "%s\n", item_text(job, "job_id"));
    line_write("schedule", item_text(job, "words"), out);
    label_write("state", out);
    buf_add_text(out, screen_icon(&x->screen, tone));
    screen_paint(&x->screen, tone, str_of(state), out);
    if (running > 0)
        buf_printf(out, ", %lld running", (long long)running);
    buf_add_byte(out, '\n');
    moment_write(x, "next run", job, "next_run_at", out);
    json_object_foreach((json_t *)(uintptr_t)job, key, value) if (!is_told(key))
        member_write(job, key, value, out);
    moment_write(x, "created", job, "created_at", out);
    moment_write(x, "changed", job, "updated_at", out);
    buf_printf(out, "  %-*s %lld\n", LABEL_COLUMNS, "version",
               (long long)json_integer_value(json_object_get(job, "version")));
}

static void note_write(const json_t *slot, struct buf *out)
{
    const char *note = item_text(slot, "note"), *held = item_held(slot);

    if (note[0])
        buf_printf(out, "  %s", note);
    if (held[0])
        buf_printf(out, "  held: %s", held);
    buf_add_byte(out, '\n');
}

static void next_write(struct errand *x, const json_t *next)
{
    const json_t *slots = json_object_get(next, "next");
    struct buf *out = &x->out;
    wall at;
    size_t i;
    json_t *slot;

    if (json_array_size(slots) > 0)
        buf_add_text(out, "\nnext\n");
    json_array_foreach(slots, i, slot)
    {
        if (!item_moment(slot, "at", &at) && !item_moment(slot, "utc", &at))
            continue;
        size_t from = out->len;

        buf_add_text(out, "  ");
        screen_moment(&x->screen, at, out);
        while (out->len - from < 20)
            buf_add_byte(out, ' ');
        buf_add_text(out, at.us > x->screen.now.us ? " in " : " ");
        screen_distance(&x->screen, at, out);
        note_write(slot, out);
    }
}

static bool page_write(struct errand *x, const char *id, const json_t *job)
{
    struct client_reply next = {0}, runs = {0};
    struct screen narrow = x->screen;
    bool ok = true;

    job_write(x, job);
    if (json_is_object(json_object_get(job, "trigger")))
        ok = errand_ask(x, "GET", NULL, &next, "/api/v1/jobs/{}/next?n=5", id);
    ok = ok && errand_ask(x, "GET", NULL, &runs, "/api/v1/jobs/{}/runs?limit=5", id);
    if (ok) {
        next_write(x, next.json);
        if (json_array_size(json_object_get(runs.json, "runs")) > 0) {
            buf_add_text(&x->out, "\nlast runs\n");
            ok = listing_write(&job_run_listing, &x->typed, FORM_TABLE, &narrow, runs.json, &x->out,
                               &x->e);
        }
    }
    client_reply_done(&next);
    client_reply_done(&runs);
    return ok;
}

int cmd_show(int argc, char **argv)
{
    struct client_reply reply = {0};
    struct errand x;
    enum form form;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, "a job", 1, &status))
        return status;
    ok = form_read(&x.typed, &form, &x.e) &&
         errand_ask(&x, "GET", NULL, &reply, "/api/v1/jobs/{}", x.typed.args[0]);
    if (ok && form == FORM_JSON) {
        buf_add(&x.out, buf_str(&reply.text));
        buf_add_byte(&x.out, '\n');
    } else if (ok) {
        ok = page_write(&x, x.typed.args[0], reply.json);
    }
    client_reply_done(&reply);
    return errand_close(&x, ok);
}
