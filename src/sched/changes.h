// changes.h - what becomes of the jobs in memory when something has changed that they hang on:
// their own definition, a calendar, a freeze, a pause, a pool; whoever has changed it.
#pragma once

#include "sched/due.h"

struct pause;
struct sched;

// A definition is in force, of a job that is there or a new one; takes it over. is_replan: it has
// other slots than the one before. Then the job is to be looked at (changes_look).
struct entry *changes_put(struct sched *s, struct job *job, bool is_replan);
void changes_look(struct sched *s, struct entry *entry);

// The job is gone from the store.
void changes_remove(struct sched *s, struct entry *entry);

// Looks at one anew: what a hold has put off, and what one holds now.
void changes_thaw(struct sched *s, struct entry *entry);

// ctx is the scheduler. Calendars: some are stale, and the triggers that use them are compiled
// again. Freezes: everything is looked at anew. A pause is told to whoever follows the events.
void changes_calendars(void *ctx);
void changes_freezes(void *ctx);
void changes_pause(const struct pause *pause, void *ctx);
void changes_pools(void *ctx);
