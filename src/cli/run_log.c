// run_log.c - reads lines of a run's output from the server, at once or as events.
// SPDX-License-Identifier: Apache-2.0
#include "cli/run_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/listing.h"
#include "cli/sse_reader.h"

enum {
    LINE_MAX_BYTES = 4 << 20
};

struct reading {
    struct errand *x;
    struct run_log_wish *wish;
    struct sse_reader events; // when it is followed
    struct buf line;          // otherwise: a line of JSON that has begun
    bool has_ended;           // the server said so
};

// ---- one line ----

static void time_print(const struct errand *x, const json_t *line, FILE *to)
{
    struct buf text;
    wall at;

    if (!item_moment(line, "at", &at))
        return;
    buf_init(&text, 64);
    screen_moment(&x->screen, at, &text);
    fprintf(to, "%s ", buf_text(&text));
    buf_done(&text);
}

static void line_print(struct reading *r, const json_t *line)
{
    const json_t *text = json_object_get(line, "text");
    json_int_t missing = json_integer_value(json_object_get(line, "missing"));
    bool is_err = strcmp(item_text(line, "stream"), "stderr") == 0;
    FILE *to = is_err ? stderr : stdout, *other = is_err ? stdout : stderr;

    r->wish->offset = json_integer_value(json_object_get(line, "offset"));
    fflush(other); // the order in which they came
    if (missing > 0)
        errand_say(r->x, "... %lld bytes are left out ...", (long long)missing);
    if (!text)
        return;
    if (r->wish->has_times)
        time_print(r->x, line, to);
    fwrite(json_string_value(text), 1, json_string_length(text), to);
    if (!json_is_true(json_object_get(line, "partial")))
        fputc('\n', to);
}

static void json_print(struct reading *r, struct str text)
{
    json_t *line = json_loadb(text.p ? text.p : "", text.len, JSON_ALLOW_NUL, NULL);

    if (line)
        line_print(r, line);
    json_decref(line);
}

// ---- many ----

static bool event_came(const struct sse_event *event, void *ctx)
{
    struct reading *r = ctx;

    r->has_ended = str_eq(event->name, STR_LIT("end"));
    if (str_eq(event->name, STR_LIT("line")))
        json_print(r, event->data);
    return !r->has_ended;
}

static bool events_came(struct str data, void *ctx)
{
    struct reading *r = ctx;
    bool goes_on = sse_reader_feed(&r->events, data);

    fflush(stdout);
    return goes_on && !ferror(stdout);
}

static bool lines_came(struct str data, void *ctx)
{
    struct reading *r = ctx;

    for (size_t i = 0; i < data.len; i++) {
        if (data.p[i] != '\n') {
            buf_add_byte(&r->line, data.p[i]);
            continue;
        }
        json_print(r, buf_str(&r->line));
        buf_clear(&r->line);
    }
    return !ferror(stdout);
}

static void path_make(const char *run_id, const struct run_log_wish *wish, struct buf *path)
{
    char number[32];

    errand_path(path,
                wish->is_following ? "/api/v1/runs/{}/log/stream?"
                                   : "/api/v1/runs/{}/log?format=ndjson&",
                run_id);
    if (wish->is_stderr_only)
        errand_path(path, "stream=stderr&");
    if (wish->offset > 0) {
        snprintf(number, sizeof number, "%lld", (long long)wish->offset);
        errand_path(path, "offset={}", number);
    } else if (wish->tail >= 0) {
        snprintf(number, sizeof number, "%lld", (long long)wish->tail);
        errand_path(path, "tail={}", number);
    }
}

bool run_log_print(struct errand *x, const char *run_id, struct run_log_wish *wish, int stop_fd,
                   bool *ret_is_whole)
{
    struct reading r = {.x = x, .wish = wish};
    struct buf path;
    bool is_over = false, ok;

    buf_init(&path, 1024);
    buf_init(&r.line, LINE_MAX_BYTES);
    sse_reader_init(&r.events, LINE_MAX_BYTES, event_came, &r);
    path_make(run_id, wish, &path);
    struct client_reader reader = {.data = wish->is_following ? events_came : lines_came,
                                   .ctx = &r,
                                   .stop_fd = stop_fd,
                                   .limit_ms = wish->limit_ms};

    ok = client_follow(x->client, buf_text(&path), &reader, &is_over, &x->e);
    fflush(stdout);
    if (ok && wish->is_following && is_over && !r.has_ended)
        ok = fail(&x->e, ERR_NO_SERVER, NULL, "the server at %s has ended the stream",
                  client_server(x->client));
    *ret_is_whole = wish->is_following ? r.has_ended : is_over;
    sse_reader_done(&r.events);
    buf_done(&r.line);
    buf_done(&path);
    return ok;
}
