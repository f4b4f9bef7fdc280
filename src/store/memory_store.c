// memory_store.c - the reference model of a store: what store.h promises, in the plainest way.
//
// One transaction is under way at a time. It takes what waits when its moment comes (end of the
// turn, or a timer), is carried out at once, and its answers go out at the next moment; a crash
// between the two leaves requests that are durable though their caller never heard of it - as with
// a real disk.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store/memory_beat.h"
#include "store/memory_inventory.h"
#include "store/request.h"

struct memory_store {
    struct store base;
    struct store_ops ops;
    struct memory_beat beat; // among others
    struct loop *loop;
    struct memory_data *data;
    struct memory_data *own_data; // NULL when data is borrowed
    struct list waiting, durable, reads;
    struct loop_timer timer;
    bool is_busy;    // a transaction is under way
    bool is_reading; // reads are to be answered at the end of the turn
    int64_t commit_us, answer_us, orphaned;
    int fail_count;
    struct store_stats stats;
    struct store_meter meter;
};

static const struct store_ops memory_ops;
static void nodes_ops_fill(struct store_ops *ops);
static void commit(void *ctx);
static void answer(void *ctx);
static void read_all(void *ctx);

static struct memory_store *store_new(struct loop *loop, struct memory_data *data)
{
    struct memory_store *s = mem_alloc(sizeof *s);

    s->ops = memory_ops;
    s->base.ops = &s->ops;
    s->loop = loop;
    s->data = data;
    s->beat.loop = loop;
    s->beat.data = data;
    list_init(&s->waiting);
    list_init(&s->durable);
    list_init(&s->reads);
    return s;
}

struct store *memory_store_open(struct loop *loop, struct memory_data *data)
{
    struct memory_store *s = store_new(loop, data);

    s->orphaned = memory_data_take(data, clock_wall(loop_clock(loop)));
    return &s->base;
}

bool memory_store_join(struct loop *loop, struct memory_data *data, const struct clock *clock,
                       const struct memory_node_options *options, struct store **ret, struct err *e)
{
    struct memory_store *s = store_new(loop, data);
    int64_t id;

    memory_data_share(data, clock);
    if (!memory_epoch_join(data, options, &id, &s->orphaned, e)) {
        memory_data_leave(data);
        free(s);
        return false;
    }
    memory_data_begin(data, id, clock_wall(clock));
    memory_beat_begin(&s->beat, options, id);
    nodes_ops_fill(&s->ops);
    *ret = &s->base;
    return true;
}

struct store *memory_store_new(struct loop *loop)
{
    struct memory_data *data = memory_data_new();
    struct memory_store *s = (struct memory_store *)memory_store_open(loop, data);

    s->own_data = data;
    return &s->base;
}

void memory_store_delay(struct store *store, int64_t commit_us, int64_t answer_us)
{
    struct memory_store *s = (struct memory_store *)store;

    s->commit_us = commit_us;
    s->answer_us = answer_us;
    memory_store_delay_beats(store, commit_us, answer_us);
}

void memory_store_delay_beats(struct store *store, int64_t commit_us, int64_t answer_us)
{
    struct memory_store *s = (struct memory_store *)store;

    s->beat.commit_us = commit_us;
    s->beat.answer_us = answer_us;
}

void memory_store_fail(struct store *store, int count)
{
    ((struct memory_store *)store)->fail_count = count;
}

void memory_store_cut(struct store *store, bool is_cut)
{
    ((struct memory_store *)store)->beat.is_cut = is_cut;
}

void memory_store_deafen(struct store *store, bool is_deaf)
{
    ((struct memory_store *)store)->beat.is_deaf = is_deaf;
}

void memory_store_land(struct store *store)
{
    struct memory_store *s = (struct memory_store *)store;

    memory_beat_land(&s->beat);
    if (list_is_empty(&s->waiting) || !list_is_empty(&s->durable))
        return;
    loop_defer_cancel(s->loop, commit, s);
    commit(s);
}

// ---- the three moments of a write ----

static void soon(struct memory_store *s, int64_t us, loop_fn *fn)
{
    if (us > 0)
        loop_timer_set(s->loop, &s->timer, mono_after_us(clock_mono(loop_clock(s->loop)), us), fn,
                       s);
    else
        loop_defer(s->loop, fn, s);
}

