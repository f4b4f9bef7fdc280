// run_logs.c - what a run has written, over HTTP: at once, or as it comes.
// SPDX-License-Identifier: Apache-2.0
//
// Both send from the file while the client takes it, a piece a turn, so neither a large log nor a
// slow client costs memory. A log that is followed is looked at each FOLLOW_US: the file is the
// only thing that belfry and the keeper of the process share, and it tells its own end by offsets
// that never move. Whether the run has ended is asked of the store, first each FOLLOW_US and then,
// while nothing happens, each ASK_US.
//
// A Range counts bytes of what is sent, not of the file. So what would be sent is first counted, in
// the same pieces, and then made again from its beginning.
#include "api/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/log_models.h"
#include "api/models.h"
#include "api/sse.h"
#include "base/mem.h"
#include "job/run_log.h"
#include "net/http_range.h"
#include "net/http_stream.h"
#include "time/iso8601.h"

#define FOLLOW_US 100000
#define ASK_US 1000000
#define PIECE_BYTES 32768 // sent together
#define PIECE_MAX (1u << 20)
#define PIECES_COUNTED 16 // a turn

enum format {
    FORMAT_TEXT,
    FORMAT_NDJSON,
    FORMAT_RAW,
    FORMAT_EVENTS, // as ndjson, each an event
};

struct sending {
    struct api *api;
    int64_t run_id;
    int attempt;
    enum format format;
    unsigned streams;
    bool has_times;
    int64_t tail; // lines; -1: from offset
    int64_t offset;
    struct http_stream *stream;
    struct sse sse;     // has the stream, when events are sent
    struct run_log log; // fd is -1 while there is no file
    bool is_open;
    struct buf piece;        // to be sent next
    struct call *call;       // while it is counted; else it has been answered
    struct http_range range; // that was asked for
    int64_t total;           // bytes counted
    int64_t skip, send;      // so many are still to be left out, and then to be sent; send -1: all
    bool is_blocked;         // the client must take something first
    bool is_asking;          // the store, whether the run has ended
    bool is_gone;            // but the client, meanwhile
    bool has_ended;          // the run; what is in the file is all
    enum run_state state;
    struct loop_timer timer;
    mono asked_at;
};

static void pump(void *ctx);
static void headers_add(struct call *call, const struct sending *s);
static void run_found(const struct err *err, const struct store_run *runs, size_t count, void *ctx);

// ---- the forms ----

static void time_add(struct buf *out, wall at)
{
    iso8601_write(at, NULL, out);
}

static void item_json(const struct run_log_item *item, struct buf *out)
{
    struct json_write w;
    struct buf time;

    json_write_init(&w, out);
    json_write_object(&w);
    if (item->missing > 0) {
        json_write_key(&w, "missing");
        json_write_int(&w, item->missing);
    } else {
        buf_init(&time, 64);
        time_add(&time, item->at);
        json_write_key(&w, "at");
        json_write_str(&w, buf_str(&time));
        buf_done(&time);
        json_write_key(&w, "stream");
        json_write_text(&w, item->stream == RUN_LOG_OUT ? "stdout" : "stderr");
        json_write_key(&w, "text");
        json_write_str(&w, item->text);
        if (!item->is_whole) {
            json_write_key(&w, "partial");
            json_write_bool(&w, true);
        }
    }
    json_write_key(&w, "offset");
    json_write_int(&w, item->next);
    json_write_object_end(&w);
}

static void item_text(const struct sending *s, const struct run_log_item *item, struct buf *out)
{
    if (item->missing > 0) {
        if (s->format == FORMAT_TEXT)
            buf_printf(out, "[... %lld bytes are left out ...]\n", (long long)item->missing);
        return;
    }
    if (s->has_times) {
        time_add(out, item->at);
        buf_add_byte(out, ' ');
    }
    buf_add(out, item->text);
    if (item->is_whole || s->has_times)
        buf_add_byte(out, '\n');
}

