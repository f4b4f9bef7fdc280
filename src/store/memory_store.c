// memory_store.c - the reference model of a store: what store.h promises, in the plainest way.
//
// One transaction is under way at a time. It takes what waits when its moment comes (end of the
// turn, or a timer), is carried out at once, and its answers go out at the next moment; a crash
// between the two leaves requests that are durable though their caller never heard of it - as with
// a real disk.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "store/request.h"

#define LAST_ENDS 100 // runs that are looked at for STORE_LAST_END
#define MESSAGE_LOST "belfry ended while this ran; its outcome is not known"

struct memory_run {
    struct store_run r; // texts and streams owned; job_name borrowed from the job
};

struct memory_job {
    struct job_row row;               // texts owned
    VEC_OF(struct memory_run *) runs; // by slot
};

struct memory_data {
    VEC_OF(struct memory_job *) jobs;        // job n is jobs.v[n - 1]
    VEC_OF(struct memory_run *) runs;        // by id
    VEC_OF(struct store_calendar) calendars; // by kind and name; texts owned
    struct map living;                       // name to job that is neither ended nor deleted
    struct map ended;                        // name to ended job
    int64_t change_seq;
    int64_t incarnation;
    wall watermark;
    bool is_open;
};

struct memory_store {
    struct store base;
    struct loop *loop;
    struct memory_data *data;
    struct memory_data *own_data; // NULL when data is borrowed
    struct list waiting, durable, reads;
    struct loop_timer timer;
    bool is_busy;    // a transaction is under way
    bool is_reading; // reads are to be answered at the end of the turn
    int64_t commit_us, answer_us, lost;
    int fail_count;
    struct store_stats stats;
};

static const struct store_ops memory_ops;
static void commit(void *ctx);
static void answer(void *ctx);
static void read_all(void *ctx);
static void row_own(struct job_row *to, const struct job_row *from);
static void row_free(struct job_row *row);
static void run_free(struct memory_run *run);
static void calendar_free(struct store_calendar *row);
static int64_t lose_alive(struct memory_data *data, wall now);
static size_t run_place(struct memory_run *const *runs, size_t len, int64_t id);
static size_t slot_place(struct memory_run *const *runs, size_t len, wall slot);

// ---- the data ----

struct memory_data *memory_data_new(void)
{
    struct memory_data *data = mem_alloc(sizeof *data);

    map_init(&data->living);
    map_init(&data->ended);
    return data;
}

void memory_data_free(struct memory_data *data)
{
    if (!data)
        return;
    assert(!data->is_open);
    for (size_t i = 0; i < data->jobs.len; i++) {
        row_free(&data->jobs.v[i]->row);
        vec_done(&data->jobs.v[i]->runs);
        free(data->jobs.v[i]);
    }
    for (size_t i = 0; i < data->runs.len; i++)
        run_free(data->runs.v[i]);
    for (size_t i = 0; i < data->calendars.len; i++)
        calendar_free(&data->calendars.v[i]);
    vec_done(&data->calendars);
    vec_done(&data->jobs);
    vec_done(&data->runs);
    map_done(&data->living);
    map_done(&data->ended);
    free(data);
}

struct store *memory_store_open(struct loop *loop, struct memory_data *data)
{
    struct memory_store *s = mem_alloc(sizeof *s);

    assert(!data->is_open);
    data->is_open = true;
    data->incarnation++;
    s->base.ops = &memory_ops;
    s->loop = loop;
    s->data = data;
    s->lost = lose_alive(data, clock_wall(loop_clock(loop)));
    list_init(&s->waiting);
    list_init(&s->durable);
    list_init(&s->reads);
    return &s->base;
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
}

void memory_store_fail(struct store *store, int count)
{
    ((struct memory_store *)store)->fail_count = count;
}

// ---- carrying out ----

static struct memory_job *job_find(const struct memory_data *data, int64_t id)
{
    return id >= 1 && id <= (int64_t)data->jobs.len ? data->jobs.v[id - 1] : NULL;
}

static void job_unlist(struct memory_data *data, struct memory_job *job)
{
    struct map *map = job->row.state == JOB_ENDED ? &data->ended : &data->living;

    if (job->row.state != JOB_DELETED)
        (void)map_remove(map, job->row.name);
}

