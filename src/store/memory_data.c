// memory_data.c - what a store would have on its disk, in plain memory, and what requests do to it.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_data.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/memory_rows.h"

#define KEPT_RUNS 4 // of a job, by memory_data_trim

static void row_own(struct job_row *to, const struct job_row *from);
static void row_free(struct job_row *row);
static void run_free(struct memory_run *run);
static bool may_move(enum run_actor by, const struct run *run, enum run_state to);
static void met_forget(struct memory_data *data, int64_t job_id);

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
    assert(data->open == 0);
    for (size_t i = 0; i < data->jobs.len; i++) {
        row_free(&data->jobs.v[i]->row);
        vec_done(&data->jobs.v[i]->runs);
        free(data->jobs.v[i]);
    }
    for (size_t i = 0; i < data->runs.len; i++)
        run_free(data->runs.v[i]);
    memory_calendars_done(&data->calendars);
    memory_inventory_done(&data->inventory);
    vec_done(&data->uptimes);
    for (size_t i = 0; i < data->met.len; i++)
        free((char *)data->met.v[i].parent.p);
    vec_done(&data->met);
    memory_alerts_done(&data->alerts);
    memory_members_done(&data->members);
    vec_done(&data->jobs);
    vec_done(&data->runs);
    map_done(&data->living);
    map_done(&data->ended);
    free(data);
}

void memory_data_watch(struct memory_data *data, const struct memory_watch *watch)
{
    data->watch = *watch;
}

static void run_tell(const struct memory_data *data, const struct run *run)
{
    if (data->watch.on_run)
        data->watch.on_run(run, data->watch.ctx);
}

static void job_tell(const struct memory_data *data, const struct memory_job *job)
{
    if (data->watch.on_job)
        data->watch.on_job(&job->row, data->watch.ctx);
}

void memory_data_begin(struct memory_data *data, int64_t node, wall now)
{
    if (data->uptimes.len == STORE_UPTIMES_MAX)
        memmove(data->uptimes.v, data->uptimes.v + 1,
                --data->uptimes.len * sizeof *data->uptimes.v);
    vec_push(&data->uptimes, ((struct memory_uptime){{now, now, false}, node}));
}

int64_t memory_data_take(struct memory_data *data, wall now)
{
    assert(data->open == 0 && !data->members.clock);
    data->open = 1;
    memory_data_begin(data, 0, now);
    return memory_runs_orphan(data, 0);
}

void memory_data_share(struct memory_data *data, const struct clock *clock)
{
    if (!data->members.clock) {
        data->members.clock = clock;
        data->members.low = data->watermark;
        data->members.low_seen = data->change_seq;
    }
    data->open++;
}

// The latest period of the node; one that was too long ago is forgotten.
static struct store_uptime *uptime_of(struct memory_data *data, int64_t node)
{
    for (size_t i = data->uptimes.len; i-- > 0;)
        if (data->uptimes.v[i].node == node)
            return &data->uptimes.v[i].is;
    memory_data_begin(data, node, (wall){0});
    return &data->uptimes.v[data->uptimes.len - 1].is;
}

void memory_data_rest(struct memory_data *data, int64_t node, wall now)
{
    struct store_uptime *period = uptime_of(data, node);

    period->to = now;
    period->is_clean = true;
}

void memory_data_leave(struct memory_data *data)
{
    data->open--;
}

static bool is_trimmed(const struct memory_job *job, size_t at)
{
    return job->runs.len - at > KEPT_RUNS && run_state_is_final(job->runs.v[at]->r.run.state);
}

void memory_data_trim(struct memory_data *data)
{
    size_t kept = 0;

    for (size_t i = 0; i < data->jobs.len; i++) {
        struct memory_job *job = data->jobs.v[i];
        size_t len = 0;

        for (size_t k = 0; k < job->runs.len; k++) {
            job->runs.v[k]->is_trimmed = is_trimmed(job, k);
            if (!job->runs.v[k]->is_trimmed)
                job->runs.v[len++] = job->runs.v[k];
        }
        job->runs.len = len;
    }
    for (size_t i = 0; i < data->runs.len; i++) {
        if (data->runs.v[i]->is_trimmed)
            run_free(data->runs.v[i]);
        else
            data->runs.v[kept++] = data->runs.v[i];
    }
    data->runs.len = kept;
}

