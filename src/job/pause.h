// pause.h - a stretch of time in which slots are not run because somebody asked for that: of one
// job, of all jobs with a tag, of all jobs; or certain coming slots of one job.
//
// A pause that is over is kept for a while: slots that fell into it may still have to be told.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"
#include "time/zone.h"

#define PAUSE_REASON_MAX 200 // bytes

enum pause_scope {
    PAUSE_JOB,
    PAUSE_TAG,
    PAUSE_ALL,
    PAUSE_SLOTS, // not a pause, but the next slots, which are not wanted
};

extern const char *const pause_scope_names[]; // "job", "tag", "scheduler", "slots"; NULL at the end

// Texts are owned.
struct pause {
    enum pause_scope scope;
    wall since, until;   // from, up to (not including); WALL_NEVER: until it is lifted
    bool is_dropping;    // a date that fell into it does not run when it is over
    const char *tag;     // PAUSE_TAG; else NULL
    const char *reason;  // NULL: none was given
    const char *by;      // who asked
    const char *message; // for whom it holds up: "paused: audit"
};

// A new pause; tag is empty unless it is one's, reason may be. End it with pause_free.
[[nodiscard]] struct pause *pause_new(enum pause_scope scope, struct str tag, struct str reason,
                                      struct str by, wall since, wall until);
[[nodiscard]] struct pause *pause_copy(const struct pause *p); // NULL of NULL
void pause_free(struct pause *p);                              // accepts NULL

// Whether it holds at a moment; a NULL never does.
bool pause_holds(const struct pause *p, wall at);

// Ends it at a moment, unless it is over by then.
void pause_lift(struct pause *p, wall at);

// The stored form, {"since","until","reason","by","drop"}, and back. False with ERR_STORE.
[[nodiscard]] json_t *pause_encode(const struct pause *p); // NULL of NULL
[[nodiscard]] bool pause_decode(const json_t *value, enum pause_scope scope, struct str tag,
                                struct pause **ret_pause, struct err *e);

// As replies tell of it, an object with times in a zone; of NULL a null.
void pause_write(const struct pause *p, const struct zone *zone, struct buf *scratch,
                 struct json_write *w);
