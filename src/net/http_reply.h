// http_reply.h - answering a request: exactly once, at once or later.
//
// The server itself writes date, server, content-length, content-type (from the call) and
// connection.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "net/http_request.h"

// True once the connection is known to be broken: the reply will reach nobody. It must be given
// nevertheless, and the request stays valid until then. A client that has only shut its sending
// side still gets its reply.
bool http_request_is_gone(const struct http_request *r);

// Adds a header to the coming reply; name in lower case. Both are copied; control characters in
// value become blanks.
void http_reply_header(struct http_request *r, const char *name, struct str value);

// Ends the request: sends status, the headers so far and body. content_type may be NULL (no such
// header). The memory of *body is taken over and *body is left empty; body may be NULL. r and its
// arena are gone afterwards. HEAD gets the length of body but not its bytes; 204 and 304 get
// neither.
void http_reply(struct http_request *r, int status, const char *content_type, struct buf *body);

// The same for bytes that outlive the server, such as embedded files: they are sent from where they
// are.
void http_reply_static(struct http_request *r, int status, const char *content_type,
                       struct str body);

// The same for a small body, which is copied.
void http_reply_text(struct http_request *r, int status, const char *content_type, struct str body);

// {"detail": detail} as application/json, as the guard itself answers.
void http_reply_detail(struct http_request *r, int status, const char *detail);
