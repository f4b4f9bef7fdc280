// next.h - the line protocol of `belfry next --batch`, apart from reading and printing lines.
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "time/zone.h"

// Answers one request line, {"id","dialect","expr"|"fields","tz","after","n"}, with one JSON
// object and a newline: {"id","next":[...]}, {"id","error"} or, for dialects this build does not
// know, {"id","unsupported":true}. tz defaults to UTC, after to now, n to 1 (at most 100,000).
void next_answer(struct zones *zones, wall now, struct str line, struct buf *out);
