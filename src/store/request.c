// request.c - what a store is asked, kept until it is answered; the same for every store.
// SPDX-License-Identifier: Apache-2.0
#include "store/request.h"

#include <assert.h>
#include <inttypes.h>

#define ROOM_FOR_TEXTS 512

static struct request *request_new(enum request_kind kind, size_t extra_bytes);
static struct run_stream stream_copy(struct arena *arena, const struct run_stream *stream);

struct request *request_put_job(const struct job_row *row, int expect_version)
{
    struct request *r = request_new(REQUEST_PUT_JOB, row->trigger.len + row->spec.len);

    assert(row->state >= JOB_ENABLED && row->state <= JOB_DELETED);
    r->job = *row;
    r->job.name = arena_copy(r->arena, row->name);
    r->job.trigger = arena_copy(r->arena, row->trigger);
    r->job.tz = arena_copy(r->arena, row->tz);
    r->job.spec = arena_copy(r->arena, row->spec);
    r->expect_version = expect_version;
    return r;
}

struct request *request_set_state(int64_t job_id, enum job_state state, bool moves)
{
    struct request *r = request_new(REQUEST_SET_STATE, 0);

    r->job.id = job_id;
    r->job.state = state;
    r->job.moves = moves;
    return r;
}

static struct run run_copy(struct arena *arena, const struct run *run)
{
    struct run copy = *run;

    if (run->message.len)
        copy.message = arena_copy(arena, run->message);
    copy.ask = request_copy_ask(arena, run->ask);
    return copy;
}

struct request *request_claim(const struct run *runs, size_t count, wall watermark)
{
    struct request *r = request_new(REQUEST_CLAIM, count * (sizeof *runs + sizeof *r->won));

    uint32_t births = run_move_to(RUN_BY_CLAIM, RUN_NONE);

    r->runs = arena_array(r->arena, count, sizeof *runs);
    r->won = arena_array(r->arena, count, sizeof *r->won);
    for (size_t i = 0; i < count; i++) {
        assert(births >> runs[i].state & 1);
        r->runs[i] = run_copy(r->arena, &runs[i]);
        r->has_asks = r->has_asks || runs[i].ask;
    }
    r->count = count;
    r->watermark = watermark;
    return r;
}

struct request *request_launch(int64_t upto_run_id, const int64_t *dropped, size_t count)
{
    struct request *r = request_new(REQUEST_LAUNCH, count * sizeof *dropped);

    r->upto_run_id = upto_run_id;
    r->dropped = arena_array(r->arena, count, sizeof *dropped);
    if (count > 0)
        memcpy(r->dropped, dropped, count * sizeof *dropped);
    r->count = count;
    return r;
}

struct request *request_start(const struct run_start *starts, size_t count)
{
    struct request *r = request_new(REQUEST_START, count * (sizeof *starts + sizeof *r->won));

    r->starts = arena_array(r->arena, count, sizeof *starts);
    r->won = arena_array(r->arena, count, sizeof *r->won);
    if (count > 0)
        memcpy(r->starts, starts, count * sizeof *starts);
    r->count = count;
    return r;
}

// What begins with an end, as rows that the store may change.
static const struct run_chain *chain_copy(struct request *r, const struct run_chain *chain)
{
    struct run_chain *copy = arena_alloc(r->arena, sizeof *copy);
    struct run *births = arena_array(r->arena, chain->birth_count, sizeof *births);
    struct run_met *met = arena_array(r->arena, chain->met_count, sizeof *met);

    for (size_t i = 0; i < chain->birth_count; i++) {
        assert(chain->births[i].state == RUN_QUEUED || chain->births[i].state == RUN_SKIPPED);
        births[i] = run_copy(r->arena, &chain->births[i]);
    }
    for (size_t i = 0; i < chain->met_count; i++) {
        met[i] = chain->met[i];
        met[i].parent = arena_copy(r->arena, met[i].parent);
    }
    *copy = (struct run_chain){births, chain->birth_count, met, chain->met_count};
    r->births += copy->birth_count + copy->met_count;
    return copy;
}

struct request *request_finish(const struct run_end *ends, size_t count)
{
    struct request *r = request_new(REQUEST_FINISH, count * sizeof *ends);

