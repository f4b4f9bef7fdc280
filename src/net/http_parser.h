// http_parser.h - reads the bytes of HTTP/1.1 requests with llhttp, one request at a time.
//
// llhttp (strict mode) knows the grammar of RFC 9112; this file holds what it lets pass. Where two
// programs on a request's way read its bytes differently, a second request can be smuggled inside
// the first; so a bare LF, a folded header or a second blank in the request line is refused here,
// though a server might tolerate it. The rows are told in http_parser.c.
//
// llhttp is paused behind the head, so that the head is judged before any body is read, behind each
// chunk, and behind the last byte of the request: what follows waits its turn. No socket, no clock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/http_refusal.h"

enum {
    HTTP_HEADER_MAX = 100 // headers a request may have
};

enum http_parser_result {
    HTTP_PARSER_MORE,   // not complete; nothing is wrong so far
    HTTP_PARSER_WHOLE,  // complete
    HTTP_PARSER_REFUSED // *refusal says why
};

struct http_mark {
    uint32_t from; // counted from the first byte of the head
    uint32_t bytes;
};

struct http_header_mark {
    struct http_mark name;  // may not be empty
    struct http_mark value; // blanks at its end not yet trimmed
};

// Where the parts of a whole head are, and what llhttp says about the bytes behind it.
struct http_marks {
    size_t head_bytes;  // final empty line included
    const char *method; // as sent; static
    struct http_mark target;
    int minor; // HTTP/1.minor: 0 or 1
    bool is_chunked;
    uint64_t body_bytes; // Content-Length; 0 when absent
    size_t header_count;
    struct http_header_mark headers[HTTP_HEADER_MAX];
};

struct http_parser;

[[nodiscard]] struct http_parser *http_parser_new(void);
void http_parser_free(struct http_parser *p); // accepts NULL

// Forgets the request under way: the next byte begins another.
void http_parser_reset(struct http_parser *p);

// Reads on in a head. bytes begins where the head does and has grown since the last call; it may
// have moved. Refuses as early as it can what a sender would otherwise wait for. 414 for a target
// beyond target_max bytes, 431 for a head beyond head_max bytes or HTTP_HEADER_MAX headers.
enum http_parser_result http_parser_head(struct http_parser *p, struct str bytes, size_t target_max,
                                         size_t head_max, struct http_refusal *refusal);

// Of the head that was whole; valid until the reset.
const struct http_marks *http_parser_marks(const struct http_parser *p);

// Behind a head whose marks say is_chunked: takes bytes off the front of *rest and returns in
// *ret_data the data among them: one piece, maybe empty, that points into them. Call it until *rest
// is empty or the body whole (what then remains belongs to the next request).
enum http_parser_result http_parser_chunk(struct http_parser *p, struct str *rest,
                                          struct str *ret_data, struct http_refusal *refusal);
