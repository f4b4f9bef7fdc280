// rest.h - what a job at rest needs: its turn, if a slot of it has waited for room, or its end, if
// it was the job of a single date; any other schedule that is over stays, to be seen and changed.
// One that only its attempts have kept on this node may move now.
//
// A job ends in the store only when no new definition of it is on its way there and the ends of all
// its runs are there: when the job is gone, its history is whole.
#pragma once

#include "sched/core.h"

// Looks at one job: something about it, or about its runs, has changed.
void rest_look(struct core *c, struct entry *entry);

// Looks at all of them: after a start, or after a failure of the store.
void rest_sweep(struct core *c);
