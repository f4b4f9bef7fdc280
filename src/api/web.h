// web.h - the pages that live inside the binary: the API docs page and what it loads.
//
// tools/embed makes the table at build time from web/ and from Swagger UI's package, so the pages
// work offline and belfry asks no other host for anything. A handler answers GET and HEAD of an
// asset's path so:
//
//     const struct web_asset *a = web_find(path);      // "/docs", "/docs/docs.js",
//     "/docs/LICENSE", ... if (!a)                                          -> 404 ETag: a->etag,
//     Cache-Control: no-cache, Content-Type: a->content_type, Vary: Accept-Encoding,
//     Content-Security-Policy: WEB_CSP, X-Content-Type-Options: nosniff, Referrer-Policy:
//     no-referrer if web_is_fresh(a, If-None-Match)                -> 304, no body if
//     web_takes_gzip(Accept-Encoding)               -> 200, Content-Encoding: gzip, a->gz else ->
//     200, a->bytes
//
// The bytes are constants of the program: hand them out without copying.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct web_asset {
    const char *path;         // the URL's path, "/docs/docs.js"
    const char *content_type; // "text/javascript; charset=utf-8"
    const char *etag;         // quoted as the header wants it; changes with the bytes
    const unsigned char *bytes;
    size_t size;
    const unsigned char *gz; // the same bytes, gzipped
    size_t gz_size;
};

// The whole table, made by tools/embed.
extern const struct web_asset web_assets[];
extern const size_t web_asset_count;

// What the pages need and nothing more: own scripts, own styles, own requests; icons of the sheet
// are data: images.
#define WEB_CSP                                                                       \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " \
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// The asset at exactly this path, NULL when there is none.
const struct web_asset *web_find(struct str path);

// Whether a client's If-None-Match header names this asset's etag, weakly or strongly, or is "*"
// (RFC 9110, 13.1.2).
bool web_is_fresh(const struct web_asset *asset, struct str if_none_match);

// Whether an Accept-Encoding header allows gzip: named, or by "*", with a weight above 0 (RFC
// 9110, 12.5.3).
bool web_takes_gzip(struct str accept_encoding);