    r->ends = arena_array(r->arena, count, sizeof *ends);
    r->born = arena_array(r->arena, count, sizeof *r->born);
    for (size_t i = 0; i < count; i++) {
        assert(run_state_is_final(ends[i].state));
        r->ends[i] = ends[i];
        r->ends[i].out = stream_copy(r->arena, &ends[i].out);
        r->ends[i].err = stream_copy(r->arena, &ends[i].err);
        if (ends[i].message.len)
            r->ends[i].message = arena_copy(r->arena, ends[i].message);
        if (ends[i].result.len)
            r->ends[i].result = arena_copy(r->arena, ends[i].result);
        if (ends[i].progress.len)
            r->ends[i].progress = arena_copy(r->arena, ends[i].progress);
        if (!ends[i].chain)
            continue;
        assert(ends[i].try_at.us == 0);
        r->ends[i].chain = chain_copy(r, ends[i].chain);
        r->born[i].runs = arena_array(r->arena, ends[i].chain->birth_count, sizeof(struct run));
    }
    r->count = count;
    return r;
}

struct request *request_delete_run(int64_t run_id)
{
    struct request *r = request_new(REQUEST_DELETE_RUN, 0);

    r->query = (struct store_run_query){.before_id = run_id, .limit = 1};
    return r;
}

struct request *request_put_calendar(const struct store_calendar *row, int expect_version)
{
    struct request *r = request_new(REQUEST_PUT_CALENDAR, row->body.len);

    r->calendar = *row;
    r->calendar.name = arena_copy(r->arena, row->name);
    r->calendar.body = arena_copy(r->arena, row->body);
    r->expect_version = expect_version;
    return r;
}

struct request *request_delete_calendar(enum store_calendar_kind kind, struct str name)
{
    struct request *r = request_new(REQUEST_DELETE_CALENDAR, 0);

    r->calendar.kind = kind;
    r->calendar.name = arena_copy(r->arena, name);
    return r;
}

struct request *request_read_runs(const struct store_run_query *query)
{
    struct request *r = request_new(REQUEST_READ_RUNS, query->ended.len);

    assert(query->limit >= 1 && query->limit <= 1000);
    r->query = *query;
    r->query.ended = arena_copy(r->arena, query->ended);
    return r;
}

struct request *request_read_key(int64_t job_id, struct str key)
{
    struct request *r = request_new(REQUEST_READ_KEY, key.len);

    r->query = (struct store_run_query){.job_id = job_id, .limit = 1};
    r->key = arena_copy(r->arena, key);
    return r;
}

struct request *request_read_run(int64_t run_id)
{
    struct request *r = request_new(REQUEST_READ_RUN, 0);

    r->query = (struct store_run_query){.before_id = run_id, .limit = 1};
    return r;
}

struct request *request_prune(const struct store_prune *prune)
{
    struct request *r = request_new(REQUEST_PRUNE, 0);

    assert(prune->limit >= 1 && prune->limit <= 1000 && prune->keep >= 1);
    r->prune = *prune;
    return r;
}

struct request *request_read_pruned(int64_t job_id)
{
    struct request *r = request_new(REQUEST_READ_PRUNED, 0);

    r->find.job_id = job_id;
    return r;
}

struct request *request_find_runs(const struct store_find *find)
{
    struct request *r = request_new(REQUEST_FIND_RUNS, 0);

    assert(find->limit >= 1 && find->limit <= 1000);
    r->find = *find;
    return r;
}

static struct store_place place_copy(struct arena *arena, const struct store_place *place)
{
    return (struct store_place){
        .host = arena_copy(arena, place->host),
        .port = place->port,
        .starttls = arena_copy(arena, place->starttls),
        .name = arena_copy(arena, place->name),
        .address = arena_copy(arena, place->address),
    };
}

static struct store_certificate certificate_copy(struct arena *arena,
                                                 const struct store_certificate *from)
{
    struct store_certificate copy = *from;

    copy.sha256 = arena_copy(arena, from->sha256);
    copy.subject = arena_copy(arena, from->subject);
    copy.issuer = arena_copy(arena, from->issuer);
    copy.serial = arena_copy(arena, from->serial);
    copy.key = arena_copy(arena, from->key);
    copy.sans = arena_copy(arena, from->sans);
    copy.der = arena_copy(arena, from->der);
    return copy;
}

