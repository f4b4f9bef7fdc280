// runs.c - runs over HTTP: pages of history, one run with what it wrote.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/models.h"
#include "time/iso8601.h"

#define PAGE_MAX 1000
#define LOOK_MAX 20000 // runs that a page of some states looks through
#define STATES_MAX 32

static void page_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx);
static void run_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx);

// --- one run as JSON
// -----------------------------------------------------------------------------------------------

static void time_write(const struct call *call, struct json_write *w, const char *key, wall at)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, zones_utc(call->api->o.zones), &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void int_write(struct json_write *w, const char *key, int64_t n, bool is_known)
{
    json_write_key(w, key);
    if (is_known)
        json_write_int(w, n);
    else
        json_write_null(w);
}

static void text_write(struct json_write *w, const char *key, struct str s)
{
    json_write_key(w, key);
    json_write_str(w, s);
}

// The moment that a run waits for.
static wall try_at_of(const struct run *run)
{
    if (run->state == RUN_WAITING)
        return run->try_at;
    return run->state == RUN_QUEUED && run->ask ? run->ask->start_at : (wall){0};
}

static void asked_write(const struct run *run, struct json_write *w)
{
    int64_t cause_id = run->ask ? run->ask->cause_id : 0;

    json_write_key(w, "args");
    if (run->ask && run->ask->args.len > 0)
        json_write_raw(w, run->ask->args);
    else
        json_write_null(w);
    int_write(w, "retry_of", cause_id, run->origin == RUN_RETRY && cause_id != 0);
    int_write(w, "parent_run_id", cause_id, run->origin == RUN_DEPENDENCY && cause_id != 0);
    int_write(w, "backfill_id", cause_id, run->origin == RUN_BACKFILL && cause_id != 0);
    json_write_key(w, "cause");
    json_write_raw(w, run->ask && run->ask->cause.len > 0 ? run->ask->cause : STR_LIT("null"));
}

// Why it is as it is: what the row says, but for a run that waits for room, of which the scheduler
// knows more.
static void reason_write(const struct call *call, const struct run *run, struct json_write *w)
{
    const struct waits waits = sched_waits(call->api->o.sched);
    enum run_reason reason = run->reason, now = REASON_NONE;
    struct buf words;

    buf_init(&words, 2000);
    if (run->state == RUN_QUEUED || run->state == RUN_WAITING)
        now = waits_reason(&waits, run->job_id, run->id);
    if (now != REASON_NONE) {
        reason = now;
        waits_words(&waits, run->job_id, run->id, &words);
    } else if (reason != REASON_NONE) {
        buf_add_text(&words, run_reason_sentence(reason));
    }
    text_write(w, "reason", str_of(run_reason_name(reason)));
    text_write(w, "reason_text", buf_str(&words));
    buf_done(&words);
}

void runs_write_item(const struct call *call, const struct store_run *item, struct json_write *w)
{
    const struct run *run = &item->run;
    const struct run_ask *ask = run->ask;
    bool has_ended = run->finished_at.us != 0;
    bool has_exited = has_ended && run->started_at.us != 0 && run->exit_code >= 0;
    int64_t took_ms = (run->finished_at.us - run->started_at.us) / 1000;

    int_write(w, "run_id", run->id, true);
    text_write(w, "job_id", item->job_name);
    text_write(w, "state", str_of(run_state_name(run->state)));
    reason_write(call, run, w);
    text_write(w, "origin", str_of(run_origin_name(run->origin)));
    time_write(call, w, "scheduled_at", run->scheduled_at);
    time_write(call, w, "slot", ask && ask->slot.us != 0 ? ask->slot : run->scheduled_at);
    time_write(call, w, "queued_at", run->queued_at);
    time_write(call, w, "started_at", run->started_at);
    time_write(call, w, "finished_at", run->finished_at);
    int_write(w, "duration_ms", took_ms, has_ended && run->started_at.us != 0);
    int_write(w, "lateness_ms", (run->started_at.us - run->scheduled_at.us) / 1000,
              run->started_at.us != 0);
    int_write(w, "attempt", run->attempt, true);
    time_write(call, w, "try_at", try_at_of(run));
    asked_write(run, w);
    int_write(w, "exit_code", run->exit_code, has_exited);
    int_write(w, "signal", run->signal, run->signal != 0);
    text_write(w, "message", run->message);
    int_write(w, "missed", run->missed, true);
    time_write(call, w, "missed_from", run->missed_from);
    int_write(w, "job_version", run->job_version, true);
}

