// needs.h - what the runs of a job need beside its own room: places in pools, and a rate.
//
// A pool is named by the job with how many of its places a run takes: "db", ["db", "net"] or
// {"db": 2}. What is kept is the last form, in the order of the names, so that two jobs that need
// the same have the same text.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"
#include "job/model.h"
#include "job/throttle.h"

#define NEEDS_MAX 8           // pools of one job
#define POOL_SLOTS_MAX 100000 // of one pool
#define POOL_NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"

struct need {
    struct str pool; // owned
    int32_t slots;   // 1 to POOL_SLOTS_MAX
};

struct needs {
    struct str text; // JSON object of all pools; "{}" when there are none
    struct throttle throttle;
    size_t count;
    struct need pools[];
};

// True when name may be a pool's name; otherwise err.field is "name".
[[nodiscard]] bool pool_name_check(struct str name, struct err *e);

// The pools that a value names, as an object in canonical order; NULL with complaints at loc. End
// it with json_decref.
[[nodiscard]] json_t *needs_read(const json_t *value, struct str loc, struct model_issues *issues);

// pools is an object as needs_read gives it, or NULL. NULL when nothing is needed. End it with
// needs_free.
[[nodiscard]] struct needs *needs_new(const json_t *pools, const struct throttle *throttle);
[[nodiscard]] struct needs *needs_copy(const struct needs *n); // NULL of NULL
void needs_free(struct needs *n);                              // accepts NULL

// The object again; NULL when there are no pools. n may be NULL.
[[nodiscard]] json_t *needs_pools(const struct needs *n);

// Whether one of them is in that pool; n may be NULL.
bool needs_name(const struct needs *n, struct str pool);
