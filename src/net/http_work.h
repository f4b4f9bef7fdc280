// http_work.h - what a connection needs while a request is under way, and only then: input, arena,
// output.
//
// An idle connection has none of this, so ten thousand of them cost little. Works that are given
// back wait in a short list of spares, with their memory, for the next request of whichever
// connection.
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "net/http_guard.h"
#include "net/http_head.h"
#include "net/http_output.h"
#include "net/http_parser.h"
#include "net/http_request.h"

struct http_work {
    struct http_work *next; // spare
    struct arena *arena;
    struct http_output output;
    struct buf reply_headers; // of the reply being made, each line with its CR LF

    struct http_parser *parser; // this and what follows: of the request under way
    struct http_head head;
    struct http_framing framing;
    struct buf body;  // empty while the body fits into input
    size_t body_from; // where in input the bytes behind the head begin
    struct http_request request;
    struct http_pair headers[HTTP_HEADER_MAX];

    size_t from; // input[from .. to) is not used yet
    size_t to;
    size_t input_size;
    char input[];
};

struct http_works {
    struct http_work *spare;
    size_t spare_count;
    size_t input_size;
    size_t body_max_bytes;
};

void http_works_init(struct http_works *works, size_t input_size, size_t body_max_bytes);
void http_works_done(struct http_works *works); // frees the spares

// Empty and ready for a request. http_work_give accepts NULL.
[[nodiscard]] struct http_work *http_work_take(struct http_works *works);
void http_work_give(struct http_works *works, struct http_work *w);

// Forgets the request under way, but neither the input behind it nor the output.
void http_work_reset(struct http_work *w);

static inline struct str http_work_input(const struct http_work *w)
{
    return (struct str){w->input + w->from, w->to - w->from};
}
