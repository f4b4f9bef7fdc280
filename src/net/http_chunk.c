// http_chunk.c - the chunked coding as a table of places and steps.
//
// Extensions are ignored, and refused when they hold more than names and plain values: nobody sends
// quoted ones, and parsers disagree about where their quotes end.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_chunk.h"

enum {
    DIGITS_MAX = 15, // of a chunk's size: no overflow in 64 bits
    LINE_MAX_BYTES = 256,
    TRAILER_MAX_BYTES = 4096
};

static const char *byte_take(struct http_chunks *c, unsigned char b);
static const char *size_take(struct http_chunks *c, unsigned char b);
static const char *extension_take(struct http_chunks *c, unsigned char b);
static const char *trailer_take(struct http_chunks *c, unsigned char b);

bool http_chunks_next(struct http_chunks *c, struct str *rest, struct str *ret_data,
                      struct http_refusal *refusal)
{
    *ret_data = (struct str){rest->p, 0};
    while (rest->len > 0 && c->place != CHUNK_DONE) {
        if (c->place == CHUNK_DATA) {
            size_t n = rest->len < c->left ? rest->len : (size_t)c->left;

            *ret_data = str_cut(*rest, 0, n);
            *rest = str_cut(*rest, n, rest->len);
            c->left -= n;
            if (c->left == 0)
                c->place = CHUNK_DATA_CR;
            return true;
        }
        const char *complaint = byte_take(c, (unsigned char)rest->p[0]);
        if (complaint)
            return http_refuse(refusal, 400, "The chunked body is malformed: %s", complaint);
        *rest = str_cut(*rest, 1, rest->len);
    }
    return true;
}

// Moves on by one byte that is no data; what is wrong with it, or NULL.
static const char *byte_take(struct http_chunks *c, unsigned char b)
{
    switch (c->place) {
    case CHUNK_SIZE:
        return size_take(c, b);
    case CHUNK_EXTENSION_NAME:
    case CHUNK_EXTENSION_VALUE:
        return extension_take(c, b);
    case CHUNK_SIZE_LF:
        if (b != '\n')
            return "a chunk's size does not end in CR LF";
        c->place = c->left > 0 ? CHUNK_DATA : CHUNK_TRAILER_START;
        c->digit_count = c->line_bytes = 0;
        return NULL;
    case CHUNK_DATA_CR:
        c->place = CHUNK_DATA_LF;
        return b == '\r' ? NULL : "a chunk's data is longer than its size";
    case CHUNK_DATA_LF:
        c->place = CHUNK_SIZE;
        return b == '\n' ? NULL : "a chunk's data does not end in CR LF";
    case CHUNK_LAST_LF:
        c->place = CHUNK_DONE;
        return b == '\n' ? NULL : "the last line does not end in CR LF";
    default:
        return trailer_take(c, b);
    }
}

static int digit_of(unsigned char b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    if ((b | 0x20) >= 'a' && (b | 0x20) <= 'f')
        return (b | 0x20) - 'a' + 10;
    return -1;
}

static bool is_text(unsigned char b)
{
    return b == '\t' || (b >= ' ' && b != 0x7f);
}

static const char *size_take(struct http_chunks *c, unsigned char b)
{
    int digit = digit_of(b);

    if (digit >= 0) {
        if (++c->digit_count > DIGITS_MAX)
            return "a chunk's size has too many digits";
        c->left = c->left * 16 + (uint64_t)digit;
        return NULL;
    }
    if (c->digit_count == 0)
        return "a chunk has no size in hexadecimal digits";
    if (b != '\r' && b != ';')
        return "a chunk's size line holds a byte it must not";
    c->place = b == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION_NAME;
    return NULL;
}

static const char *extension_take(struct http_chunks *c, unsigned char b)
{
    if (++c->line_bytes > LINE_MAX_BYTES)
        return "a chunk's size line is too long";
    if (http_is_token_byte(b)) {
        c->token_bytes++;
        return NULL;
    }
    bool is_end = b == '\r' || b == ';' || (b == '=' && c->place == CHUNK_EXTENSION_NAME);
    if (!is_end || c->token_bytes == 0)
        return "a chunk's extension is not ;name or ;name=value";
    c->token_bytes = 0;
    c->place = b == '\r' ? CHUNK_SIZE_LF : b == ';' ? CHUNK_EXTENSION_NAME : CHUNK_EXTENSION_VALUE;
    return NULL;
}

static const char *trailer_take(struct http_chunks *c, unsigned char b)
{
    if (++c->trailer_bytes > TRAILER_MAX_BYTES)
        return "the trailers are too long";
    if (c->place == CHUNK_TRAILER_LF) {
        c->place = CHUNK_TRAILER_START;
        return b == '\n' ? NULL : "a trailer does not end in CR LF";
    }
    bool is_start = c->place == CHUNK_TRAILER_START;
    if (b == '\r' && c->place != CHUNK_TRAILER_NAME) {
        c->place = is_start ? CHUNK_LAST_LF : CHUNK_TRAILER_LF;
        return NULL;
    }
    if (b == ':' && c->place == CHUNK_TRAILER_NAME) {
        c->place = CHUNK_TRAILER;
        return NULL;
    }
    if (c->place == CHUNK_TRAILER ? !is_text(b) : !http_is_token_byte(b))
        return "a trailer holds a byte it must not, or has no name";
    if (is_start)
        c->place = CHUNK_TRAILER_NAME;
    return NULL;
}
