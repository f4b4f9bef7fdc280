// preview.h - all that can be told of a trigger before it is used, as one JSON object: what the API
// and `belfry explain -o json` show.
#pragma once

#include "base/json_write.h"
#include "trigger/lint.h"
#include "trigger/trigger.h"

#define PREVIEW_EXCLUDED_MAX 100                              // slots told of that calendars take
#define PREVIEW_NOTES_MAX 6                                   // changes of the clocks told of
#define PREVIEW_NOTES_US (INT64_C(2) * 366 * 86400 * 1000000) // in the coming two years

struct preview_options {
    struct lint_options lint; // its now: the coming runs are those after it
    int64_t count;            // of coming runs
};

// Writes the members of an open object: type, trigger (the canonical spec), words, rate, timezone,
// next, excluded, dst, warnings and conversions.
void preview_write(const struct trigger *t, const struct preview_options *options,
                   struct json_write *w);

// The members of one run in "next": at, local, unix.
void preview_write_run(const struct trigger *t, wall at, struct json_write *w);

// "excluded":[...], what calendars take away in (after, upto], and "dst":[...].
void preview_write_excluded(const struct trigger *t, wall after, wall upto, struct json_write *w);
void preview_write_dst(const struct trigger *t, wall after, struct json_write *w);

// "2027-03-28 02:30 does not exist: runs at 03:00 CEST", "2027-10-31 02:30 occurs twice: the first
// only"
void preview_dst_words(const struct trigger *t, const struct trigger_dst *dst, struct buf *out);
