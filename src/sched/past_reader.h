// past_reader.h - what jobs did before this process began, from the store into the tally, in the
// background.
//
// Some jobs a question, so that whoever reads something else need not wait: with 100,000 jobs that
// have run it takes seconds, during which everything else goes on. A job that runs meanwhile knows
// better, and keeps what it knows. Jobs of other nodes are theirs to know; of those that come to us
// it is read when they do.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/sched.h"

// Zero at first. It must live until done has been called, or the store has been closed.
struct past_reader {
    struct sched *sched; // borrowed, as is its loop
    struct loop *loop;
    bool is_busy;
    bool is_last; // what is being asked for
    size_t at;    // of the walk over all jobs
    void (*done)(void *ctx);
    void *ctx;
};

static inline bool past_reader_is_busy(const struct past_reader *reader)
{
    return reader->is_busy;
}

// Of our jobs of which nothing is known. done (may be NULL) is called once, later: everything is
// known, or the store could not be read.
void past_reader_begin(struct past_reader *reader, struct sched *sched, void (*done)(void *ctx),
                       void *ctx);
void past_reader_end(struct past_reader *reader); // frees; after the store was closed, before the
                                                  // loop is
