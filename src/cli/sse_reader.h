// sse_reader.h - reads server-sent events (HTML's text/event-stream) from bytes as they come.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

// One event; texts live until the callback returns. name is "message" when the server gave none.
struct sse_event {
    struct str name;
    struct str id; // the last one that was given
    struct str data;
};

// Returns false to read no more.
typedef bool sse_event_fn(const struct sse_event *event, void *ctx);

struct sse_reader {
    struct buf line; // begun
    struct buf name, id, data;
    bool has_data;
    bool was_cr; // a CR ended the last line: an LF behind it ends no other
    sse_event_fn *fn;
    void *ctx;
};

// An event longer than max_bytes is dropped. End it with sse_reader_done.
void sse_reader_init(struct sse_reader *r, size_t max_bytes, sse_event_fn *fn, void *ctx);
void sse_reader_done(struct sse_reader *r);

// Calls fn for each event that is whole now. False when fn said so.
bool sse_reader_feed(struct sse_reader *r, struct str bytes);
