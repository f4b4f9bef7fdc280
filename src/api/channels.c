// channels.c - ways to tell somebody, over HTTP, and the rules of jobs that have none.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "alert/alerts.h"
#include "api/alert_models.h"
#include "api/call.h"
#include "job/notify.h"
#include "time/iso8601.h"

static struct alerts *alerts_of(const struct call *call)
{
    return call->api->o.alerts;
}

static const struct channel *channel_of(const struct call *call)
{
    const struct channel_params *params = call->params;

    return channels_find(alerts_channels(alerts_of(call)), params->name);
}

static struct str name_of(const struct call *call)
{
    const struct channel_params *params = call->params;

    return params->name;
}

static void moment_write(struct json_write *w, const char *key, wall at)
{
    struct buf text;

    buf_init(&text, 64);
    iso8601_write(at, NULL, &text);
    json_write_key(w, key);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void number_write(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void one_write(const struct channel *channel, struct json_write *w)
{
    json_write_object(w);
    json_write_key(w, "name");
    json_write_str(w, channel->row.name);
    channel_write(channel, w);
    number_write(w, "sent", channel->sent);
    number_write(w, "failed", channel->failed);
    number_write(w, "given_up", channel->given_up);
    number_write(w, "version", channel->row.version);
    moment_write(w, "created_at", channel->row.created_at);
    moment_write(w, "updated_at", channel->row.updated_at);
    json_write_object_end(w);
}

static void one_reply(struct call *call, int status, const struct channel *channel)
{
    struct json_write w;
    struct buf body;

    call_etag(call, channel->row.version);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    one_write(channel, &w);
    call_reply(call, status, &body);
}

static void missing_reply(struct call *call)
{
    struct err e;

    (void)fail(&e, ERR_NOT_FOUND, "name", "there is no channel \"%.*s\"", STR(name_of(call)));
    (void)fail_hint(&e, "GET /api/v1/channels lists those that there are");
    call_reply_err(call, &e);
}

void channels_list(struct call *call)
{
    const struct channels *channels = alerts_channels(alerts_of(call));
    struct json_write w;
    struct buf body;

    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    number_write(&w, "total", (int64_t)channels->list.len);
    json_write_key(&w, "channels");
    json_write_array(&w);
    for (size_t i = 0; i < channels->list.len; i++)
        one_write(channels->list.v[i], &w);
    json_write_array_end(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void channel_show(struct call *call)
{
    const struct channel *channel = channel_of(call);

    if (!channel)
        missing_reply(call);
    else
        one_reply(call, 200, channel);
}

static void written(const struct err *err, const struct channel *channel, void *ctx)
{
    struct call *call = ctx;
    const struct channel *now = channel_of(call);

    if (!err)
        one_reply(call, channel->row.version == 1 ? 201 : 200, channel);
    else if (err->code == ERR_CONFLICT || err->code == ERR_EXISTS || err->code == ERR_NOT_FOUND)
        call_reply_mismatch(call, "channel", now ? now->row.version : 0);
    else
        call_reply_err(call, err);
}

void channel_put(struct call *call)
{
    const struct channel *before = channel_of(call);
    struct call_match match = call_match(call);
    int expect = match.is_create ? STORE_CREATE : match.version > 0 ? match.version : STORE_ANY;
    json_t *json;

    if (!call_match_check(call, "channel", before ? before->row.version : 0))
        return;
    if (!channel_check(call->json, before, call->issues, &json)) {
        call_reply_issues(call);
        return;
    }
    alerts_put_channel(alerts_of(call), name_of(call), json, expect, written, call);
    json_decref(json);
}

static void removed(const struct err *err, const struct channel *channel, void *ctx)
{
    struct call *call = ctx;

    (void)channel;
    if (!err)
        call_reply_empty(call, 204);
    else if (err->code == ERR_NOT_FOUND)
        missing_reply(call);
    else
        call_reply_err(call, err);
}

void channel_delete(struct call *call)
{
    const struct channel *channel = channel_of(call);

    if (!channel)
        missing_reply(call);
    else if (call_match_check(call, "channel", channel->row.version))
        alerts_delete_channel(alerts_of(call), name_of(call), removed, call);
}

static void tested(const struct outcome *outcome, void *ctx)
{
    struct call *call = ctx;
    struct json_write w;
    struct buf body;

    if (!outcome->channel) {
        missing_reply(call); // it was removed meanwhile
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "ok");
    json_write_bool(&w, outcome->is_sent);
    json_write_key(&w, "error");
    json_write_text(&w, outcome->is_sent ? NULL : outcome->err.message);
    if (!outcome->is_sent) { // the members of any other problem
        json_write_key(&w, "detail");
        json_write_text(&w, outcome->err.message);
        json_write_key(&w, "code");
        json_write_text(&w, err_name(outcome->err.code));
    }
    json_write_key(&w, "sent");
    message_write(outcome->channel, outcome->message, &w);
    json_write_key(&w, "reply");
    json_write_object(&w);
    number_write(&w, "status", outcome->status);
    json_write_key(&w, "text");
    json_write_str(&w, outcome->reply);
    json_write_object_end(&w);
    number_write(&w, "took_ms", outcome->took_ms);
    json_write_object_end(&w);
    call_reply(call, outcome->is_sent ? 200 : 502, &body);
}

void channel_test(struct call *call)
{
    const struct channel *channel = channel_of(call);

    if (!channel)
        missing_reply(call);
    else
        alerts_test(alerts_of(call), channel, tested, call);
}

// ---- rules of jobs that have none ----

static void notify_reply(struct call *call)
{
    struct json_write w;
    struct buf body;

    call_etag(call, alerts_default_version(alerts_of(call)));
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "notify");
    json_write_raw(&w, alerts_default(alerts_of(call)));
    number_write(&w, "version", alerts_default_version(alerts_of(call)));
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void notify_show(struct call *call)
{
    notify_reply(call);
}

static void notify_written(const struct err *err, void *ctx)
{
    if (err)
        call_reply_err(ctx, err);
    else
        notify_reply(ctx);
}

void notify_put(struct call *call)
{
    const struct notify_form *form = call->body;
    struct str loc = model_loc(call->arena, STR_LIT("\"body\""), STR_LIT("notify"));
    const json_t *value = form->notify;
    struct notify rules;
    struct err e = {0};

    if (notify_read(form->notify, &rules, &e)) {
        alerts_put_default(alerts_of(call), form->notify, notify_written, call);
        return;
    }
    if (e.field[0])
        loc = model_loc_path(call->arena, loc, str_of(e.field), &value);
    (void)model_complain_err(call->issues, loc, value, &e);
    call_reply_issues(call);
}