static void item_add(struct sending *s, const struct run_log_item *item)
{
    if (item->missing == 0 && !(item->stream & s->streams))
        return;
    switch (s->format) {
    case FORMAT_TEXT:
    case FORMAT_RAW:
        item_text(s, item, &s->piece);
        break;
    case FORMAT_NDJSON:
        item_json(item, &s->piece);
        buf_add_byte(&s->piece, '\n');
        break;
    case FORMAT_EVENTS:
        buf_printf(&s->piece, "id: %lld\nevent: line\ndata: ", (long long)item->next);
        item_json(item, &s->piece);
        buf_add(&s->piece, STR_LIT("\n\n"));
    }
}

// ---- sending ----

static void log_close(struct sending *s)
{
    if (s->is_open)
        run_log_close(&s->log);
    s->is_open = false;
}

static void sending_free(struct sending *s)
{
    loop_timer_stop(s->api->o.loop, &s->timer);
    log_close(s);
    buf_done(&s->piece);
    free(s);
}

static void client_gone(void *ctx)
{
    struct sending *s = ctx;

    s->stream = NULL;
    loop_timer_stop(s->api->o.loop, &s->timer);
    s->is_gone = true;
    if (!s->is_asking) // else the answer comes back to it
        sending_free(s);
}

static void client_ready(void *ctx)
{
    struct sending *s = ctx;

    s->is_blocked = false;
    pump(s);
}

static void pump_after(struct sending *s, int64_t us)
{
    struct loop *loop = s->api->o.loop;

    loop_timer_set(loop, &s->timer, mono_after_us(loop_now(loop), us), pump, s);
}

static bool file_open_late(struct sending *s)
{
    struct err e;

    if (s->is_open)
        return true;
    s->is_open = run_log_open(s->api->o.runs_dir, s->run_id, s->attempt, &s->log, &e);
    if (s->is_open && s->tail >= 0)
        run_log_seek_tail(&s->log, s->tail, s->streams);
    else if (s->is_open)
        run_log_seek(&s->log, s->offset);
    return s->is_open;
}

// False when nothing more is in the file for now.
static bool piece_fill(struct sending *s)
{
    struct run_log_item item;

    while (s->piece.len < PIECE_BYTES) {
        if (!file_open_late(s) || !run_log_next(&s->log, &item))
            return false;
        item_add(s, &item);
    }
    return true;
}

// Cuts what has been added to the piece behind its first `before` bytes to what was asked for.
static void piece_cut(struct sending *s, size_t before)
{
    size_t added = s->piece.len - before, skip, keep;

    if (s->send < 0)
        return;
    skip = s->skip < (int64_t)added ? (size_t)s->skip : added;
    keep = (int64_t)(added - skip) < s->send ? added - skip : (size_t)s->send;
    if (skip > 0 && keep > 0)
        memmove(s->piece.p + before, s->piece.p + before + skip, keep);
    s->piece.len = before + keep;
    s->skip -= (int64_t)skip;
    s->send -= (int64_t)keep;
}

static void finish(struct sending *s)
{
    if (s->format == FORMAT_EVENTS) {
        buf_printf(&s->piece, "event: end\ndata: {\"state\":\"%s\"}\n\n", run_state_name(s->state));
        (void)http_stream_send(s->stream, buf_str(&s->piece));
        sse_close(&s->sse);
    } else {
        http_stream_close(s->stream);
    }
    sending_free(s);
}

static bool is_time_to_ask(struct sending *s)
{
    mono now = loop_now(s->api->o.loop);

    if (s->has_ended || now.us - s->asked_at.us < ASK_US)
        return false;
    s->asked_at = now;
    return true;
}

static void pump(void *ctx)
{
    struct sending *s = ctx;
    size_t before = s->piece.len; // that the client had no room for
    bool has_more;

    if (s->is_blocked || s->is_asking)
        return;
    has_more = piece_fill(s);
    piece_cut(s, before);
    has_more = has_more && s->send != 0;
    if (s->piece.len > 0 && !http_stream_send(s->stream, buf_str(&s->piece))) {
        s->is_blocked = true;
        return;
    }
    buf_clear(&s->piece);
    if (has_more) {
        pump_after(s, 0); // others have their turn
    } else if (s->has_ended) {
        finish(s);
    } else if (is_time_to_ask(s)) {
        s->is_asking = true;
        store_read_run(s->api->o.store, s->run_id, run_found, s);
    } else {
        pump_after(s, FOLLOW_US);
    }
}

