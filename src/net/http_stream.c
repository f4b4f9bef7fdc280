// http_stream.c - hands the pieces of a body that goes on to its connection.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/http_connection.h"
#include "net/http_reply.h"

enum {
    WAITING_MAX_BYTES = 256 << 10,
    WAITING_LIMIT_BYTES = 1 << 20, // far below what http_output.c gathers at most
    PIECE_MAX_BYTES = 2 << 20,
    CHUNK_MARKS_BYTES = 32 // size line and line end
};

struct http_stream *http_stream_open(struct http_request *r, int status, const char *content_type,
                                     const struct http_stream_options *options)
{
    struct http_hub *hub = r->connection->hub;
    struct http_stream *s;

    assert(options->waiting_max_bytes <= WAITING_LIMIT_BYTES);
    if (http_request_is_gone(r) || r->method == HTTP_HEAD) {
        http_reply_text(r, status, content_type, STR_LIT(""));
        return NULL;
    }
    if (hub->stream_count >= hub->limits.stream_max || hub->is_stopping) {
        http_reply_header(r, "retry-after", STR_LIT("3"));
        http_reply_detail(r, 503, "Too many streams: close some, or try again later");
        return NULL;
    }
    s = mem_alloc(sizeof *s);
    *s = (struct http_stream){
        .connection = r->connection,
        .waiting_max =
            options->waiting_max_bytes > 0 ? options->waiting_max_bytes : WAITING_MAX_BYTES,
        .on_room = options->on_room,
        .on_gone = options->on_gone,
        .ctx = options->ctx,
    };
    http_connection_stream(r, status, content_type, s);
    return s;
}

bool http_stream_send(struct http_stream *s, struct str bytes)
{
    struct http_connection *c = s->connection;
    size_t waiting = http_connection_waiting(c);
    char size[24];
    int len;

    assert(bytes.len <= PIECE_MAX_BYTES);
    if (bytes.len == 0)
        return true; // an empty chunk would be the end
    if (waiting > 0 && waiting + bytes.len + CHUNK_MARKS_BYTES > s->waiting_max) {
        s->wants_room = true;
        return false;
    }
    if (s->is_chunked) {
        len = snprintf(size, sizeof size, "%zx\r\n", bytes.len);
        http_output_raw(&c->work->output, (struct str){size, (size_t)len});
    }
    http_output_raw(&c->work->output, bytes);
    if (s->is_chunked)
        http_output_raw(&c->work->output, STR_LIT("\r\n"));
    http_connection_touch(c);
    return true;
}

void http_stream_break(struct http_stream *s)
{
    if (!s)
        return;
    http_connection_stream_end(s->connection);
    free(s);
}

void http_stream_close(struct http_stream *s)
{
    if (!s)
        return;
    if (s->is_chunked)
        http_output_raw(&s->connection->work->output, STR_LIT("0\r\n\r\n"));
    http_connection_stream_end(s->connection);
    free(s);
}