// ---- carrying out ----

struct memory_job *memory_job_find(const struct memory_data *data, int64_t id)
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

static void run_forget(struct memory_data *data, struct memory_run *run);

// Nothing is launched of a job that is gone.
static void job_unplan(struct memory_data *data, struct memory_job *job)
{
    for (size_t i = job->runs.len; data->planned > 0 && i-- > 0;)
        if (run_is_planned(&job->runs.v[i]->r.run))
            run_forget(data, job->runs.v[i]);
}

static void job_bury(struct memory_data *data, struct memory_job *job)
{
    job_unlist(data, job);
    job->row.state = JOB_DELETED;
    job_unplan(data, job);
    job_tell(data, job);
}

static void job_set_state(struct memory_data *data, struct memory_job *job, int state)
{
    struct memory_job *same_name;

    job_unlist(data, job);
    job->row.state = state;
    if (state == JOB_DELETED)
        job_unplan(data, job);
    if (state == JOB_ENDED && (same_name = map_get(&data->ended, job->row.name)))
        job_bury(data, same_name); // one ended job a name is enough
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
            job_bury(data, ended);
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
    row.moves = false; // says something of the change, not of the job
    row_free(&job->row);
    row_own(&job->row, &row);
    job_set_state(data, job, row.state);
    for (size_t i = 0; i < job->runs.len; i++)
        job->runs.v[i]->r.job_name = job->row.name;
    r->job_id = row.id;
    r->version = row.version;
    r->change_seq = row.change_seq;
    job_tell(data, job);
    return true;
}

static bool set_state(struct memory_data *data, struct request *r)
{
    struct memory_job *job = memory_job_find(data, r->job.id);

    if (!job || job->row.state == JOB_DELETED)
        return request_refuse_missing(r);
    job_set_state(data, job, r->job.state);
    if (r->job.state == JOB_DELETED)
        met_forget(data, job->row.id);
    job->row.updated_at = r->now;
    r->job_id = job->row.id;
    r->version = ++job->row.version;
    r->change_seq = job->row.change_seq = ++data->change_seq;
    job_tell(data, job);
    return true;
}

static struct str text_own(struct str s)
{
    return s.len ? (struct str){str_own(s), s.len} : (struct str){0};
}

static void planned_add(struct memory_data *data, const struct run *run)
{
    if (!run_is_planned(run))
        return;
    if (data->planned == 0 || run->id < data->first_planned)
        data->first_planned = run->id;
    data->planned++;
}

static void run_insert(struct memory_data *data, struct memory_job *job, const struct run *run,
                       int64_t node)
{
    struct memory_run *new = mem_alloc(sizeof *new);
    size_t place = memory_run_place(data->runs.v, data->runs.len, run->id);

    new->r.run = *run;
    new->node = node;
    new->r.run.message = text_own(run->message);
    new->r.job_name = job->row.name;
    if (run->ask) {
        new->asked = arena_new(1024);
        new->r.run.ask = request_copy_ask(new->asked, run->ask);
    }
    vec_reserve(&data->runs, data->runs.len + 1);
    memmove(data->runs.v + place + 1, data->runs.v + place,
            (data->runs.len++ - place) * sizeof *data->runs.v);
    data->runs.v[place] = new;

    place = memory_slot_place(job->runs.v, job->runs.len, run->scheduled_at);
    vec_reserve(&job->runs, job->runs.len + 1);
    memmove(job->runs.v + place + 1, job->runs.v + place,
            (job->runs.len++ - place) * sizeof *job->runs.v);
    job->runs.v[place] = new;
    planned_add(data, run);
    run_tell(data, run);
}

