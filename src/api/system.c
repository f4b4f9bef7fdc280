// system.c - the service about itself: alive, ready, status, the OpenAPI document.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/models.h"
#include "base/loop.h"
#include "job/presets.h"
#include "time/iso8601.h"

#include <stdlib.h>

#define LOOP_HANG_US 5000000 // a loop that has not turned for so long hangs

struct check {
    const char *name;
    const char *trouble; // NULL: it is fine
};

void system_live(struct call *call)
{
    struct loop *loop = call->api->o.loop;
    int64_t idle_us = clock_mono(call->api->o.clock).us - loop_last_turn(loop).us;

    if (idle_us < LOOP_HANG_US)
        call_reply_text(call, 200, "{\"status\":\"ok\"}");
    else
        call_reply_text(
            call, 503,
            "{\"status\":\"failing\",\"checks\":{\"loop\":\"has not turned for 5 seconds\"}}");
}

static bool is_verbose(const struct call *call)
{
    const struct ready_query *query = call->query;

    return !str_eq(query->verbose, STR_LIT("0")) &&
           !str_eq_nocase(query->verbose, STR_LIT("false"));
}

static const char *lease_trouble(const struct api *api)
{
    return store_may_start(api->o.store)
               ? NULL
               : "the lease of this node was not renewed in time: nothing starts here";
}

// While it is drained it answers as ever, but whoever shares requests out should look elsewhere:
// it is about to be stopped.
static const char *node_trouble(const struct api *api)
{
    const struct store_members *members = sched_members(api->o.sched);

    for (size_t i = 0; members && i < members->node_count; i++)
        if (members->nodes[i].id == members->self && members->nodes[i].state == NODE_DRAINING)
            return "this node is being drained";
    return NULL;
}

static void ready_write(const struct check *checks, size_t count, bool is_ready, bool is_verbose,
                        struct buf *body)
{
    struct json_write w;

    json_write_init(&w, body);
    json_write_object(&w);
    json_write_key(&w, "status");
    json_write_text(&w, is_ready ? "ok" : "failing");
    if (!is_ready || is_verbose) {
        json_write_key(&w, "checks");
        json_write_object(&w);
        for (size_t i = 0; i < count; i++) {
            json_write_key(&w, checks[i].name);
            json_write_text(&w, checks[i].trouble ? checks[i].trouble : "ok");
        }
        json_write_object_end(&w);
    }
    json_write_object_end(&w);
}

void system_ready(struct call *call)
{
    const struct api *api = call->api;
    struct sched_stats sched;
    struct store_stats store;
    struct check checks[5];
    size_t count = 0;
    bool is_ready = true;
    struct buf body;

    sched_stats(api->o.sched, &sched);
    store_stats(api->o.store, &store);
    checks[count++] =
        (struct check){"store", store.last_failure.code ? store.last_failure.message : NULL};
    checks[count++] =
        (struct check){"scheduler", sched.failure.code ? sched.failure.message : NULL};
    checks[count++] =
        (struct check){"stopping", api->is_draining ? "the service is stopping" : NULL};
    if (store_has_nodes(api->o.store)) {
        checks[count++] = (struct check){"lease", lease_trouble(api)};
        checks[count++] = (struct check){"draining", node_trouble(api)};
    }
    for (size_t i = 0; i < count; i++)
        is_ready = is_ready && !checks[i].trouble;
    buf_init(&body, 1 << 16);
    ready_write(checks, count, is_ready, is_verbose(call), &body);
    call_reply(call, is_ready ? 200 : 503, &body);
}

static void count_write(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void failure_write(struct json_write *w, const struct err *e)
{
    json_write_key(w, "failure");
    json_write_text(w, e->code ? e->message : NULL);
}

static void pauses_write(struct call *call, struct json_write *w)
{
    const struct pauses *pauses = sched_pauses(call->api->o.sched);
    wall now = clock_wall(call->api->o.clock);
    struct buf scratch;

    buf_init(&scratch, 100);
    json_write_key(w, "pauses");
    json_write_array(w);
    for (size_t i = 0; i < pauses->all.len; i++)
        if (pause_holds(pauses->all.v[i], now))
            pause_write(pauses->all.v[i], zones_utc(call->api->o.zones), &scratch, w);
    json_write_array_end(w);
    buf_done(&scratch);
}

static void jobs_count(struct call *call, struct json_write *w)
{
    const struct sched *sched = call->api->o.sched;
    struct sched_stats stats;
    size_t quarantined = 0;

    sched_stats(sched, &stats);
    for (int kind = 0; kind < DUE_KINDS; kind++)
        quarantined += stats.counts->n[kind][DUE_QUARANTINED];
    count_write(w, "jobs", (int64_t)sched_count(sched));
    count_write(w, "paused", (int64_t)sched_paused_count(sched));
    pauses_write(call, w);
    count_write(w, "quarantined", (int64_t)quarantined);
}

static void stats_write(struct call *call, struct json_write *w)
{
    struct sched_stats sched;
    struct store_stats store;

    sched_stats(call->api->o.sched, &sched);
    store_stats(call->api->o.store, &store);
    count_write(w, "running", (int64_t)(sched.running + elsewhere_total(call->api->elsewhere)));
    json_write_key(w, "runs");
    json_write_object(w);
    count_write(w, "claimed", sched.claimed);
    count_write(w, "finished", sched.finished);
    count_write(w, "skipped", sched.skipped);
    count_write(w, "missed", sched.missed);
    count_write(w, "removed", sched.removed);
    count_write(w, "late_max_ms", sched.late_max_us / 1000);
    json_write_object_end(w);
    json_write_key(w, "output");
    json_write_object(w);
    count_write(w, "files", sched.output_files);
    count_write(w, "bytes", sched.output_bytes);
    json_write_object_end(w);
    json_write_key(w, "store");
    json_write_object(w);
    count_write(w, "writes", store.writes);
    count_write(w, "transactions", store.transactions);
    count_write(w, "waiting", store.waiting);
    failure_write(w, &store.last_failure);
    json_write_object_end(w);
    failure_write(w, &sched.failure);
}

static void defaults_write(struct call *call, struct json_write *w)
{
    struct buf scratch;

    buf_init(&scratch, 1 << 16);
    json_write_key(w, "defaults");
    presets_write(sched_presets(call->api->o.sched), &scratch, w);
    buf_done(&scratch);
}

// Who answers, and of how many.
static void node_write(const struct call *call, struct json_write *w)
{
    const struct store_members *members = sched_members(call->api->o.sched);

    json_write_key(w, "node");
    json_write_text(w, call->api->o.node.name);
    count_write(w, "nodes", members ? (int64_t)members->node_count : 1);
}

static void status_write(struct call *call)
{
    struct json_write w;
    struct buf body, text;

    buf_init(&body, 1 << 20);
    buf_init(&text, 64);
    iso8601_write(clock_wall(call->api->o.clock), zones_utc(call->api->o.zones), &text);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "version");
    json_write_text(&w, call->api->o.version);
    node_write(call, &w);
    json_write_key(&w, "time");
    json_write_str(&w, buf_str(&text));
    jobs_count(call, &w);
    stats_write(call, &w);
    defaults_write(call, &w);
    json_write_object_end(&w);
    buf_done(&text);
    call_reply(call, 200, &body);
}

void system_status(struct call *call)
{
    elsewhere_look(call->api->elsewhere, status_write, call);
}

void system_openapi(struct call *call)
{
    struct buf body;

    buf_init(&body, CALL_BODY_MAX);
    buf_add(&body, buf_str(&call->api->openapi));
    call_reply(call, 200, &body);
}
