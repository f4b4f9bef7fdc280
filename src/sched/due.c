// due.c - the table of jobs and the heap of their next slots.
// SPDX-License-Identifier: Apache-2.0
#include "sched/due.h"

#include <stdlib.h>

#include "base/mem.h"

#define SOME 16 // names that are put into their table together
#define OF(node, member) ((struct entry *)((char *)(node)-offsetof(struct entry, member)))

void due_init(struct due *d)
{
    *d = (struct due){.planned = WALL_NEVER, .gaining = WALL_NEVER};
    map_init(&d->by_name);
    tagged_init(&d->tagged);
    followers_init(&d->followers);
}

static void entry_free(struct entry *entry)
{
    job_free(entry->job);
    free(entry->learned);
    free(entry);
}

void due_done(struct due *d)
{
    struct entry *entry;

    heap_done(&d->ringing); // first: it marks the nodes inside of the entries
    heap_done(&d->held);
    for (size_t at = 0; (entry = radix_next(&d->by_id, &at));) {
        entry_free(entry);
    }
    map_done(&d->by_name);
    radix_done(&d->by_id);
    radix_done(&d->paused);
    radix_done(&d->changing);
    tagged_done(&d->tagged);
    followers_done(&d->followers);
    order_done(&d->order);
}

static size_t *count_of(struct due *d, const struct job *job)
{
    enum due_status status = job->spec->quarantine.len > 0 ? DUE_QUARANTINED
                             : job->state == JOB_PAUSED    ? DUE_PAUSED
                                                           : DUE_SCHEDULED;

    return &d->counts.n[job->kind][status];
}

// What is asked of all entries in a row.
static void entry_mark(struct entry *entry)
{
    const struct job *job = entry->job;

    entry->is_relative = job->trigger && trigger_is_relative(job->trigger);
    entry->is_linked = job->depends || (job->spec->needs && job->spec->needs->count > 0);
    entry->is_choosy = job->spec->nodes.len > 0;
}

// The entry's job is counted from now on, or no more.
static void entry_count_in(struct due *d, struct entry *entry)
{
    ++*count_of(d, entry->job);
    tagged_add(&d->tagged, entry->job->spec->tags);
    if (entry->job->state == JOB_PAUSED)
        radix_put(&d->paused, (uint64_t)entry->job->id, entry);
}

static void entry_count_out(struct due *d, struct entry *entry)
{
    --*count_of(d, entry->job);
    tagged_remove(&d->tagged, entry->job->spec->tags);
    if (entry->job->state == JOB_PAUSED)
        radix_remove(&d->paused, (uint64_t)entry->job->id);
}

struct entry *due_add(struct due *d, struct job *job)
{
    struct entry *entry = mem_alloc(sizeof *entry);

    entry->job = job;
    entry_mark(entry);
    entry->slot = WALL_NEVER;
    entry->seat = (struct seat){.node = SEAT_NOBODY, .is_ours = true};
    entry_count_in(d, entry);
    if (!d->is_filling)
        map_put(&d->by_name, job->name, entry);
    radix_put(&d->by_id, (uint64_t)job->id, entry);
    followers_join(&d->followers, entry);
    order_note(&d->order, entry);
    return entry;
}

void due_fill_begin(struct due *d)
{
    d->is_filling = true;
}

void due_fill_end(struct due *d)
{
    struct entry *some[SOME];
    size_t at = 0, count = SOME;

    if (!d->is_filling)
        return;
    d->is_filling = false;
    map_reserve(&d->by_name, due_count(d));
    while (count == SOME) {
        for (count = 0; count < SOME && (some[count] = radix_next(&d->by_id, &at)); count++)
            map_expect(&d->by_name, some[count]->job->name);
        for (size_t i = 0; i < count; i++)
            map_put(&d->by_name, some[i]->job->name, some[i]);
    }
}

wall due_slot_after(struct due *d, const struct entry *entry, wall after)
{
    const struct trigger *trigger = entry->job->trigger;

    if (d->asked.trigger != trigger || d->asked.after.us != after.us) {
        d->asked.trigger = trigger;
        d->asked.after = after;
        d->asked.next = trigger_next(trigger, after);
    }
    return d->asked.next;
}

// The entry's job goes, and its trigger perhaps with it.
static void asked_forget(struct due *d, const struct entry *entry)
{
    if (d->asked.trigger == entry->job->trigger)
        d->asked.trigger = NULL;
}

static void heaps_leave(struct due *d, struct entry *entry)
{
    if (heap_has(&entry->due))
        heap_remove(&d->ringing, &entry->due);
    if (heap_has(&entry->held))
        heap_remove(&d->held, &entry->held);
}

void due_remove(struct due *d, struct entry *entry)
{
    heaps_leave(d, entry);
    order_leave(&d->order, entry);
    followers_leave(&d->followers, entry);
    entry_count_out(d, entry);
    if (map_get(&d->by_name, entry->job->name) == entry)
        map_remove(&d->by_name, entry->job->name);
    radix_remove(&d->by_id, (uint64_t)entry->job->id);
    asked_forget(d, entry);
    entry_free(entry);
}

static bool is_same_kind(const struct job *a, const struct job *b)
{
    return a->trigger && b->trigger && trigger_kind(a->trigger) == trigger_kind(b->trigger);
}