struct memory_run *memory_run_find(const struct memory_data *data, int64_t id)
{
    size_t place = memory_run_place(data->runs.v, data->runs.len, id);

    return place < data->runs.len && data->runs.v[place]->r.run.id == id ? data->runs.v[place]
                                                                         : NULL;
}

static bool slot_is_taken(const struct memory_job *job, wall slot)
{
    size_t place = memory_slot_place(job->runs.v, job->runs.len, slot);

    return place < job->runs.len && job->runs.v[place]->r.run.scheduled_at.us == slot.us;
}

struct memory_run *memory_key_find(const struct memory_data *data, int64_t job_id, struct str key)
{
    const struct memory_job *job = memory_job_find(data, job_id);

    for (size_t i = 0; job && key.len > 0 && i < job->runs.len; i++) {
        const struct run_ask *ask = job->runs.v[i]->r.run.ask;

        if (ask && str_eq(ask->key, key))
            return job->runs.v[i];
    }
    return NULL;
}

static struct str key_of(const struct run *run)
{
    return run->ask ? run->ask->key : (struct str){0};
}

static bool claim(struct memory_data *data, struct request *r)
{
    const struct memory_run *holder;

    for (size_t i = 0; i < r->count; i++)
        if ((holder = memory_key_find(data, r->runs[i].job_id, key_of(&r->runs[i]))))
            return request_refuse_key(r, &r->runs[i], holder->r.run.id);
    for (size_t i = 0; i < r->count; i++) {
        const struct memory_job *job = memory_job_find(data, r->runs[i].job_id);

        if (job && job->row.state != JOB_DELETED && !slot_is_taken(job, r->runs[i].scheduled_at) &&
            memory_run_find(data, r->runs[i].id))
            return request_refuse_run_id(r, r->runs[i].id);
    }
    for (size_t i = 0; i < r->count; i++) {
        const struct run *run = &r->runs[i];
        struct memory_job *job = memory_job_find(data, run->job_id);

        r->won[i] = job && job->row.state != JOB_DELETED && !slot_is_taken(job, run->scheduled_at);
        if (r->won[i])
            run_insert(data, job, run, r->self);
    }
    if (r->watermark.us > 0 && !r->self)
        data->watermark = r->watermark;
    return true;
}

static struct run_stream stream_own(const struct run_stream *stream)
{
    return (struct run_stream){text_own(stream->head), text_own(stream->tail), stream->total};
}

static void launch(struct memory_data *data, const struct request *r)
{
    int64_t first = r->upto_run_id + 1;

    for (size_t i = 0; i < r->count; i++) {
        struct memory_run *run = memory_run_find(data, r->dropped[i]);

        if (run && run_is_planned(&run->r.run) && run->node == r->self)
            run_forget(data, run);
    }
    for (size_t i = memory_run_place(data->runs.v, data->runs.len, data->first_planned);
         i < data->runs.len && data->runs.v[i]->r.run.id <= r->upto_run_id; i++) {
        struct memory_run *run = data->runs.v[i];

        if (!run_is_planned(&run->r.run))
            continue;
        if (run->node == r->self) {
            run->r.run.try_at = (wall){0};
            data->planned--;
            run_tell(data, &run->r.run);
        } else if (first > r->upto_run_id) {
            first = run->r.run.id;
        }
    }
    data->first_planned = first;
}

static void start(struct memory_data *data, struct request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct run_start *start = &r->starts[i];
        struct memory_run *found = memory_run_find(data, start->run_id);
        struct run *run = found ? &found->r.run : NULL;
        enum run_actor by = start->is_adopted ? RUN_BY_ADOPTION : RUN_BY_START;

        bool is_kept = run && start->is_adopted && run->state == RUN_RUNNING && r->self &&
                       found->node == r->self;

        r->won[i] = run && (is_kept || may_move(by, run, RUN_RUNNING)) &&
                    run->attempt == start->attempt - (start->is_adopted ? 0 : 1);
        if (!r->won[i])
            continue;
        found->node = r->self;
        run->state = RUN_RUNNING;
        run->attempt = start->attempt;
        run->started_at = start->started_at;
        run->reason = REASON_NONE;
        run->try_at = run->finished_at = (wall){0};
        run->exit_code = -1;
        run->signal = 0;
        free((char *)run->message.p);
        run->message = (struct str){0};
        run_tell(data, run);
    }
}

