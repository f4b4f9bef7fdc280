// plan.h - which slot a job waits for.
//
// Most triggers are sets of moments, and a job waits for the first of them that has no row. The
// slots of a relative trigger follow events, one slot at a time: it lies the trigger's delay
// behind entry->event, which is
//   after    the end of the job's last run, whoever started it and however it ended, a skip and a
//            loss included; not before effective_from (its creation, or the end of a pause). While
//            a run is in progress there is no slot.
//   startup  the start of the scheduler, until that start has its row. A slot at or before
//            effective_from does not count, so nothing is made up for after a pause or an edit.
//   manual   nothing, ever.
// A slot that has a row already (the clock was set back) is moved on by a microsecond.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "job/run.h"
#include "sched/due.h"

// Plans the entry for its first slot after a moment that has no row yet. A date is due however
// long ago it was; a relative trigger knows its slot without the moment.
void plan_from(struct due *d, struct entry *entry, wall from);

// As plan_from, for an entry that was loaded. What it did or was told under a clock that has been
// set back since lies in the future; it does not hold it up until then. Its startup trigger fires.
void plan_start(struct due *d, struct entry *entry, wall from, wall now);

// The slot that is told of an entry: the one it waits for, or, of a job that is not ours, the next
// one as far as its trigger says.
wall plan_shown(const struct entry *entry, wall now);

// The clock was set by so much. Slots that came nearer again are planned; what was jumped over is
// due. A delay takes as long as it would have: its slot moves with the clock.
void plan_step(struct due *d, struct entry *entry, int64_t step_us, wall now);

// The following do nothing for an entry whose trigger is not relative.

// One of its runs has begun, or could not: entry->running has changed.
void plan_again(struct due *d, struct entry *entry);

// A claimed slot has a row now: this run's (is_won), or it had one.
void plan_claimed(struct due *d, struct entry *entry, const struct run *run, bool is_won);

// One of its runs has ended; entry->running does not count it any more. The clock may have been set
// back between that moment and now, when it is known: the delay counts from now then.
void plan_ended(struct due *d, struct entry *entry, wall at, wall now);
