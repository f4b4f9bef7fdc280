// tzif.h - zone files: bytes in, a list of transitions out (TZif versions 1 to 4, RFC 9636).
//
// The rule in a file's footer, which goes on for ever, is written out as transitions for 400
// years beyond the last one. As the Gregorian calendar repeats after 400 years, every later
// moment has its like among them, and a lookup is one binary search whatever the year. Files are
// not trusted: every count and index is checked.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define TZIF_BYTES_MAX (256 * 1024)
#define TZIF_OFFSET_MAX_S 93599 // just below 26 hours, RFC 9636
#define TZIF_CYCLE_S (INT64_C(146097) * 86400)

struct tzif_type {
    int32_t offset_s;
    bool is_dst;
    char abbreviation[16];
};

struct tzif {
    int64_t *at;             // moments of change, seconds UTC, rising; owned
    uint16_t *type;          // what holds from then on: index into types; owned
    size_t count;            // of transitions
    struct tzif_type *types; // owned
    size_t type_count;
    uint16_t first_type; // what holds before the first transition
    bool is_cyclic;      // after the last transition the preceding 400 years repeat
};

// Reads the bytes of a zone file. Errors are ERR_INPUT without a field. End it with tzif_done.
[[nodiscard]] bool tzif_parse(struct str bytes, struct tzif *ret_tzif, struct err *e);
void tzif_done(struct tzif *tzif);

bool tzif_eq(const struct tzif *a, const struct tzif *b);
