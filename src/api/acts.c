// acts.c - what may be done with runs over HTTP: ask for one, cancel, repeat, delete.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/models.h"
#include "base/hash.h"
#include "time/iso8601.h"

struct asking;

static void run_ask(struct asking *asking);
static void asked(const struct err *err, int64_t run_id, void *ctx);
static void holder_read(const struct err *err, const struct store_run *runs, size_t count,
                        void *ctx);

static void problem_reply(struct call *call, struct problem problem, const char *detail,
                          const char *hint)
{
    problem.detail = detail;
    problem.hint = hint;
    call_reply_problem(call, &problem);
}

// ---- asking for a run ----

// One that is being asked for, in the call's arena.
struct asking {
    struct call *call;
    struct str job_id;
    int64_t number; // of the job in the store
    struct hand_ask hand;
};

// Two requests with one key are the same when these bytes are.
static uint64_t digest_of(const struct call *call, int64_t of)
{
    const struct hash_key key = {0x62656c667279, (uint64_t)of};
    char *text = call->json ? json_dumps(call->json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    struct str query = call->r->query;
    uint64_t digest = hash_str(&key, str_of(text ? text : "")) ^ hash_mix(hash_str(&key, query));

    free(text);
    return digest;
}

static bool key_read(struct call *call, int64_t of, struct run_ask *ask)
{
    struct str key;

    if (!http_request_header(call->r, "idempotency-key", &key))
        return true;
    if (key.len == 0 || key.len > RUN_KEY_MAX || !str_is_utf8(key))
        return model_complain(
            call->issues, "value_error", STR_LIT("\"header\",\"idempotency-key\""), NULL, "",
            "Value error, an idempotency key has 1 to %d bytes of UTF-8", RUN_KEY_MAX);
    ask->key = arena_copy(call->arena, key);
    ask->digest = digest_of(call, of);
    return true;
}

static bool moment_read(struct call *call, const struct job *job, struct run_ask *ask)
{
    const struct run_ask_form *form = call->body;
    struct str loc = STR_LIT("\"body\",\"scheduled_for\"");
    struct iso8601 time;
    struct err e;
    wall now = clock_wall(loop_clock(call->api->o.loop));

    if (form->delay > 0 && form->scheduled_for.len > 0)
        return model_complain(call->issues, "value_error", loc, NULL, "",
                              "Value error, give either delay or scheduled_for, not both");
    if (form->delay > 0)
        ask->start_at.us = now.us + form->delay;
    if (form->scheduled_for.len > 0) {
        if (!iso8601_parse(form->scheduled_for, "scheduled_for", &time, &e))
            return model_complain_err(call->issues, loc, NULL, &e);
        ask->start_at = iso8601_at(&time, trigger_zone(job->trigger));
    }
    ask->slot = ask->start_at;
    return true;
}

static bool form_read(struct call *call, const struct job *job, struct hand_ask *hand)
{
    const struct run_ask_form *form = call->body;
    const struct run_query *query = call->query;
    struct run_ask *ask = &hand->ask;
    struct job_spec *plain;

    ask->overlap = form->overlap;
    ask->is_forced = form->force || query->force;
    if (form->args) {
        plain = job_spec_new(); // it knows how arguments are kept
        job_spec_set_args(plain, form->args);
        ask->args = arena_copy(call->arena, plain->args);
        job_spec_drop(plain);
    }
    if (!moment_read(call, job, ask) || !key_read(call, job->id, ask))
        return false;
    hand->is_plain = !form->args && ask->key.len == 0 && ask->start_at.us == 0 &&
                     ask->overlap < 0 && !ask->is_forced;
    return true;
}

static struct asking *asking_new(struct call *call, const struct job *job, enum run_origin origin)
{
    struct asking *asking = arena_alloc(call->arena, sizeof *asking);

    *asking = (struct asking){.call = call,
                              .job_id = arena_copy(call->arena, job->name),
                              .number = job->id,
                              .hand = {.origin = origin, .ask = {.overlap = -1}}};
    return asking;
}

void job_run(struct call *call)
{
    const struct job_params *params = call->params;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);
    struct asking *asking;

    if (!job) {
        call_reply_no_job(call);
        return;
    }
    if (job->spec->quarantine.len > 0) {
        call_reply_unusable(call, job);
        return;
    }
    asking = asking_new(call, job, RUN_MANUAL);
    if (form_read(call, job, &asking->hand))
        run_ask(asking);
    else
        call_reply_issues(call);
}

static void holder_find(struct asking *asking)
{
    store_read_key(asking->call->api->o.store, asking->number, asking->hand.ask.key, holder_read,
                   asking);
}

// A key that is known already is told before the overlap rule is asked.
static void run_ask(struct asking *asking)
{
    if (asking->hand.ask.key.len > 0)
        holder_find(asking);
    else
        sched_run_now(asking->call->api->o.sched, asking->job_id, &asking->hand, asked, asking);
}

