// output.h - what a run writes to one stream: the first bytes, the last bytes, and how many there
// were.
//
// A run may write gigabytes: what lies between head and tail is counted and dropped, so a stream
// never holds more than head_max + 2 * tail_max bytes. Memory grows with what is written, so a
// silent run holds none.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "job/run.h"

// Gets all bytes of a stream as they come.
typedef void output_sink(struct str bytes, void *ctx);

struct output {
    struct buf head;
    struct buf tail; // up to twice tail_max; then the last tail_max bytes move to its front
    size_t tail_max;
    int64_t total;     // bytes added
    output_sink *sink; // NULL: nobody
    void *sink_ctx;
};

void output_init(struct output *o, size_t head_max, size_t tail_max);
void output_done(struct output *o);

void output_add(struct output *o, struct str bytes);

// One read of at most most bytes (and at most 64 KiB) from a non-blocking descriptor. Returns the
// bytes read, 0 at the end of the stream, -1 when there is nothing for now. A broken descriptor is
// an end.
int64_t output_read(struct output *o, int fd, int64_t most);

// The stream as it stands; borrowed until the next change.
struct run_stream output_stream(const struct output *o);

// Bytes that lie in a pipe; 0 when that cannot be told.
int64_t output_waiting(int fd);

// Reads what lies in a pipe now and no more, whoever may be writing on. Returns false at the end of
// the stream.
bool output_drain(struct output *o, int fd);
