// http_chunk.h - takes the chunks off a chunked body (RFC 9112 section 7.1), piece by piece.
//
// Strict as http_head.h is: CR LF behind sizes and data, at most 16 digits of size, extensions and
// trailers ignored but looked at. A value of one struct is the whole state, so a body may arrive a
// byte at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/http_head.h"

enum http_chunk_place {
    CHUNK_SIZE, // before or in the digits
    CHUNK_EXTENSION_NAME,
    CHUNK_EXTENSION_VALUE,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER_START,
    CHUNK_TRAILER_NAME,
    CHUNK_TRAILER,
    CHUNK_TRAILER_LF,
    CHUNK_LAST_LF,
    CHUNK_DONE
};

// Zero-initialised before a body.
struct http_chunks {
    enum http_chunk_place place;
    uint64_t left;      // of the chunk: its size so far, then its data to come
    size_t digit_count; // of its size
    size_t line_bytes;  // of its size line
    size_t trailer_bytes;
    size_t token_bytes; // of an extension's name or value
};

// Takes bytes off the front of *rest and returns in *ret_data the data among them: one piece, maybe
// empty, that points into them. Call it until *rest is empty or the body is done (what then remains
// belongs to the next request). False with *refusal (400) for malformed bytes.
[[nodiscard]] bool http_chunks_next(struct http_chunks *c, struct str *rest, struct str *ret_data,
                                    struct http_refusal *refusal);

static inline bool http_chunks_is_done(const struct http_chunks *c)
{
    return c->place == CHUNK_DONE;
}
