// http_stream.h - a reply that goes on: its body is sent as it comes, until one side has had
// enough.
//
// The body is chunked (RFC 9112 section 7.1), so the client knows an end from a breach; HTTP/1.0
// gets it plain. The connection is closed behind it. What the client has not taken yet waits, up to
// a maximum; whoever makes the body looks whether there is room and is called when there is again,
// so a slow client costs that maximum and holds nobody up. One that takes nothing for write_ms is
// dropped, as with every reply.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "net/http_request.h"

struct http_stream;

struct http_stream_options {
    size_t waiting_max_bytes; // of the body, not yet with the system; 0: 256 KiB; at most 1 MiB

    // All that waited has been sent, after http_stream_send had refused something. May be NULL.
    void (*on_room)(void *ctx);

    // The client is gone, or the server ends: the stream is no more. Not called after
    // http_stream_close.
    void (*on_gone)(void *ctx);
    void *ctx;
};

// Answers a request with status, the headers given so far and a body that is to come: the request
// and its arena are gone. NULL when nothing is to come: the method was HEAD, the client is gone, or
// the server has as many streams as it may have (stream_max) and has answered with 503. Callbacks
// come from the loop, never from within this call.
[[nodiscard]] struct http_stream *http_stream_open(struct http_request *r, int status,
                                                   const char *content_type,
                                                   const struct http_stream_options *options);

// Sends some bytes of the body, at most 2 MiB, all or none: false when something waits and they do
// not fit beside it.
[[nodiscard]] bool http_stream_send(struct http_stream *s, struct str bytes);

// Ends the reply without an end of its body: what waits is still sent, and then the connection
// closes, so that the client knows that something is missing. Accepts NULL. s is gone.
void http_stream_break(struct http_stream *s);

// Ends the body: what waits is still sent. Accepts NULL. s is gone.
void http_stream_close(struct http_stream *s);
