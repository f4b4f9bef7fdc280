// job_shelf.h - jobs that are alike are read once: what stored texts mean, while many rows are
// loaded.
//
// Reading JSON is nearly all that loading a job costs, and of a hundred thousand jobs most differ
// from another in their names, targets and moments only. So the shelf keeps what it has read: of a
// trigger by its text, of a spec by its text without the target, which stands first in it. Jobs
// with the same trigger share one compiled trigger, and those with the same spec share that. What a
// text means hangs on nothing else: rows have been written by job_to_row, and the context stays the
// same.
#pragma once

#include "job/job.h"

struct job_shelf;

// context and presets are borrowed. End it with job_shelf_free, which accepts NULL; the jobs stay.
[[nodiscard]] struct job_shelf *job_shelf_new(const struct trigger_context *context,
                                              const struct job_presets *presets);
void job_shelf_free(struct job_shelf *shelf);

// As job_from_row, with the presets.
[[nodiscard]] struct job *job_shelf_read(struct job_shelf *shelf, const struct job_row *row);
