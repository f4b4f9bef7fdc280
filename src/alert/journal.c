// journal.c - what has changed of incidents and deliveries, on its way to the store.
// SPDX-License-Identifier: Apache-2.0
#include "alert/journal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

#define BATCH_MAX 1000
#define RETRY_US 5000000

struct waiter {
    struct list link;
    journal_done *done;
    void *ctx;
};

static void save(void *ctx);

void journal_init(struct journal *j, struct loop *loop, struct store *store)
{
    *j = (struct journal){.loop = loop, .store = store};
    list_init(&j->watches);
    list_init(&j->parcels);
    list_init(&j->waiters);
    list_init(&j->saving_waiters);
}

static void waiters_drop(struct list *waiters)
{
    while (!list_is_empty(waiters))
        free(list_item(list_pop(waiters), struct waiter, link));
}

void journal_end(struct journal *j)
{
    loop_timer_stop(j->loop, &j->retry);
    loop_defer_cancel(j->loop, save, j);
    waiters_drop(&j->waiters);
    waiters_drop(&j->saving_waiters);
    free(j->saved_watches);
    free(j->saved_parcels);
    j->saved_watches = NULL;
    j->saved_parcels = NULL;
}

static void save_soon(struct journal *j)
{
    if (j->will_save || j->is_saving || loop_timer_is_armed(&j->retry))
        return;
    j->will_save = true;
    loop_defer(j->loop, save, j);
}

static void change(struct journal *j, struct list *list, struct journal_item *item)
{
    if (item->is_saving)
        item->is_changed = true;
    else if (!list_has(&item->link))
        list_push(list, &item->link);
    save_soon(j);
}

void journal_watch(struct journal *j, struct watch *watch)
{
    change(j, &j->watches, &watch->item);
}

void journal_parcel(struct journal *j, struct parcel *parcel)
{
    change(j, &j->parcels, &parcel->item);
}

void journal_wait(struct journal *j, journal_done *done, void *ctx)
{
    struct waiter *waiter = mem_alloc(sizeof *waiter);

    waiter->done = done;
    waiter->ctx = ctx;
    list_push(&j->waiters, &waiter->link);
    save_soon(j);
}

static void waiters_call(struct list *waiters, const struct err *err)
{
    struct list *link;

    while ((link = list_pop(waiters))) {
        struct waiter *waiter = list_item(link, struct waiter, link);

        waiter->done(err, waiter->ctx);
        free(waiter);
    }
}

// An item is back: to be written again, or done with.
static bool settle(struct journal *j, struct list *list, struct journal_item *item, bool is_written)
{
    bool is_again = !is_written || item->is_changed;

    (void)j;
    item->is_saving = item->is_changed = false;
    if (is_again)
        list_push(list, &item->link);
    return !is_again;
}

static void retry(void *ctx)
{
    save_soon(ctx);
}

static void trouble(struct journal *j, const struct err *err)
{
    if (!j->is_failing)
        log_error("alerts cannot be stored; they are kept and tried again", log_err(err));
    j->is_failing = true;
    loop_timer_set(j->loop, &j->retry, mono_after_us(loop_now(j->loop), RETRY_US), retry, j);
}

static void saved(const struct store_answer *answer, void *ctx)
{
    struct journal *j = ctx;
    struct watch **watches = j->saved_watches;
    struct parcel **parcels = j->saved_parcels;

    j->is_saving = false;
    j->saves++;
    j->saved_watches = NULL;
    j->saved_parcels = NULL;
    if (answer->err)
        trouble(j, answer->err);
    else
        j->is_failing = false;
    for (size_t i = 0; i < j->watch_count; i++)
        if (settle(j, &j->watches, &watches[i]->item, !answer->err || watches[i]->is_forgotten))
            j->on_watch(watches[i], j->ctx);
    for (size_t i = 0; i < j->parcel_count; i++) {
        parcels[i]->is_known = parcels[i]->is_known || !answer->err;
        if (settle(j, &j->parcels, &parcels[i]->item, !answer->err))
            j->on_parcel(parcels[i], j->ctx);
    }
    free(watches);
    free(parcels);
    waiters_call(&j->saving_waiters, answer->err);
    // At once: while the store is being closed no turn comes any more.
    if (!answer->err && !j->will_save &&
        (!list_is_empty(&j->watches) || !list_is_empty(&j->parcels) || !list_is_empty(&j->waiters)))
        save(j);
}

static void save(void *ctx)
{
    struct journal *j = ctx;
    struct incident *incidents = mem_array(BATCH_MAX, sizeof *incidents);
    struct delivery *deliveries = mem_array(BATCH_MAX, sizeof *deliveries);

    j->will_save = false;
    j->is_saving = true;
    j->saved_watches = mem_array(BATCH_MAX, sizeof *j->saved_watches);
    j->saved_parcels = mem_array(BATCH_MAX, sizeof *j->saved_parcels);
    j->watch_count = j->parcel_count = 0;
    // All incidents before the first delivery: none is told of what is not there.
    while (j->watch_count < BATCH_MAX && !list_is_empty(&j->watches)) {
        struct watch *watch = list_item(list_pop(&j->watches), struct watch, item.link);

        watch->item.is_saving = true;
        incidents[j->watch_count] = watch->row;
        j->saved_watches[j->watch_count++] = watch;
    }
    while (list_is_empty(&j->watches) && j->parcel_count < BATCH_MAX &&
           !list_is_empty(&j->parcels)) {
        struct parcel *parcel = list_item(list_pop(&j->parcels), struct parcel, item.link);

        parcel->item.is_saving = true;
        deliveries[j->parcel_count] = parcel->row;
        j->saved_parcels[j->parcel_count++] = parcel;
    }
    if (list_is_empty(&j->watches) && list_is_empty(&j->parcels))
        list_move(&j->waiters, &j->saving_waiters);
    const struct alert_write write = {incidents, j->watch_count, deliveries, j->parcel_count,
                                      j->forget};

    j->forget.us = 0;
    store_alert(j->store, &write, saved, j);
    free(incidents);
    free(deliveries);
}
