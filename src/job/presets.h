// presets.h - what an instance gives jobs that do not say themselves: `belfry serve --default
// NAME=VALUE`.
//
// A name is that of a policy in a request (job_policy.def, retries), a value what a request may say
// for it: overlap=queue, misfire.max=50, retries={"max":3}.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"
#include "job/job.h"

// Changes one preset; null gives the built-in one back. ERR_USAGE says what is wrong with which
// name or value.
[[nodiscard]] bool presets_set(struct job_presets *presets, struct str text, struct err *e);

// Frees what presets_set has put in; the struct stays usable as that of the built-in ones.
void presets_done(struct job_presets *presets);

// An object of all policies as a job would tell of them that says nothing itself.
void presets_write(const struct job_presets *presets, struct buf *scratch, struct json_write *w);
