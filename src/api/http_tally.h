// http_tally.h - how many requests came for each route, how they were answered, how long it took.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "base/vec.h"

struct route;

extern const struct histogram_bounds http_tally_bounds;

struct http_tally_code {
    int status;
    int64_t count;
};

struct http_tally_row {
    VEC_OF(struct http_tally_code) codes; // in the order they were first answered
    struct histogram took;
};

struct http_tally {
    const struct route *routes;  // borrowed
    struct http_tally_row *rows; // one a route, and one for all that is none
    size_t count;                // of routes
    int64_t in_flight;
};

void http_tally_init(struct http_tally *t, const struct route *routes, size_t count);
void http_tally_done(struct http_tally *t);

void http_tally_begin(struct http_tally *t);
// route: NULL for what is none, such as pages.
void http_tally_end(struct http_tally *t, const struct route *route, int status, int64_t took_us);
