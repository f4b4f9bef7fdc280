// misfire.h - what a job says about its missed runs: read from a request, checked, told.
//
//     "misfire": {"policy": "all", "grace": "1h", "max": 50, "window": "6h", "spread": "10m"}
//
// A slot is missed when another one has come due since, or when its grace is over. The job's older
// members misfire_grace and coalesce mean grace and policy, and are told as well.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "job/job.h"
#include "job/model.h"

extern const struct model misfire_model;

// Carries the member `misfire` of a request out on *job; null gives presets back, as a whole or
// member by member. is_grace, is_policy: misfire_grace, coalesce were given beside it, and must say
// the same. False with complaints.
[[nodiscard]] bool misfire_read(const json_t *value, const struct job_presets *presets,
                                bool is_grace, bool is_policy, struct job *job,
                                struct model_issues *issues);

// Whether what a job says fits together: a number of runs without policy all, for one, means
// nothing. False with complaints.
[[nodiscard]] bool misfire_check(const struct job *job, struct model_issues *issues);

// The member's value, with what is in force.
void misfire_write(const struct job *job, struct buf *scratch, struct json_write *w);
