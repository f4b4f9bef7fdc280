// page.c - the smallest few of many: taken from the order, or found in one walk.
// SPDX-License-Identifier: Apache-2.0
//
// A page of all jobs is taken from the order that is kept of them (order.h): what has changed since
// the last page finds its place first, some jobs a turn. While that order is still being made, or
// more has changed than a walk would cost, and when only some jobs are wanted, all are walked.
//
// What is kept on a walk is a heap whose top is the last of the page so far: most jobs are seen to
// lie behind it by their slot alone, since none is shown before its slot.
#include "sched/page.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sched/sched_state.h"
#include "sched/sorter.h"

#define STEP 20000     // jobs looked at in one turn
#define RESTARTS_MAX 3 // then it goes on with what is left

struct kept {
    wall shown;
    int64_t job_id;
    const struct entry *entry;
};

struct page {
    struct list link; // in the scheduler's
    struct sched *s;
    struct sched_page_ask ask;
    const struct radix *jobs; // that are walked
    size_t at;
    int restarts;
    size_t matching, behind; // jobs that are wanted, and of those, behind where it begins
    struct kept *kept;
    size_t count;
};

static int kept_order(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    if (x->shown.us != y->shown.us)
        return x->shown.us < y->shown.us ? -1 : 1;
    return str_cmp(x->entry->job->name, y->entry->job->name);
}

// ---- the heap: no item comes behind its parent ----

static void kept_sift_down(struct page *p, size_t i, struct kept item)
{
    size_t child;

    while ((child = 2 * i + 1) < p->count) {
        if (child + 1 < p->count && kept_order(&p->kept[child], &p->kept[child + 1]) < 0)
            child++;
        if (kept_order(&p->kept[child], &item) <= 0)
            break;
        p->kept[i] = p->kept[child];
        i = child;
    }
    p->kept[i] = item;
}

static void kept_sift_up(struct page *p, size_t i, struct kept item)
{
    while (i > 0 && kept_order(&p->kept[(i - 1) / 2], &item) < 0) {
        p->kept[i] = p->kept[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    p->kept[i] = item;
}

static void kept_add(struct page *p, struct kept item)
{
    if (p->count < p->ask.limit)
        kept_sift_up(p, p->count++, item);
    else if (kept_order(&item, &p->kept[0]) < 0)
        kept_sift_down(p, 0, item);
}

// ---- the walk ----

static bool is_behind(const struct sched_page_ask *ask, const struct sched_item *item)
{
    if (!ask->has_after || item->next_at.us != ask->after.us)
        return !ask->has_after || item->next_at.us > ask->after.us;
    return str_cmp(item->job->name, ask->after_name) > 0;
}

// Whether it surely comes behind the whole page, and nobody asks for more of it.
static bool is_far(const struct page *p, const struct entry *entry)
{
    return !p->ask.wanted && p->behind > p->ask.limit && p->count == p->ask.limit &&
           entry->slot.us > p->kept[0].shown.us;
}

static void entry_look(struct page *p, const struct entry *entry)
{
    struct sched_item item;

    if (is_far(p, entry))
        return;
    item = sched_item(p->s, entry);
    if (p->ask.wanted && !p->ask.wanted(&item, p->ask.ctx))
        return;
    p->matching++;
    if (!is_behind(&p->ask, &item))
        return;
    p->behind++;
    kept_add(p, (struct kept){item.next_at, item.job->id, entry});
}

static void walk_begin(struct page *p)
{
    p->at = p->matching = p->behind = p->count = 0;
}

// Jobs may have gone since the last turn. Then there is room for some that were passed over.
static void kept_renew(struct page *p)
{
    size_t count = p->count;

    p->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct kept item = p->kept[i];

        if (due_find_id(&p->s->due, item.job_id) == item.entry)
            kept_sift_up(p, p->count++, item);
    }
    if (p->count < count && p->restarts++ < RESTARTS_MAX)
        walk_begin(p);
}

static void page_free(struct page *p)
{
    list_remove(&p->link);
    free(p->kept);
    free(p);
}

static void page_answer(struct page *p)
{
    struct sched_item *items = mem_array(p->count + 1, sizeof *items);

    qsort(p->kept, p->count, sizeof *p->kept, kept_order);
    for (size_t i = 0; i < p->count; i++)
        items[i] = sched_item(p->s, p->kept[i].entry);
    p->ask.done(items, p->count, p->ask.wanted ? p->matching : due_count(&p->s->due),
                p->behind > p->count, p->ask.ctx);
    free(items);
    page_free(p);
}

static void walk_step(void *ctx)
{
    struct page *p = ctx;
    struct entry *entry;
    size_t left = STEP;

    kept_renew(p);
    while (left-- > 0) {
        entry = radix_next(p->jobs, &p->at);
        if (!entry) {
            page_answer(p);
            return;
        }
        entry_look(p, entry);
    }
    loop_defer(p->s->options.loop, walk_step, p);
}

// ---- the order ----

// One more than the page has tells whether there are more.
static void order_look(struct page *p)
{
    const struct order *o = &p->s->due.order;
    struct order_at at = {0};
    const struct entry *entry;

    if (p->ask.has_after)
        at = order_seek(o, p->ask.after, p->ask.after_name);
    for (size_t i = 0; i <= p->ask.limit && (entry = order_next(o, &at)); i++)
        entry_look(p, entry);
    for (size_t i = 0; i < o->odd.len; i++)
        entry_look(p, o->odd.v[i]);
}

static void order_step(void *ctx)
{
    struct page *p = ctx;

    if (!sorter_settle(p->s)) {
        loop_defer(p->s->options.loop, order_step, p);
        return;
    }
    order_look(p);
    page_answer(p);
}

// While a tag or everything is paused, any job may be.
static const struct radix *jobs_asked(const struct sched *s, const struct sched_page_ask *ask)
{
    bool is_paused = ask->only_paused && !pauses_wide(&s->pauses, sched_now(s));

    return is_paused ? &s->due.paused : &s->due.by_id;
}

void sched_page(struct sched *s, const struct sched_page_ask *ask)
{
    struct page *p = mem_alloc(sizeof *p);

    *p = (struct page){.s = s,
                       .ask = *ask,
                       .jobs = jobs_asked(s, ask),
                       .kept = mem_array(ask->limit, sizeof *p->kept)};
    list_push(&s->pages, &p->link);
    if (!ask->wanted && sorter_is_near(s)) {
        order_step(p);
        return;
    }
    walk_begin(p);
    walk_step(p);
}

void sched_pages_done(struct sched *s)
{
    while (!list_is_empty(&s->pages)) {
        struct page *p = list_item(s->pages.next, struct page, link);

        loop_defer_cancel(s->options.loop, walk_step, p);
        loop_defer_cancel(s->options.loop, order_step, p);
        page_free(p);
    }
}
