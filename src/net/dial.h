// dial.h - a connection to whichever of a host's addresses answers first (Happy Eyeballs, RFC
// 8305).
//
// Addresses are tried in the order given, with the families taking turns: the next one starts when
// the one before it has failed or has kept quiet for DIAL_DELAY_MS. The first connection that comes
// about wins, the others are closed. Knows nothing of what the connection is for.
#pragma once

#include <stddef.h>

#include "base/clock.h"
#include "net/dns.h"

struct dial;
struct loop;

enum {
    DIAL_DELAY_MS = 250, // the Connection Attempt Delay that RFC 8305 recommends
};

struct dial_options {
    const struct dns_address *addresses; // borrowed until done; at least one,
    size_t count;                        // at most DNS_ADDRESSES_MAX
    int attempt_ms;                      // limit of each address
    int delay_ms;                        // 0: DIAL_DELAY_MS
    mono until;                          // limit of all together
};

struct dial_end {
    int fd;         // connected, non-blocking, now the receiver's; -1: none connected
    size_t index;   // the address that connected, or whose failure says most
    int errnum;     // of that failure; ETIMEDOUT when it did not answer
    double took_ms; // until it connected or failed, since its own beginning
};

// done is called exactly once from the loop, never from within dial_start, unless it is stopped
// first; the dial is gone then.
typedef void dial_done(const struct dial_end *end, void *ctx);
[[nodiscard]] struct dial *dial_start(struct loop *loop, const struct dial_options *options,
                                      dial_done *done, void *ctx);
void dial_stop(struct dial *dial); // closes everything, no done; NULL is fine
