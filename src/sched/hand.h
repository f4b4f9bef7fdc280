// hand.h - runs that somebody has asked for, beside the schedule.
//
// Each has a row of its own that stands for no slot of the trigger, at the moment it was asked for;
// a slot of that very microsecond that has a row makes it the next one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sched/claim.h"

struct hand {
    struct claims *claims;
    size_t asking; // claims that are with the store
};

// What is asked for; texts are copied.
struct hand_ask {
    enum run_origin origin;
    struct run_ask ask;
    bool is_plain; // ask says nothing that has to be kept
};

// err is NULL when the run is claimed and starts or waits. ERR_EXISTS: run_id has the key.
typedef void hand_done(const struct err *err, int64_t run_id, void *ctx);

void hand_init(struct hand *hand, struct claims *claims);

// Claims a run of the job. ERR_CONCURRENCY when the overlap rule leaves it out; ERR_FROZEN when a
// freeze holds the job and it is not forced. What finds no room beside its job (room.h) waits.
void hand_run(struct hand *hand, struct entry *entry, const struct hand_ask *ask, hand_done *done,
              void *ctx);