static void attempt_keep(struct memory_run *run, const struct run_end *end)
{
    struct run_end kept = *end;

    kept.run_id = 0;
    kept.try_at = (wall){0};
    kept.message = text_own(end->message);
    kept.out = stream_own(&end->out);
    kept.err = stream_own(&end->err);
    kept.result = text_own(end->result);
    kept.progress = text_own(end->progress);
    vec_push(&run->attempts, kept);
    run->r.attempts = run->attempts.v;
    run->r.attempt_count = run->attempts.len;
}

static void met_put(struct memory_data *data, const struct run_met *met)
{
    const struct memory_job *job = memory_job_find(data, met->job_id);

    if (!job || job->row.state == JOB_DELETED)
        return;
    for (size_t i = 0; i < data->met.len; i++) {
        struct run_met *present = &data->met.v[i];

        if (present->job_id == met->job_id && str_eq(present->parent, met->parent)) {
            present->after_id = met->after_id;
            return;
        }
    }
    struct run_met new = *met;

    new.parent.p = str_own(met->parent);
    vec_push(&data->met, new);
}

static void met_forget(struct memory_data *data, int64_t job_id)
{
    size_t len = 0;

    for (size_t i = 0; i < data->met.len; i++) {
        if (data->met.v[i].job_id == job_id)
            free((char *)data->met.v[i].parent.p);
        else
            data->met.v[len++] = data->met.v[i];
    }
    data->met.len = len;
}

// What begins with an end, each row at the first moment from its own on that is free.
static void chain_begin(struct memory_data *data, const struct run_chain *chain, int64_t node,
                        struct run_born *born)
{
    struct run *runs = (struct run *)(uintptr_t)born->runs; // the request's own

    for (size_t i = 0; i < chain->birth_count; i++) {
        struct memory_job *job = memory_job_find(data, chain->births[i].job_id);
        struct run run = chain->births[i];

        if (!job || job->row.state == JOB_DELETED)
            continue;
        while (slot_is_taken(job, run.scheduled_at))
            run.scheduled_at.us++;
        run_insert(data, job, &run, node);
        runs[born->count++] = run;
    }
    for (size_t i = 0; i < chain->met_count; i++)
        met_put(data, &chain->met[i]);
}

static void finish(struct memory_data *data, const struct run_end *end, int64_t node,
                   struct run_born *born)
{
    struct memory_run *found = memory_run_find(data, end->run_id);
    struct run *run = found ? &found->r.run : NULL;
    enum run_state to = run_end_state(end);

    if (!run || !may_move(RUN_BY_END, run, to) || run->attempt != end->attempt ||
        (run->state == RUN_RUNNING && found->node != node))
        return;
    run->state = to;
    run->reason = to == RUN_WAITING ? REASON_RETRY : end->reason;
    run->started_at = end->started_at;
    run->finished_at = to == RUN_WAITING ? (wall){0} : end->finished_at;
    run->exit_code = end->exit_code;
    run->signal = end->signal;
    run->try_at = end->try_at;
    free((char *)run->message.p);
    run->message = text_own(end->message);
    run_tell(data, run);
    if (to == RUN_WAITING) {
        attempt_keep(found, end);
        return;
    }
    found->r.out = stream_own(&end->out);
    found->r.err = stream_own(&end->err);
    found->r.result = text_own(end->result);
    found->r.progress = text_own(end->progress);
    found->r.usage = end->usage;
    if (end->chain)
        chain_begin(data, end->chain, node, born);
}

