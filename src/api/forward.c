// forward.c - hands requests on to the node that has the job, and its replies back.
// SPDX-License-Identifier: Apache-2.0
//
// Every node knows every job, but what a job is doing is known to its owner alone. routes.def says
// of each operation who is to answer it (enum route_at). A request goes on as it came: method,
// path, query, body, and all headers that are not about the connection, those that say who asks
// among them; Origin stays here, where it was looked at. The reply comes back byte for byte: one of
// a known length when it is whole, one that goes on as it comes.
//
// Nodes may disagree for a moment about who owns a job, or one has not heard of it yet. So a
// request goes on once only: the header belfry-forwarded says that it has, and who does not own the
// job either says that it is moving (503, Retry-After: 1, belfry-moving). Whoever was asked first
// looks again, for MOVING_MAX_US, before it says so to the client. belfry-for says whom it is meant
// for: an address that leads to another node than it says is found out (421), and not taken for a
// reply.
#include "api/forward.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/forward_head.h"
#include "api/models.h"
#include "base/list.h"
#include "base/mem.h"
#include "job/run_log.h"
#include "job/tags.h"
#include "net/http_call.h"

#define FORWARDS_MAX 256   // under way at a time
#define CONNECT_US 3000000 // a node that is there answers sooner
#define MOVING_US 100000   // between two looks
#define MOVING_MAX_US 2000000
#define SILENCE_US 1000000  // between two looks at a node that has not begun to reply
#define BEST_US 5000000     // what can be answered here as well waits no longer for it
#define STALL_S 60          // streams have a ping each 15 seconds
#define REPLY_MAX (1 << 20) // of a known length; larger ones are handed on as they come
#define TRIED_MAX 64        // nodes that are there at a time

struct forwards {
    struct api *api;
    struct http_calls *calls; // made with the first
    struct list all;
    size_t count;
};

struct forward {
    struct list link;
    struct api *api;
    struct call *call; // until it has been answered
    struct http_call *http;
    struct loop_timer timer; // until the next look
    int64_t node_id;         // where it went,
    char node[TAG_MAX + 1], address[256];
    mono sent_at;
    int64_t tried[TRIED_MAX]; // where it has been, of those that may have the output
    size_t tried_count;
    int64_t slot; // in the id of that run
    int status;
    bool is_whole; // the reply has a length
    bool is_dead;  // nobody wants it any more
    struct str head;
    struct buf body;
    struct http_stream *stream;
};

static bool known_go(struct call *call, const struct job *job);
static bool job_go(struct call *call, const struct job *job);
static void run_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx);
static void alert_read(const struct err *err, const struct alert_page *page, void *ctx);
static bool output_go(struct call *call, const struct store_run *run);
static bool output_next(struct forward *f);
static bool node_go(struct call *call, const struct store_node *node);
static struct forward *forward_new(struct call *call);
static void forward_to(struct forward *f, const struct store_node *node);
static bool forward_send(struct forward *f);
static void forward_free(struct forward *f);
static void silence_watch(struct forward *f);
static void head_take(int status, struct str head, void *ctx);
static bool body_take(struct str bytes, void *ctx);
static void ended(const struct http_call_answer *answer, void *ctx);

struct forwards *forwards_new(struct api *api)
{
    struct forwards *forwards = mem_alloc(sizeof *forwards);

    forwards->api = api;
    list_init(&forwards->all);
    return forwards;
}

void forwards_free(struct forwards *forwards)
{
    if (!forwards)
        return;
    while (!list_is_empty(&forwards->all))
        forward_free(list_item(forwards->all.next, struct forward, link));
    http_calls_free(forwards->calls);
    free(forwards);
}

// ---- who is to answer ----

static bool was_forwarded(const struct call *call)
{
    struct str from;

    return http_request_header(call->r, "belfry-forwarded", &from);
}

static bool is_best_effort(const struct call *call)
{
    return call->route->at == ROUTE_JOB_BEST || call->route->at == ROUTE_RUN_BEST ||
           call->route->at == ROUTE_POOL_BEST;
}

bool forward_is_astray(struct call *call)
{
    struct problem problem = PROBLEM_ASTRAY;
    const char *name = call->api->o.node.name;
    struct str node;

    if (!http_request_header(call->r, "belfry-for", &node) || str_eq(node, str_of(name)))
        return false;
    problem.detail = arena_printf(call->arena, "This is the node \"%s\", not \"%.*s\"", name,
                                  STR(model_short(node)))
                         .p;
    call_reply_problem(call, &problem);
    return true;
}

