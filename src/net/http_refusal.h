// http_refusal.h - why a request is not served, in a status and a sentence.
#pragma once

#include <stdbool.h>

// status 0: the request is served.
struct http_refusal {
    int status;
    char detail[240]; // one sentence for a person
};

// Fills *ret and returns false, so that a check reads: return http_refuse(refusal, 400, "...").
bool http_refuse(struct http_refusal *ret, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
