// job_write.h - a job as the API tells of it: S1's three keys first, the richer ones after them.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "job/job.h"
#include "job/model.h"

// What a list says of a job, and what is said of one alone; for the OpenAPI document.
extern const struct model job_item_model, job_model, pause_model;

// What the scheduler knows about a job beside its definition.
struct job_now {
    wall next_at; // WALL_NEVER: none
    int running;
    const struct pause *paused; // what holds it; NULL: nothing
    const struct pause *skip;   // coming slots that are not wanted; NULL: none
};

extern const char *const job_view_state_names[]; // NULL at the end

// The state that a reply tells: one of those.
const char *job_state_text(const struct job *job, const struct job_now *now);

// Texts are made in scratch on their way into w: an initialised buf of 64 KiB or more, used again
// for each job of a list.

// Writes the three members of S1 into the object that is open in w: job_id, run_frequency,
// next_run.
void job_write_post(const struct job *job, const struct job_now *now, struct buf *scratch,
                    struct json_write *w);

// Writes a list's item as an object of its own: the members that job_write writes, faster.
void job_write_item(const struct job *job, const struct job_now *now, struct buf *scratch,
                    struct json_write *w);

// Writes its policies alone into the open object.
void job_write_policies(const struct job *job, struct buf *scratch, struct json_write *w);

// Writes all members of a list's item into the open object, or, when is_full, those of a job alone.
void job_write(const struct job *job, const struct job_now *now, bool is_full, struct buf *scratch,
               struct json_write *w);
