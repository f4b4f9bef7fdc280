// alerts.c - incidents over HTTP: what is wrong, what was told of it, acknowledging.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "alert/alerts.h"
#include "api/alert_models.h"
#include "api/call.h"
#include "job/notify.h"
#include "time/duration.h"
#include "time/iso8601.h"

#define PAGE_MAX 1000

static void moment_write(struct json_write *w, const char *key, wall at)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, NULL, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void text_write(struct json_write *w, const char *key, struct str text)
{
    json_write_key(w, key);
    json_write_str(w, text);
}

static void number_write(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void incident_write(const struct incident *row, struct json_write *w)
{
    number_write(w, "id", row->id);
    text_write(w, "job_id", row->job);
    text_write(w, "kind", str_of(incident_kind_name(row->kind)));
    text_write(w, "target", row->target);
    text_write(w, "state", row->closed_at.us == 0 ? STR_LIT("open") : STR_LIT("closed"));
    text_write(w, "message", row->message);
    number_write(w, "count", row->count);
    moment_write(w, "opened_at", row->opened_at);
    moment_write(w, "changed_at", row->changed_at);
    moment_write(w, "closed_at", row->closed_at);
    json_write_key(w, "run_id");
    if (row->run_id != 0)
        json_write_int(w, row->run_id);
    else
        json_write_null(w);
    moment_write(w, "scheduled_at", row->slot);
    moment_write(w, "acked_at", row->acked_at);
    moment_write(w, "acked_until", row->acked_until);
    text_write(w, "note", row->note);
}

static int64_t open_count(const struct call *call)
{
    struct alerts_stats stats;
    int64_t count = 0;

    alerts_stats(call->api->o.alerts, &stats);
    for (size_t i = 0; i < INCIDENT_KINDS; i++)
        count += (int64_t)stats.open[i];
    return count;
}

static int64_t limit_of(const struct alerts_query *query)
{
    return query->limit < PAGE_MAX ? query->limit : PAGE_MAX;
}

static void listed(const struct err *err, const struct alert_page *page, void *ctx)
{
    struct call *call = ctx;
    const struct alerts_query *query = call->query;
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    number_write(&w, "open", open_count(call));
    json_write_key(&w, "alerts");
    json_write_array(&w);
    for (size_t i = 0; i < page->incident_count; i++) {
        json_write_object(&w);
        incident_write(&page->incidents[i], &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_key(&w, "next_cursor");
    if ((int64_t)page->incident_count == limit_of(query))
        json_write_int(&w, page->incidents[page->incident_count - 1].id);
    else
        json_write_null(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void alerts_list(struct call *call)
{
    const struct alerts_query *query = call->query;
    const struct job *job =
        query->job_id.len > 0 ? sched_find(call->api->o.sched, query->job_id) : NULL;
    const struct alert_query ask = {
        .question = ALERTS_PAGE,
        .id = query->cursor,
        .job_id = job ? job->id : 0,
        .is_open_only = query->state == ALERTS_OPEN,
        .is_closed_only = query->state == ALERTS_CLOSED,
        .limit = (int)limit_of(query),
    };

    if (query->job_id.len > 0 && !job)
        call_reply_no_job(call);
    else
        store_read_alerts(call->api->o.store, &ask, listed, call);
}

static void missing_reply(struct call *call)
{
    struct err e;

    (void)fail(&e, ERR_NOT_FOUND, "id", "there is no such incident");
    (void)fail_hint(&e, "GET /api/v1/alerts lists those that there are");
    call_reply_err(call, &e);
}

static void delivery_write(const struct delivery *row, struct json_write *w)
{
    json_write_object(w);
    number_write(w, "id", row->id);
    text_write(w, "channel", row->channel);
    text_write(w, "event", str_of(notice_name((enum notice)row->notice)));
    text_write(w, "state", str_of(delivery_state_name(row->state)));
    number_write(w, "tries", row->tries);
    moment_write(w, "created_at", row->created_at);
    moment_write(w, "try_at", row->state == DELIVERY_WAITING ? row->try_at : (wall){0});
    moment_write(w, "done_at", row->done_at);
    text_write(w, "error", row->error);
    json_write_object_end(w);
}

static void shown(const struct err *err, const struct alert_page *page, void *ctx)
{
    struct call *call = ctx;
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    if (page->incident_count == 0) {
        missing_reply(call);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    incident_write(&page->incidents[0], &w);
    json_write_key(&w, "deliveries");
    json_write_array(&w);
    for (size_t i = 0; i < page->delivery_count; i++)
        delivery_write(&page->deliveries[i], &w);
    json_write_array_end(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void alert_show(struct call *call)
{
    const struct alert_params *params = call->params;
    const struct alert_query ask = {.question = ALERTS_ONE, .id = params->id};

    store_read_alerts(call->api->o.store, &ask, shown, call);
}

static void acked(const struct err *err, const struct incident *row, void *ctx)
{
    struct call *call = ctx;
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    incident_write(row, &w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

// "4h" from now, or a moment that is still to come; 0 when nothing is said.
static bool until_read(struct str text, const struct zone *zone, wall now, wall *ret, struct err *e)
{
    int64_t us;

    *ret = (wall){0};
    if (text.len == 0)
        return true;
    if (duration_parse(text, "until", &us, e) && us > 0)
        *ret = (wall){now.us + us};
    else if (!iso8601_moment(text, zone, "until", ret, e))
        return fail(e, ERR_INPUT, "until",
                    "until is a moment, such as 2026-11-22T18:00:00Z, or how long, such as 4h");
    return ret->us > now.us || fail(e, ERR_INPUT, "until", "until is over already");
}

void alert_ack(struct call *call)
{
    const struct alert_params *params = call->params;
    const struct ack_form *form = call->body;
    wall until;
    struct err e = {0};

    if (until_read(form->until, zones_utc(call->api->o.zones), clock_wall(call->api->o.clock),
                   &until, &e)) {
        alerts_ack(call->api->o.alerts, params->id, until, form->note, acked, call);
        return;
    }
    (void)model_complain_err(
        call->issues, model_loc(call->arena, STR_LIT("\"body\""), STR_LIT("until")), NULL, &e);
    call_reply_issues(call);
}