static void job_list(struct memory_data *data, struct memory_job *job)
{
    struct map *map = job->row.state == JOB_ENDED ? &data->ended : &data->living;

    if (job->row.state != JOB_DELETED)
        (void)map_put(map, job->row.name, job);
}

static void job_set_state(struct memory_data *data, struct memory_job *job, int state)
{
    struct memory_job *same_name;

    job_unlist(data, job);
    job->row.state = state;
    if (state == JOB_ENDED && (same_name = map_get(&data->ended, job->row.name)))
        job_set_state(data, same_name, JOB_DELETED); // one ended job a name is enough
    job_list(data, job);
}

static bool put_job(struct memory_data *data, struct request *r)
{
    struct memory_job *job = map_get(&data->living, r->job.name), *ended;
    struct job_row row = r->job;

    if (!request_may_put(r, job ? job->row.version : 0))
        return false;
    if (!job) {
        if ((ended = map_get(&data->ended, r->job.name)))
            job_set_state(data, ended, JOB_DELETED);
        job = mem_alloc(sizeof *job);
        vec_push(&data->jobs, job);
        job->row = (struct job_row){.id = (int64_t)data->jobs.len, .created_at = row.created_at};
    } else {
        job_unlist(data, job);
    }
    row.id = job->row.id;
    row.version = job->row.version + 1;
    row.change_seq = ++data->change_seq;
    row.created_at = job->row.created_at;
    row_free(&job->row);
    row_own(&job->row, &row);
    job_set_state(data, job, row.state);
    for (size_t i = 0; i < job->runs.len; i++)
        job->runs.v[i]->r.job_name = job->row.name;
    r->job_id = row.id;
    r->version = row.version;
    r->change_seq = row.change_seq;
    return true;
}

static bool set_state(struct memory_data *data, struct request *r)
{
    struct memory_job *job = job_find(data, r->job.id);

    if (!job || job->row.state == JOB_DELETED)
        return request_refuse_missing(r);
    job_set_state(data, job, r->job.state);
    job->row.updated_at = r->now;
    r->job_id = job->row.id;
    r->version = ++job->row.version;
    r->change_seq = job->row.change_seq = ++data->change_seq;
    return true;
}

static void run_insert(struct memory_data *data, struct memory_job *job, const struct run *run)
{
    struct memory_run *new = mem_alloc(sizeof *new);
    size_t place = run_place(data->runs.v, data->runs.len, run->id);

    new->r.run = *run;
    new->r.run.message = (struct str){str_own(run->message), run->message.len};
    new->r.job_name = job->row.name;
    vec_reserve(&data->runs, data->runs.len + 1);
    memmove(data->runs.v + place + 1, data->runs.v + place,
            (data->runs.len++ - place) * sizeof *data->runs.v);
    data->runs.v[place] = new;

    place = slot_place(job->runs.v, job->runs.len, run->scheduled_at);
    vec_reserve(&job->runs, job->runs.len + 1);
    memmove(job->runs.v + place + 1, job->runs.v + place,
            (job->runs.len++ - place) * sizeof *job->runs.v);
    job->runs.v[place] = new;
}

static struct memory_run *run_find(const struct memory_data *data, int64_t id)
{
    size_t place = run_place(data->runs.v, data->runs.len, id);

    return place < data->runs.len && data->runs.v[place]->r.run.id == id ? data->runs.v[place]
                                                                         : NULL;
}

static bool slot_is_taken(const struct memory_job *job, wall slot)
{
    size_t place = slot_place(job->runs.v, job->runs.len, slot);

    return place < job->runs.len && job->runs.v[place]->r.run.scheduled_at.us == slot.us;
}

static bool claim(struct memory_data *data, struct request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct memory_job *job = job_find(data, r->runs[i].job_id);

        if (job && job->row.state != JOB_DELETED && !slot_is_taken(job, r->runs[i].scheduled_at) &&
            run_find(data, r->runs[i].id))
            return request_refuse_run_id(r, r->runs[i].id);
    }
    for (size_t i = 0; i < r->count; i++) {
        const struct run *run = &r->runs[i];
        struct memory_job *job = job_find(data, run->job_id);

        r->won[i] = job && job->row.state != JOB_DELETED && !slot_is_taken(job, run->scheduled_at);
        if (r->won[i])
            run_insert(data, job, run);
    }
    if (r->watermark.us > data->watermark.us)
        data->watermark = r->watermark;
    return true;
}

