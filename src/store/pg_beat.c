// pg_beat.c - renews our lease, buries whose lease is over, and looks what the others have done.
// SPDX-License-Identifier: Apache-2.0
//
// Whoever was without the database for long finds that the leases of the others are over too, when
// it was the database that was away. So nobody buries another before it has renewed its own lease
// for as long as one lasts without a gap: by then those who live have come back.
//
// A node whose loop hangs starts nothing and answers nobody. Its lease is not renewed then, so that
// others do its work.
#include "store/pg_beat.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/pg_epoch.h"

#define PERIOD_US 1000000  // between two renewals, at most
#define RETRY_US 100000    // between two looks whether there is a connection again
#define GAP_US 20000       // between two looks, however often we are told
#define RELEASE_US 2000000 // between two epochs that we begin because jobs rest
#define DEADLINE_MS 4000   // of an answer
#define STACK_BYTES (512 * 1024)

struct pg_beat {
    struct pg_beat_options options;
    struct pg *pg;
    int64_t node, lease_us, period_us;
    pthread_t thread;
    int wake; // eventfd
    struct loop_post news_post, lost_post, turn_post;

    // Of any thread.
    atomic_llong running, waiting, late_us;
    atomic_llong trusted_until; // by the stopwatch
    atomic_llong turned_at;     // likewise: the loop's last turn that we know of; 0: none yet
    atomic_bool is_ending, is_released, is_lost;

    // Guarded by lock.
    pthread_mutex_t lock;
    bool is_watched, is_alone;
    struct pg_told told;
    struct pg_news *made; // on their way to the loop

    // Of the thread.
    mono renewed, renew_at;
    mono steady_since; // since then our lease has had no gap
    mono looked_at, released_at;
    struct err lost;
};

static void *beat_main(void *ctx);
static int thread_start(struct pg_beat *b);
static bool session_listen(struct pg *pg, void *ctx, struct err *e);
static void news_tell(void *ctx);
static void lost_tell(void *ctx);
static void turn_tell(void *ctx);

struct pg_beat *pg_beat_new(const struct pg_beat_options *options, struct err *e)
{
    struct pg_beat *b = mem_alloc(sizeof *b);
    int errnum;

