// pauses.c - pauses over HTTP: of a job, of a tag, of everything; and the tags there are.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/jobs.h"
#include "api/models.h"
#include "api/pause_models.h"
#include "base/vec.h"
#include "sched/asks.h"
#include "sched/tagged.h"
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
    struct json_write w;
    struct buf body;

    (void)pause;
    if (err) {
        call_reply_err(call, err);
        return;
    }
    size_t jobs = tagged_count(sched_tagged(call->api->o.sched), tag_of(call));

    buf_init(&body, 1 << 16);
    json_write_init(&w, &body);
    tag_write(call, tag_of(call), (int64_t)jobs, &w);
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

struct tags {
    VEC(struct tagged_tag); // borrowed texts
};

static int tag_order(const void *a, const void *b)
{
    const struct tagged_tag *x = a, *y = b;

    return str_cmp(x->tag, y->tag);
}

// Every tag that a job has, and those that are paused though none has them; in order.
static void tags_gather(const struct call *call, struct tags *tags)
{
    const struct tagged *tagged = sched_tagged(call->api->o.sched);
    const struct pauses *pauses = sched_pauses(call->api->o.sched);
    wall now = clock_wall(call->api->o.clock);
    const struct tagged_tag *tag;

    for (size_t at = 0; (tag = tagged_next(tagged, &at));)
        vec_push(tags, *tag);
    for (size_t i = 0; i < pauses->all.len; i++) {
        const struct pause *pause = pauses->all.v[i];

        if (pause->tag && pause_holds(pause, now) && tagged_count(tagged, str_of(pause->tag)) == 0)
            vec_push(tags, (struct tagged_tag){.tag = str_of(pause->tag)});
    }
    if (tags->len > 0)
        qsort(tags->v, tags->len, sizeof *tags->v, tag_order);
}

void tags_list(struct call *call)
{
    struct tags tags = {0};
    struct json_write w;
    struct buf body;

    tags_gather(call, &tags);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "total");
    json_write_int(&w, (int64_t)tags.len);
    json_write_key(&w, "tags");
    json_write_array(&w);
    for (size_t i = 0; i < tags.len; i++)
        tag_write(call, tags.v[i].tag, (int64_t)tags.v[i].jobs, &w);
    json_write_array_end(&w);
    json_write_object_end(&w);
    vec_done(&tags);
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
