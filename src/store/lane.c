// lane.c - a thread that takes all requests that wait, carries them out, and hands the answers back
// to the loop.
// SPDX-License-Identifier: Apache-2.0
#include "store/lane.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"

#define STACK_BYTES (512 * 1024)
#define HEAVY_ROWS 64 // a request of so many starts at once

struct lane {
    struct loop *loop;
    struct lane_work work;
    pthread_t thread;
    struct loop_post post;

    // Of the loop's thread.
    struct list asked;
    bool will_start; // lane_start is deferred
    size_t waiting_count;

    // Guarded by lock.
    pthread_mutex_t lock;
    pthread_cond_t is_asked, is_answered;
    struct list waiting, answered;
    bool is_poked, is_ending;
};

static void *lane_main(void *ctx);
static void lane_start(void *ctx);
static void asked_hand_over(struct lane *lane);
static void lane_answer(void *ctx);
static int thread_start(struct lane *lane);

struct lane *lane_new(struct loop *loop, const struct lane_work *work, struct err *e)
{
    struct lane *lane = mem_alloc(sizeof *lane);
    int errnum;

    lane->loop = loop;
    lane->work = *work;
    list_init(&lane->asked);
    list_init(&lane->waiting);
    list_init(&lane->answered);
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->is_asked, NULL);
    pthread_cond_init(&lane->is_answered, NULL);
    errnum = thread_start(lane);
    if (!errnum)
        return lane;
    (void)fail_errno(e, ERR_SYSTEM, errnum, "a thread for the store cannot be started");
    pthread_cond_destroy(&lane->is_answered);
    pthread_cond_destroy(&lane->is_asked);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
    return NULL;
}

void lane_ask(struct lane *lane, struct request *r)
{
    lane->waiting_count++;
    list_push(&lane->asked, &r->link);
    if (request_weight(r) >= HEAVY_ROWS) {
        asked_hand_over(lane);
        return;
    }
    if (!lane->will_start)
        loop_defer(lane->loop, lane_start, lane);
    lane->will_start = true;
}

void lane_poke(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    lane->is_poked = true;
    pthread_cond_signal(&lane->is_asked);
    pthread_mutex_unlock(&lane->lock);
}

size_t lane_waiting(const struct lane *lane)
{
    return lane->waiting_count;
}

void lane_drain(struct lane *lane)
{
    while (lane->waiting_count) {
        asked_hand_over(lane);
        pthread_mutex_lock(&lane->lock);
        while (list_is_empty(&lane->answered))
            pthread_cond_wait(&lane->is_answered, &lane->lock);
        pthread_mutex_unlock(&lane->lock);
        lane_answer(lane);
    }
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    assert(!lane->waiting_count);
    pthread_mutex_lock(&lane->lock);
    lane->is_ending = true;
    pthread_cond_signal(&lane->is_asked);
    pthread_mutex_unlock(&lane->lock);
    pthread_join(lane->thread, NULL);
    loop_post_cancel(lane->loop, &lane->post);
    loop_defer_cancel(lane->loop, lane_start, lane);
    pthread_cond_destroy(&lane->is_answered);
    pthread_cond_destroy(&lane->is_asked);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

// ---- the loop's side ----

static void lane_start(void *ctx)
{
    struct lane *lane = ctx;

    lane->will_start = false;
    asked_hand_over(lane);
}

static void asked_hand_over(struct lane *lane)
{
    if (list_is_empty(&lane->asked))
        return;
    pthread_mutex_lock(&lane->lock);
    list_move(&lane->asked, &lane->waiting);
    pthread_mutex_unlock(&lane->lock);
    pthread_cond_signal(&lane->is_asked); // with the lock free, which it would wait for otherwise
}

static void lane_answer(void *ctx)
{
    struct lane *lane = ctx;
    struct list batch, *link;

    list_init(&batch);
    pthread_mutex_lock(&lane->lock);
    list_move(&lane->answered, &batch);
    pthread_mutex_unlock(&lane->lock);
    while ((link = list_pop(&batch))) {
        lane->waiting_count--;
        request_answer(list_item(link, struct request, link));
    }
}

// ---- the thread's side ----

// Those that are first in line, as many as one batch may have. Under the lock.
static void batch_take(struct lane *lane, struct list *batch)
{
    size_t rows = 0;

    if (!lane->work.rows_max)
        list_move(&lane->waiting, batch);
    while (!list_is_empty(&lane->waiting)) {
        struct request *r = list_item(lane->waiting.next, struct request, link);

        rows += request_weight(r);
        if (!list_is_empty(batch) && rows > lane->work.rows_max)
            return;
        list_push(batch, list_pop(&lane->waiting));
    }
}

static void *lane_main(void *ctx)
{
    struct lane *lane = ctx;
    struct list batch;

    list_init(&batch);
    pthread_mutex_lock(&lane->lock);
    for (;;) {
        bool is_poked = lane->is_poked;

        if (list_is_empty(&lane->waiting) && !is_poked) {
            if (lane->is_ending)
                break;
            pthread_cond_wait(&lane->is_asked, &lane->lock);
            continue;
        }
        batch_take(lane, &batch);
        if (list_is_empty(&batch))
            lane->is_poked = false;
        pthread_mutex_unlock(&lane->lock);
        if (list_is_empty(&batch)) {
            lane->work.poked(lane->work.ctx);
            pthread_mutex_lock(&lane->lock);
            continue;
        }
        lane->work.batch(&batch, lane->work.ctx);
        pthread_mutex_lock(&lane->lock);
        list_move(&batch, &lane->answered);
        pthread_cond_signal(&lane->is_answered);
        pthread_mutex_unlock(&lane->lock);
        loop_post(lane->loop, &lane->post, lane_answer, lane);
        pthread_mutex_lock(&lane->lock);
    }
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

static int thread_start(struct lane *lane)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int errnum;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errnum = pthread_create(&lane->thread, &attributes, lane_main, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return errnum;
}
