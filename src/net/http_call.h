// http_call.h - requests to HTTP servers, many at once, on a loop: libcurl's multi interface.
//
// Nothing here waits: names are looked up by libcurl's own threads, sockets are watched by the
// loop. Of a reply the first HTTP_CALL_BODY_MAX bytes are kept and the rest counted, or all is
// handed on as it comes.
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

// Where a reply goes as it comes, instead of being kept. A call must not be cancelled from within
// these.
struct http_call_sink {
    // Status line and headers of the last response are there: before the first of its body.
    void (*on_head)(int status, struct str head, void *ctx);
    // A piece of its body. False: no room for it; it comes again after http_call_resume.
    bool (*on_body)(struct str bytes, void *ctx);
};

// Everything is borrowed during http_call_start, but for the sink, which is needed until the end.
struct http_call_request {
    const char *url, *method;
    const char *const *headers; // "Name: value", NULL at the end; may be NULL
    struct str body;
    int64_t timeout_us; // 0: an hour
    int64_t connect_us; // until there is a connection; 0: no other limit
    int64_t stall_s; // without one byte of the reply; then there is no limit for the whole; 0: any
    const struct http_call_sink *sink; // NULL: the body is kept
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

// There is room again: what on_body has refused comes once more, from within this call.
void http_call_resume(struct http_call *call);