// A text is the first member of these parameters, or a number.
static struct str text_of(const struct call *call)
{
    return *(const struct str *)call->params;
}

static int64_t number_of(const struct call *call)
{
    return *(const int64_t *)call->params;
}

static const struct job *pool_user(const struct call *call)
{
    const struct pools *pools = sched_pools(call->api->o.sched);
    size_t at = 0;
    const char *name = pools->user(text_of(call), &at, pools->ctx);

    return name ? sched_find(call->api->o.sched, str_of(name)) : NULL;
}

static void run_ask(struct call *call)
{
    const struct store_find find = {.cause_id = number_of(call), .limit = 1};

    if (call->route->at == ROUTE_BACKFILL)
        store_find_runs(call->api->o.store, &find, run_read, call);
    else
        store_read_run(call->api->o.store, number_of(call), run_read, call);
}

static void alert_ask(struct call *call)
{
    const struct alert_query ask = {.question = ALERTS_ONE, .id = number_of(call)};

    store_read_alerts(call->api->o.store, &ask, alert_read, call);
}

bool forward(struct call *call)
{
    struct sched *sched = call->api->o.sched;

    if (call->route->at == ROUTE_HERE || !sched_members(sched))
        return false;
    switch (call->route->at) {
    case ROUTE_HERE:
        break;
    case ROUTE_JOB:
    case ROUTE_JOB_BEST:
        return known_go(call, sched_find(sched, text_of(call)));
    case ROUTE_POOL_BEST:
        return job_go(call, pool_user(call));
    case ROUTE_PING:
        return known_go(call, sched_ping_job(sched, text_of(call)));
    case ROUTE_RUN:
    case ROUTE_RUN_BEST:
    case ROUTE_RETRY:
    case ROUTE_BACKFILL:
    case ROUTE_OUTPUT:
        run_ask(call);
        return true;
    case ROUTE_ALERT:
        alert_ask(call);
        return true;
    }
    return false;
}

// ---- whose job it is ----

// It moves, or is about to: in a moment it will be somebody's, so this may be another look.
static void moving_reply(struct call *call)
{
    struct err e;

    (void)fail(&e, ERR_MOVED, NULL, "the job is just moving to another node");
    (void)fail_hint(&e, "ask again in a second");
    call_reply_err(call, &e);
}

static void look_again(void *ctx)
{
    struct forward *f = ctx;
    struct call *call = f->call;

    forward_free(f);
    json_decref(call->json); // what has been read of it is read again
    json_decref(call->query_json);
    call->json = call->query_json = NULL;
    model_issues_init(call->issues, call->arena);
    if (!forward(call))
        call->go_on(call);
}

bool forward_again(struct call *call)
{
    struct loop *loop = call->api->o.loop;
    struct forward *f;

    if (was_forwarded(call) || call->api->forwards->count >= FORWARDS_MAX ||
        http_request_is_gone(call->r))
        return false;
    if (call->moving_since.us == 0)
        call->moving_since = loop_now(loop);
    if (loop_now(loop).us > call->moving_since.us + MOVING_MAX_US)
        return false;
    f = forward_new(call);
    loop_timer_set(loop, &f->timer, mono_after_us(loop_now(loop), MOVING_US), look_again, f);
    return true;
}

static bool has_active(const struct store_members *members)
{
    for (size_t i = 0; i < members->node_count; i++)
        if (members->nodes[i].state == NODE_ACTIVE)
            return true;
    return false;
}

static void nobody_reply(struct call *call)
{
    struct problem problem = PROBLEM_NODE;

    problem.detail = "No node is active that could have the job";
    problem.hint = "GET /api/v1/nodes tells which there are; undrain one, or start one";
    call_reply_problem(call, &problem);
}

// Whoever has handed it on knows the job; if we do not, we have not heard of it yet.
static bool known_go(struct call *call, const struct job *job)
{
    if (job || !was_forwarded(call))
        return job_go(call, job);
    moving_reply(call);
    return true;
}

