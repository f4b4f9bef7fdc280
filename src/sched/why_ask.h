// why_ask.h - gathers what is known of a moment of a job, from the scheduler and the store, and has
// it explained (why.h).
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "sched/sched.h"
#include "sched/why.h"

// The answers, or err (ERR_NOT_FOUND: the job is gone; ERR_STORE). All is borrowed until it
// returns.
typedef void why_done(const struct err *err, const struct why_facts *facts,
                      const struct why *answers, size_t count, void *ctx);

// done is called later, once. The store is asked for a few pages at most.
void why_ask(struct sched *s, struct str job_name, const struct why_question *question,
             why_done *done, void *ctx);
