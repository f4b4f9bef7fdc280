// progress.h - what a run says of itself on descriptor 3: lines of JSON objects.
//
//     {"progress": 0.4, "message": "half of the tables", "metrics": {"rows": 1200}}
//     {"result": {"tables": 7}}
//
// progress is a number from 0 to 1. Each member that comes replaces the one before; others are
// passed over. A line is at most PROGRESS_LINE_MAX bytes; what is longer, or no such object, is
// ignored and counted. The last line needs no newline.
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

#define PROGRESS_LINE_MAX 66560 // a result of 64 KiB and its name

struct progress;

[[nodiscard]] struct progress *progress_new(void);
void progress_free(struct progress *p); // accepts NULL

// Bytes as they come, in pieces of any size; output_sink's form. progress_close: no more come.
void progress_add(struct progress *p, struct str bytes);
void progress_close(struct progress *p);

// Whether progress, message or metrics have come since this was last asked.
bool progress_is_new(struct progress *p);

// {"progress":..,"message":..,"metrics":..} with those that have come, and the result; empty when
// there is none. In arena.
struct str progress_json(const struct progress *p, struct arena *arena);
struct str progress_result(const struct progress *p, struct arena *arena);

// A sentence about what was ignored; empty when nothing was.
struct str progress_warning(const struct progress *p, struct arena *arena);
