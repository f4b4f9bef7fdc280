// throttle.h - no more than so many starts in so long: "10/m", "100/h burst 20".
//
// Starts have the same distance from each other, a tenth of a minute for 10/m; a burst lets so many
// come at once when there were fewer before (the leaky bucket of ITU-T I.371, GCRA). So there are
// at most count + burst - 1 starts in any stretch of that length; with the burst of 1 that counts
// when none is given, no more than count.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define THROTTLE_COUNT_MAX 1000000

struct throttle {
    int64_t count;  // starts in so long; 0: there is no throttle
    int64_t per_us; // at most a year, at least count
    int64_t burst;  // of them at once; 1 to THROTTLE_COUNT_MAX
};

// Reads COUNT/PERIOD, where PERIOD is s, m, h, d or a duration ("30s", "1h30m"), and perhaps
// "burst N" behind it. ERR_INPUT tells what would do; field names the value.
[[nodiscard]] bool throttle_parse(struct str text, const char *field, struct throttle *ret,
                                  struct err *e);

// "10/m", "3/1h30m burst 2": what throttle_parse reads back to the same.
void throttle_write(const struct throttle *t, struct buf *out);

// Between two starts.
static inline int64_t throttle_step_us(const struct throttle *t)
{
    return t->per_us / t->count;
}
