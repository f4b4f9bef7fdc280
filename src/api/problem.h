// problem.h - error replies: FastAPI's detail, with RFC 9457's members beside it where that is
// allowed.
//
// What the posts' systems answered stays byte for byte: {"detail":"Job already exists"} and nothing
// more, unless the client accepts application/problem+json. What crashed there, or is new, gets the
// full body:
//     {"detail":"...","type":"/problems/job-exists","title":"Conflict","status":409,"code":"job_exists",
//      "hint":"...","field":"...","line":2,"column":1,"request_id":"..."}
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "job/model.h"
#include "net/http_request.h"

struct problem {
    int status;
    const char *code;   // "job_exists"
    const char *detail; // a sentence, or the posts' words
    const char *hint;   // what to do; may be NULL or ""
    const char *field;  // likewise
    int line, column;   // 0: none
    struct str result;  // what was found all the same, as JSON; may be empty
    bool is_plain;      // the posts' own reply: detail alone
};

#define X(constant, name, status, sentence) extern const struct problem constant;
#include "api/problem.def"
#undef X

// The problem of an error: its status, code, message, hint and place.
struct problem problem_of(const struct err *e);

// A post's own error reply.
struct problem problem_plain(int status, const char *code, const char *detail);

// Writes the body into out. Returns its media type, which depends on what the client accepts.
const char *problem_write(struct http_request *r, const struct problem *problem, struct buf *out);

// The body of a 422: {"detail":[...]}; as application/problem+json: detail is a sentence, errors
// the list.
const char *problem_write_issues(struct http_request *r, const struct model_issues *issues,
                                 struct buf *out);

// What /problems/NAME tells (with - or _ between words); false when there is no such problem.
bool problem_page(struct str name, struct buf *out);
