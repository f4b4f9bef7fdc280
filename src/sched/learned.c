// learned.c - how long the last runs of a job took.
// SPDX-License-Identifier: Apache-2.0
#include "sched/learned.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAP 4

// The upper half of a float without its sign: 8 bits of exponent, 8 of mantissa. They sort as the
// numbers do.
static uint16_t short_of(int64_t us)
{
    float f = us > 0 ? (float)us : 0;
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return (uint16_t)(bits >> 15);
}

static int64_t short_us(uint16_t s)
{
    uint32_t bits = (uint32_t)s << 15 | (s > 0 ? 1u << 14 : 0); // the middle of what it may be
    float f;

    memcpy(&f, &bits, sizeof f);
    return (int64_t)f;
}

static struct learned *grown(struct learned *l)
{
    int had = l ? l->cap : 0, cap = had == 0 ? FIRST_CAP : had * 2;

    if (cap > LEARNED_MAX)
        cap = LEARNED_MAX;
    struct learned *more = mem_resize(l, sizeof *more + (size_t)cap * sizeof more->durations[0]);

    if (!l)
        *more = (struct learned){0};
    more->next = more->len; // it grows when it is full, and then from the start
    more->cap = (uint8_t)cap;
    return more;
}

struct learned *learned_get(struct learned **l)
{
    if (!*l)
        *l = grown(NULL);
    return *l;
}

void learned_add(struct learned **l, int64_t us)
{
    if (!*l || ((*l)->len == (*l)->cap && (*l)->cap < LEARNED_MAX))
        *l = grown(*l);
    (*l)->durations[(*l)->next] = short_of(us);
    (*l)->next = (uint8_t)(((*l)->next + 1) % (*l)->cap);
    if ((*l)->len < (*l)->cap)
        (*l)->len++;
}

static int short_order(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static size_t rank_of(size_t count, int percent)
{
    size_t rank = (count * (size_t)percent + 99) / 100;

    return rank == 0 ? 0 : rank - 1;
}

int64_t learned_percent(const struct learned *l, int percent, int least)
{
    uint16_t sorted[LEARNED_MAX];

    if (!l || l->len == 0 || l->len < least)
        return -1;
    memcpy(sorted, l->durations, l->len * sizeof *sorted);
    qsort(sorted, l->len, sizeof *sorted, short_order);
    return short_us(sorted[rank_of(l->len, percent)]);
}

int64_t learned_rank(const int64_t *values, size_t count, int percent)
{
    return values[rank_of(count, percent)];
}
