// forecast.c - the coming slots of the jobs, and the load that they will be.
// SPDX-License-Identifier: Apache-2.0
#include "sched/forecast.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sched/learned.h"
#include "time/duration.h"

int64_t forecast_usual_us(const struct entry *entry)
{
    return learned_percent(entry->learned, 50, 1);
}

// ---- slots ----

static void slot_add(struct forecast *f, const struct holds *holds, const struct entry *entry,
                     wall at)
{
    struct holds own = *holds;
    struct hold hold;

    own.is_nowhere = entry->seat.is_nowhere;
    hold_at(&own, entry->job, at, at, &hold);
    if (hold.reason != REASON_NONE)
        f->frozen++;
    else
        vec_push(&f->slots, ((struct forecast_slot){at, entry}));
}

static bool is_full(const struct forecast *f)
{
    return f->slots.len + (size_t)f->frozen >= FORECAST_SLOTS_MAX;
}

static void entry_fill(struct forecast *f, const struct holds *holds, const struct entry *entry,
                       wall from, wall to)
{
    const struct job *job = entry->job;
    wall at = entry->slot;

    if (job->state > JOB_PAUSED || !job->trigger || at.us == WALL_NEVER.us)
        return;
    if (!entry->is_relative && at.us < from.us)
        at = trigger_next(job->trigger, (wall){from.us - 1});
    while (at.us >= from.us && at.us <= to.us) {
        if (is_full(f)) {
            f->is_cut = true;
            return;
        }
        slot_add(f, holds, entry, at);
        at = entry->is_relative ? WALL_NEVER : trigger_next(job->trigger, at);
    }
}

static int slot_order(const void *a, const void *b)
{
    const struct forecast_slot *x = a, *y = b;

    if (x->at.us != y->at.us)
        return x->at.us < y->at.us ? -1 : 1;
    return str_cmp(x->entry->job->name, y->entry->job->name);
}

void forecast_fill(struct forecast *f, const struct due *due, const struct holds *holds,
                   const struct entry *only, wall from, wall to)
{
    const struct entry *entry;

    *f = (struct forecast){0};
    if (only)
        entry_fill(f, holds, only, from, to);
    else
        for (size_t at = 0; !f->is_cut && (entry = radix_next(&due->by_id, &at));)
            entry_fill(f, holds, entry, from, to);
    if (f->slots.len > 1)
        qsort(f->slots.v, f->slots.len, sizeof *f->slots.v, slot_order);
}

void forecast_done(struct forecast *f)
{
    vec_done(&f->slots);
}

// ---- load ----

// A run begins (+1) or ends (-1).
struct edge {
    int64_t at;
    int by;
};

static int edge_order(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->by - y->by; // ends come first: a run may follow another in the same moment
}

static void peaks_find(const struct edge *edges, size_t edge_count, wall from, int64_t bucket_us,
                       struct forecast_bucket *buckets, size_t count)
{
    int64_t now = 0;
    size_t i = 0;

    for (size_t b = 0; b < count; b++) {
        int64_t end = from.us + (int64_t)(b + 1) * bucket_us;

        buckets[b].peak = now; // those that go on from before
        for (; i < edge_count && edges[i].at < end; i++) {
            now += edges[i].by;
            if (now > buckets[b].peak)
                buckets[b].peak = now;
        }
    }
}

// A run's time is shared out among the buckets in which it is going.
static void busy_add(wall at, int64_t usual_us, wall from, int64_t bucket_us,
                     struct forecast_bucket *buckets, size_t count)
{
    int64_t begin = at.us - from.us, end = begin + usual_us;

    for (size_t b = (size_t)(begin / bucket_us); b < count && begin < end; b++) {
        int64_t until = (int64_t)(b + 1) * bucket_us;

        buckets[b].busy_us += (end < until ? end : until) - begin;
        begin = until;
    }
}

void forecast_load(const struct forecast *f, wall from, int64_t bucket_us, int64_t assume_us,
                   struct forecast_bucket *ret_buckets, size_t count, int64_t *ret_unknown)
{
    struct edge *edges = mem_array(2 * f->slots.len, sizeof *edges);
    size_t edge_count = 0;

    *ret_unknown = 0;
    memset(ret_buckets, 0, count * sizeof *ret_buckets);
    for (size_t i = 0; i < f->slots.len; i++) {
        const struct forecast_slot *slot = &f->slots.v[i];
        int64_t usual_us = forecast_usual_us(slot->entry);
        size_t bucket = (size_t)((slot->at.us - from.us) / bucket_us);

        *ret_unknown += usual_us < 0;
        usual_us = usual_us < 0 ? assume_us : usual_us;
        if (bucket < count)
            ret_buckets[bucket].fires++;
        busy_add(slot->at, usual_us, from, bucket_us, ret_buckets, count);
        edges[edge_count++] = (struct edge){slot->at.us, 1};
        edges[edge_count++] = (struct edge){slot->at.us + (usual_us > 0 ? usual_us : 1), -1};
    }
    if (edge_count > 0)
        qsort(edges, edge_count, sizeof *edges, edge_order);
    peaks_find(edges, edge_count, from, bucket_us, ret_buckets, count);
    free(edges);
}

int forecast_minutes(const struct trigger *t, wall from, uint32_t counts[FORECAST_MINUTES],
                     int steps)
{
    int minute = 0;

    for (; steps > 0 && minute < FORECAST_MINUTES; steps--) {
        wall slot = trigger_next(t, (wall){from.us + minute * MINUTE_US - 1});

        if (slot.us >= from.us + FORECAST_MINUTES * MINUTE_US)
            return steps - 1;
        minute = (int)((slot.us - from.us) / MINUTE_US);
        counts[minute++]++;
    }
    return steps;
}
