// log.h - what happened in a simulated world, in its order: all that the checker knows.
//
// It holds what can be seen from outside (what was asked and answered, what began and ended, what
// became of the clock) and what the store made durable; nothing of what the scheduler thought.
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "base/vec.h"
#include "job/job.h"
#include "job/run.h"

enum sim_what {
    SIM_BEGIN,   // a scheduler begins: the store is opened
    SIM_LISTED,  // it knows this job (row)
    SIM_LOADED,  // and those were all (number; -1: it was not asked); from now on it works
    SIM_DEATH,   // it ends; number is 1 when it was asked to and had nothing left to do
    SIM_CLOCK,   // the clock was set or runs at another rate from now on (number: ppm too fast)
    SIM_ILL,     // the store refuses or takes long,
    SIM_WELL,    // and does not any more
    SIM_ASK,     // somebody asks for a change (number: of the question; word: of what)
    SIM_OK,      // and is told that it is done
    SIM_REFUSED, // or that it is not
    SIM_FREEZE,  // a freeze is in force for certain (word: its definition),
    SIM_THAW,    // or may be none from now on, or another one (word: its definition, or empty)
    SIM_JOB,     // a job is durable (row)
    SIM_CLAIM,   // the store is asked for a row of the ledger (run)
    SIM_TRY,     // the store is asked to begin an attempt of a run that waits (number: the run)
    SIM_WON,     // it is told that the row (number: the run) is its own,
    SIM_NOT_WON, // or not
    SIM_RUN,     // a row of the ledger is durable, or has changed (run)
    SIM_ROOM,    // attempts at once in all (number) and slots of the pool db (attempt), from now on
    SIM_SAVED,   // it is told that an end (number: of the run) is recorded
    SIM_START,   // an attempt begins (number: the run; attempt, slot)
    SIM_END,     // and ends (number: the run; attempt, state)
};

extern const char *const sim_words[];

struct sim_event {
    enum sim_what what;
    int attempt, state;
    int64_t mono_us;
    wall at;
    int64_t number;
    wall slot;
    size_t more; // its row among the jobs, runs or words of the log
};

struct sim_log {
    VEC_OF(struct sim_event) events;
    VEC_OF(struct job_row) jobs; // texts owned
    VEC_OF(struct run) runs;     // without their texts
    VEC_OF(char *) words;        // owned
};

void sim_log_done(struct sim_log *log);
void sim_log_job(struct sim_log *log, struct sim_event event, const struct job_row *row);
void sim_log_run(struct sim_log *log, struct sim_event event, const struct run *run);
void sim_log_word(struct sim_log *log, struct sim_event event, const char *word);
