// http_output.h - replies on their way to a socket: heads and small bodies gathered, a large body
// sent from where it is.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

enum {
    HTTP_SMALL_BYTES = 8192,     // bodies up to this are copied behind their head
    HTTP_GATHER_BYTES = 64 << 10 // pipelined replies up to this leave together
};

// What a reply's head says. Zero-initialise, then fill.
struct http_reply_head {
    int status;
    int minor;                // of the request: HTTP/1.0 or 1.1
    const char *content_type; // may be NULL
    struct str headers;       // further lines, each with its CR LF
    size_t body_bytes;        // for content-length
    bool is_head;             // the request was HEAD: no body
    bool is_keep_alive;
    bool is_open; // the body is to come: chunked, or up to the end of the connection with HTTP/1.0
};

// The date header's text, made once a second.
struct http_date {
    int64_t second; // that text is for
    char text[32];  // "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7)
};

void http_date_update(struct http_date *date, wall now);

struct http_output {
    struct buf small; // to be sent first
    size_t sent;      // bytes of small that are gone
    struct str large; // to be sent then; len 0: none
    char *owned;      // memory of large to free afterwards; NULL when it is borrowed
};

void http_output_init(struct http_output *o);
void http_output_done(struct http_output *o);

static inline bool http_output_is_empty(const struct http_output *o)
{
    return o->sent == o->small.len && o->large.len == 0;
}

// True while another reply may be added before this much is sent.
static inline bool http_output_has_room(const struct http_output *o)
{
    return o->large.len == 0 && o->small.len < HTTP_GATHER_BYTES;
}

// Adds one reply: its head, then body where the reply has one. The caller has asked
// http_output_has_room. owned is the memory that body lies in, taken over (freed at once when body
// is copied), or NULL: then body is borrowed until it is sent, except that small ones are copied.
void http_output_add(struct http_output *o, const struct http_reply_head *head,
                     const struct http_date *date, struct str body, char *owned);

// Adds bytes as they are.
void http_output_raw(struct http_output *o, struct str bytes);

enum http_flush_result {
    HTTP_FLUSH_DONE,
    HTTP_FLUSH_BLOCKED, // the socket is full; *ret_sent says whether bytes went
    HTTP_FLUSH_BROKEN   // the client is gone
};

enum http_flush_result http_output_flush(struct http_output *o, int fd, bool *ret_sent);

// Writes {"detail": detail} into out.
void http_detail_write(struct buf *out, const char *detail);

// "Not Found" for 404; "" for what has no name.
const char *http_status_words(int status);