// False when it is to be answered here.
static bool job_go(struct call *call, const struct job *job)
{
    struct sched *sched = call->api->o.sched;
    const struct store_node *owner;

    if (!job || sched_is_ours(sched, job))
        return false;
    owner = sched_owner(sched, job);
    if (is_best_effort(call) && (!owner || was_forwarded(call)))
        return false;
    if (!owner && !has_active(sched_members(sched)))
        nobody_reply(call);
    else if (!owner || was_forwarded(call) || owner->id == sched_members(sched)->self)
        moving_reply(call);
    else
        return node_go(call, owner);
    return true;
}

// A job that is gone may have a run in progress still: it is pinned.
static const struct store_node *pinned(const struct store_members *members, int64_t job_id)
{
    const struct store_node *node = NULL;

    for (size_t i = 0; i < members->pin_count; i++)
        for (size_t k = 0; members->pins[i].job_id == job_id && k < members->node_count; k++)
            if (members->nodes[k].id == members->pins[i].node)
                node = &members->nodes[k];
    return node && node->id != members->self ? node : NULL;
}

static bool run_go(struct call *call, const struct store_run *run)
{
    struct sched *sched = call->api->o.sched;
    const struct job *job = sched_find_id(sched, run->run.job_id);
    const struct store_node *node;

    if (call->route->at == ROUTE_OUTPUT)
        return output_go(call, run);
    if (call->route->at != ROUTE_RETRY && call->route->at != ROUTE_BACKFILL &&
        run_state_is_final(run->run.state))
        return false;
    node = job || was_forwarded(call) ? NULL : pinned(sched_members(sched), run->run.job_id);
    return node ? node_go(call, node) : job_go(call, job);
}

static void run_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct call *call = ctx;

    if (err)
        call_reply_err(call, err);
    else if (count == 0 || !run_go(call, runs))
        call->go_on(call);
}

static void alert_read(const struct err *err, const struct alert_page *page, void *ctx)
{
    struct call *call = ctx;
    struct sched *sched = call->api->o.sched;

    if (err)
        call_reply_err(call, err);
    else if (page->incident_count == 0 ||
             !job_go(call, sched_find_id(sched, page->incidents[0].job_id)))
        call->go_on(call);
}

// ---- whose output it is ----
//
// It lies where the attempt ran, which nobody has written down. So the owner is asked, then the
// node that made the run's id, then the others; who does not have it says so (421). When nobody has
// it, what the row holds is told here.

static bool has_output(const struct call *call, const struct run *run)
{
    struct str text;
    struct run_log log;
    int64_t attempt = 0;
    struct err e;

    if (!http_request_query(call->r, "attempt", &text) || !str_to_int(text, &attempt) ||
        attempt < 1 || attempt > INT32_MAX)
        attempt = run->attempt;
    if (!run_log_open(call->api->o.runs_dir, run->id, (int)attempt, &log, &e))
        return false;
    run_log_close(&log);
    return true;
}

static void absent_reply(struct call *call)
{
    struct problem problem = PROBLEM_ASTRAY;

    problem.detail = "The output of the run is not on this node";
    call_reply_problem(call, &problem);
}

static struct forward *forward_new(struct call *call)
{
    struct forwards *forwards = call->api->forwards;
    struct forward *f = mem_alloc(sizeof *f);

    f->api = call->api;
    f->call = call;
    buf_init(&f->body, REPLY_MAX + 1);
    list_push(&forwards->all, &f->link);
    forwards->count++;
    if (!forwards->calls)
        forwards->calls = http_calls_new(call->api->o.loop);
    return f;
}

static bool output_go(struct call *call, const struct store_run *run)
{
    const struct job *job = sched_find_id(call->api->o.sched, run->run.job_id);
    bool is_alive = !run_state_is_final(run->run.state);
    struct forward *f;

    if (has_output(call, &run->run) || (is_alive ? job && sched_is_ours(call->api->o.sched, job)
                                                 : run->out.total + run->err.total == 0))
        return false;
    if (was_forwarded(call)) {
        absent_reply(call);
        return true;
    }
    if (call->api->forwards->count >= FORWARDS_MAX)
        return false;
    f = forward_new(call);
    f->slot = run_id_slot(run->run.id);
    f->tried[f->tried_count++] = sched_members(call->api->o.sched)->self;
    if (job && sched_owner(call->api->o.sched, job))
        f->slot = sched_owner(call->api->o.sched, job)->slot;
    if (output_next(f))
        return true;
    forward_free(f);
    return false;
}

