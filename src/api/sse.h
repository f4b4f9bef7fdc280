// sse.h - server-sent events (HTML's EventSource): a stream of numbered events over HTTP.
//
//     retry: 3000
//     id: 17
//     event: run.started
//     data: {"run_id":..}
//
// A client that lost the connection asks again with the header Last-Event-ID. A comment every 15
// seconds tells both sides, and what stands between them, that the other is there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/call.h"
#include "base/loop.h"
#include "net/http_stream.h"

// Embedded in its owner's struct, zero-initialised.
struct sse {
    struct api *api;
    struct loop *loop;
    struct http_stream *stream; // NULL once it is over
    struct loop_timer ping;
    void (*on_room)(void *ctx);
    void (*on_gone)(void *ctx);
    void *ctx;
};

// Answers the call with a stream; the call and its arena are gone. False when there is none
// (http_stream_open says why). on_room: what did not fit may be sent now, from the loop. on_gone:
// the client is gone or the server ends; the owner frees itself, and calls nothing of sse any more.
// Neither is called from within this call.
[[nodiscard]] bool sse_open(struct sse *sse, struct call *call, void (*on_room)(void *ctx),
                            void (*on_gone)(void *ctx), void *ctx);

// The id behind which the client wants to go on: its header Last-Event-ID. False when it has none,
// or none of ours.
[[nodiscard]] bool sse_last_id(const struct call *call, int64_t *ret_id);

// One event, all or nothing: false when it does not fit into what may wait, and on_room will come.
// data is one line.
[[nodiscard]] bool sse_send(struct sse *sse, int64_t id, const char *event, struct str data);

// Ends the stream in order; on_gone is not called.
void sse_close(struct sse *sse);