struct request *request_see(const struct store_seen *seen)
{
    struct request *r = request_new(REQUEST_SEE, seen->count * sizeof *seen->chain);
    struct store_certificate *chain = arena_array(r->arena, seen->count, sizeof *chain);

    assert(seen->count >= 1);
    for (size_t i = 0; i < seen->count; i++)
        chain[i] = certificate_copy(r->arena, &seen->chain[i]);
    r->seen = *seen;
    r->seen.place = place_copy(r->arena, &seen->place);
    r->seen.status = arena_copy(r->arena, seen->status);
    r->seen.code = arena_copy(r->arena, seen->code);
    r->seen.chain = chain;
    return r;
}

struct request *request_read_certificates(const struct store_certificate_query *query)
{
    struct request *r = request_new(REQUEST_READ_CERTIFICATES, 0);

    assert(query->limit >= 1 && query->limit <= 1000);
    r->wanted = *query;
    r->wanted.sha256 = arena_copy(r->arena, query->sha256);
    r->wanted.host = arena_copy(r->arena, query->host);
    r->wanted.issuer = arena_copy(r->arena, query->issuer);
    return r;
}

struct request *request_read_sightings(struct str sha256, int limit)
{
    struct request *r = request_new(REQUEST_READ_SIGHTINGS, 0);

    assert(limit >= 1 && limit <= 1000);
    r->wanted.sha256 = arena_copy(r->arena, sha256);
    r->wanted.limit = limit;
    return r;
}

struct request *request_alert(const struct alert_write *write)
{
    struct request *r =
        request_new(REQUEST_ALERT, write->incident_count * sizeof *write->incidents +
                                       write->delivery_count * sizeof *write->deliveries);
    struct incident *incidents =
        arena_array(r->arena, write->incident_count, sizeof *write->incidents);
    struct delivery *deliveries =
        arena_array(r->arena, write->delivery_count, sizeof *write->deliveries);

    for (size_t i = 0; i < write->incident_count; i++) {
        incidents[i] = write->incidents[i];
        incidents[i].job = arena_copy(r->arena, incidents[i].job);
        incidents[i].target = arena_copy(r->arena, incidents[i].target);
        incidents[i].note = arena_copy(r->arena, incidents[i].note);
        incidents[i].message = arena_copy(r->arena, incidents[i].message);
    }
    for (size_t i = 0; i < write->delivery_count; i++) {
        deliveries[i] = write->deliveries[i];
        deliveries[i].channel = arena_copy(r->arena, deliveries[i].channel);
        deliveries[i].error = arena_copy(r->arena, deliveries[i].error);
        deliveries[i].body = arena_copy(r->arena, deliveries[i].body);
    }
    r->alert = *write;
    r->alert.incidents = incidents;
    r->alert.deliveries = deliveries;
    r->count = write->incident_count + write->delivery_count;
    return r;
}

struct request *request_read_alerts(const struct alert_query *query)
{
    struct request *r = request_new(REQUEST_READ_ALERTS, 0);

    assert(query->question != ALERTS_PAGE || (query->limit >= 1 && query->limit <= 1000));
    r->alert_query = *query;
    return r;
}

struct request *request_read_pasts(const int64_t *job_ids, size_t count)
{
    struct request *r = request_new(REQUEST_READ_PASTS, count * sizeof *r->pasts);

    r->pasts = arena_array(r->arena, count, sizeof *r->pasts);
    for (size_t i = 0; i < count; i++)
        r->pasts[i].job_id = job_ids[i];
    r->count = count;
    return r;
}

struct request *request_drain(struct str node, bool is_on)
{
    struct request *r = request_new(REQUEST_DRAIN, node.len);

    r->node = arena_copy(r->arena, node);
    r->is_on = is_on;
    return r;
}

struct request *request_read_nodes(void)
{
    return request_new(REQUEST_READ_NODES, 0);
}

void request_free(struct request *r)
{
    if (r)
        arena_free(r->arena);
}