static void forward_to(struct forward *f, const struct store_node *node)
{
    f->node_id = node->id;
    snprintf(f->node, sizeof f->node, "%.*s", STR(node->name));
    snprintf(f->address, sizeof f->address, "%.*s", STR(node->address));
}

static bool was_tried(const struct forward *f, int64_t id)
{
    for (size_t i = 0; i < f->tried_count; i++)
        if (f->tried[i] == id)
            return true;
    return false;
}

// The next node that may have it: the one of that slot first.
static const struct store_node *output_node(const struct forward *f)
{
    const struct store_members *members = sched_members(f->api->o.sched);
    const struct store_node *next = NULL;

    for (size_t i = 0; i < members->node_count; i++) {
        const struct store_node *node = &members->nodes[i];

        if (node->address.len > 0 && !was_tried(f, node->id) && (!next || node->slot == f->slot))
            next = node;
    }
    return next;
}

static bool output_next(struct forward *f)
{
    const struct store_node *node = f->tried_count < TRIED_MAX ? output_node(f) : NULL;

    if (!node)
        return false;
    f->tried[f->tried_count++] = node->id;
    forward_to(f, node);
    return forward_send(f) || output_next(f);
}

// ---- what is sent ----

static void unreachable_reply(struct call *call, const char *node, const char *address,
                              const char *why)
{
    struct problem problem = PROBLEM_NODE;

    problem.detail =
        arena_printf(call->arena, "The node \"%s\", which has the job, cannot be reached%s%s: %s",
                     node, address[0] ? " at " : "", address, why)
            .p;
    problem.hint = address[0]
                       ? "if it is gone, others have its jobs when its lease has ended; else "
                         "see what its --advertise says, and the way there"
                       : "start it with --advertise";
    http_reply_header(call->r, "retry-after", STR_LIT("1"));
    call_reply_problem(call, &problem);
}

// False when it is to be answered here.
static bool node_go(struct call *call, const struct store_node *node)
{
    char name[TAG_MAX + 1];
    struct forward *f;

    snprintf(name, sizeof name, "%.*s", STR(node->name));
    if (node->address.len == 0 || call->api->forwards->count >= FORWARDS_MAX) {
        if (is_best_effort(call))
            return false;
        unreachable_reply(call, name, "",
                          node->address.len == 0 ? "it does not say how"
                                                 : "too many requests are on their way to others");
        return true;
    }
    f = forward_new(call);
    forward_to(f, node);
    if (forward_send(f))
        return true;
    forward_free(f);
    if (is_best_effort(call))
        return false;
    unreachable_reply(call, name, "", "its address is of no use");
    return true;
}

static bool forward_send(struct forward *f)
{
    static const struct http_call_sink sink = {head_take, body_take};
    const struct http_request *r = f->call->r;
    struct err e;
    const struct http_call_request request = {
        .url = arena_printf(f->call->arena, "%s%.*s%s%.*s", f->address, STR(r->path),
                            r->query.len > 0 ? "?" : "", STR(r->query))
                   .p,
        // Of a HEAD, what would be left out is needed for its length.
        .method = r->method == HTTP_HEAD ? "GET" : router_method_name(r->method),
        .headers = forward_head_request(f->call->r, f->api->o.node.name, f->node),
        .body = r->body,
        .connect_us = CONNECT_US,
        .stall_s = STALL_S,
        .ca_file = f->api->o.ca_file,
        .sink = &sink,
    };

    f->status = 0;
    f->is_whole = false;
    buf_clear(&f->body);
    f->http = http_call_start(f->api->forwards->calls, &request, ended, f, &e);
    f->sent_at = loop_now(f->api->o.loop);
    if (f->http)
        silence_watch(f);
    return f->http != NULL;
}

static void drop(void *ctx)
{
    struct forward *f = ctx;

    http_call_cancel(f->http);
    forward_free(f);
}

static void forward_free(struct forward *f)
{
    loop_defer_cancel(f->api->o.loop, drop, f);
    loop_timer_stop(f->api->o.loop, &f->timer);
    list_remove(&f->link);
    f->api->forwards->count--;
    buf_done(&f->body);
    free(f);
}

// ---- what comes back ----

static void client_ready(void *ctx)
{
    struct forward *f = ctx;

    http_call_resume(f->http);
}

static void client_gone(void *ctx)
{
    struct forward *f = ctx;

    f->stream = NULL;
    drop(f);
}