static void run_take(struct memory_run **runs, size_t *len, size_t place)
{
    memmove(runs + place, runs + place + 1, (--*len - place) * sizeof *runs);
}

// As if it had never been claimed.
static void run_forget(struct memory_data *data, struct memory_run *run)
{
    struct memory_job *job = memory_job_find(data, run->r.run.job_id);

    data->planned--;
    run_take(data->runs.v, &data->runs.len,
             memory_run_place(data->runs.v, data->runs.len, run->r.run.id));
    run_take(job->runs.v, &job->runs.len,
             memory_slot_place(job->runs.v, job->runs.len, run->r.run.scheduled_at));
    run_free(run);
}

static void delete_run(struct memory_data *data, struct request *r)
{
    size_t place = memory_run_place(data->runs.v, data->runs.len, r->query.before_id);
    struct memory_run *run = memory_run_find(data, r->query.before_id);
    struct memory_job *job;

    if (!run) {
        (void)request_refuse_no_run(r);
        return;
    }
    if (!run_state_is_final(run->r.run.state)) {
        (void)request_refuse_alive(r, run->r.run.state);
        return;
    }
    request_gone(r, run->r.run.id, run->r.run.attempt);
    run_take(data->runs.v, &data->runs.len, place);
    job = memory_job_find(data, run->r.run.job_id);
    place = memory_slot_place(job->runs.v, job->runs.len, run->r.run.scheduled_at);
    run_take(job->runs.v, &job->runs.len, place);
    run_free(run);
}

// ---- retention ----

static bool is_failure(enum run_state state)
{
    return state == RUN_FAILED || state == RUN_TIMED_OUT || state == RUN_LOST;
}

static bool is_cause(const struct memory_data *data, int64_t run_id)
{
    for (size_t i = 0; i < data->runs.len; i++) {
        const struct run *run = &data->runs.v[i]->r.run;

        if (!run_state_is_final(run->state) && run->ask && run->ask->cause_id == run_id)
            return true;
    }
    return false;
}

// Whether run n of the job must stay although it is old.
static bool must_stay(const struct memory_data *data, const struct memory_job *job, size_t n)
{
    const struct run *run = &job->runs.v[n]->r.run;
    bool is_newest = true;

    for (size_t i = n + 1; i < job->runs.len && is_newest; i++) {
        enum run_state state = job->runs.v[i]->r.run.state;

        is_newest = run->state == RUN_SUCCEEDED ? state != RUN_SUCCEEDED : !is_failure(state);
    }
    return (is_newest && (run->state == RUN_SUCCEEDED || is_failure(run->state))) ||
           is_cause(data, run->id);
}

// How many of the job's final rows are newer than run n, and whether it is final itself.
static bool is_old(const struct memory_job *job, size_t n, const struct store_prune *prune)
{
    const struct run *run = &job->runs.v[n]->r.run;
    int64_t newer = 0;

    for (size_t i = n + 1; i < job->runs.len; i++)
        newer += run_state_is_final(job->runs.v[i]->r.run.state);
    return run_state_is_final(run->state) &&
           (newer >= prune->keep || run->scheduled_at.us < prune->before.us);
}

static struct memory_job *gone_find(const struct memory_data *data, int64_t after_id)
{
    for (size_t i = (size_t)after_id; i < data->jobs.len; i++)
        if (data->jobs.v[i]->row.state >= JOB_ENDED)
            return data->jobs.v[i];
    return NULL;
}

