// job_write.c - a job as the API tells of it, straight into the reply.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_write.h"

#include "base/buf.h"
#include "job/job_read.h"
#include "time/duration.h"
#include "time/iso8601.h"

enum {
    VIEW_ITEM = 1,
    VIEW_FULL = 2,
    VIEW_ALL = 3
};

static const char *const view_state_names[] = {"scheduled", "paused", "ended", "quarantined", NULL};

static const struct model_field view_fields[] = {
#define X(member, mtype, ...) {.name = #member, .type = mtype, __VA_ARGS__},
#include "job/job_view.def"
#undef X
};

const struct model job_item_model = {
    .name = "JobItem",
    .doc = "A job in a list.",
    .fields = view_fields,
    .count = MODEL_COUNT(view_fields),
    .use = VIEW_ITEM,
};

const struct model job_model = {
    .name = "Job",
    .doc = "A job in full.",
    .fields = view_fields,
    .count = MODEL_COUNT(view_fields),
    .use = VIEW_FULL,
};

static void pair_buf(struct json_write *w, const char *key, struct buf *b)
{
    json_write_key(w, key);
    json_write_str(w, buf_str(b));
    buf_clear(b);
}

static const char *state_of(const struct job *job, wall next_at)
{
    if (job->quarantine.len > 0)
        return "quarantined";
    if (job->state == JOB_PAUSED)
        return "paused";
    return job->state != JOB_ENABLED || next_at.us == WALL_NEVER.us ? "ended" : "scheduled";
}

static void post_write(const struct job *job, const struct job_now *now, struct json_write *w,
                       struct buf *b)
{
    json_write_key(w, "job_id");
    json_write_str(w, job->name);
    if (job->trigger)
        trigger_str(job->trigger, b);
    pair_buf(w, "run_frequency", b);
    if (now->next_at.us == WALL_NEVER.us || !job->trigger)
        buf_add_text(b, "None");
    else
        trigger_time_str(job->trigger, now->next_at, b);
    pair_buf(w, "next_run", b);
}

static void item_write(const struct job *job, const struct job_now *now, struct json_write *w,
                       struct buf *b)
{
    json_write_key(w, "next_run_at");
    if (now->next_at.us == WALL_NEVER.us || !job->trigger) {
        json_write_null(w);
    } else {
        iso8601_write(now->next_at, trigger_zone(job->trigger), b);
        json_write_str(w, buf_str(b));
        buf_clear(b);
    }
    json_write_key(w, "state");
    json_write_text(w, state_of(job, now->next_at));
    json_write_key(w, "kind");
    json_write_text(w, job_kind_names[job->kind]);
    json_write_key(w, "target");
    json_write_str(w, job->target);
    json_write_key(w, "running");
    json_write_int(w, now->running);
    if (job->quarantine.len > 0) {
        json_write_key(w, "quarantine");
        json_write_str(w, job->quarantine);
    }
}

static void time_write(const char *key, const struct job *job, wall at, struct json_write *w,
                       struct buf *b)
{
    if (job->trigger)
        iso8601_write(at, trigger_zone(job->trigger), b);
    pair_buf(w, key, b);
}

static void grace_write(const struct job *job, struct json_write *w, struct buf *b)
{
    json_write_key(w, "misfire_grace");
    if (job->misfire_grace_us == JOB_GRACE_DEFAULT) {
        json_write_null(w);
    } else if (job->misfire_grace_us == JOB_GRACE_NONE) {
        json_write_text(w, "none");
    } else {
        duration_write(job->misfire_grace_us, b);
        json_write_str(w, buf_str(b));
        buf_clear(b);
    }
}

static void timeout_write(const struct job *job, struct json_write *w, struct buf *b)
{
    json_write_key(w, "timeout");
    if (job->timeout_us == 0) {
        json_write_null(w);
        return;
    }
    duration_write(job->timeout_us, b);
    json_write_str(w, buf_str(b));
    buf_clear(b);
}

static void full_write(const struct job *job, struct json_write *w, struct buf *b)
{
    json_write_key(w, "trigger");
    if (job->trigger) {
        trigger_write(job->trigger, b);
        json_write_raw(w, buf_str(b));
        buf_clear(b);
        trigger_words(job->trigger, b);
    } else {
        json_write_null(w);
    }
    pair_buf(w, "words", b);
    json_write_key(w, "args");
    json_write_raw(w, job->args);
    grace_write(job, w, b);
    json_write_key(w, "coalesce");
    json_write_text(w, job_coalesce_names[job->coalesce]);
    json_write_key(w, "max_instances");
    json_write_int(w, job->max_instances);
    timeout_write(job, w, b);
    json_write_key(w, "version");
    json_write_int(w, job->version);
    time_write("created_at", job, job->created_at, w, b);
    time_write("updated_at", job, job->updated_at, w, b);
}

void job_write_post(const struct job *job, const struct job_now *now, struct buf *scratch,
                    struct json_write *w)
{
    buf_clear(scratch);
    post_write(job, now, w, scratch);
}

void job_write(const struct job *job, const struct job_now *now, bool is_full, struct buf *scratch,
               struct json_write *w)
{
    buf_clear(scratch);
    post_write(job, now, w, scratch);
    item_write(job, now, w, scratch);
    if (is_full)
        full_write(job, w, scratch);
}
