// http_answer.h - reads what a server answers to a request of ours: its status and a bounded body.
//
// Pure: bytes in, state out. Chunked bodies, bodies of a length and bodies that end with the
// connection are read; what is beyond the maximum, or no HTTP, is refused.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
    HTTP_ANSWER_HEAD_MAX = 16384, // bytes
};

struct http_answer;

[[nodiscard]] struct http_answer *http_answer_new(size_t body_max_bytes);
void http_answer_free(struct http_answer *answer); // NULL is fine

// Takes in what has arrived; an empty piece says that the server has closed its side. False with
// ERR_TLS when it is no answer, ERR_LIMIT when it is too long.
[[nodiscard]] bool http_answer_take(struct http_answer *answer, struct str bytes, struct err *e);

// Whether it is complete: then status and body are there, borrowed until http_answer_free.
bool http_answer_is_whole(const struct http_answer *answer);
int http_answer_status(const struct http_answer *answer);
struct str http_answer_body(const struct http_answer *answer);
