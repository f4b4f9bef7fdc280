// sched_state.h - what a scheduler is made of: for sched.c, which changes it, and sched_look.c,
// which only looks.
#pragma once

#include "sched/cluster.h"
#include "sched/dispatch.h"
#include "sched/due.h"
#include "sched/heartbeat.h"
#include "sched/members.h"
#include "sched/outputs.h"
#include "sched/pools.h"
#include "sched/retention.h"
#include "sched/sched.h"
#include "sched/sorter.h"
#include "sched/watch.h"
#include "sched/why.h"

struct sched {
    struct sched_options options;
    struct due due;
    struct members members;
    struct cluster cluster;
    struct dispatch dispatch;
    struct windows windows;
    struct pauses pauses;
    struct pools pools;
    struct events events;
    struct watch watch;
    struct heartbeats heartbeats;
    struct outputs outputs;
    struct retention retention;
    struct uptimes uptimes;
    struct list pages; // that are being gathered (page.h)
    struct sorter sorter;
    struct map coming; // definitions that follow jobs and are with the store, by name
    struct loop_timer zones_timer;
    char *timezone;                // owns options.timezone
    bool is_beating;               // a sign of life is with the store
    bool is_stopped;               // nothing runs any more
    void (*on_stopped)(void *ctx); // of a stop, until it is called
    void *stopped_ctx;
};

static inline wall sched_now(const struct sched *s)
{
    return clock_wall(loop_clock(s->options.loop));
}

// What is told of a job now.
struct sched_item sched_item(const struct sched *s, const struct entry *entry);
