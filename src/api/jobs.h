// jobs.h - what other handlers need that change a job.
#pragma once

#include "api/call.h"
#include "job/job.h"

// The usable job that a call is to change; NULL when the call has been answered: there is none, it
// is in quarantine, or If-Match names another version.
const struct job *jobs_change(struct call *call);

// The sched_done of such a change; ctx is the call. One that has lost a race to another change is
// carried out again on what stands now.
void jobs_written(const struct err *err, const struct job *job, void *ctx);
