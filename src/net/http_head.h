// http_head.h - the head of a request, taken apart: method, target, headers.
//
// http_parser has judged its bytes; what a target may be (RFC 9112 section 3.2) is judged here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/http_parser.h"
#include "net/http_refusal.h"
#include "net/http_request.h"

struct http_head {
    enum http_method method;
    struct str method_text;
    struct str authority; // of an absolute target ("http://authority/path"), else empty
    struct str path;      // starts with '/', or is "*" (with OPTIONS only)
    struct str query;
    int minor;           // HTTP/1.minor: 0 or 1
    bool is_chunked;     // the body
    uint64_t body_bytes; // Content-Length; 0 when absent
    struct http_pair *headers;
    size_t header_count;
};

// Reads the whole head that begins at bytes and has these marks. headers is room for
// HTTP_HEADER_MAX of them. Everything in *ret_head points into bytes.
[[nodiscard]] bool http_head_read(const struct http_marks *marks, const char *bytes,
                                  struct http_pair *headers, struct http_head *ret_head,
                                  struct http_refusal *refusal);
