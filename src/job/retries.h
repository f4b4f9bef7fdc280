// retries.h - when a run is tried again: which ends count, and how long it waits.
//
// A job says it as an object (retries.def), or as a plain number of attempts that may follow the
// first. What is kept is the object in full, so that a listing shows every value in force.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/str.h"
#include "job/model.h"
#include "job/run.h"

#define RETRIES_DELAYS_MAX 32

// Numbers are not stored: the words are.
enum retries_backoff {
    BACKOFF_FIXED,
    BACKOFF_LINEAR,
    BACKOFF_EXPONENTIAL,
    BACKOFF_LIST,
};
extern const char *const retries_backoff_names[];

struct retries {
    struct str text; // JSON, canonical and in full
    int32_t max;     // attempts after the first
    enum retries_backoff backoff;
    int64_t delay_us, max_delay_us, jitter_us;
    double factor;
    int64_t delays_us[RETRIES_DELAYS_MAX];
    int32_t delay_count;
    uint64_t codes[4];     // exit codes that count, a bit each
    uint64_t statuses[16]; // likewise of HTTP responses
    bool on_timeout, on_lost;
};

extern const struct model retries_model, retry_on_model;

// Reads an object or a number; complaints at loc. *ret is NULL when there are to be none (max 0).
[[nodiscard]] bool retries_read(const json_t *value, struct str loc, struct model_issues *issues,
                                struct retries **ret);

[[nodiscard]] struct retries *retries_copy(const struct retries *r); // NULL of NULL
void retries_free(struct retries *r);                                // accepts NULL

// Whether an attempt that ended so is of the kind that is tried again. r may be NULL: then none is.
bool retries_want(const struct retries *r, const struct run_end *end);

// How long the run waits after this end of an attempt. What a server has asked for (Retry-After)
// may make it longer, but not than max_delay and jitter.
int64_t retries_wait_us(const struct retries *r, const struct run_end *end);
