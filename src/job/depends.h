// depends.h - which jobs another one follows: "depends_on": [{"job": "extract", "on": "success"}].
//
// A run of the job begins when a run of one of them ends as wanted, and each of the others has done
// so since it began that way last. A text stands for an object with `on` success, and what is no
// list for a list of one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/str.h"
#include "job/model.h"
#include "job/run.h"

#define DEPENDS_MAX 16 // jobs that one job follows

// Numbers are not stored: the words are.
enum depends_on {
    DEPENDS_SUCCESS, // it succeeded
    DEPENDS_FAILURE, // it ended otherwise: failed, timed_out, cancelled, lost
    DEPENDS_ALWAYS,  // either
};
extern const char *const depends_on_names[];

struct depends_parent {
    struct str job;
    enum depends_on on;
};

// One block, texts included.
struct depends {
    int64_t born_id; // the last run that began so, once known; only with several parents
    uint32_t met;    // which have ended as wanted since then: a bit each
    size_t count;
    struct depends_parent v[];
};

// For the OpenAPI document: an item of the list.
extern const struct model depends_model;

// Reads the member of a request or of a stored spec; complaints at loc and below. *ret is NULL when
// there are to be none.
[[nodiscard]] bool depends_read(const json_t *value, struct str loc, struct model_issues *issues,
                                struct depends **ret);

// NULL of NULL; what has been met is copied as well. End it with free().
[[nodiscard]] struct depends *depends_copy(const struct depends *d);

// Takes over what the definition before knew of the same parents. Either may be NULL.
void depends_keep(const struct depends *before, struct depends *d);

// The place of a parent; d->count when it is none. d may be NULL: 0.
size_t depends_find(const struct depends *d, struct str job);

// Whether an end in a state is one that is wanted. A skip is none: no run has ended.
bool depends_wants(enum depends_on on, enum run_state state);

[[nodiscard]] json_t *depends_encode(const struct depends *d); // a list in full; NULL of NULL

// "after extract has succeeded and clean has ended"
void depends_words(const struct depends *d, struct buf *out);
