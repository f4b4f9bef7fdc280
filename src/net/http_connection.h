// http_connection.h - one client's connection: reads requests, hands them over, sends the replies.
//
// A connection is always in one place: at a head, in a body, with the handler, streaming (the head
// of a reply has left, its body comes bit by bit: http_stream.h), closing (the last reply is on its
// way), lingering (our side is shut, what the client still sends is thrown away so that no reset
// overtakes the reply), or closed. Its descriptor is registered once, edge-triggered; what epoll
// told is kept in can_read and can_write, and a run goes from step to step until something has to
// be waited for. So a reply costs one recv and one send, and a pipeline of replies one send
// together.
//
// A reply that comes later only marks its connection as ready; ready connections run at the end of
// the turn.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "net/http_deadline.h"
#include "net/http_guard.h"
#include "net/http_output.h"
#include "net/http_request.h"
#include "net/http_work.h"

struct loop_fd;

struct http_limits {
    size_t head_max_bytes;
    size_t target_max_bytes;
    size_t body_max_bytes;
    size_t bodies_max_bytes;
    size_t stream_max;
};

typedef void http_closed_fn(struct http_connection *c, void *ctx);

// What all connections of a server share.
struct http_hub {
    struct loop *loop;
    struct http_limits limits;
    struct http_names names;
    http_handler *fn;
    void *ctx;
    http_closed_fn *on_closed; // the descriptor is closed; may be NULL
    void *on_closed_ctx;

    struct http_deadlines deadlines;
    struct http_works works;
    struct http_date date;
    struct list all;   // every connection that is not freed
    struct list ready; // those to run at the end of this turn
    bool is_deferred;  // ... which has been asked for
    bool is_stopping;
    size_t open_count;
    size_t request_count; // with the handler
    size_t stream_count;
    size_t bodies_bytes; // received and kept outside of input
    uint64_t request_number;
    uint64_t id_random;
};

enum http_place {
    HTTP_AT_HEAD,
    HTTP_IN_BODY,
    HTTP_WITH_HANDLER,
    HTTP_STREAMING,
    HTTP_CLOSING,
    HTTP_LINGERING,
    HTTP_CLOSED
};

// A body that goes on. Owned by whoever opened it, until on_gone or http_stream_close.
struct http_stream {
    struct http_connection *connection;
    bool is_chunked;
    bool wants_room; // something was refused; on_room is due when all is sent
    size_t waiting_max;
    void (*on_room)(void *ctx);
    void (*on_gone)(void *ctx);
    void *ctx;
};

// Owned by its hub from http_connection_open until it is closed and no request of it is with the
// handler.
struct http_connection {
    struct http_hub *hub;
    struct http_work *work; // NULL while nothing is under way
    int fd;                 // -1 once closed
    struct loop_fd *handle;
    enum http_place place;
    bool can_read;
    bool can_write;
    bool is_half_shut; // the client sends no more; what it sent may still be unread
    bool is_running;
    struct http_stream *stream; // while it is streaming
    struct http_deadline deadline;
    struct list in_all;
    struct list in_ready;
    size_t lingered_bytes;
    uint64_t address_key; // the acceptor's
    char peer[48];
};

enum {
    HTTP_BODY_ROOM_BYTES = 4096 // of input behind the longest head
};

// us[] of hub->deadlines and names are the caller's to fill, before the first connection.
void http_hub_init(struct http_hub *hub, struct loop *loop, const struct http_limits *limits,
                   http_handler *fn, void *ctx);
void http_hub_done(struct http_hub *hub); // closes and frees every connection

// From now on: closes idle connections, and each other one after its next reply.
void http_hub_stop(struct http_hub *hub);

// Serves fd, which is taken over in any case; NULL when the loop has no room for it.
struct http_connection *http_connection_open(struct http_hub *hub, int fd, const char *peer);

// Answers with 503 before a request was read, and closes.
void http_connection_turn_away(struct http_connection *c, const char *detail);

// At once, without a word. A request of it that is with the handler stays valid until it is
// answered.
void http_connection_close(struct http_connection *c);

// Ends a request: the reply's status, type and body as in http_reply.h; owned is the memory of
// body, or NULL when body is borrowed for ever.
void http_connection_reply(struct http_request *r, int status, const char *content_type,
                           struct str body, char *owned);

// Answers a request with a head whose body is to come, and puts the connection into the stream's
// hands.
void http_connection_stream(struct http_request *r, int status, const char *content_type,
                            struct http_stream *stream);

// Of a streaming connection: bytes that are not sent yet; there is more to send; there will be no
// more.
size_t http_connection_waiting(const struct http_connection *c);
void http_connection_touch(struct http_connection *c);
void http_connection_stream_end(struct http_connection *c);