static void ask(struct store *store, struct request *r, store_done *done, void *ctx)
{
    struct memory_store *s = (struct memory_store *)store;

    r->done = done;
    request_begin(r, loop_clock(s->loop), &s->meter, ctx);
    r->self = s->beat.id;
    r->epoch = s->beat.epoch;
    r->seen_seq = s->beat.known.change_seq;
    s->stats.waiting++;
    list_push(&s->waiting, &r->link);
    if (!s->is_busy) {
        s->is_busy = true;
        soon(s, s->commit_us, commit);
    }
}

// Why the transaction that is next fails; ERR_NONE when it does not.
static void trouble_find(struct memory_store *s, struct err *ret)
{
    ret->code = ERR_NONE;
    if (s->fail_count > 0) {
        s->fail_count--;
        (void)fail(ret, ERR_STORE, NULL, "the store cannot be written: test");
    } else if (s->beat.is_cut) {
        (void)fail(ret, ERR_STORE, NULL, "the store cannot be reached: test");
    } else if (s->beat.id && !memory_epoch_counts(s->data, s->beat.id)) {
        (void)fail(ret, ERR_STORE, NULL, "the lease of this node has ended");
    }
}

static void commit(void *ctx)
{
    struct memory_store *s = ctx;
    struct list batch, *link;
    struct err *trouble = &s->stats.last_failure;

    list_init(&batch);
    list_move(&s->waiting, &batch);
    trouble_find(s, trouble);
    s->stats.transactions++;
    if (trouble->code != ERR_NONE)
        s->stats.last_failure_at = clock_wall(loop_clock(s->loop));
    while ((link = list_pop(&batch))) {
        struct request *r = list_item(link, struct request, link);

        s->stats.writes++;
        if (trouble->code != ERR_NONE)
            r->err = *trouble;
        else if (s->beat.id)
            memory_epoch_write(s->data, r);
        else
            memory_data_write(s->data, r);
        list_push(&s->durable, &r->link);
    }
    soon(s, s->answer_us, answer);
}

static void answer(void *ctx)
{
    struct memory_store *s = ctx;
    struct list batch, *link;

    list_init(&batch);
    list_move(&s->durable, &batch);
    while ((link = list_pop(&batch))) {
        s->stats.waiting--;
        request_answer(list_item(link, struct request, link));
    }
    s->is_busy = !list_is_empty(&s->waiting);
    if (s->is_busy)
        soon(s, s->commit_us, commit);
}

// ---- reading ----

static void read_all(void *ctx)
{
    struct memory_store *s = ctx;
    struct list batch, *link;

    s->is_reading = false;
    list_init(&batch);
    list_move(&s->reads, &batch);
    while ((link = list_pop(&batch))) {
        struct request *r = list_item(link, struct request, link);

        s->stats.waiting--;
        if (s->beat.is_cut)
            (void)fail(&r->err, ERR_STORE, NULL, "the store cannot be reached: test");
        else
            memory_data_read(s->data, r);
        request_answer(r);
    }
}

static void ask_read(struct store *store, struct request *r, store_runs_done *done, void *ctx)
{
    struct memory_store *s = (struct memory_store *)store;

    r->runs_done = done;
    request_begin(r, loop_clock(s->loop), &s->meter, ctx);
    s->stats.waiting++;
    list_push(&s->reads, &r->link);
    if (!s->is_reading)
        loop_defer(s->loop, read_all, s);
    s->is_reading = true;
}

// ---- the operations ----

static bool memory_load(struct store *store, struct store_load *load, struct err *e)
{
    struct memory_store *s = (struct memory_store *)store;
    struct arena *arena = s->beat.id ? arena_new(1024) : NULL;
    struct store_members members;

    (void)e;
    load->members = NULL;
    if (s->beat.id) {
        memory_beat_load(&s->beat, arena, &members);
        load->members = &members;
    }
    load->orphaned = s->orphaned;
    memory_data_load(s->data, s->beat.id, load);
    load->members = NULL;
    arena_free(arena);
    return true;
}

