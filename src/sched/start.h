// start.h - the load: what the store has kept becomes what is in memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sched;
struct store_load;

// Loads calendars, pauses, pools, jobs and the runs that are alive; of what belongs to other nodes
// only what it is (placement.h). Every job of ours is planned. Nothing has begun.
[[nodiscard]] bool start_load(struct sched *s, struct store_load *ret_load, size_t *ret_quarantined,
                              struct err *e);
