// sorter.h - keeps the order of the jobs (order.h) in step with what is shown of them.
//
// It begins when somebody lists jobs for the first time; very many find their places bit by bit,
// turn by turn of the loop. From then on each list finds places for what has changed since the last
// one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sched;

struct sorter {
    bool is_whole; // every job has had its place once
    bool is_going; // the next turn goes on
    size_t at;     // of the walk to those that have none
    size_t odd_at; // those below are looked at next
};

// Whether a list had better take the order than walk over all jobs. If not, the order is brought
// nearer in the background.
bool sorter_is_near(struct sched *s);

// Finds places, for a millisecond or two. True when every job has its own.
bool sorter_settle(struct sched *s);

void sorter_done(struct sched *s);