size_t request_weight(const struct request *r)
{
    if (r->kind == REQUEST_PRUNE)
        return (size_t)r->prune.limit;
    return r->count ? r->count + r->births : 1;
}

static bool is_calendar(const struct request *r)
{
    return r->kind == REQUEST_PUT_CALENDAR || r->kind == REQUEST_DELETE_CALENDAR;
}

static const char *noun_of(const struct request *r)
{
    return !is_calendar(r)                     ? "job"
           : r->calendar.kind == STORE_FREEZE  ? "freeze"
           : r->calendar.kind == STORE_PAUSE   ? "pause"
           : r->calendar.kind == STORE_POOL    ? "pool"
           : r->calendar.kind == STORE_CHANNEL ? "channel"
                                               : "calendar";
}

static const char *field_of(const struct request *r)
{
    return is_calendar(r) ? "name" : "job_id";
}

static struct str name_of(const struct request *r)
{
    return is_calendar(r) ? r->calendar.name : r->job.name;
}

bool request_refuse_exists(struct request *r)
{
    r->is_refused = true;
    fail(&r->err, ERR_EXISTS, field_of(r), "a %s \"%.*s\" exists already", noun_of(r),
         STR(name_of(r)));
    return fail_hint(&r->err, "choose another %s, or change or remove the %s that has it",
                     field_of(r), noun_of(r));
}

bool request_refuse_conflict(struct request *r, int version_now)
{
    r->is_refused = true;
    fail(&r->err, ERR_CONFLICT, "version",
         "the %s \"%.*s\" is at version %d now, not %d: it was changed meanwhile", noun_of(r),
         STR(name_of(r)), version_now, r->expect_version);
    return fail_hint(&r->err, "read the %s again, then repeat the change", noun_of(r));
}

bool request_refuse_missing(struct request *r)
{
    r->is_refused = true;
    if (name_of(r).len)
        return fail(&r->err, ERR_NOT_FOUND, field_of(r), "there is no %s \"%.*s\"", noun_of(r),
                    STR(name_of(r)));
    return fail(&r->err, ERR_NOT_FOUND, "job_id", "the job is gone (number %" PRId64 ")",
                r->job.id);
}

bool request_refuse_run_id(struct request *r, int64_t run_id)
{
    r->is_refused = true;
    return fail(&r->err, ERR_CONFLICT, "run_id", "a run of id %" PRId64 " exists already", run_id);
}

bool request_refuse_key(struct request *r, const struct run *run, int64_t run_id)
{
    r->is_refused = true;
    r->run_id = run_id;
    return fail(&r->err, ERR_EXISTS, "idempotency-key",
                "the run %" PRId64 " of the job has the key \"%.*s\" already", run_id,
                STR(run->ask->key));
}

bool request_refuse_no_run(struct request *r)
{
    r->is_refused = true;
    return fail(&r->err, ERR_NOT_FOUND, "run_id", "there is no run %" PRId64, r->query.before_id);
}

bool request_refuse_alive(struct request *r, enum run_state state)
{
    r->is_refused = true;
    fail(&r->err, ERR_CONFLICT, "run_id", "the run %" PRId64 " has not ended: it is %s",
         r->query.before_id, run_state_name(state));
    return fail_hint(&r->err, "cancel it first, or wait for its end");
}

bool request_refuse_moved(struct request *r)
{
    r->is_refused = true;
    fail(&r->err, ERR_MOVED, NULL,
         "jobs have moved between the nodes, and this one is not told yet (epoch %" PRId64 ")",
         r->epoch);
    return fail_hint(&r->err, "ask again: it is a matter of moments");
}

bool request_refuse_no_node(struct request *r)
{
    r->is_refused = true;
    fail(&r->err, ERR_NOT_FOUND, "node", "there is no node \"%.*s\"", STR(r->node));
    return fail_hint(&r->err, "look at the names of those that are there: belfry node");
}

bool request_is_of_epoch(const struct request *r)
{
    return r->kind == REQUEST_CLAIM || r->kind == REQUEST_START || r->kind == REQUEST_LAUNCH ||
           r->kind == REQUEST_PRUNE;
}

