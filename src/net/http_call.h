// http_call.h - requests to HTTP servers, many at once, on a loop: libcurl's multi interface.
//
// Nothing here waits: names are looked up by libcurl's own threads, sockets are watched by the
// loop. Of a reply the first HTTP_CALL_BODY_MAX bytes are kept and the rest counted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct loop;
struct http_calls;
struct http_call;

#define HTTP_CALL_BODY_MAX (1u << 20)
#define HTTP_CALL_HEAD_MAX 65536
#define HTTP_CALL_REDIRECTS 10

// Everything is borrowed during http_call_start.
struct http_call_request {
    const char *url, *method;
    const char *const *headers; // "Name: value", NULL at the end; may be NULL
    struct str body;
    int64_t timeout_us; // 0: an hour
    bool has_redirects;
    bool is_insecure;
    const char *ca_file; // NULL: the system's
    const char *proxy;   // NULL: none; "": as the environment says
};

// What came of it; texts live until done returns.
struct http_call_answer {
    int status;            // of the last response; 0: there was none
    int64_t retry_after_s; // as its Retry-After says, from now; 0: nothing
    const char *failure;   // what went wrong; "" when a whole response came
    bool is_timeout;
    struct str head; // status line and headers of the last response
    struct str body;
    int64_t body_bytes; // in all
};

typedef void http_call_done(const struct http_call_answer *answer, void *ctx);

[[nodiscard]] struct http_calls *http_calls_new(struct loop *loop);
void http_calls_free(struct http_calls *calls); // forgets what is under way; accepts NULL

// Starts a request; done is called once, on the loop, after this call has returned, unless
// http_call_cancel comes first. NULL with *e when libcurl does not take it.
[[nodiscard]] struct http_call *http_call_start(struct http_calls *calls,
                                                const struct http_call_request *request,
                                                http_call_done *done, void *ctx, struct err *e);
void http_call_cancel(struct http_call *call); // accepts NULL