static void run_found(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct sending *s = ctx;

    s->is_asking = false;
    if (s->is_gone) {
        sending_free(s);
        return;
    }
    s->state = err || count == 0 ? RUN_LOST : runs->run.state;
    s->has_ended = !err && (count == 0 || run_state_is_final(runs->run.state) ||
                            runs->run.attempt > s->attempt || runs->run.state == RUN_WAITING);
    pump(s);
}

// ---- requests ----

static const char *const content_types[] = {
    [FORMAT_TEXT] = "text/plain; charset=utf-8",
    [FORMAT_NDJSON] = "application/x-ndjson",
    [FORMAT_RAW] = "application/octet-stream",
    [FORMAT_EVENTS] = "text/event-stream",
};

static unsigned streams_of(const struct log_query *query)
{
    static const unsigned streams[] = {RUN_LOG_BOTH, RUN_LOG_OUT, RUN_LOG_ERR};

    return streams[query->stream];
}

// ---- parts ----

// What has been written does not change once the run has ended.
static struct str tag_make(struct call *call, const struct sending *s)
{
    return arena_printf(call->arena, "\"%lld.%d\"", (long long)s->run_id, s->attempt);
}

static bool range_wanted(struct call *call, struct sending *s)
{
    struct str range, tag;

    if (!http_request_header(call->r, "range", &range) || !http_range_read(range, &s->range))
        return false;
    return !http_request_header(call->r, "if-range", &tag) ||
           (run_state_is_final(s->state) && str_eq(tag, tag_make(call, s)));
}

// What of the bytes that have been counted is to be sent; false when that is none: answered.
static bool range_begin(struct call *call, struct sending *s)
{
    int64_t from, to;

    if (!http_range_fit(&s->range, s->total, &from, &to)) {
        struct problem problem = PROBLEM_RANGE;

        http_reply_header(call->r, "content-range",
                          arena_printf(call->arena, "bytes */%lld", (long long)s->total));
        problem.detail =
            arena_printf(call->arena, "The output has %lld bytes", (long long)s->total).p;
        call_reply_problem(call, &problem);
        return false;
    }
    s->skip = from;
    s->send = to - from;
    http_reply_header(call->r, "content-range",
                      arena_printf(call->arena, "bytes %lld-%lld/%lld", (long long)from,
                                   (long long)to - 1, (long long)s->total));
    return true;
}

// ---- a reply ----

// Of a run without a file, what its row holds: output of modules, or none at all.
static void row_add(struct sending *s, const struct run_stream *stream, enum run_log_stream which,
                    wall at)
{
    struct str rest, line, parts[2] = {stream->head, stream->tail};
    int64_t missing = stream->total - (int64_t)stream->head.len - (int64_t)stream->tail.len;

    for (int i = 0; i < 2; i++) {
        rest = parts[i];
        if (i == 1 && missing > 0)
            item_add(s, &(struct run_log_item){.missing = missing});
        while (rest.len > 0 && str_next(&rest, '\n', &line))
            if (rest.p || line.len > 0)
                item_add(s, &(struct run_log_item){
                                .stream = which, .at = at, .text = line, .is_whole = rest.p});
    }
}

static void row_send(struct call *call, struct sending *s, const struct store_run *run)
{
    bool is_part = range_wanted(call, s);

    row_add(s, &run->out, RUN_LOG_OUT, run->run.started_at);
    row_add(s, &run->err, RUN_LOG_ERR, run->run.started_at);
    s->total = (int64_t)s->piece.len;
    if (is_part && !range_begin(call, s)) {
        sending_free(s);
        return;
    }
    piece_cut(s, 0);
    headers_add(call, s);
    call_reply_as(call, is_part ? 206 : 200, content_types[s->format], &s->piece);
    buf_init(&s->piece, PIECE_MAX);
    sending_free(s);
}

static struct sending *sending_new(struct call *call, enum format format)
{
    const struct run_params *params = call->params;
    const struct log_query *query = call->query;
    struct sending *s = mem_alloc(sizeof *s);