bool request_may_put(struct request *r, int version_now)
{
    if (r->expect_version == STORE_ANY)
        return true;
    if (r->expect_version == STORE_CREATE)
        return version_now ? request_refuse_exists(r) : true;
    if (!version_now)
        return request_refuse_missing(r);
    return version_now == r->expect_version ? true : request_refuse_conflict(r, version_now);
}

const struct run_ask *request_copy_ask(struct arena *arena, const struct run_ask *ask)
{
    struct run_ask *copy;

    if (!ask)
        return NULL;
    copy = arena_alloc(arena, sizeof *copy);
    *copy = *ask;
    copy->args = arena_copy(arena, ask->args);
    copy->key = arena_copy(arena, ask->key);
    copy->cause = arena_copy(arena, ask->cause);
    return copy;
}

void request_reset(struct request *r)
{
    r->is_refused = false;
    r->err.code = ERR_NONE;
    r->run_id = 0;
    r->gone_count = 0;
    if (r->won)
        memset(r->won, 0, r->count * sizeof *r->won);
    for (size_t i = 0; r->born && i < r->count; i++)
        r->born[i].count = 0;
}

void request_gone(struct request *r, int64_t run_id, int attempts)
{
    size_t room = r->kind == REQUEST_PRUNE ? (size_t)r->prune.limit : 1;

    if (!r->gone)
        r->gone = arena_array(r->arena, room, sizeof *r->gone);
    assert(r->gone_count < room);
    r->gone[r->gone_count++] = (struct store_gone){run_id, attempts};
}

void request_begin(struct request *r, const struct clock *clock, struct store_meter *meter,
                   void *ctx)
{
    r->now = clock_wall(clock);
    r->asked = clock_mono(clock);
    r->clock = clock;
    r->meter = meter;
    r->ctx = ctx;
}

void request_answer(struct request *r)
{
    const struct err *err = r->err.code == ERR_NONE ? NULL : &r->err;
    struct store_answer answer = {
        .run_id = r->run_id,
        .err = err,
        .job_id = err ? 0 : r->job_id,
        .version = err ? 0 : r->version,
        .change_seq = err ? 0 : r->change_seq,
        .pruned = err ? 0 : r->pruned,
        .left = err ? 0 : r->left,
        .gone = err ? NULL : r->gone,
        .gone_count = err ? 0 : r->gone_count,
        .won = err ? NULL : r->won,
        .won_count = err      ? 0
                     : r->won ? r->count
                              : 0,
        .born = err ? NULL : r->born,
        .born_count = !err && r->born ? r->count : 0,
    };

    for (size_t i = 0; i < r->page_count && r->runs_done; i++)
        run_as_seen(&r->page[i].run, r->now);
    if (r->meter)
        meter_add(r->meter, r->kind, clock_mono(r->clock).us - r->asked.us, r->err.code);
    if (r->runs_done)
        r->runs_done(err, err ? NULL : r->page, err ? 0 : r->page_count, r->ctx);
    if (r->certificates_done)
        r->certificates_done(err, r->certificates, err ? 0 : r->page_count, err ? 0 : r->total,
                             r->ctx);
    if (r->sightings_done)
        r->sightings_done(err, r->sightings, err ? 0 : r->page_count, r->ctx);
    if (r->alerts_done)
        r->alerts_done(err, &r->alerts, r->ctx);
    if (r->pasts_done)
        r->pasts_done(err, r->pasts, err ? 0 : r->count, r->ctx);
    if (r->nodes_done)
        r->nodes_done(err, r->nodes, err ? 0 : r->page_count, r->ctx);
    if (r->done)
        r->done(&answer, r->ctx);
    request_free(r);
}

static struct request *request_new(enum request_kind kind, size_t extra_bytes)
{
    struct arena *arena = arena_new(sizeof(struct request) + ROOM_FOR_TEXTS + extra_bytes);
    struct request *r = arena_alloc(arena, sizeof *r);

    r->arena = arena;
    r->kind = kind;
    return r;
}

static struct run_stream stream_copy(struct arena *arena, const struct run_stream *stream)
{
    struct run_stream copy = {.total = stream->total};

    if (stream->head.len)
        copy.head = arena_copy(arena, stream->head);
    if (stream->tail.len)
        copy.tail = arena_copy(arena, stream->tail);
    return copy;
}
