// pauses.h - what is paused beside single jobs: tags, and everything; in step with the store.
//
// They lie in the store as calendars do, a row each (STORE_PAUSE): a tag's by its name, that of
// everything by PAUSES_ALL. A change goes to the store first and is in force when the store has
// answered. One that is over stays until every slot that fell into it has its row.
#pragma once

#include "base/vec.h"
#include "job/job.h"
#include "job/pause.h"
#include "store/store.h"

#define PAUSES_ALL "*" // no tag: tags begin with a letter or digit

struct pauses {
    struct store *store;        // borrowed
    VEC_OF(struct pause *) all; // owned; that of everything first, then by tag
    void (*changed)(const struct pause *pause, void *ctx); // this one is in force now
    void (*trouble)(const struct err *err, void *ctx);     // a write of ours has failed
    void *ctx;
};

// What an answer to a write tells: err is NULL when it is done and durable; pause is what is in
// force then (NULL: nothing of that name was ever paused).
typedef void pauses_done_fn(const struct err *err, const struct pause *pause, void *ctx);

void pauses_init(struct pauses *p, struct store *store);
void pauses_done(struct pauses *p);

// A row that the store has told. What cannot be read is told to the log and holds nothing.
void pauses_load(struct pauses *p, const struct store_calendar *row);

// All rows that there are, of every kind, as others have left them: those that differ from ours are
// in force from now on, what is not there is forgotten.
void pauses_sync(struct pauses *p, const struct store_calendar *rows, size_t count);

// Forgets those that were over at a moment, the watermark at the start of the scheduler.
void pauses_forget(struct pauses *p, wall over_at);

// That of a tag, or (empty) of everything, whether it holds or not; NULL: there is none.
const struct pause *pauses_find(const struct pauses *p, struct str tag);

// What holds a job at a moment: its own pause, everything's, a tag's; NULL: nothing. p may be NULL.
const struct pause *pauses_holding(const struct pauses *p, const struct job *job, wall at);

// Whether a tag, or everything, is paused at a moment.
bool pauses_wide(const struct pauses *p, wall at);

// When the next one for the job begins after a moment; WALL_NEVER: none does.
wall pauses_next(const struct pauses *p, const struct job *job, wall after);

// When the last pause of the job that is over at a moment ended; 0: there was none.
wall pauses_ended(const struct pauses *p, const struct job *job, wall at);

// Pauses a tag, or (empty) everything; a pause that holds already gets another reason and end.
void pauses_set(struct pauses *p, struct str tag, struct str reason, struct str by, wall now,
                wall until, pauses_done_fn *done, void *ctx);

// Ends such a pause. is_dropping: dates that fell into it do not run.
void pauses_lift(struct pauses *p, struct str tag, bool is_dropping, wall now, pauses_done_fn *done,
                 void *ctx);
