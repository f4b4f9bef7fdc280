// asks.h - what people ask of a job beside a new definition: to be held for a while, not to run
// next time. Each is a change of the job and answered like one.
#pragma once

#include "sched/sched.h"

// Pauses a job with a reason (may be empty) and who asks; unless until is WALL_NEVER, it goes on by
// itself then. A pause that holds already gets another reason and end.
void asks_pause(struct sched *s, struct str name, struct str reason, struct str by, wall until,
                sched_done *done, void *ctx);

// Which slots that fell into a pause are run after all, beside the rows that tell of them: as a
// backfill, one at a time, within what the job's misfire.max and misfire.window allow.
enum asks_catch_up {
    ASKS_CATCH_UP_NONE,
    ASKS_CATCH_UP_ONE, // the last of them
    ASKS_CATCH_UP_ALL,
};
extern const char *const asks_catch_up_names[]; // "none", "one", "all"

// Resumes a job. is_dropping: a date that passed does not run any more. When it is answered, what
// is to be caught up with has its rows.
void asks_resume(struct sched *s, struct str name, bool is_dropping, enum asks_catch_up catch_up,
                 sched_done *done, void *ctx);

// The next n slots (1 to ASKS_SKIP_MAX) are not wanted: they become rows that say so. Asking again
// begins at the next slot again. Of a trigger that follows events only a slot that is planned can
// be meant. ERR_SCHEDULE: there is no such slot.
#define ASKS_SKIP_MAX 1000
void asks_skip(struct sched *s, struct str name, int64_t n, struct str reason, struct str by,
               sched_done *done, void *ctx);

// Those that are still to come are wanted again.
void asks_unskip(struct sched *s, struct str name, sched_done *done, void *ctx);
