// windows.h - calendars and freezes as they stand: loaded at the start, changed through the store.
//
// A change goes to the store first and is in force when the store has answered. Whoever uses a
// calendar is looked after: one that is in use is not removed, and a change that would leave a job
// without any time is refused. What could not be read (a newer belfry wrote it) is kept, listed
// with the reason, and holds nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/vec.h"
#include "job/freeze.h"
#include "store/store.h"
#include "time/zone.h"
#include "trigger/almanacs.h"

// A calendar or a freeze, as told to the world.
struct window {
    struct store_calendar row;  // texts owned
    char *description, *reason; // of the definition, owned; NULL: none
    char *fault;                // why it cannot be used; NULL: it can
};

struct windows;

// What windows ask of the jobs. All on the loop's thread.
struct windows_jobs {
    // A name of a job whose trigger uses a calendar, from *at on, which moves behind it; NULL at
    // the end.
    const char *(*user)(struct str calendar, size_t *at, void *ctx);
    // Whether every such job has times with the calendars that are in force now; else e tells of
    // one that has not.
    bool (*check)(struct str calendar, struct err *e, void *ctx);
    void (*calendars_changed)(void *ctx); // some are stale (trigger_is_stale)
    void (*freezes_changed)(void *ctx);
    void (*trouble)(const struct err *err, void *ctx); // a write of ours has failed
    void *ctx;
};

struct windows {
    struct store *store; // borrowed
    struct zones *zones; // borrowed
    struct almanacs calendars;
    struct freezes freezes;
    struct windows_jobs jobs;
    VEC_OF(struct window *) list; // by kind and name
};

// timezone: of freezes that name none; it is known.
void windows_init(struct windows *w, struct store *store, struct zones *zones, struct str timezone,
                  const struct windows_jobs *jobs);
void windows_done(struct windows *w);

// One that the store has told.
void windows_load(struct windows *w, const struct store_calendar *row);

// All that there are, of every kind, as others have left them: what is another version than ours
// counts from now on, what is not there is gone.
void windows_sync(struct windows *w, const struct store_calendar *rows, size_t count);

// The zone data has changed: everything is read anew. Tells nobody.
void windows_reload(struct windows *w);

// NULL: there is none.
const struct window *windows_find(const struct windows *w, enum store_calendar_kind kind,
                                  struct str name);

// Answer to a write: err is NULL when it is done and durable; window is as it now stands (NULL
// after a removal).
typedef void windows_done_fn(const struct err *err, const struct window *window, void *ctx);

// Creates or replaces one (expect as store_put_calendar's). Refuses with ERR_INPUT or ERR_LIMIT a
// definition that is no good, with ERR_SCHEDULE one that would leave a job without any time.
void windows_put(struct windows *w, enum store_calendar_kind kind, struct str name,
                 const json_t *definition, int expect, wall now, windows_done_fn *done, void *ctx);

// Removes one. ERR_NOT_FOUND; ERR_IN_USE with the names of those who use it.
void windows_delete(struct windows *w, enum store_calendar_kind kind, struct str name,
                    windows_done_fn *done, void *ctx);
