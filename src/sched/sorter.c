// sorter.c - places for jobs that have none, or have changed.
// SPDX-License-Identifier: Apache-2.0
#include "sched/sorter.h"

#include "sched/plan.h"
#include "sched/sched_state.h"

#define PLACES 500    // found in one turn
#define NEAR 2000     // so many are worth waiting for
#define ODD_MAX 2000  // each is looked at for every list
#define WALK_SHARE 16 // so many walks past a job cost as much as its place

// Whether it is shown as the clock says, and neither at its slot nor never.
static bool is_odd(const struct sched *s, const struct entry *entry, bool *ret_is_never)
{
    struct sched_item item = sched_item(s, entry);

    *ret_is_never = item.next_at.us == WALL_NEVER.us;
    if (entry->slot.us == WALL_NEVER.us)
        return false;
    if (item.paused ? item.paused->until.us != WALL_NEVER.us
                    : pauses_next(&s->pauses, item.job, sched_now(s)).us != WALL_NEVER.us)
        return true;
    return !*ret_is_never && item.next_at.us != entry->slot.us;
}

// The slot of a job that is another node's is the one that we have seen last.
static void slot_renew(struct sched *s, struct entry *entry)
{
    wall now = sched_now(s), next;

    if (entry->seat.is_ours || entry->slot.us > now.us)
        return;
    next = plan_shown(entry, now);
    if (next.us != WALL_NEVER.us)
        due_plan(&s->due, entry, next);
}

static void entry_place(struct sched *s, struct entry *entry)
{
    bool is_never;

    slot_renew(s, entry);
    if (is_odd(s, entry, &is_never))
        order_place_odd(&s->due.order, entry);
    else
        order_place(&s->due.order, entry, is_never);
}

// Those of other nodes whose slot has passed since they were placed.
static void passed_note(struct sched *s, size_t most)
{
    struct order *o = &s->due.order;
    struct order_at at = {0};
    struct entry *entry;
    wall now = sched_now(s);

    while (most-- > 0 && (entry = order_next(o, &at)) && entry->slot.us <= now.us) {
        if (entry->seat.is_ours)
            continue;
        order_note(o, entry);
        at = order_seek(o, entry->slot, entry->job->name);
    }
}

// Those that are odd no more. Of very many some, and the next ones another time.
static void odd_note(struct sched *s)
{
    struct order *o = &s->due.order;
    size_t *at = &s->sorter.odd_at, count = o->odd.len < ODD_MAX ? o->odd.len : ODD_MAX;
    bool is_never;

    if (*at == 0 || *at > o->odd.len || o->odd.len <= ODD_MAX)
        *at = o->odd.len;
    for (; count > 0 && *at > 0; count--) {
        struct entry *entry = o->odd.v[--*at];

        if (!is_odd(s, entry, &is_never))
            order_note(o, entry);
    }
}

// Places for jobs that never had one.
static void rest_place(struct sched *s, size_t *left)
{
    struct entry *entry = NULL;

    for (; *left > 0 && (entry = radix_next(&s->due.by_id, &s->sorter.at)); --*left)
        if (entry->listed.where == ORDER_NOWHERE)
            entry_place(s, entry);
    s->sorter.is_whole = !entry;
}

bool sorter_settle(struct sched *s)
{
    struct order *o = &s->due.order;
    size_t left = PLACES;

    if (!s->sorter.is_whole) {
        rest_place(s, &left);
        if (!s->sorter.is_whole)
            return false;
    }
    if (sched_members(s))
        passed_note(s, left);
    odd_note(s);
    while (o->moved.len > 0 && left-- > 0)
        entry_place(s, o->moved.v[o->moved.len - 1]);
    return o->moved.len == 0;
}

static void go_on(void *ctx)
{
    struct sched *s = ctx;

    s->sorter.is_going = !sorter_settle(s);
    if (s->sorter.is_going)
        loop_defer(s->options.loop, go_on, s);
}

bool sorter_is_near(struct sched *s)
{
    struct order *o = &s->due.order;
    size_t behind = o->moved.len + (s->sorter.is_whole ? 0 : due_count(&s->due));

    o->is_kept = true;
    if (o->odd.len <= ODD_MAX && (behind <= NEAR || behind <= due_count(&s->due) / WALK_SHARE))
        return true;
    if (!s->sorter.is_going)
        go_on(s);
    return false;
}

void sorter_done(struct sched *s)
{
    loop_defer_cancel(s->options.loop, go_on, s);
}
