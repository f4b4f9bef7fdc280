// retry.h - an attempt has ended: is there another one, and when? Pure.
//
// An attempt whose end is not known (lost), or that an orderly stop of belfry has cut off, is
// repeated at once under on_lost: rerun; this may happen RETRY_RERUNS times more than the job's
// retries allow, so that a job that takes belfry with it does not do so for ever. What failed is
// repeated as the job's retries say, unless the time for the run in all would be over by then.
#pragma once

#include "base/clock.h"
#include "job/job.h"
#include "job/run.h"

#define RETRY_RERUNS 10

// When the next attempt begins; 0: there is none. end has its attempt, its run and finished_at.
wall retry_at(const struct job *job, const struct run_end *end, wall deadline);
