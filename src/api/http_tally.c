// http_tally.c - requests by route and status.
// SPDX-License-Identifier: Apache-2.0
#include "api/http_tally.h"

#include "api/router.h"
#include "base/mem.h"

const struct histogram_bounds http_tally_bounds = {
    12, {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000}};

void http_tally_init(struct http_tally *t, const struct route *routes, size_t count)
{
    *t = (struct http_tally){routes, mem_array(count + 1, sizeof *t->rows), count, 0};
}

void http_tally_done(struct http_tally *t)
{
    for (size_t i = 0; i <= t->count; i++)
        vec_done(&t->rows[i].codes);
    free(t->rows);
}

void http_tally_begin(struct http_tally *t)
{
    t->in_flight++;
}

void http_tally_end(struct http_tally *t, const struct route *route, int status, int64_t took_us)
{
    struct http_tally_row *row = &t->rows[route ? (size_t)(route - t->routes) : t->count];
    size_t i = 0;

    t->in_flight--;
    histogram_add(&row->took, &http_tally_bounds, took_us);
    while (i < row->codes.len && row->codes.v[i].status != status)
        i++;
    if (i == row->codes.len)
        vec_push(&row->codes, ((struct http_tally_code){status, 0}));
    row->codes.v[i].count++;
}
