// run_list.c - the columns of runs.
// SPDX-License-Identifier: Apache-2.0
#include "cli/run_list.h"

#include <string.h>

enum tone run_tone(const char *state)
{
    static const struct {
        const char *state;
        enum tone tone;
    } rows[] = {{"succeeded", TONE_GOOD}, {"failed", TONE_BAD},    {"timed_out", TONE_BAD},
                {"lost", TONE_BAD},       {"running", TONE_BUSY},  {"queued", TONE_DIM},
                {"waiting", TONE_DIM},    {"skipped", TONE_HELD},  {"cancelled", TONE_HELD},
                {"missed", TONE_HELD},    {"orphaned", TONE_BUSY}, {"coalesced", TONE_HELD}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(state, rows[i].state) == 0)
            return rows[i].tone;
    return TONE_NONE;
}

static void id_write(const json_t *item, const struct screen *screen, struct buf *out,
                     enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_printf(out, "%lld", (long long)json_integer_value(json_object_get(item, "run_id")));
}

static void job_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "job_id"));
}

static void state_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    (void)screen;
    *ret_tone = run_tone(item_text(item, "state"));
    buf_add_text(out, item_text(item, "state"));
}

static void moment_write(const json_t *item, const char *key, const struct screen *screen,
                         struct buf *out)
{
    wall at;

    if (item_moment(item, key, &at))
        screen_moment(screen, at, out);
}

static void slot_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)ret_tone;
    moment_write(item, "scheduled_at", screen, out);
}

static void started_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    (void)ret_tone;
    moment_write(item, "started_at", screen, out);
}

static void when_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (item_moment(item, "started_at", &at) || item_moment(item, "scheduled_at", &at))
        screen_distance(screen, at, out);
}

static void took_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    const json_t *ms = json_object_get(item, "duration_ms");
    wall at;

    (void)ret_tone;
    if (json_is_integer(ms))
        screen_took(json_integer_value(ms), out);
    else if (item_moment(item, "started_at", &at) && !item_text(item, "finished_at")[0])
        screen_took(screen->now.us > at.us ? (screen->now.us - at.us) / 1000 : 0, out);
}

static void attempt_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    json_int_t attempt = json_integer_value(json_object_get(item, "attempt"));

    (void)screen, (void)ret_tone;
    if (attempt > 0)
        buf_printf(out, "%lld", (long long)attempt);
}

static void exit_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    const json_t *code = json_object_get(item, "exit_code");
    const json_t *signal = json_object_get(item, "signal");

    (void)screen, (void)ret_tone;
    if (json_is_integer(signal))
        buf_printf(out, "signal %lld", (long long)json_integer_value(signal));
    else if (json_is_integer(code))
        buf_printf(out, "%lld", (long long)json_integer_value(code));
}

static void origin_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "origin"));
}

static void remark_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    const char *message = item_text(item, "message"), *words = item_text(item, "reason_text");

    (void)screen, (void)ret_tone;
    if (message[0])
        buf_add_text(out, message);
    else
        buf_add_text(out, words[0] ? words : item_text(item, "reason"));
}

#define RUN_COLUMNS                                                            \
    {{.title = "STATE"}, false, state_write},                                  \
        {{.title = "SCHEDULED", .rank = 1}, false, slot_write},                \
        {{.title = "STARTED", .rank = 6}, true, started_write},                \
        {{.title = "WHEN", .rank = 4}, false, when_write},                     \
        {{.title = "TOOK", .rank = 3, .is_right = true}, false, took_write},   \
        {{.title = "EXIT", .rank = 5, .is_right = true}, false, exit_write},   \
        {{.title = "TRY", .rank = 6, .is_right = true}, true, attempt_write},  \
        {{.title = "ORIGIN", .rank = 5}, false, origin_write},                 \
    {                                                                          \
        {.title = "REMARK", .rank = 2, .may_break = true}, false, remark_write \
    }

static const struct listing_column columns[] = {
    {{.title = "RUN"}, false, id_write},
    {{.title = "JOB", .may_break = true}, false, job_write},
    RUN_COLUMNS,
};

static const struct listing_column job_columns[] = {
    {{.title = "RUN"}, false, id_write},
    RUN_COLUMNS,
};

const struct listing run_listing = {"runs", "run_id", columns, sizeof columns / sizeof *columns};
const struct listing job_run_listing = {"runs", "run_id", job_columns,
                                        sizeof job_columns / sizeof *job_columns};

void run_words(const json_t *run, struct buf *out)
{
    const char *state = item_text(run, "state"), *message = item_text(run, "message");
    const json_t *ms = json_object_get(run, "duration_ms");

    buf_add_text(out, strcmp(state, "timed_out") == 0 ? "timed out" : state);
    if (json_is_integer(ms)) {
        buf_add_text(out, strcmp(state, "succeeded") == 0 ? " in " : " after ");
        screen_took(json_integer_value(ms), out);
    }
    if (message[0])
        buf_printf(out, ": %s", message);
}