    b->options = *options;
    b->node = options->node->id;
    b->lease_us = options->node->lease_us;
    b->period_us = b->lease_us / 5 < PERIOD_US ? b->lease_us / 5 : PERIOD_US;
    b->renewed = b->steady_since = options->node->renewed;
    b->renew_at = mono_after_us(b->renewed, b->period_us);
    atomic_init(&b->trusted_until, b->renewed.us + b->lease_us / 5 * 4);
    pthread_mutex_init(&b->lock, NULL);
    b->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    b->pg = b->wake >= 0 ? pg_open(options->uri, true, e) : NULL;
    if (b->wake < 0)
        (void)fail_errno(e, ERR_SYSTEM, errno, "an event descriptor cannot be had");
    if (b->pg) {
        b->pg->patience_ms = DEADLINE_MS;
        b->pg->on_connect = session_listen;
        if (session_listen(b->pg, NULL, e)) {
            if (!(errnum = thread_start(b)))
                return b;
            (void)fail_errno(e, ERR_SYSTEM, errnum, "a thread for the store cannot be started");
        }
    }
    pg_close(b->pg);
    file_close(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
    return NULL;
}

void pg_beat_free(struct pg_beat *b)
{
    if (!b)
        return;
    atomic_store(&b->is_ending, true);
    pg_beat_poke(b);
    pthread_join(b->thread, NULL);
    loop_post_cancel(b->options.loop, &b->news_post);
    loop_post_cancel(b->options.loop, &b->lost_post);
    loop_post_cancel(b->options.loop, &b->turn_post);
    pg_news_free(b->made);
    pg_close(b->pg);
    file_close(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

void pg_beat_watch(struct pg_beat *b, const struct pg_told *since, bool is_alone)
{
    pthread_mutex_lock(&b->lock);
    b->told = *since;
    b->is_alone = is_alone;
    b->is_watched = true;
    pthread_mutex_unlock(&b->lock);
    pg_beat_poke(b);
}

void pg_beat_poke(struct pg_beat *b)
{
    (void)eventfd_write(b->wake, 1);
}

void pg_beat_tell(struct pg_beat *b, int64_t running, int64_t waiting, int64_t late_us)
{
    atomic_store(&b->running, running);
    atomic_store(&b->waiting, waiting);
    atomic_store(&b->late_us, late_us);
}

void pg_beat_release(struct pg_beat *b)
{
    atomic_store(&b->is_released, true);
    pg_beat_poke(b);
}

bool pg_beat_is_trusted(const struct pg_beat *b)
{
    return clock_mono(clock_real()).us < atomic_load(&b->trusted_until) && !pg_beat_is_lost(b);
}

bool pg_beat_is_lost(const struct pg_beat *b)
{
    return atomic_load(&b->is_lost);
}

// ---- the loop's side ----

static void news_tell(void *ctx)
{
    struct pg_beat *b = ctx;
    struct pg_news *news;
    bool is_taken, has_more;

    pthread_mutex_lock(&b->lock);
    news = b->made;
    pthread_mutex_unlock(&b->lock);
    is_taken = b->options.on_news(news, b->options.ctx);
    has_more = news->has_more;
    pthread_mutex_lock(&b->lock);
    if (is_taken)
        b->told = news->upto;
    if (is_taken && news->news.members)
        b->is_alone = news->members.node_count == 1;
    b->made = NULL;
    pthread_mutex_unlock(&b->lock);
    pg_news_free(news);
    if (has_more)
        pg_beat_poke(b);
}

static void lost_tell(void *ctx)
{
    struct pg_beat *b = ctx;

    b->options.on_lost(&b->lost, b->options.ctx);
}

static void turn_tell(void *ctx)
{
    struct pg_beat *b = ctx;

    atomic_store(&b->turned_at, clock_mono(clock_real()).us);
}

// ---- the thread's side ----

// A new session is told when another has changed something. Channels belong to the database, which
// has schemas of others.
static bool session_listen(struct pg *pg, void *ctx, struct err *e)
{
    (void)ctx;
    return pg_script(pg, "DO $$ BEGIN EXECUTE 'LISTEN belfry_' || current_schema()::regnamespace"
                         "::oid; END $$") ||
           pg_fail(pg, e);
}

static void lose(struct pg_beat *b)
{
    (void)fail(&b->lost, ERR_STORE, NULL,
               "the lease of this node at \"%s\" has ended: others have its jobs", b->pg->name);
    (void)fail_hint(&b->lost, "look for what kept it from renewing: a frozen process or machine, a "
                              "broken connection, another node of its name");
    atomic_store(&b->is_lost, true);
    loop_post(b->options.loop, &b->lost_post, lost_tell, b);
}

// False when it failed, or the row is gone.
static bool renew(struct pg_beat *b)
{
    struct query *q = pg_get(b->pg, PG_RENEW);
    mono sent = clock_mono(clock_real());
    enum query_step step;

    query_int(q, 1, b->node);
    query_int(q, 2, b->lease_us);
    query_int(q, 3, atomic_load(&b->running));
    query_int(q, 4, atomic_load(&b->waiting));
    query_int(q, 5, atomic_load(&b->late_us));
    step = query_step(q);
    query_reset(q);
    b->renew_at = mono_after_us(sent, b->period_us);
    if (step == QUERY_DONE)
        lose(b);
    if (step != QUERY_ROW)
        return false;
    if (sent.us - b->renewed.us >= b->lease_us)
        b->steady_since = sent;
    b->renewed = sent;
    atomic_store(&b->trusted_until, sent.us + b->lease_us / 5 * 4);
    return true;
}

// An epoch that changes nobody is not begun.
static bool bury(struct pg *pg, void *ctx)
{
    const struct pg_beat *b = ctx;
    struct query *q = pg_get(pg, PG_BURY);
    enum query_step step;
    int count = 0;

    query_int(q, 1, b->node);
    while ((step = query_step(q)) == QUERY_ROW) {
        log_warn("the lease of a node is over: others have its jobs",
                 log_str("node", column_text(q, 0)));
        count++;
    }
    query_reset(q);
    return step == QUERY_DONE && count > 0;
}

static bool is_steady(const struct pg_beat *b, mono now)
{
    return now.us - b->steady_since.us >= b->lease_us;
}

// News for the loop, unless some are on their way.
static void news_make(struct pg_beat *b, const struct pg_told *at)
{
    struct pg_told told;
    struct pg_news *news;
    bool is_wanted, is_own;

    pthread_mutex_lock(&b->lock);
    told = b->told;
    is_wanted =
        b->is_watched && !b->made &&
        (at->epoch != told.epoch || at->change != told.change || at->calendars != told.calendars);
    is_own = b->is_alone && at->epoch == told.epoch;
    pthread_mutex_unlock(&b->lock);
    if (!is_wanted)
        return;
    news = is_own ? pg_news_own(at) : pg_news_read(b->pg, &told, b->node);
    if (!news)
        return;
    pthread_mutex_lock(&b->lock);
    b->made = news;
    pthread_mutex_unlock(&b->lock);
    loop_post(b->options.loop, &b->news_post, news_tell, b);
}

static void look(struct pg_beat *b)
{
    struct query *q = pg_get(b->pg, PG_LOOK);
    mono now = clock_mono(clock_real());
    struct pg_told at;
    int64_t dead;

    query_int(q, 1, b->node);
    if (query_step(q) != QUERY_ROW)
        return;
    at = (struct pg_told){column_int(q, 0), column_int(q, 1), column_int(q, 2)};
    dead = column_int(q, 3);
    query_reset(q);
    if (dead && is_steady(b, now) && pg_epoch_change(b->pg, b->node, bury, b))
        pg_beat_poke(b);
    else if (atomic_load(&b->is_released) && now.us - b->released_at.us >= RELEASE_US) {
        b->released_at = now;
        atomic_store(&b->is_released, false);
        if (pg_epoch_change(b->pg, b->node, NULL, NULL))
            pg_beat_poke(b);
        else
            atomic_store(&b->is_released, true);
    }
    news_make(b, &at);
}

static bool is_hung(const struct pg_beat *b, mono now)
{
    int64_t turned_at = atomic_load(&b->turned_at);

    return turned_at && now.us - turned_at > b->lease_us / 2;
}

static void turn(struct pg_beat *b)
{
    mono now = clock_mono(clock_real());

    b->looked_at = now;
    loop_post(b->options.loop, &b->turn_post, turn_tell, b);
    if (is_hung(b, now))
        b->renew_at = mono_after_us(now, b->period_us);
    if (is_hung(b, now) || !pg_ready(b->pg) || !pg_clock_look(&b->options.clock, b->pg))
        return;
    if (clock_mono(clock_real()).us >= b->renew_at.us && !renew(b))
        return;
    look(b);
}

// Whether we have been told since we looked, also while we did.
static bool is_told(struct pg_beat *b)
{
    bool is_told = false;
    PGnotify *told;

    if (b->pg->conn)
        (void)PQconsumeInput(b->pg->conn);
    while (b->pg->conn && (told = PQnotifies(b->pg->conn))) {
        is_told = true;
        PQfreemem(told);
    }
    return is_told;
}

// Waits for somebody who tells, or until it is time; not at all when we were told already.
static void rest(struct pg_beat *b)
{
    struct pollfd fds[] = {{.fd = b->wake, .events = POLLIN},
                           {.fd = b->pg->conn ? PQsocket(b->pg->conn) : -1, .events = POLLIN}};
    mono now = clock_mono(clock_real());
    int64_t left_us = b->pg->conn ? b->renew_at.us - now.us : RETRY_US;
    int64_t gap_us = b->looked_at.us + GAP_US - now.us;
    eventfd_t count;

    if (atomic_load(&b->is_lost))
        left_us = PERIOD_US;
    if (gap_us > 0 && !atomic_load(&b->is_ending))
        (void)poll(NULL, 0, (int)(gap_us / 1000) + 1);
    if (!is_told(b))
        (void)poll(fds, 2, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
    (void)eventfd_read(b->wake, &count);
    (void)is_told(b);
}

static void *beat_main(void *ctx)
{
    struct pg_beat *b = ctx;

    while (!atomic_load(&b->is_ending)) {
        if (!atomic_load(&b->is_lost))
            turn(b);
        rest(b);
    }
    return NULL;
}

static int thread_start(struct pg_beat *b)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int errnum;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errnum = pthread_create(&b->thread, &attributes, beat_main, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return errnum;
}