static void memory_put_job(struct store *s, const struct job_row *row, int expect_version,
                           store_done *done, void *ctx)
{
    ask(s, request_put_job(row, expect_version), done, ctx);
}

static void memory_set_job_state(struct store *s, int64_t job_id, enum job_state state, bool moves,
                                 store_done *done, void *ctx)
{
    ask(s, request_set_state(job_id, state, moves), done, ctx);
}

static void memory_put_calendar(struct store *s, const struct store_calendar *row,
                                int expect_version, store_done *done, void *ctx)
{
    ask(s, request_put_calendar(row, expect_version), done, ctx);
}

static void memory_delete_calendar(struct store *s, enum store_calendar_kind kind, struct str name,
                                   store_done *done, void *ctx)
{
    ask(s, request_delete_calendar(kind, name), done, ctx);
}

static void memory_claim(struct store *s, const struct run *runs, size_t count, wall watermark,
                         store_done *done, void *ctx)
{
    ask(s, request_claim(runs, count, watermark), done, ctx);
}

static void memory_start(struct store *s, const struct run_start *starts, size_t count,
                         store_done *done, void *ctx)
{
    ask(s, request_start(starts, count), done, ctx);
}

static void memory_launch(struct store *s, int64_t upto_run_id, const int64_t *dropped,
                          size_t count, store_done *done, void *ctx)
{
    ask(s, request_launch(upto_run_id, dropped, count), done, ctx);
}

static void memory_delete_run(struct store *s, int64_t run_id, store_done *done, void *ctx)
{
    ask(s, request_delete_run(run_id), done, ctx);
}

static void memory_finish(struct store *s, const struct run_end *ends, size_t count,
                          store_done *done, void *ctx)
{
    ask(s, request_finish(ends, count), done, ctx);
}

static void memory_read_runs(struct store *s, const struct store_run_query *query,
                             store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_runs(query), done, ctx);
}

static void memory_read_run(struct store *s, int64_t run_id, store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_run(run_id), done, ctx);
}

static void memory_prune(struct store *s, const struct store_prune *prune, store_done *done,
                         void *ctx)
{
    ask(s, request_prune(prune), done, ctx);
}

static void memory_read_pruned(struct store *s, int64_t job_id, store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_pruned(job_id), done, ctx);
}

static void memory_read_key(struct store *s, int64_t job_id, struct str key, store_runs_done *done,
                            void *ctx)
{
    ask_read(s, request_read_key(job_id, key), done, ctx);
}

static void memory_find_runs(struct store *s, const struct store_find *find, store_runs_done *done,
                             void *ctx)
{
    ask_read(s, request_find_runs(find), done, ctx);
}

static bool memory_load_sightings(struct store *store,
                                  void (*on_sighting)(const struct store_sighting *row, void *ctx),
                                  void *ctx, struct err *e)
{
    (void)e;
    memory_inventory_load(memory_data_inventory(((struct memory_store *)store)->data), on_sighting,
                          ctx);
    return true;
}

static void memory_see(struct store *s, const struct store_seen *seen, store_done *done, void *ctx)
{
    ask(s, request_see(seen), done, ctx);
}

static void memory_read_certificates(struct store *s, const struct store_certificate_query *query,
                                     store_certificates_done *done, void *ctx)
{
    struct request *r = request_read_certificates(query);

    r->certificates_done = done;
    ask_read(s, r, NULL, ctx);
}

static void memory_read_sightings(struct store *s, struct str sha256, int limit,
                                  store_sightings_done *done, void *ctx)
{
    struct request *r = request_read_sightings(sha256, limit);

    r->sightings_done = done;
    ask_read(s, r, NULL, ctx);
}

static void memory_alert(struct store *s, const struct alert_write *write, store_done *done,
                         void *ctx)
{
    ask(s, request_alert(write), done, ctx);
}

static void memory_read_alerts(struct store *s, const struct alert_query *query,
                               store_alerts_done *done, void *ctx)
{
    struct request *r = request_read_alerts(query);

    r->alerts_done = done;
    ask_read(s, r, NULL, ctx);
}

static void memory_read_pasts(struct store *s, const int64_t *job_ids, size_t count,
                              store_pasts_done *done, void *ctx)
{
    struct request *r = request_read_pasts(job_ids, count);

    r->pasts_done = done;
    ask_read(s, r, NULL, ctx);
}