static void json_or_null(struct json_write *w, const char *key, struct str json)
{
    json_write_key(w, key);
    if (json.len > 0)
        json_write_raw(w, json);
    else
        json_write_null(w);
}

static void usage_write(struct json_write *w, const struct run_usage *usage)
{
    json_write_key(w, "usage");
    if (usage->max_rss_bytes == 0) {
        json_write_null(w);
        return;
    }
    json_write_object(w);
    int_write(w, "user_ms", usage->user_us / 1000, true);
    int_write(w, "system_ms", usage->system_us / 1000, true);
    int_write(w, "max_rss_bytes", usage->max_rss_bytes, true);
    json_write_object_end(w);
}

// A run in progress is asked; one that has ended has it in its row.
static struct str progress_of(const struct call *call, const struct store_run *run)
{
    struct str live = sched_progress(call->api->o.sched, run->run.id);

    return live.len > 0 ? live : run->progress;
}

static void stream_write(struct json_write *w, const char *key, const struct run_stream *stream)
{
    json_write_key(w, key);
    json_write_object(w);
    text_write(w, "head", stream->head);
    text_write(w, "tail", stream->tail);
    int_write(w, "total", stream->total, true);
    json_write_object_end(w);
}

static void attempt_write(const struct call *call, const struct run_end *end, bool is_last,
                          struct json_write *w)
{
    bool has_exited = end->finished_at.us != 0 && end->exit_code >= 0;

    json_write_object(w);
    int_write(w, "attempt", end->attempt, true);
    text_write(w, "state", str_of(run_state_name(end->state)));
    text_write(w, "reason", str_of(run_reason_name(end->reason)));
    time_write(call, w, "started_at", end->started_at);
    time_write(call, w, "finished_at", end->finished_at);
    int_write(w, "exit_code", end->exit_code, has_exited);
    int_write(w, "signal", end->signal, end->signal != 0);
    text_write(w, "message", end->message);
    if (!is_last) {
        stream_write(w, "stdout", &end->out);
        stream_write(w, "stderr", &end->err);
    }
    json_write_object_end(w);
}

// Those that are history, and the one that the run itself tells of, unless it is history too.
static void attempts_write(const struct call *call, const struct store_run *item,
                           struct json_write *w)
{
    const struct run *run = &item->run;
    const struct run_end last = {.attempt = run->attempt,
                                 .state = run->state,
                                 .reason = run->reason,
                                 .started_at = run->started_at,
                                 .finished_at = run->finished_at,
                                 .exit_code = run->exit_code,
                                 .signal = run->signal,
                                 .message = run->message};

    json_write_key(w, "attempts");
    json_write_array(w);
    for (size_t i = 0; i < item->attempt_count; i++)
        attempt_write(call, &item->attempts[i], false, w);
    if (run->attempt > 0 && (item->attempt_count == 0 ||
                             item->attempts[item->attempt_count - 1].attempt < run->attempt))
        attempt_write(call, &last, true, w);
    json_write_array_end(w);
}

// --- pages
// ---------------------------------------------------------------------------------------------------------

// A page is read in one go, or, when only some states are wanted, in as many as it takes to find
// them among the next LOOK_MAX runs: an index by state would cost every run something. So a page
// may be short and have a next one all the same.
struct page {
    struct call *call;
    struct buf body;
    struct json_write w;
    struct store_run_query ask;
    unsigned states; // bits of enum run_state; 0: all
    int left;        // runs that fit on the page still
    int looked;
};

