// why_ask.h - gathers what is known of a moment of a job, from the scheduler and the store, and has
// it explained (why.h).
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "sched/sched.h"
#include "sched/why.h"

// The answers, or err (ERR_NOT_FOUND: nobody knows the job, or it was deleted; ERR_STORE). Of a job
// whose single date is over the facts have what is known of it: a date, in the time zone of the
// instance. All is borrowed until it
// returns.
typedef void why_done(const struct err *err, const struct why_facts *facts,
                      const struct why *answers, size_t count, void *ctx);

// done is called later, once. The store is asked for a few pages at most.
void why_ask(struct sched *s, struct str job_name, const struct why_question *question,
             why_done *done, void *ctx);
