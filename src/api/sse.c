// sse.c - writes server-sent events into a reply that goes on.
// SPDX-License-Identifier: Apache-2.0
#include "api/sse.h"

enum {
    PING_US = 15000000,
    FRAME_BYTES = 128 // around the data of an event
};

static void ping(void *ctx);

static void ping_later(struct sse *sse)
{
    loop_timer_set(sse->loop, &sse->ping, mono_after_us(loop_now(sse->loop), PING_US), ping, sse);
}

static void ping(void *ctx)
{
    struct sse *sse = ctx;

    (void)http_stream_send(sse->stream, STR_LIT(": ping\n\n")); // a full buffer is no silence
    ping_later(sse);
}

static void has_room(void *ctx)
{
    struct sse *sse = ctx;

    sse->on_room(sse->ctx);
}

static void is_gone(void *ctx)
{
    struct sse *sse = ctx;

    sse->stream = NULL;
    sse->api->sse_count--;
    loop_timer_stop(sse->loop, &sse->ping);
    sse->on_gone(sse->ctx); // frees *sse
}

bool sse_open(struct sse *sse, struct call *call, void (*on_room)(void *ctx),
              void (*on_gone)(void *ctx), void *ctx)
{
    struct http_stream_options options = {.on_room = has_room, .on_gone = is_gone, .ctx = sse};

    *sse = (struct sse){.api = call->api,
                        .loop = call->api->o.loop,
                        .on_room = on_room,
                        .on_gone = on_gone,
                        .ctx = ctx};
    http_reply_header(call->r, "cache-control", STR_LIT("no-cache"));
    http_reply_header(call->r, "x-accel-buffering", STR_LIT("no"));
    sse->stream = call_reply_stream(call, 200, "text/event-stream; charset=utf-8", &options);
    if (!sse->stream)
        return false;
    sse->api->sse_count++;
    (void)http_stream_send(sse->stream, STR_LIT("retry: 3000\n\n"));
    ping_later(sse);
    return true;
}

bool sse_last_id(const struct call *call, int64_t *ret_id)
{
    struct str text;

    return http_request_header(call->r, "last-event-id", &text) && str_to_int(text, ret_id);
}

bool sse_send(struct sse *sse, int64_t id, const char *event, struct str data)
{
    struct buf frame;
    bool ok;

    buf_init(&frame, data.len + FRAME_BYTES);
    buf_printf(&frame, "id: %lld\nevent: %s\ndata: ", (long long)id, event);
    buf_add(&frame, data);
    buf_add(&frame, STR_LIT("\n\n"));
    ok = http_stream_send(sse->stream, buf_str(&frame));
    buf_done(&frame);
    return ok;
}

void sse_close(struct sse *sse)
{
    loop_timer_stop(sse->loop, &sse->ping);
    http_stream_close(sse->stream);
    sse->stream = NULL;
    sse->api->sse_count--;
}
