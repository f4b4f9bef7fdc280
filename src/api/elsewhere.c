// elsewhere.c - how many runs of jobs of other nodes are in progress, and what they have of pools.
// SPDX-License-Identifier: Apache-2.0
#include "api/elsewhere.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#define FRESH_US 1000000
#define PAGE 1000
#define RUNS_MAX 100000 // looked at; what is in progress beyond them is not counted

// Somebody who waits for a look.
struct waiting {
    struct list link;
    route_fn *fn;
    struct call *call;
};

// Of a pool, as far as they belong to jobs of others.
struct places {
    char *name; // owned
    int64_t used, waiting;
};

// Of the last look, and of the one that is under way.
struct elsewhere {
    const struct api_options *o;
    bool has_queue;
    struct map counts, next;      // by job id
    struct map pools, next_pools; // by name
    size_t total, next_total;
    size_t seen; // runs, of the one that is under way
    mono looked_at;
    bool is_looking;
    struct list waiting;
};

static void page_ask(struct elsewhere *e, int64_t after_id);

struct elsewhere *elsewhere_new(const struct api_options *options, bool has_queue)
{
    struct elsewhere *e = mem_alloc(sizeof *e);

    e->o = options;
    e->has_queue = has_queue;
    e->looked_at.us = INT64_MIN / 2;
    map_init(&e->counts);
    map_init(&e->next);
    map_init(&e->pools);
    map_init(&e->next_pools);
    list_init(&e->waiting);
    return e;
}

static void places_free(struct map *pools)
{
    struct places *places;

    for (size_t at = 0; (places = map_next(pools, &at));) {
        free(places->name);
        free(places);
    }
    map_done(pools);
}

void elsewhere_free(struct elsewhere *e)
{
    struct list *link;

    if (!e)
        return;
    while ((link = list_pop(&e->waiting)))
        free(list_item(link, struct waiting, link));
    map_done(&e->counts);
    map_done(&e->next);
    places_free(&e->pools);
    places_free(&e->next_pools);
    free(e);
}

void elsewhere_look(struct elsewhere *e, route_fn *fn, struct call *call)
{
    struct waiting *w;

    if (!sched_members(e->o->sched) || loop_now(e->o->loop).us < e->looked_at.us + FRESH_US) {
        fn(call);
        return;
    }
    w = mem_alloc(sizeof *w);
    *w = (struct waiting){.fn = fn, .call = call};
    list_push(&e->waiting, &w->link);
    if (e->is_looking)
        return;
    e->is_looking = true;
    e->next_total = e->seen = 0;
    page_ask(e, 0);
}

static void looked(struct elsewhere *e, bool is_sound)
{
    struct list *link;

    if (is_sound) {
        map_done(&e->counts);
        places_free(&e->pools);
        e->counts = e->next;
        e->pools = e->next_pools;
        e->total = e->next_total;
    } else {
        map_done(&e->next);
        places_free(&e->next_pools);
    }
    map_init(&e->next);
    map_init(&e->next_pools);
    e->is_looking = false;
    e->looked_at = loop_now(e->o->loop);
    while ((link = list_pop(&e->waiting))) {
        struct waiting w = *list_item(link, struct waiting, link);

        free(list_item(link, struct waiting, link));
        w.fn(w.call);
    }
}

static struct places *places_of(struct map *pools, struct str name)
{
    struct places *places = map_get(pools, name);

    if (places)
        return places;
    places = mem_alloc(sizeof *places);
    *places = (struct places){.name = str_own(name)};
    (void)map_put(pools, str_of(places->name), places);
    return places;
}

// As the owner counts it (sched/room.h).
static void places_count(struct elsewhere *e, const struct run *run, const struct needs *needs)
{
    bool waits =
        run->reason == REASON_POOL || run->reason == REASON_RATE || run->reason == REASON_LIMIT;

    for (size_t i = 0; i < needs->count; i++) {
        struct places *places = places_of(&e->next_pools, needs->pools[i].pool);

        if (run->state == RUN_RUNNING)
            places->used += needs->pools[i].slots;
        else
            places->waiting += waits;
    }
}

static void run_count(struct elsewhere *e, const struct run *run)
{
    const struct job *job = sched_find_id(e->o->sched, run->job_id);
    size_t count;

    if (job && sched_is_ours(e->o->sched, job))
        return;
    if (e->has_queue && job && job->spec->needs)
        places_count(e, run, job->spec->needs);
    if (run->state != RUN_RUNNING)
        return;
    count = (size_t)map_get_u64(&e->next, (uint64_t)run->job_id) + 1;
    (void)map_put_u64(&e->next, (uint64_t)run->job_id, (void *)count);
    e->next_total++;
}

static void page_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct elsewhere *e = ctx;

    for (size_t i = 0; !err && i < count; i++)
        run_count(e, &runs[i].run);
    e->seen += count;
    if (!err && count == PAGE && e->seen < RUNS_MAX)
        page_ask(e, runs[count - 1].run.id);
    else
        looked(e, !err);
}

static void page_ask(struct elsewhere *e, int64_t after_id)
{
    const struct store_find find = {
        .is_running = true,
        .is_queued = e->has_queue,
        .after_id = after_id,
        .limit = PAGE,
    };

    store_find_runs(e->o->store, &find, page_read, e);
}

int elsewhere_running(const struct elsewhere *e, const struct job *job)
{
    if (e->counts.len == 0 || sched_is_ours(e->o->sched, job))
        return 0;
    return (int)(size_t)map_get_u64(&e->counts, (uint64_t)job->id);
}

size_t elsewhere_total(const struct elsewhere *e)
{
    return sched_members(e->o->sched) ? e->total : 0;
}

void elsewhere_places(const struct elsewhere *e, struct str pool, int64_t *ret_used,
                      int64_t *ret_waiting)
{
    const struct places *places = sched_members(e->o->sched) ? map_get(&e->pools, pool) : NULL;

    *ret_used = places ? places->used : 0;
    *ret_waiting = places ? places->waiting : 0;
}