static void stream_begin(struct forward *f, struct str head)
{
    const struct http_stream_options options = {
        .on_room = client_ready, .on_gone = client_gone, .ctx = f};
    struct call *call = f->call;
    const char *type = forward_head_reply(call->r, head, f->node);

    f->call = NULL;
    f->stream = call_reply_stream(call, f->status, type, &options);
    if (f->stream)
        return;
    f->is_dead = true; // it cannot be cancelled from within
    loop_defer(f->api->o.loop, drop, f);
}

static void head_take(int status, struct str head, void *ctx)
{
    struct forward *f = ctx;
    struct str rest = head, name, value;
    int64_t length = status == 204 || status == 304 ? 0 : -1;

    while (forward_head_next(&rest, &name, &value))
        if (str_eq_nocase(name, STR_LIT("content-length")) && !str_to_int(value, &length))
            length = -1;
    loop_timer_stop(f->api->o.loop, &f->timer);
    f->status = status;
    f->is_whole = length >= 0 && length <= REPLY_MAX;
    if (!f->is_whole)
        stream_begin(f, head);
}

static bool body_take(struct str bytes, void *ctx)
{
    struct forward *f = ctx;

    if (f->is_dead)
        return true;
    if (!f->is_whole)
        return http_stream_send(f->stream, bytes);
    buf_add(&f->body, bytes);
    return true;
}

static void whole_reply(struct forward *f, struct str head)
{
    struct call *call = f->call;
    const char *type = forward_head_reply(call->r, head, f->node);

    call_reply_as(call, f->status, type, &f->body);
}

// Nobody answered, or somebody else did.
static void failed(struct forward *f, const char *why)
{
    struct call *call = f->call;

    if (is_best_effort(call))
        call->go_on(call);
    else
        unreachable_reply(call, f->node, f->address, why);
}

static void give_up(struct forward *f, const char *why)
{
    loop_timer_stop(f->api->o.loop, &f->timer);
    if (f->call->route->at != ROUTE_OUTPUT)
        failed(f, why);
    else if (output_next(f))
        return;
    else
        f->call->go_on(f->call);
    forward_free(f);
}

// It is not there, or not yet.
static bool look_elsewhere(struct forward *f, struct str head)
{
    struct call *call = f->call;

    if (f->status != 503 || !forward_head_has(head, "belfry-moving"))
        return false;
    if (!is_best_effort(call))
        return forward_again(call);
    call->go_on(call);
    return true;
}

static void ended(const struct http_call_answer *answer, void *ctx)
{
    struct forward *f = ctx;
    bool is_sound = !answer->failure[0] && f->status > 0;

    f->http = NULL;
    if (f->call && (!is_sound || f->status == 421)) {
        give_up(f, is_sound ? "another node answers there" : answer->failure);
        return;
    }
    if (f->call) {
        if (!look_elsewhere(f, answer->head))
            whole_reply(f, answer->head);
    } else if (is_sound) { // it has been handed on
        http_stream_close(f->stream);
    } else {
        http_stream_break(f->stream);
    }
    forward_free(f);
}

// ---- when nothing comes back ----
//
// A node that is frozen takes connections and says nothing. Others have its jobs once its lease is
// over.

static bool is_there(const struct forward *f)
{
    const struct store_members *members = sched_members(f->api->o.sched);

    for (size_t i = 0; i < members->node_count; i++)
        if (members->nodes[i].id == f->node_id)
            return true;
    return false;
}

static void silence_look(void *ctx)
{
    struct forward *f = ctx;
    enum http_method method = f->call->r->method;
    bool has_gone = !is_there(f);

    if (!has_gone &&
        (!is_best_effort(f->call) || loop_now(f->api->o.loop).us < f->sent_at.us + BEST_US)) {
        silence_watch(f);
        return;
    }
    http_call_cancel(f->http);
    f->http = NULL;
    if (has_gone && f->call->route->at != ROUTE_OUTPUT &&
        (method == HTTP_GET || method == HTTP_HEAD))
        look_again(f);
    else
        give_up(f, "it is gone, and has not said what it has done");
}

static void silence_watch(struct forward *f)
{
    struct loop *loop = f->api->o.loop;

    loop_timer_set(loop, &f->timer, mono_after_us(loop_now(loop), SILENCE_US), silence_look, f);
}
