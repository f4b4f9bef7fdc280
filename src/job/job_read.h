// job_read.h - from a request to a job: S1's form (from_file, type, args) and the rich form
// (trigger, folder, policies).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "job/job.h"
#include "job/model.h"
#include "job/options.h"
#include "job/schedule_file.h"
#include "trigger/trigger.h"

enum {
    FORM_POST = 1,
    FORM_PUT = 2,
    FORM_PATCH = 4
};

// A request as decoded by one of the models below; made from job_form.def.
struct job_form {
#define X(member, ctype, ...) ctype member;
#include "job/job_form.def"
#undef X
};

// Numbers of the fields: bits of `given`.
enum job_form_field {
#define X(member, ...) FORM_##member,
#include "job/job_form.def"
#undef X
};

extern const struct model job_post_model, job_put_model, job_patch_model;

// Where a request is to be understood. All borrowed; body and presets may be NULL: no null in it,
// the built-in ones.
struct job_reading {
    struct trigger_context context;
    const char *jobs_dir;
    struct model_issues *issues; // gets complaints (422) and warnings
    const json_t *body;          // what the form was decoded from: tells null from a value
    const struct job_presets *presets;
};

// Carries a form out on *job: a new one (job_new) or a copy of the present one. given says which
// fields were sent. What is not given stays as it is in the job. A form without any word about the
// schedule leaves the trigger alone - which a new job does not have, so there the .schedule file is
// read.
//
// False when something is wrong: complaints in issues (then *e is ERR_NONE), or *e: ERR_FOLDER
// (there is no such folder), ERR_SCHEDULE_FILE (it has no .schedule), ERR_SCHEDULE (malformed, or
// never fires, or the folder holds no entry), ERR_INPUT (a value of S1's args is no good; e->field
// names it).
[[nodiscard]] bool job_read(const struct job_form *form, uint64_t given,
                            const struct job_reading *reading, struct job *job, struct err *e);

// The same with the form's policies alone, and without a look at whether they fit together. False
// with complaints.
[[nodiscard]] bool job_read_policies(const struct job_form *form, uint64_t given,
                                     const struct job_reading *reading, struct job *job);
