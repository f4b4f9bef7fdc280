// cluster.h - the scheduler of a node among others: what they change, and which jobs come to it or
// leave it (store/nodes.h).
//
// A node is towards its own jobs what a belfry alone is towards all. It knows the others' as well,
// but nothing of theirs rings. When a new epoch begins it works out whose each job is now
// (placement.h). What it loses it forgets: attempts in progress never go, they pin their job; what
// is on its way to the store under the old epoch is refused there. What it gains it plans from
// where all slots have their rows, and it goes on with the runs that wait or were left behind. So
// nobody needs to hand anything over.
//
// While our lease is in doubt no attempt begins, and those that another node may begin anew are
// ended. When it is over everything here is, and belfry begins anew.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/vec.h"
#include "sched/due.h"

struct gain_ask;
struct sched;
struct store_members;

struct cluster {
    struct loop_timer timer; // of what is done again and again
    int64_t ticks;
    VEC_OF(struct entry *) gained; // while an epoch begins
    VEC_OF(int64_t) asks;          // jobs that came to us, of whose past the store is to be asked
    struct gain_ask *asking;       // the question that is with it; NULL: none
    wall low;                      // as of the epoch
    int64_t release_us;            // until we ask for another epoch so that guests may leave: it
    mono release_at;               // doubles while that does not help
    int64_t late_us, late_before_us;
    bool is_lost;
};

void cluster_init(struct cluster *c);

// The load is over: begins to act under its epoch, and to hear of news. Nothing when we are alone.
void cluster_begin(struct sched *s);

// Answers of the store that are still to come are ignored.
void cluster_done(struct sched *s);
