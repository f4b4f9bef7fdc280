// ls.c - `belfry ls`: the jobs, what runs next, how the last run ended.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"
#include "cli/run_list.h"

static void next_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (item_moment(item, "next_run_at", &at))
        screen_moment(screen, at, out);
}

static void left_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (!item_moment(item, "next_run_at", &at))
        return;
    if (at.us <= screen->now.us)
        buf_add_text(out, "now");
    else
        screen_distance(screen, at, out);
}

static void last_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    const json_t *last = json_object_get(item, "last_run");
    wall at;

    (void)ret_tone;
    if (!item_moment(last, "started_at", &at) && !item_moment(last, "scheduled_at", &at))
        return;
    if (screen->is_terminal)
        screen_distance(screen, at, out);
    else
        screen_moment(screen, at, out);
}

static void took_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    const json_t *ms = json_object_get(json_object_get(item, "last_run"), "duration_ms");

    (void)screen, (void)ret_tone;
    if (json_is_integer(ms))
        screen_took(json_integer_value(ms), out);
}

// One word for how a job stands: what it does now, what holds it, or how its last run ended.
static void state_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    const char *state = item_text(item, "state");
    const char *last = item_text(json_object_get(item, "last_run"), "state");

    (void)screen;
    if (strcmp(state, "quarantined") == 0) {
        *ret_tone = TONE_BAD;
        buf_add_text(out, "unusable");
    } else if (json_integer_value(json_object_get(item, "running")) > 0) {
        *ret_tone = TONE_BUSY;
        buf_add_text(out, "running");
    } else if (strcmp(state, "paused") == 0) {
        *ret_tone = TONE_HELD;
        buf_add_text(out, state);
    } else if (strcmp(last, "succeeded") == 0) {
        *ret_tone = TONE_GOOD;
        buf_add_text(out, strcmp(state, "ended") == 0 ? "ended" : "ok");
    } else if (last[0]) {
        *ret_tone = run_tone(last);
        buf_add_text(out, last);
    } else {
        *ret_tone = TONE_DIM;
        buf_add_text(out, state);
    }
}

static void job_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "job_id"));
}

static void schedule_write(const json_t *item, const struct screen *screen, struct buf *out,
                           enum tone *ret_tone)
{
    const char *words = item_text(item, "words");

    (void)screen, (void)ret_tone;
    buf_add_text(out, words[0] ? words : item_text(item, "run_frequency"));
}

static void tags_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    size_t i;
    json_t *tag;

    (void)screen, (void)ret_tone;
    json_array_foreach(json_object_get(item, "tags"), i, tag)
    {
        buf_add_text(out, i > 0 ? "," : "");
        buf_add_text(out, json_string_value(tag));
    }
}

static void kind_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "kind"));
}

static void target_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "target"));
}

static const struct listing_column columns[] = {
    {{.title = "NEXT", .rank = 3}, false, next_write},
    {{.title = "LEFT", .rank = 2}, false, left_write},
    {{.title = "LAST", .rank = 4}, false, last_write},
    {{.title = "TOOK", .rank = 5, .is_right = true}, false, took_write},
    {{.title = "STATE"}, false, state_write},
    {{.title = "JOB", .may_break = true}, false, job_write},
    {{.title = "SCHEDULE", .rank = 4, .may_break = true}, false, schedule_write},
    {{.title = "TAGS", .rank = 5, .may_break = true}, false, tags_write},
    {{.title = "KIND", .rank = 6}, true, kind_write},
    {{.title = "TARGET", .rank = 6, .may_break = true}, true, target_write},
};

static const struct listing jobs = {"jobs", "job_id", columns, sizeof columns / sizeof *columns};

static const char *const filters[][2] = {
    {"--state", "&state={}"}, {"--tag", "&tag={}"}, {"--kind", "&kind={}"}};

#define FILTER_COUNT (sizeof filters / sizeof *filters)

static bool is_filtered(const struct errand *x)
{
    for (size_t i = 0; i < FILTER_COUNT; i++)
        if (typed_has(&x->typed, filters[i][0]))
            return true;
    return false;
}

// "3 jobs · 1 failing · 1 paused", for a person.
static void sum_write(const struct errand *x, const json_t *reply)
{
    const json_t *items = json_object_get(reply, "jobs");
    size_t failing = 0, paused = 0, i;
    const char *worst = NULL;
    json_t *item;

    json_array_foreach(items, i, item)
    {
        const char *last = item_text(json_object_get(item, "last_run"), "state");
        bool is_failing = last[0] && run_tone(last) == TONE_BAD;

        failing += is_failing;
        paused += strcmp(item_text(item, "state"), "paused") == 0;
        if (is_failing && !worst)
            worst = item_text(item, "job_id");
    }
    if (json_array_size(items) == 0) {
        errand_say(x, "no jobs%s",
                   is_filtered(x) ? " of that kind"
                                  : "; `belfry add --help` tells "
                                    "how to make one");
        return;
    }
    if (!x->screen.is_terminal)
        return;
    char held[32] = "", broken[160] = "";

    if (paused > 0)
        snprintf(held, sizeof held, ", %zu paused", paused);
    if (failing > 0)
        snprintf(broken, sizeof broken, ", %zu failing: try belfry logs %.100s", failing, worst);
    errand_say(x, "%zu job%s%s%s", json_array_size(items), json_array_size(items) == 1 ? "" : "s",
               held, broken);
}

// The path of a page, with {} for where it begins.
static void pattern_make(const struct errand *x, struct buf *pattern)
{
    buf_add_text(pattern, "/api/v1/jobs?limit=1000&expand=words,last_run&cursor={}");
    for (size_t i = 0; i < FILTER_COUNT; i++)
        if (typed_has(&x->typed, filters[i][0]))
            errand_path(pattern, filters[i][1], typed_value(&x->typed, filters[i][0]));
}

// Asks page after page; *ret_all is one reply with all jobs, to be ended with json_decref.
static bool jobs_ask(struct errand *x, json_t **ret_all)
{
    json_t *all = json_pack("{sis[]}", "total", 0, "jobs");
    char *cursor = NULL;
    struct client_reply reply;
    struct buf pattern;
    bool ok;

    buf_init(&pattern, 64 << 10);
    pattern_make(x, &pattern);
    do {
        ok = errand_ask(x, "GET", NULL, &reply, buf_text(&pattern), cursor ? cursor : "");
        free(cursor);
        cursor = NULL;
        if (!ok)
            break;
        const char *next = json_string_value(json_object_get(reply.json, "next_cursor"));

        cursor = next ? str_own(str_of(next)) : NULL;
        json_array_extend(json_object_get(all, "jobs"), json_object_get(reply.json, "jobs"));
        json_object_set(all, "total", json_object_get(reply.json, "total"));
        client_reply_done(&reply);
    } while (cursor);
    buf_done(&pattern);
    *ret_all = all;
    return ok;
}

int cmd_ls(int argc, char **argv)
{
    json_t *all = NULL;
    struct errand x;
    enum form form;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, NULL, 0, &status))
        return status;
    ok = form_read(&x.typed, &form, &x.e) && jobs_ask(&x, &all) &&
         listing_write(&jobs, &x.typed, form, &x.screen, all, &x.out, &x.e) && screen_print(&x.out);
    if (ok && form <= FORM_WIDE)
        sum_write(&x, all);
    json_decref(all);
    return errand_close(&x, ok);
}
