// pauses.c - pauses over HTTP: of a job, of a tag, of everything; and the tags there are.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/jobs.h"
#include "api/models.h"
#include "api/pause_models.h"
#include "base/vec.h"
#include "job/tags.h"
#include "sched/asks.h"
#include "time/iso8601.h"

#include <stdlib.h>

#define BY STR_LIT("api")

static const struct zone *zone_here(const struct call *call)
{
    return sched_windows(call->api->o.sched)->freezes.zone;
}

// When the pause that a call asks for is to end. False when the call has been answered.
static bool until_read(struct call *call, const struct zone *zone, wall *ret_until)
{
    const struct pause_form *form = call->query;
    struct err e;

    *ret_until = WALL_NEVER;
    if (form->until.len == 0)
        return true;
    if (iso8601_moment(form->until, zone, "until", ret_until, &e) &&
        ret_until->us > clock_wall(call->api->o.clock).us)
        return true;
    if (ret_until->us != WALL_NEVER.us)
        (void)fail(&e, ERR_INPUT, "until", "it lies in the past");
    (void)model_complain_err(
        call->issues, call->json ? STR_LIT("\"body\",\"until\"") : STR_LIT("\"query\",\"until\""),
        json_object_get(call->json ? call->json : call->query_json, "until"), &e);
    call_reply_issues(call);
    return false;
}

// --- a job
// ---------------------------------------------------------------------------------------------------------

void job_pause(struct call *call)
{
    const struct pause_form *form = call->query;
    const struct job *job = jobs_change(call);
    wall until;

    if (job && until_read(call, trigger_zone(job->trigger), &until))
        asks_pause(call->api->o.sched, job->name, form->reason, BY, until, jobs_written, call);
}

void job_resume(struct call *call)
{
    const struct resume_form *form = call->query;
    const struct job *job = jobs_change(call);

    if (job)
        asks_resume(call->api->o.sched, job->name, false, (enum asks_catch_up)form->catch_up,
                    jobs_written, call);
}

void job_skip(struct call *call)
{
    const struct skip_form *form = call->query;
    const struct job *job = jobs_change(call);

    if (job)
        asks_skip(call->api->o.sched, job->name, form->n, form->reason, BY, jobs_written, call);
}

void job_unskip(struct call *call)
{
    const struct job *job = jobs_change(call);

    if (job)
        asks_unskip(call->api->o.sched, job->name, jobs_written, call);
}

// --- tags
// -----------------------------------------------------------------------------------------------------------

static struct str tag_of(const struct call *call)
{
    const struct tag_params *params = call->params;

    return params->tag;
}

static void pause_in_force(const struct call *call, const struct pause *pause, struct json_write *w)
{
    struct buf scratch;

    buf_init(&scratch, 100);
    json_write_key(w, "paused");
    pause_write(pause_holds(pause, clock_wall(call->api->o.clock)) ? pause : NULL, zone_here(call),
                &scratch, w);
    buf_done(&scratch);
}

static void tag_write(const struct call *call, struct str tag, int64_t jobs, struct json_write *w)
{
    json_write_object(w);
    json_write_key(w, "tag");
    json_write_str(w, tag);
    json_write_key(w, "jobs");
    json_write_int(w, jobs);
    pause_in_force(call, pauses_find(sched_pauses(call->api->o.sched), tag), w);
    json_write_object_end(w);
}

static void tag_answered(const struct err *err, const struct pause *pause, void *ctx)
{
    struct call *call = ctx;
    const struct job *job;
    wall next_at;
    int64_t jobs = 0;
    struct json_write w;
    struct buf body;

    (void)pause;
    if (err) {
        call_reply_err(call, err);
        return;
    }
    for (size_t at = 0; (job = sched_next_job(call->api->o.sched, &at, &next_at));)
        jobs += tags_have(job->tags, tag_of(call));
    buf_init(&body, 1 << 16);
    json_write_init(&w, &body);
    tag_write(call, tag_of(call), jobs, &w);
    call_reply(call, 200, &body);
}

void tag_pause(struct call *call)
{
    const struct pause_form *form = call->query;
    wall until;

    if (until_read(call, zone_here(call), &until))
        pauses_set(sched_pauses(call->api->o.sched), tag_of(call), form->reason, BY,
                   clock_wall(call->api->o.clock), until, tag_answered, call);
}

void tag_resume(struct call *call)
{
    pauses_lift(sched_pauses(call->api->o.sched), tag_of(call), false,
                clock_wall(call->api->o.clock), tag_answered, call);
}

struct words {
    VEC(struct str);
};

static int word_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

// Every tag of every job, and (once more) those that are paused; in order.
static void words_gather(const struct call *call, struct words *words)
{
    const struct pauses *pauses = sched_pauses(call->api->o.sched);
    const struct job *job;
    struct str tags, word;
    wall next_at;

    for (size_t at = 0; (job = sched_next_job(call->api->o.sched, &at, &next_at));)
        for (tags = job->tags; tags.len > 0 && str_next(&tags, ' ', &word);)
            vec_push(words, word);
    for (size_t i = 0; i < pauses->all.len; i++)
        if (pauses->all.v[i]->tag && pause_holds(pauses->all.v[i], clock_wall(call->api->o.clock)))
            vec_push(words, str_of(pauses->all.v[i]->tag));
    if (words->len > 0)
        qsort(words->v, words->len, sizeof *words->v, word_order);
}

void tags_list(struct call *call)
{
    const struct pauses *pauses = sched_pauses(call->api->o.sched);
    wall now = clock_wall(call->api->o.clock);
    struct words words = {0};
    struct buf items, body;
    struct json_write w;
    size_t count = 0, end;

    words_gather(call, &words);
    buf_init(&items, CALL_BODY_MAX);
    json_write_init(&w, &items);
    json_write_array(&w);
    for (size_t i = 0; i < words.len; i = end, count++) {
        for (end = i + 1; end < words.len && str_eq(words.v[end], words.v[i]);)
            end++;
        bool is_paused = pause_holds(pauses_find(pauses, words.v[i]), now);

        tag_write(call, words.v[i], (int64_t)(end - i) - is_paused, &w);
    }
    json_write_array_end(&w);
    vec_done(&words);
    buf_init(&body, CALL_BODY_MAX);
    buf_printf(&body, "{\"total\":%zu,\"tags\":", count);
    buf_add(&body, buf_str(&items));
    buf_add_byte(&body, '}');
    buf_done(&items);
    call_reply(call, 200, &body);
}

// --- everything
// -----------------------------------------------------------------------------------------------------

static void scheduler_answered(const struct err *err, const struct pause *pause, void *ctx)
{
    struct call *call = ctx;
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    buf_init(&body, 1 << 16);
    json_write_init(&w, &body);
    json_write_object(&w);
    pause_in_force(call, pause, &w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void scheduler_pause(struct call *call)
{
    const struct pause_form *form = call->query;
    wall until;

    if (until_read(call, zone_here(call), &until))
        pauses_set(sched_pauses(call->api->o.sched), (struct str){0}, form->reason, BY,
                   clock_wall(call->api->o.clock), until, scheduler_answered, call);
}

void scheduler_resume(struct call *call)
{
    pauses_lift(sched_pauses(call->api->o.sched), (struct str){0}, false,
                clock_wall(call->api->o.clock), scheduler_answered, call);
}
