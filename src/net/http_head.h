// http_head.h - reads the head of an HTTP/1.1 request: request line and headers, by the letter of
// RFC 9112.
//
// Strict on purpose. Where two programs on a request's way read its bytes differently, a second
// request can be smuggled inside the first; so what RFC 9112 lets a server tolerate (a bare LF,
// folded headers, blanks before a colon) is refused here. Pure functions over bytes: no socket, no
// memory, no clock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/http_request.h"

enum {
    HTTP_HEADER_MAX = 100, // headers a request may have
    HTTP_METHOD_MAX = 32   // bytes of a method
};

// Why a request is not served. status 0: it is.
struct http_refusal {
    int status;
    char detail[240]; // one sentence for a person
};

// Fills *ret and returns false, so that a check reads: return http_refuse(refusal, 400, "...").
bool http_refuse(struct http_refusal *ret, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Where the search for a head's end stands; zero-initialised before the first byte.
struct http_scan {
    size_t at;    // bytes looked at
    size_t line;  // where the line under the eye begins
    size_t count; // lines ended
};

enum http_scan_result {
    HTTP_SCAN_MORE,   // the head is not complete; nothing is wrong so far
    HTTP_SCAN_WHOLE,  // complete: scan->at is its length, final empty line included
    HTTP_SCAN_REFUSED // *refusal says why
};

// Looks for the end of the head at the beginning of bytes, which has grown since the last call with
// the same scan. Refuses as early as it can what a sender would otherwise wait for: a bare LF,
// bytes that are no HTTP (such as a TLS hello), a target beyond target_max, a head beyond head_max
// bytes.
enum http_scan_result http_scan_head(struct http_scan *scan, struct str bytes, size_t target_max,
                                     size_t head_max, struct http_refusal *refusal);

struct http_head {
    enum http_method method;
    struct str method_text;
    struct str authority; // of an absolute target ("http://authority/path"), else empty
    struct str path;      // starts with '/', or is "*" (with OPTIONS only)
    struct str query;
    size_t target_bytes; // of the target as sent
    int minor;           // HTTP/1.minor: 0 or 1
    struct http_pair *headers;
    size_t header_count;
};

// Reads a whole head as http_scan_head found it. headers is room for HTTP_HEADER_MAX of them.
// Everything in *ret_head points into bytes.
[[nodiscard]] bool http_head_read(struct str bytes, struct http_pair *headers,
                                  struct http_head *ret_head, struct http_refusal *refusal);

// One header line without its CRLF. The rules of names and values are in http_head.c.
[[nodiscard]] bool http_header_read(struct str line, struct http_pair *ret_header,
                                    struct http_refusal *refusal);

// True for the bytes of a token (RFC 9110 section 5.6.2).
bool http_is_token_byte(unsigned char c);
