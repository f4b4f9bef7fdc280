// past.h - what the latest runs of a job say, gathered from the newest back.
#pragma once

#include <stdbool.h>

#include "store/store.h"

// Adds the next older run, which has ended. False when it was the last one worth looking at. past
// begins as zero but for its job_id.
bool past_add(struct store_past *past, const struct run *run);
