// hold.h - what holds a job at a moment, and for how long: a pause, that there is no node for it,
// slots that are not wanted, a freeze; in this order.
#pragma once

#include "base/clock.h"
#include "job/freeze.h"
#include "job/job.h"
#include "job/run.h"
#include "sched/pauses.h"

struct hold {
    enum run_reason reason; // REASON_NONE: nothing holds it
    const char *message;    // which, and why; borrowed
    const void *by;         // tells one from another
    bool is_dropping;       // a date does not run when it is over
    wall until;             // up to there (not including) that stays so
};

// Either may be NULL: there are none.
struct holds {
    const struct freezes *freezes;
    const struct pauses *pauses;
    bool is_nowhere; // no node is there on which the job may run, for as long as it takes
};

// What happens after upto is not looked at: until may then be any moment behind it.
void hold_at(const struct holds *holds, const struct job *job, wall at, wall upto,
             struct hold *ret_hold);

// What an API tells as a job's next moment: the slot it waits for or, when that is held or not
// wanted, the one behind the end; WALL_NEVER when that is not known. paused: what pauses it now.
wall hold_next(const struct job *job, wall slot, const struct pause *paused);

// What is held, and what is not wanted, goes over to a new definition (its updated_at is set). A
// pause that is over stays known: slots that fell into it may still have to be told. before may be
// NULL; is_replan: the schedule is another one.
void hold_keep(const struct job *before, bool is_replan, struct job *job);