void due_replace(struct due *d, struct entry *entry, struct job *job)
{
    if (!is_same_kind(entry->job, job))
        entry->event = (wall){0};
    order_note(&d->order, entry);
    // The map borrows the name from the job, so the new one's must be there before the old one
    // goes.
    map_put(&d->by_name, job->name, entry);
    entry_count_out(d, entry);
    depends_keep(entry->job->depends, job->depends);
    followers_leave(&d->followers, entry);
    asked_forget(d, entry);
    job_free(entry->job);
    entry->job = job;
    entry_mark(entry);
    entry_count_in(d, entry);
    followers_join(&d->followers, entry);
}

struct entry *due_find(const struct due *d, struct str name)
{
    return map_get(&d->by_name, name);
}

struct entry *due_find_id(const struct due *d, int64_t job_id)
{
    return radix_get(&d->by_id, (uint64_t)job_id);
}

size_t due_count(const struct due *d)
{
    return d->by_id.len;
}

void due_plan(struct due *d, struct entry *entry, wall slot)
{
    due_plan_late(d, entry, slot, (wall){0});
}

void due_plan_late(struct due *d, struct entry *entry, wall slot, wall not_before)
{
    heaps_leave(d, entry);
    order_note(&d->order, entry);
    entry->slot = slot;
    entry->is_waiting = false;
    if (slot.us == WALL_NEVER.us || entry->planned.us != 0 || !entry->seat.is_ours)
        return;
    int64_t jitter_us = trigger_jitter_us(entry->job->trigger, (uint64_t)entry->job->id, slot);
    int64_t rings_at = slot.us + jitter_us;

    if (entry->job->kind == JOB_HEARTBEAT) // until then it waits for a ping
        rings_at = slot.us + job_ping_grace_us(entry->job, slot);

    if (rings_at < not_before.us)
        rings_at = not_before.us;
    heap_push(&d->ringing, &entry->due, rings_at);
    // A date, and what follows events, is found again whatever the watermark says.
    if (rings_at != slot.us && !(entry->is_relative && not_before.us != 0) &&
        !trigger_is_once(entry->job->trigger))
        heap_push(&d->held, &entry->held, slot.us);
}

bool due_is_changing(const struct due *d, const struct entry *entry)
{
    const wall *asked_at =
        entry->writes > 0 ? radix_get(&d->changing, (uint64_t)entry->job->id) : NULL;

    return asked_at && asked_at->us < entry->slot.us;
}

void due_hold(struct due *d, struct entry *entry)
{
    heaps_leave(d, entry);
    entry->is_waiting = true;
    heap_push(&d->held, &entry->held, entry->slot.us);
}

wall due_next(const struct due *d)
{
    const struct heap_node *first = heap_peek(&d->ringing);

    return first ? (wall){first->key} : WALL_NEVER;
}

struct soon {
    due_fn *fn;
    void *ctx;
};

static void soon_seen(struct heap_node *node, void *ctx)
{
    const struct soon *soon = ctx;

    soon->fn(OF(node, due), soon->ctx);
}

void due_soon(const struct due *d, wall until, size_t most, due_fn *fn, void *ctx)
{
    struct soon soon = {fn, ctx};

    heap_upto(&d->ringing, until.us, most, soon_seen, &soon);
}

struct entry *due_pop(struct due *d, wall now)
{
    struct entry *entry = due_first(d, now);

    if (entry)
        heaps_leave(d, entry);
    return entry;
}

struct entry *due_first(const struct due *d, wall until)
{
    struct heap_node *first = heap_peek(&d->ringing);

    return first && first->key <= until.us ? OF(first, due) : NULL;
}

void due_set_aside(struct due *d, struct entry *entry)
{
    heap_remove(&d->ringing, &entry->due);
}

void due_set_back(struct due *d, struct entry *entry)
{
    heap_push(&d->ringing, &entry->due, entry->due.key);
}

wall due_watermark(const struct due *d, wall now)
{
    const struct heap_node *ringing = heap_peek(&d->ringing), *held = heap_peek(&d->held);
    int64_t us = now.us;

    if (ringing && ringing->key - 1 < us)
        us = ringing->key - 1;
    if (held && held->key - 1 < us)
        us = held->key - 1;
    if (d->planned.us - 1 < us)
        us = d->planned.us - 1;
    if (d->gaining.us < us)
        us = d->gaining.us;
    return (wall){us};
}

wall due_mark(struct due *d, wall now)
{
    wall mark = due_watermark(d, now);

    if (mark.us > d->marked.us || d->is_set_back)
        d->marked = mark;
    d->is_set_back = false;
    return d->marked;
}

// What sorting looks at, beside the entry, so that it seldom has to look into it.
struct place {
    int64_t slot_us;
    struct entry *entry;
};

static int place_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->slot_us != y->slot_us)
        return x->slot_us < y->slot_us ? -1 : 1;
    return str_cmp(x->entry->job->name, y->entry->job->name);
}

struct entry **due_list(const struct due *d, due_shown_fn *shown, void *ctx)
{
    struct place *places = mem_array(due_count(d), sizeof *places);
    struct entry **list = mem_array(due_count(d), sizeof *list), *entry;
    size_t count = 0;

    for (size_t at = 0; (entry = radix_next(&d->by_id, &at));)
        places[count++] = (struct place){shown(entry, ctx).us, entry};
    qsort(places, count, sizeof *places, place_order);
    for (size_t i = 0; i < count; i++)
        list[i] = places[i].entry;
    free(places);
    return list;
}