static struct str text_own(struct str s)
{
    return s.len ? (struct str){str_own(s), s.len} : (struct str){0};
}

static void finish(struct memory_data *data, const struct run_end *end)
{
    struct memory_run *found = run_find(data, end->run_id);
    struct run *run = found ? &found->r.run : NULL;

    if (!run || run_state_is_final(run->state) || run->attempt != end->attempt)
        return;
    run->state = end->state;
    run->reason = end->reason;
    run->started_at = end->started_at;
    run->finished_at = end->finished_at;
    run->exit_code = end->exit_code;
    run->signal = end->signal;
    free((char *)run->message.p);
    run->message = (struct str){str_own(end->message), end->message.len};
    found->r.out =
        (struct run_stream){text_own(end->out.head), text_own(end->out.tail), end->out.total};
    found->r.err =
        (struct run_stream){text_own(end->err.head), text_own(end->err.tail), end->err.total};
    found->r.result = text_own(end->result);
}

static int calendar_order(const struct store_calendar *a, const struct store_calendar *b)
{
    return a->kind != b->kind ? (int)a->kind - (int)b->kind : str_cmp(a->name, b->name);
}

// Where a calendar of the request's kind and name is, or would be.
static size_t calendar_place(const struct memory_data *data, const struct request *r,
                             bool *ret_is_there)
{
    const struct store_calendar *rows = data->calendars.v;
    size_t i = 0;

    while (i < data->calendars.len && calendar_order(&rows[i], &r->calendar) < 0)
        i++;
    *ret_is_there = i < data->calendars.len && calendar_order(&rows[i], &r->calendar) == 0;
    return i;
}

static void put_calendar(struct memory_data *data, struct request *r)
{
    bool is_there;
    size_t at = calendar_place(data, r, &is_there);
    struct store_calendar row = r->calendar, *place;

    if (!request_may_put(r, is_there ? data->calendars.v[at].version : 0))
        return;
    row.version = 1;
    row.name.p = str_own(row.name);
    row.body.p = str_own(row.body);
    if (is_there) {
        row.version += data->calendars.v[at].version;
        row.created_at = data->calendars.v[at].created_at;
        calendar_free(&data->calendars.v[at]);
    } else {
        vec_reserve(&data->calendars, data->calendars.len + 1);
        place = data->calendars.v + at;
        memmove(place + 1, place, (data->calendars.len++ - at) * sizeof *place);
    }
    data->calendars.v[at] = row;
    r->version = row.version;
}

static void delete_calendar(struct memory_data *data, struct request *r)
{
    bool is_there;
    size_t at = calendar_place(data, r, &is_there);
    struct store_calendar *place = data->calendars.v + at;

    if (!is_there) {
        (void)request_refuse_missing(r);
        return;
    }
    calendar_free(place);
    memmove(place, place + 1, (--data->calendars.len - at) * sizeof *place);
}

static void carry_out(struct memory_data *data, struct request *r)
{
    if (r->kind == REQUEST_PUT_JOB)
        (void)put_job(data, r);
    else if (r->kind == REQUEST_SET_STATE)
        (void)set_state(data, r);
    else if (r->kind == REQUEST_CLAIM)
        (void)claim(data, r);
    else if (r->kind == REQUEST_PUT_CALENDAR)
        put_calendar(data, r);
    else if (r->kind == REQUEST_DELETE_CALENDAR)
        delete_calendar(data, r);
    else
        for (size_t i = 0; i < r->count; i++)
            finish(data, &r->ends[i]);
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
    r->ctx = ctx;
    r->now = clock_wall(loop_clock(s->loop));
    s->stats.waiting++;
    list_push(&s->waiting, &r->link);
    if (!s->is_busy) {
        s->is_busy = true;
        soon(s, s->commit_us, commit);
    }
}

