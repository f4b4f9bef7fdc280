// keep_link.h - one end of the connection between belfry and its keeper: whole messages in and out,
// on a loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/str.h"

// fields lie in the link until this returns. It may free the link.
typedef void keep_link_message(uint8_t type, struct str fields, void *ctx);
// The other side is gone, or makes no sense. The link is still there, for its owner to free.
typedef void keep_link_gone(void *ctx);

struct keep_link;

// Takes a connected stream socket over; it is made non-blocking.
[[nodiscard]] struct keep_link *keep_link_new(struct loop *loop, int fd, keep_link_message *message,
                                              keep_link_gone *gone, void *ctx);
void keep_link_free(struct keep_link *l); // accepts NULL

// Where to write frames (wire.h); they leave at the end of the turn.
struct buf *keep_link_out(struct keep_link *l);

// Bytes that wait for the other side to read.
size_t keep_link_waiting(const struct keep_link *l);

// Sends what can be sent now.
void keep_link_flush(struct keep_link *l);

// Waits until wait_ms for something to read and reads once, for use before the loop runs. False
// when the other side is gone or says nothing.
[[nodiscard]] bool keep_link_read(struct keep_link *l, int wait_ms);