// ---- among others ----

static struct memory_beat *beat_of(struct store *store)
{
    return &((struct memory_store *)store)->beat;
}

static void memory_watch(struct store *store, const struct store_watch *watch)
{
    beat_of(store)->watch = *watch;
}

static void memory_own(struct store *store, int64_t epoch)
{
    beat_of(store)->epoch = epoch;
}

static bool memory_may_start(struct store *store)
{
    return memory_beat_may_start(beat_of(store));
}

static void memory_release(struct store *store)
{
    beat_of(store)->told.releases = true;
}

static void memory_drain(struct store *s, struct str node, bool is_on, store_done *done, void *ctx)
{
    ask(s, request_drain(node, is_on), done, ctx);
}

static void memory_tell(struct store *store, int64_t running, int64_t waiting, int64_t late_us)
{
    struct memory_told *told = &beat_of(store)->told;

    *told = (struct memory_told){running, waiting, late_us, told->releases};
}

static void memory_read_nodes(struct store *s, store_nodes_done *done, void *ctx)
{
    struct request *r = request_read_nodes();

    r->nodes_done = done;
    ask_read(s, r, NULL, ctx);
}

static void nodes_ops_fill(struct store_ops *ops)
{
    ops->watch = memory_watch;
    ops->own = memory_own;
    ops->may_start = memory_may_start;
    ops->release = memory_release;
    ops->drain = memory_drain;
    ops->tell = memory_tell;
    ops->read_nodes = memory_read_nodes;
}

static void memory_stats(struct store *store, struct store_stats *ret)
{
    struct memory_store *s = (struct memory_store *)store;

    *ret = s->stats;
    ret->meter = &s->meter;
}

static void list_drop(struct list *requests)
{
    struct list *link;

    while ((link = list_pop(requests)))
        request_free(list_item(link, struct request, link));
}

static void store_end(struct memory_store *s)
{
    loop_defer_cancel(s->loop, commit, s);
    loop_defer_cancel(s->loop, answer, s);
    loop_defer_cancel(s->loop, read_all, s);
    loop_timer_stop(s->loop, &s->timer);
    list_drop(&s->waiting);
    list_drop(&s->durable);
    list_drop(&s->reads);
    if (s->beat.id)
        memory_beat_end(&s->beat);
    memory_data_leave(s->data);
    memory_data_free(s->own_data);
    free(s);
}

void memory_store_crash(struct store *store)
{
    struct memory_store *s = (struct memory_store *)store;

    memory_epoch_crashed(s->data, s->beat.id);
    store_end(s);
}

static void memory_close(struct store *store)
{
    struct memory_store *s = (struct memory_store *)store;

    while (s->stats.waiting) {
        if (!list_is_empty(&s->durable))
            answer(s);
        else if (!list_is_empty(&s->waiting))
            commit(s);
        read_all(s);
    }
    if (!s->beat.is_cut) {
        memory_data_rest(s->data, s->beat.id, clock_wall(loop_clock(s->loop)));
        memory_epoch_leave(s->data, s->beat.id);
    }
    memory_store_crash(store); // nothing is left to lose
}

static const struct store_ops memory_ops = {
    .load = memory_load,
    .put_job = memory_put_job,
    .set_job_state = memory_set_job_state,
    .put_calendar = memory_put_calendar,
    .delete_calendar = memory_delete_calendar,
    .claim = memory_claim,
    .launch = memory_launch,
    .start = memory_start,
    .finish = memory_finish,
    .delete_run = memory_delete_run,
    .read_runs = memory_read_runs,
    .read_run = memory_read_run,
    .prune = memory_prune,
    .read_pruned = memory_read_pruned,
    .read_key = memory_read_key,
    .find_runs = memory_find_runs,
    .load_sightings = memory_load_sightings,
    .see = memory_see,
    .read_certificates = memory_read_certificates,
    .read_sightings = memory_read_sightings,
    .alert = memory_alert,
    .read_alerts = memory_read_alerts,
    .read_pasts = memory_read_pasts,
    .stats = memory_stats,
    .close = memory_close,
};
