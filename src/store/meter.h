// meter.h - how long a store's requests take from the question to the answer, and which failed.
//
// One thread's, the loop's: requests are made and answered there.
#pragma once

#include "base/err.h"
#include "base/histogram.h"

#define METER_KINDS 32 // room for enum request_kind

extern const struct histogram_bounds meter_bounds;

struct store_meter {
    struct histogram took[METER_KINDS]; // by enum request_kind
    int64_t failed;                     // the store could not read or write
    int64_t refused;                    // it would not: the request did not fit what is there
};

// Counts an answer.
void meter_add(struct store_meter *m, int kind, int64_t took_us, enum err_code code);

// "claim"; NULL for a number that no request has.
const char *meter_name(int kind);