static void asked_reply(struct asking *asking, int64_t run_id)
{
    struct call *call = asking->call;
    struct buf body;

    http_reply_header(call->r, "location",
                      arena_printf(call->arena, "/api/v1/runs/%lld", (long long)run_id));
    buf_init(&body, 4096); // the name is checked: nothing in it needs escaping
    buf_printf(&body, "{\"run_id\":%lld,\"job_id\":\"%.*s\"", (long long)run_id,
               STR(asking->job_id));
    if (asking->hand.origin == RUN_RETRY)
        buf_printf(&body, ",\"retry_of\":%lld", (long long)asking->hand.ask.cause_id);
    buf_add_byte(&body, '}');
    call_reply(call, 201, &body);
}

// Is there a run with the key? Then it is that of the same request, or of another one.
static void holder_read(const struct err *err, const struct store_run *runs, size_t count,
                        void *ctx)
{
    struct asking *asking = ctx;
    struct call *call = asking->call;
    const struct run_ask *ask = count > 0 ? runs->run.ask : NULL;

    if (err) {
        call_reply_err(call, err);
    } else if (count == 0) {
        sched_run_now(call->api->o.sched, asking->job_id, &asking->hand, asked, asking);
    } else if (ask && ask->digest == asking->hand.ask.digest) {
        http_reply_header(call->r, "idempotent-replayed", STR_LIT("true"));
        asked_reply(asking, runs->run.id);
    } else {
        problem_reply(call, PROBLEM_KEY_REUSED, "The idempotency key was used for another request",
                      "use a new key for a new run");
    }
}

static void asked(const struct err *err, int64_t run_id, void *ctx)
{
    struct asking *asking = ctx;

    if (err && err->code == ERR_EXISTS)
        holder_find(asking); // another request with it was faster
    else if (err)
        call_reply_err(asking->call, err);
    else
        asked_reply(asking, run_id);
}

// ---- one run ----

static void run_find(struct call *call, store_runs_done *done)
{
    const struct run_params *params = call->params;

    store_read_run(call->api->o.store, params->run_id, done, call);
}

// Whether the run is there; otherwise the call has been answered.
static bool is_found(struct call *call, const struct err *err, size_t count)
{
    if (err)
        call_reply_err(call, err);
    else if (count == 0)
        problem_reply(call, PROBLEM_RUN_NOT_FOUND, "Run not found", NULL);
    return !err && count > 0;
}

static void finished_reply(struct call *call, const struct run *run)
{
    const char *detail =
        arena_printf(call->arena, "The run has ended: it is %s", run_state_name(run->state)).p;

    problem_reply(call, PROBLEM_RUN_FINISHED,
                  run_state_is_final(run->state) ? detail : "The run has just ended", NULL);
}

static void cancel_read(const struct err *err, const struct store_run *runs, size_t count,
                        void *ctx)
{
    struct call *call = ctx;
    const struct run *run;
    struct buf body;

    if (!is_found(call, err, count))
        return;
    run = &runs->run;
    if (run_state_is_final(run->state) || !sched_cancel(call->api->o.sched, run->job_id, run->id)) {
        finished_reply(call, run);
        return;
    }
    buf_init(&body, 4096);
    buf_printf(&body, "{\"run_id\":%lld,\"job_id\":\"%.*s\",\"state\":\"%s\"}", (long long)run->id,
               STR(runs->job_name), run_state_name(run->state));
    call_reply(call, 202, &body);
}

void run_cancel(struct call *call)
{
    run_find(call, cancel_read);
}

static void retry_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct call *call = ctx;
    const struct job *job;
    const struct run *run;
    struct asking *asking;
    struct run_ask *ask;

    if (!is_found(call, err, count))
        return;
    run = &runs->run;
    job = sched_find_id(call->api->o.sched, run->job_id);
    if (!run_state_is_final(run->state)) {
        problem_reply(call, PROBLEM_RUN_ALIVE, "The run has not ended",
                      "wait for its end, or cancel it");
        return;
    }
    if (!job || job->spec->quarantine.len > 0) {
        problem_reply(call, PROBLEM_JOB_NOT_FOUND, "The job of the run is gone", NULL);
        return;
    }
    asking = asking_new(call, job, RUN_RETRY);
    ask = &asking->hand.ask;
    ask->cause_id = run->id;
    ask->slot = run->ask && run->ask->slot.us != 0 ? run->ask->slot : run->scheduled_at;
    if (run->ask)
        ask->args = arena_copy(call->arena, run->ask->args);
    if (key_read(call, run->id, ask))
        run_ask(asking);
    else
        call_reply_issues(call);
}

void run_retry(struct call *call)
{
    run_find(call, retry_read);
}

static void deleted(const struct store_answer *answer, void *ctx)
{
    struct call *call = ctx;

    sched_runs_gone(call->api->o.sched, answer->gone, answer->gone_count);
    if (!answer->err)
        call_reply_empty(call, 204);
    else if (answer->err->code == ERR_CONFLICT)
        problem_reply(call, PROBLEM_RUN_ALIVE, "The run has not ended",
                      "cancel it first, or wait for its end");
    else if (answer->err->code == ERR_NOT_FOUND)
        problem_reply(call, PROBLEM_RUN_NOT_FOUND, "Run not found", NULL);
    else
        call_reply_err(call, answer->err);
}

void run_delete(struct call *call)
{
    const struct run_params *params = call->params;

    store_delete_run(call->api->o.store, params->run_id, deleted, call);
}