static void page_begin(struct page *page)
{
    buf_init(&page->body, CALL_BODY_MAX);
    json_write_init(&page->w, &page->body);
    json_write_object(&page->w);
    json_write_key(&page->w, "runs");
    json_write_array(&page->w);
}

static void page_ask(struct page *page)
{
    page->ask.limit = page->states ? PAGE_MAX : page->left;
    store_read_runs(page->call->api->o.store, &page->ask, page_read, page);
}

static bool states_read(struct call *call, struct str list, unsigned *ret_states)
{
    struct str name;
    unsigned states = 0;

    while (list.len > 0 && str_next(&list, ',', &name)) {
        int state = 0;

        while (state < STATES_MAX && !str_eq(str_trim(name), str_of(run_state_name(state))))
            state++;
        if (state == STATES_MAX || name.len == 0)
            return model_complain(call->issues, "value_error", STR_LIT("\"query\",\"state\""), NULL,
                                  "", "\"%.*s\" is no state of a run, such as failed or timed_out",
                                  STR(model_short(name)));
        states |= 1u << state;
    }
    *ret_states = states;
    return true;
}

// Of a job; when there is none, of the one of that name whose single date is over; of all when no
// name is given.
static void page_make(struct call *call, struct str name)
{
    const struct runs_query *query = call->query;
    const struct job *job = name.len > 0 ? sched_find(call->api->o.sched, name) : NULL;
    struct page *page = arena_alloc(call->arena, sizeof *page);

    *page = (struct page){
        .call = call,
        .ask = {.job_id = job ? job->id : 0,
                .ended = job ? (struct str){0} : name,
                .before_id = query->cursor},
        .left = query->limit > PAGE_MAX ? PAGE_MAX : (int)query->limit,
    };
    if (!states_read(call, query->state, &page->states)) {
        call_reply_issues(call);
        return;
    }
    page_begin(page);
    page_ask(page);
}

void runs_list(struct call *call)
{
    const struct runs_query *query = call->query;

    page_make(call, query->job_id);
}

void job_runs(struct call *call)
{
    const struct job_params *params = call->params;

    page_make(call, params->job_id);
}

static void page_end(struct page *page, bool has_more)
{
    json_write_array_end(&page->w);
    int_write(&page->w, "next_cursor", page->ask.before_id, has_more);
    json_write_object_end(&page->w);
    call_reply(page->call, 200, &page->body);
}

static void page_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct page *page = ctx;
    bool has_more = count == (size_t)page->ask.limit;

    if (err) {
        buf_done(&page->body);
        call_reply_err(page->call, err);
        return;
    }
    if (page->ask.ended.len > 0 && page->ask.before_id == 0 && count == 0) {
        buf_done(&page->body);
        call_reply_no_job(page->call);
        return;
    }
    for (size_t i = 0; i < count && page->left > 0; i++) {
        page->ask.before_id = runs[i].run.id;
        has_more = has_more || i + 1 < count;
        if (page->states && !(page->states & 1u << runs[i].run.state))
            continue;
        json_write_object(&page->w);
        runs_write_item(page->call, &runs[i], &page->w);
        json_write_object_end(&page->w);
        page->left--;
    }
    page->looked += (int)count;
    if (has_more && page->left > 0 && page->looked < LOOK_MAX)
        page_ask(page);
    else
        page_end(page, has_more);
}

void run_show(struct call *call)
{
    const struct run_params *params = call->params;

    store_read_run(call->api->o.store, params->run_id, run_read, call);
}

static void run_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct call *call = ctx;
    struct problem problem = PROBLEM_RUN_NOT_FOUND;
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    if (count == 0) {
        problem.detail = "Run not found";
        call_reply_problem(call, &problem);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    runs_write_item(call, runs, &w);
    attempts_write(call, runs, &w);
    stream_write(&w, "stdout", &runs->out);
    stream_write(&w, "stderr", &runs->err);
    json_or_null(&w, "result", runs->result);
    json_or_null(&w, "progress", progress_of(call, runs));
    usage_write(&w, &runs->usage);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}
