// pool.c - workers around one queue; answers come back through one post.
// SPDX-License-Identifier: Apache-2.0
#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"

struct task {
    struct list link;
    pool_work_fn *work;
    pool_done_fn *done;
    void *ctx;
    bool has_run;
};

struct pool {
    struct loop *loop;
    struct loop_post post; // "something is finished"
    int threads;
    pthread_t thread[POOL_THREADS_MAX];
    pthread_mutex_t lock; // guards all below
    pthread_cond_t wake;
    struct list waiting;
    struct list finished;
    size_t waiting_count;
    bool is_stopping;
};

static void *worker_main(void *ctx);
static void finished_answer(void *ctx);

static bool threads_start(struct pool *pool, int threads, struct err *e)
{
    sigset_t all, before;
    int errnum = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->threads < threads && errnum == 0) {
        errnum = pthread_create(&pool->thread[pool->threads], NULL, worker_main, pool);
        pool->threads += errnum == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum == 0 || fail_errno(e, ERR_SYSTEM, errnum, "cannot start a worker thread");
}

struct pool *pool_new(struct loop *loop, int threads, struct err *e)
{
    assert(threads > 0 && threads <= POOL_THREADS_MAX);
    struct pool *pool = mem_alloc(sizeof *pool);

    pool->loop = loop;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    list_init(&pool->waiting);
    list_init(&pool->finished);
    if (!threads_start(pool, threads, e)) {
        pool_free(pool);
        return NULL;
    }
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
    loop_post_cancel(pool->loop, &pool->post);
    list_move(&pool->waiting, &pool->finished);
    finished_answer(pool);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

bool pool_run(struct pool *pool, pool_work_fn *work, pool_done_fn *done, void *ctx)
{
    pthread_mutex_lock(&pool->lock);
    assert(!pool->is_stopping);
    bool has_room = pool->waiting_count < POOL_QUEUE_MAX;
    if (has_room) {
        struct task *task = mem_alloc(sizeof *task);

        *task = (struct task){.work = work, .done = done, .ctx = ctx};
        list_push(&pool->waiting, &task->link);
        pool->waiting_count++;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return has_room;
}

// The next task, or NULL when the pool ends.
static struct task *task_wait(struct pool *pool)
{
    struct task *task = NULL;

    pthread_mutex_lock(&pool->lock);
    while (!pool->is_stopping && list_is_empty(&pool->waiting))
        pthread_cond_wait(&pool->wake, &pool->lock);
    if (!pool->is_stopping) {
        task = list_item(list_pop(&pool->waiting), struct task, link);
        pool->waiting_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void *worker_main(void *ctx)
{
    struct pool *pool = ctx;
    struct task *task;

    while ((task = task_wait(pool))) {
        task->work(task->ctx);
        task->has_run = true;
        pthread_mutex_lock(&pool->lock);
        list_push(&pool->finished, &task->link);
        pthread_mutex_unlock(&pool->lock);
        loop_post(pool->loop, &pool->post, finished_answer, pool);
    }
    return NULL;
}

// Answers all that is finished, with the lock free, since done may call pool_run.
static void finished_answer(void *ctx)
{
    struct pool *pool = ctx;
    struct list batch;
    struct list *link;

    list_init(&batch);
    pthread_mutex_lock(&pool->lock);
    list_move(&pool->finished, &batch);
    pthread_mutex_unlock(&pool->lock);
    while ((link = list_pop(&batch))) {
        struct task *task = list_item(link, struct task, link);

        task->done(task->has_run, task->ctx);
        free(task);
    }
}