static void commit(void *ctx)
{
    struct memory_store *s = ctx;
    struct list batch, *link;
    bool fails = s->fail_count > 0;

    list_init(&batch);
    list_move(&s->waiting, &batch);
    s->fail_count -= fails;
    s->stats.transactions++;
    s->stats.last_failure.code = ERR_NONE;
    if (fails) {
        (void)fail(&s->stats.last_failure, ERR_STORE, NULL, "the store cannot be written: test");
        s->stats.last_failure_at = clock_wall(loop_clock(s->loop));
    }
    while ((link = list_pop(&batch))) {
        struct request *r = list_item(link, struct request, link);

        s->stats.writes++;
        if (fails)
            r->err = s->stats.last_failure;
        else
            carry_out(s->data, r);
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

static size_t page_start(struct memory_run *const *runs, size_t len, const struct request *r,
                         const struct memory_data *data)
{
    const struct memory_run *before;

    if (!r->query.before_id)
        return len;
    if (!r->query.job_id)
        return run_place(runs, len, r->query.before_id);
    before = run_find(data, r->query.before_id);
    return before ? slot_place(runs, len, before->r.run.scheduled_at) : 0;
}

static void read_page(const struct memory_data *data, struct request *r)
{
    struct memory_job *job = r->query.job_id ? job_find(data, r->query.job_id) : NULL;
    struct memory_run *const *runs = r->query.job_id ? (job ? job->runs.v : NULL) : data->runs.v;
    size_t len = r->query.job_id ? (job ? job->runs.len : 0) : data->runs.len;
    size_t at = page_start(runs, len, r, data);

    r->page = arena_array(r->arena, (size_t)r->query.limit, sizeof *r->page);
    while (at > 0 && r->page_count < (size_t)r->query.limit) {
        struct store_run *row = &r->page[r->page_count++];

        row->run = runs[--at]->r.run;
        row->job_name = runs[at]->r.job_name;
    }
}

static void read_all(void *ctx)
{
    struct memory_store *s = ctx;
    struct list batch, *link;

    s->is_reading = false;
    list_init(&batch);
    list_move(&s->reads, &batch);
    while ((link = list_pop(&batch))) {
        struct request *r = list_item(link, struct request, link);
        struct memory_run *run;

        s->stats.waiting--;
        if (r->kind == REQUEST_READ_RUNS) {
            read_page(s->data, r);
        } else if ((run = run_find(s->data, r->query.before_id))) {
            r->page = &run->r;
            r->page_count = 1;
        }
        request_answer(r);
    }
}

static void ask_read(struct store *store, struct request *r, store_runs_done *done, void *ctx)
{
    struct memory_store *s = (struct memory_store *)store;

    r->runs_done = done;
    r->ctx = ctx;
    s->stats.waiting++;
    list_push(&s->reads, &r->link);
    if (!s->is_reading)
        loop_defer(s->loop, read_all, s);
    s->is_reading = true;
}

// ---- the operations ----

static const struct run *last_slot(const struct memory_job *job)
{
    for (size_t n = job->runs.len; n-- > 0;)
        if (job->runs.v[n]->r.run.origin != RUN_MANUAL)
            return &job->runs.v[n]->r.run;
    return NULL;
}

static const struct run *last_end(const struct memory_job *job)
{
    const struct run *last = NULL;

    for (size_t n = job->runs.len; n-- > 0 && job->runs.len - n <= LAST_ENDS;) {
        const struct run *run = &job->runs.v[n]->r.run;

        if (run_state_is_final(run->state) && (!last || run->finished_at.us > last->finished_at.us))
            last = run;
    }
    return last;
}

static bool memory_load(struct store *store, struct store_load *load, struct err *e)
{
    struct memory_store *s = (struct memory_store *)store;
    const struct memory_data *data = s->data;

    (void)e;
    for (size_t i = 0; load->on_calendar && i < data->calendars.len; i++)
        load->on_calendar(&data->calendars.v[i], load->ctx);
    for (size_t i = 0; i < data->jobs.len; i++) {
        const struct memory_job *job = data->jobs.v[i];

        if (job->row.state >= JOB_ENDED)
            continue;
        enum store_last what = load->on_job(&job->row, load->ctx);
        const struct run *run = what == STORE_LAST_SLOT  ? last_slot(job)
                                : what == STORE_LAST_END ? last_end(job)
                                                         : NULL;

        if (run)
            load->on_last(job->row.id,
                          what == STORE_LAST_SLOT ? run->scheduled_at : run->finished_at,
                          load->ctx);
    }
    load->watermark = data->watermark;
    load->lost = s->lost;
    load->last_run_id = data->runs.len ? data->runs.v[data->runs.len - 1]->r.run.id : 0;
    return true;
}

static void memory_put_job(struct store *s, const struct job_row *row, int expect_version,
                           store_done *done, void *ctx)
{
    ask(s, request_put_job(row, expect_version), done, ctx);
}

static void memory_set_job_state(struct store *s, int64_t job_id, enum job_state state,
                                 store_done *done, void *ctx)
{
    ask(s, request_set_state(job_id, state), done, ctx);
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

static void memory_stats(struct store *store, struct store_stats *ret)
{
    *ret = ((struct memory_store *)store)->stats;
}

static void list_drop(struct list *requests)
{
    struct list *link;

    while ((link = list_pop(requests)))
        request_free(list_item(link, struct request, link));
}

void memory_store_crash(struct store *store)
{
    struct memory_store *s = (struct memory_store *)store;

    loop_defer_cancel(s->loop, commit, s);
    loop_defer_cancel(s->loop, answer, s);
    loop_defer_cancel(s->loop, read_all, s);
    loop_timer_stop(s->loop, &s->timer);
    list_drop(&s->waiting);
    list_drop(&s->durable);
    list_drop(&s->reads);
    s->data->is_open = false;
    memory_data_free(s->own_data);
    free(s);
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
    memory_store_crash(store); // nothing is left to lose
}

static const struct store_ops memory_ops = {
    .load = memory_load,
    .put_job = memory_put_job,
    .set_job_state = memory_set_job_state,
    .put_calendar = memory_put_calendar,
    .delete_calendar = memory_delete_calendar,
    .claim = memory_claim,
    .finish = memory_finish,
    .read_runs = memory_read_runs,
    .read_run = memory_read_run,
    .stats = memory_stats,
    .close = memory_close,
};

// ---- helpers ----

static int64_t lose_alive(struct memory_data *data, wall now)
{
    int64_t lost = 0;

    for (size_t i = 0; i < data->runs.len; i++) {
        struct run *run = &data->runs.v[i]->r.run;

        if (run_state_is_final(run->state))
            continue;
        run->state = RUN_LOST;
        run->reason = REASON_RESTART;
        run->finished_at = now;
        free((char *)run->message.p);
        run->message = text_own(STR_LIT(MESSAGE_LOST));
        lost++;
    }
    return lost;
}

// Where the id is, or would be: runs mostly come in order, so the end is the first guess.
static size_t run_place(struct memory_run *const *runs, size_t len, int64_t id)
{
    size_t low = 0, high = len;

    if (len == 0 || runs[len - 1]->r.run.id < id)
        return len;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (runs[middle]->r.run.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t slot_place(struct memory_run *const *runs, size_t len, wall slot)
{
    size_t low = 0, high = len;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (runs[middle]->r.run.scheduled_at.us < slot.us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void row_own(struct job_row *to, const struct job_row *from)
{
    *to = *from;
    to->name.p = str_own(from->name);
    to->trigger.p = str_own(from->trigger);
    to->tz.p = str_own(from->tz);
    to->spec.p = str_own(from->spec);
}

static void row_free(struct job_row *row)
{
    free((char *)row->name.p);
    free((char *)row->trigger.p);
    free((char *)row->tz.p);
    free((char *)row->spec.p);
}

static void calendar_free(struct store_calendar *row)
{
    free((char *)row->name.p);
    free((char *)row->body.p);
}

static void run_free(struct memory_run *run)
{
    free((char *)run->r.run.message.p);
    free((char *)run->r.out.head.p);
    free((char *)run->r.out.tail.p);
    free((char *)run->r.err.head.p);
    free((char *)run->r.err.tail.p);
    free((char *)run->r.result.p);
    free(run);
}
