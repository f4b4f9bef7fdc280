// http_job.h - a run that is an HTTP request (net/http_call.h does the work).
#pragma once

#include "exec/exec.h"
#include "net/http_call.h"

struct http_job;

// How it ended. Texts live until the callback returns.
struct http_job_end {
    bool is_good;
    bool is_timeout;
    int status;             // 0: there was no response
    int64_t retry_after_us; // that it asks to wait; 0: nothing
    struct str message;
    struct str out;    // the response: status line, headers, body
    int64_t out_total; // bytes
    struct str result; // JSON: {"status":..}; empty when there was no response
};

typedef void http_job_done(const struct http_job_end *end, void *ctx);

// Sends the request of a run: its options, with the run's identity as headers (Idempotency-Key is
// the run's number). NULL with *e when it cannot be. done is called once, on the loop.
[[nodiscard]] struct http_job *http_job_start(struct http_calls *calls,
                                              const struct exec_request *request,
                                              http_job_done *done, void *ctx, struct err *e);
void http_job_cancel(struct http_job *job); // accepts NULL
