// job_name.h - what may be the name of a job.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

#define JOB_NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}$"
#define JOB_NAME_MAX 128

// True when name may be a job's name; otherwise err.field is "job_id".
[[nodiscard]] bool job_name_check(struct str name, struct err *e);
