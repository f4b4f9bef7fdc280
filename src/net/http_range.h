// http_range.h - part of a body: what a Range header asks for (RFC 9110 section 14).
//
// One range of bytes is understood. Whoever asks for something else, or for several, gets the whole
// body, as the RFC allows. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct http_range {
    int64_t first; // -1: the last `last` bytes
    int64_t last;  // included; INT64_MAX: to the end
};

// "bytes=0-99", "bytes=100-", "bytes=-500". False for anything else.
[[nodiscard]] bool http_range_read(struct str value, struct http_range *ret);

// Which bytes of total these are: from *ret_from up to, not including, *ret_to. False when there
// are none, which is a 416.
[[nodiscard]] bool http_range_fit(const struct http_range *range, int64_t total, int64_t *ret_from,
                                  int64_t *ret_to);