    s->api = call->api;
    s->run_id = params->run_id;
    s->format = format;
    s->streams = streams_of(query);
    s->has_times = query->timestamps && format == FORMAT_TEXT;
    s->tail = query->tail;
    s->offset = query->offset;
    s->attempt = (int)query->attempt;
    s->send = -1;
    buf_init(&s->piece, PIECE_MAX);
    return s;
}

static bool run_check(struct call *call, const struct err *err, size_t count)
{
    struct problem problem = PROBLEM_RUN_NOT_FOUND;

    if (err) {
        call_reply_err(call, err);
        return false;
    }
    if (count > 0)
        return true;
    problem.detail = "Run not found";
    call_reply_problem(call, &problem);
    return false;
}

static void headers_add(struct call *call, const struct sending *s)
{
    const struct log_query *query = call->query;

    if (query->download)
        http_reply_header(call->r, "content-disposition",
                          arena_printf(call->arena, "attachment; filename=\"%lld.%d.log\"",
                                       (long long)s->run_id, s->attempt));
    http_reply_header(call->r, "cache-control", STR_LIT("no-store"));
    http_reply_header(call->r, "accept-ranges", STR_LIT("bytes"));
    if (run_state_is_final(s->state))
        http_reply_header(call->r, "etag", tag_make(call, s));
}

static void send_begin(struct call *call, struct sending *s, int status)
{
    const struct http_stream_options options = {
        .on_room = client_ready, .on_gone = client_gone, .ctx = s};

    headers_add(call, s);
    s->stream = call_reply_stream(call, status, content_types[s->format], &options);
    if (!s->stream) {
        sending_free(s);
        return;
    }
    pump_after(s, 0);
}

static void part_count(void *ctx)
{
    struct sending *s = ctx;
    struct call *call = s->call;
    bool has_more = true;

    for (int i = 0; i < PIECES_COUNTED && has_more; i++) {
        has_more = piece_fill(s);
        s->total += (int64_t)s->piece.len;
        buf_clear(&s->piece);
    }
    if (http_request_is_gone(call->r)) {
        call_reply_empty(call, 204);
        sending_free(s);
    } else if (has_more) {
        loop_timer_set(s->api->o.loop, &s->timer, loop_now(s->api->o.loop), part_count, s);
    } else if (range_begin(call, s)) {
        log_close(s); // and begins again
        send_begin(call, s, 206);
    } else {
        sending_free(s);
    }
}

static void log_found(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct call *call = ctx;
    const struct log_query *query = call->query;
    struct sending *s;

    if (!run_check(call, err, count))
        return;
    s = sending_new(call, (enum format)query->format);
    if (s->attempt == 0)
        s->attempt = runs->run.attempt;
    s->has_ended = true; // what is there now
    s->state = runs->run.state;
    if (!file_open_late(s) && query->attempt == 0) {
        row_send(call, s, runs);
    } else if (range_wanted(call, s)) {
        s->call = call;
        part_count(s);
    } else {
        send_begin(call, s, 200);
    }
}

void run_log_show(struct call *call)
{
    const struct run_params *params = call->params;

    store_read_run(call->api->o.store, params->run_id, log_found, call);
}

static void follow_found(const struct err *err, const struct store_run *runs, size_t count,
                         void *ctx)
{
    struct call *call = ctx;
    struct sending *s;
    int64_t offset;

    if (!run_check(call, err, count))
        return;
    s = sending_new(call, FORMAT_EVENTS);
    if (s->attempt == 0)
        s->attempt = runs->run.attempt > 0 ? runs->run.attempt : 1;
    if (sse_last_id(call, &offset)) {
        s->tail = -1;
        s->offset = offset;
    }
    s->state = runs->run.state;
    s->has_ended = run_state_is_final(s->state);
    if (!sse_open(&s->sse, call, client_ready, client_gone, s)) {
        sending_free(s);
        return;
    }
    s->stream = s->sse.stream;
    pump_after(s, 0);
}

void run_log_stream(struct call *call)
{
    const struct run_params *params = call->params;

    store_read_run(call->api->o.store, params->run_id, follow_found, call);
}
