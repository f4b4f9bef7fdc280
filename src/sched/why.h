// why.h - what became of a moment of a job, in plain words, with the rule that decided. Pure.
//
// Whoever asks gathers the facts (why_ask.h); here they are weighed. A moment is looked for among
// the rows of the ledger first: a row tells what became of its slot, and a row behind it may stand
// for it (missed_from). Only what has no row is worked out from the definition: it is still to
// come, held, left out, lies before the job or its present definition, or is no slot at all.
//
// Every answer is a row of why.def: a code for programs, a sentence for people.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "job/freeze.h"
#include "job/job.h"
#include "sched/hold.h"
#include "sched/uptime.h"
#include "sched/why_question.h"
#include "store/store.h"
#include "time/zone.h"

struct waits;

enum why_rule {
#define X(name, code, outcome, sentence) name,
#include "sched/why.def"
#undef X
    WHY_RULES
};

#define WHY_ANSWERS_MAX 64 // slots of one question that are told of

// Rows are borrowed. All of them are of the job.
struct why_facts {
    const struct job *job;
    const struct zone *zone; // in which it is told: the trigger's
    wall now;
    wall next_at;      // the slot it waits for; WALL_NEVER: none
    bool is_waiting;   // for one of its own runs to end, with that slot
    struct str node;   // which has the job, among several; empty: we are alone, or none has
    const char *fault; // why nothing can be claimed now; NULL: nothing is wrong
    struct holds holds;
    const struct waits *waits; // of runs that wait for room beside their job; NULL: not known
    const struct uptimes *uptimes;
    wall pruned;                  // rows of slots up to here have been removed; 0: none
    const struct store_run *rows; // whose slots lie in the spans, the oldest first
    size_t row_count;
    const struct store_run *before, *after; // the rows nearest to the spans; before: newest first
    size_t before_count, after_count;
    const struct store_run *going; // those that were in progress when the first of rows with
    size_t going_count;            // REASON_OVERLAP was skipped
    const struct store_run *asked; // asked for, to stand for slots in the spans (backfill, retry)
    size_t asked_count;
};

struct why {
    enum why_rule rule;
    wall slot;                     // or the moment asked for
    const struct store_run *run;   // its row, or that which stands for it; NULL: none
    const struct store_run *other; // a run that was in the way; NULL: none
    struct str sentence;           // without a full stop, in the arena
};

// The answers, at least one, the oldest slot first; at most WHY_ANSWERS_MAX. Returns how many.
size_t why_answer(const struct why_facts *facts, const struct why_question *question,
                  struct arena *arena, struct why ret[WHY_ANSWERS_MAX]);

const char *why_code(enum why_rule rule);     // "overlap"
const char *why_outcome(const struct why *a); // "skipped"

// The day that is spoken of: "Sunday, 2026-11-22, Europe/Berlin".
struct str why_day(const struct why_facts *facts, const struct why *first, struct arena *arena);
