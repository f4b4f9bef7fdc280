// spans.c - a sorted array and a binary search.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/spans.h"

#include <assert.h>

void spans_done(struct spans *s)
{
    vec_done(s);
}

void spans_add(struct spans *s, int64_t from, int64_t to, const char *why)
{
    assert(from < to);
    vec_push(s, ((struct span){from, to, why}));
}

// By their beginning; of two that begin together the longer one first, as it leaves nothing over.
static int span_order(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to < y->to) - (x->to > y->to);
}

void spans_settle(struct spans *s)
{
    size_t kept = 0;
    int64_t end = INT64_MIN;

    if (s->len > 0)
        qsort(s->v, s->len, sizeof *s->v, span_order);
    for (size_t i = 0; i < s->len; i++) {
        struct span span = s->v[i];

        if (span.to <= end)
            continue;
        if (span.from < end)
            span.from = end;
        end = span.to;
        s->v[kept++] = span;
    }
    s->len = kept;
}

const struct span *spans_at(const struct spans *s, int64_t at, int64_t *ret_until)
{
    size_t low = 0, high = s->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->v[middle].to <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < s->len && s->v[low].from <= at) {
        *ret_until = s->v[low].to;
        return &s->v[low];
    }
    *ret_until = low < s->len ? s->v[low].from : SPANS_NEVER;
    return NULL;
}
