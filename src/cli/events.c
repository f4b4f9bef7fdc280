// events.c - `belfry events`: a line for each thing that happens, as it happens.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"
#include "cli/run_list.h"
#include "cli/sse_reader.h"

enum {
    EVENT_MAX_BYTES = 64 << 10,
    TYPE_COLUMNS = 18,
    JOB_COLUMNS = 20
};

struct watch {
    struct errand *x;
    struct sse_reader reader;
    enum form form;
    int64_t left; // events still to be printed; 0: no end
};

static void padded_write(struct buf *out, const char *text, size_t columns)
{
    buf_add_text(out, text);
    for (size_t i = strlen(text); i < columns; i++)
        buf_add_byte(out, ' ');
    buf_add_byte(out, ' ');
}

// What is told of an event behind its name and job.
static void details_write(const struct screen *screen, const json_t *event, struct buf *out)
{
    const json_t *run = json_object_get(event, "run_id"),
                 *ms = json_object_get(event, "duration_ms");
    const char *state = item_text(event, "state"), *reason = item_text(event, "reason");
    const char *message = item_text(event, "message");

    if (run)
        buf_printf(out, " run %lld", (long long)json_integer_value(run));
    if (state[0]) {
        buf_add_byte(out, ' ');
        screen_paint(screen, run_tone(state), str_of(state), out);
    }
    if (json_is_integer(ms)) {
        buf_add_byte(out, ' ');
        screen_took(json_integer_value(ms), out);
    }
    if (reason[0])
        buf_printf(out, " (%s)", reason);
    if (message[0])
        buf_printf(out, ": %s", message);
}

static void line_write(struct watch *w, const json_t *event)
{
    struct buf *out = &w->x->out;
    wall at;

    w->x->screen.now = clock_wall(clock_real());
    if (item_moment(event, "at", &at))
        screen_moment(&w->x->screen, at, out);
    buf_add_text(out, "  ");
    padded_write(out, item_text(event, "type"), TYPE_COLUMNS);
    padded_write(out, item_text(event, "job_id"), JOB_COLUMNS);
    details_write(&w->x->screen, event, out);
    while (out->len > 0 && out->p[out->len - 1] == ' ')
        out->len--;
    buf_add_byte(out, '\n');
}

static bool event_came(const struct sse_event *event, void *ctx)
{
    struct watch *w = ctx;
    json_t *json =
        json_loadb(event->data.p ? event->data.p : "", event->data.len, JSON_ALLOW_NUL, NULL);

    if (json && w->form <= FORM_WIDE) {
        line_write(w, json);
    } else if (json) {
        buf_add(&w->x->out, event->data);
        buf_add_byte(&w->x->out, '\n');
    }
    json_decref(json);
    return screen_print(&w->x->out) && (w->left == 0 || --w->left > 0);
}

static bool data_came(struct str data, void *ctx)
{
    struct watch *w = ctx;

    return sse_reader_feed(&w->reader, data);
}

static void path_make(const struct errand *x, struct buf *path)
{
    const char *topics = typed_value(&x->typed, "--topics");
    const char *job = x->typed.arg_count > 0 ? x->typed.args[0] : NULL;
    const char *after = typed_value(&x->typed, "--after");

    errand_path(path, "/api/v1/events?topics={}", topics ? topics : "");
    if (job)
        errand_path(path, "&job_id={}", job);
    if (after)
        errand_path(path, "&after={}", after);
}

static bool watch_run(struct watch *w, struct errand *x)
{
    struct buf path;
    bool is_over = false, ok;

    buf_init(&path, 8192);
    path_make(x, &path);
    struct client_reader reader = {.data = data_came, .ctx = w, .stop_fd = -1};

    ok = client_follow(x->client, buf_text(&path), &reader, &is_over, &x->e);
    buf_done(&path);
    if (!ok || !is_over)
        return ok;
    return fail(&x->e, ERR_NO_SERVER, NULL, "the server at %s has ended the stream",
                client_server(x->client));
}

int cmd_events(int argc, char **argv)
{
    struct errand x;
    struct watch w = {.x = &x};
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, NULL, 1, &status))
        return status;
    sse_reader_init(&w.reader, EVENT_MAX_BYTES, event_came, &w);
    ok = form_read(&x.typed, &w.form, &x.e) &&
         typed_number(&x.typed, "--count", 1, 1000000000, 0, &w.left, &x.e) && watch_run(&w, &x);
    sse_reader_done(&w.reader);
    return errand_close(&x, ok);
}