static void prune(struct memory_data *data, struct request *r)
{
    const struct store_prune *prune = &r->prune;
    struct memory_job *job =
        prune->job_id ? memory_job_find(data, prune->job_id) : gone_find(data, prune->after_id);

    r->job_id = prune->job_id;
    if (!job)
        return;
    r->job_id = job->row.id;
    for (size_t n = 0; n < job->runs.len && r->pruned < prune->limit;) {
        const struct run *run = &job->runs.v[n]->r.run;

        if (!is_old(job, n, prune) || must_stay(data, job, n)) {
            n++;
            continue;
        }
        if (run->scheduled_at.us > job->pruned.us)
            job->pruned = run->scheduled_at;
        r->query.before_id = run->id;
        delete_run(data, r);
        r->pruned++;
    }
    for (size_t n = 0; n < job->runs.len; n++)
        r->left += run_state_is_final(job->runs.v[n]->r.run.state);
}

void memory_data_write(struct memory_data *data, struct request *r)
{
    uptime_of(data, r->self)->to = r->now; // a sign of life
    if (r->kind == REQUEST_PUT_JOB)
        (void)put_job(data, r);
    else if (r->kind == REQUEST_SET_STATE)
        (void)set_state(data, r);
    else if (r->kind == REQUEST_CLAIM)
        (void)claim(data, r);
    else if (r->kind == REQUEST_PUT_CALENDAR)
        memory_calendars_put(&data->calendars, r);
    else if (r->kind == REQUEST_DELETE_CALENDAR)
        memory_calendars_delete(&data->calendars, r);
    else if (r->kind == REQUEST_START)
        start(data, r);
    else if (r->kind == REQUEST_LAUNCH)
        launch(data, r);
    else if (r->kind == REQUEST_PRUNE)
        prune(data, r);
    else if (r->kind == REQUEST_ALERT)
        memory_alerts_write(&data->alerts, &r->alert);
    else if (r->kind == REQUEST_DELETE_RUN)
        delete_run(data, r);
    else if (r->kind == REQUEST_SEE)
        memory_inventory_see(&data->inventory, r);
    else
        for (size_t i = 0; i < r->count; i++)
            finish(data, &r->ends[i], r->self, &r->born[i]);
}

// ---- helpers ----

static bool may_move(enum run_actor by, const struct run *run, enum run_state to)
{
    return run_move_from(by, to) >> run->state & 1;
}

void memory_runs_unplan(struct memory_data *data)
{
    for (size_t i = data->runs.len; data->planned > 0 && i-- > 0;)
        if (run_is_planned(&data->runs.v[i]->r.run))
            run_forget(data, data->runs.v[i]);
}

int64_t memory_runs_orphan(struct memory_data *data, int64_t node)
{
    int64_t count = 0;

    memory_runs_unplan(data);
    for (size_t i = 0; i < data->runs.len; i++) {
        struct run *run = &data->runs.v[i]->r.run;

        if (data->runs.v[i]->node != node || !may_move(RUN_BY_TAKEOVER, run, RUN_ORPHANED))
            continue;
        run->state = RUN_ORPHANED;
        run_tell(data, run);
        count++;
    }
    return count;
}

// Where the id is, or would be: runs mostly come in order, so the end is the first guess.
size_t memory_run_place(struct memory_run *const *runs, size_t len, int64_t id)
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

// Likewise.
size_t memory_slot_place(struct memory_run *const *runs, size_t len, wall slot)
{
    size_t low = 0, high = len;

    if (len == 0 || runs[len - 1]->r.run.scheduled_at.us < slot.us)
        return len;
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

static void stream_free(struct run_stream *stream)
{
    free((char *)stream->head.p);
    free((char *)stream->tail.p);
}

static void run_free(struct memory_run *run)
{
    for (size_t i = 0; i < run->attempts.len; i++) {
        struct run_end *end = &run->attempts.v[i];

        free((char *)end->message.p);
        free((char *)end->result.p);
        free((char *)end->progress.p);
        stream_free(&end->out);
        stream_free(&end->err);
    }
    vec_done(&run->attempts);
    if (run->asked)
        arena_free(run->asked);
    free((char *)run->r.run.message.p);
    stream_free(&run->r.out);
    stream_free(&run->r.err);
    free((char *)run->r.result.p);
    free((char *)run->r.progress.p);
    free(run);
}
