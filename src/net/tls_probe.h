// tls_probe.h - look at the certificate of a TLS server, many at a time, without ever blocking the
// caller.
//
// The prober owns a thread with a loop of its own (the net thread): handshakes cost about 0.7 ms of
// arithmetic each, and the home loop has better things to do. Names are looked up on pool workers.
// Jobs go over as messages and results come back as messages; nothing else is shared. OpenSSL and
// the bundle of root certificates (30 ms, some MB) are loaded by the first check, so that a server
// which checks nothing stays small.
//
// Every check ends within its limits, whatever the server does: silence, a byte a second, endless
// data, a chain of megabytes. Of a host's addresses the first to accept the connection is looked at
// (RFC 8305), or each of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/tls_result.h"
#include "net/tls_target.h"

struct access;
struct clock;
struct loop;
struct tls_prober;
struct tls_probe;

// Somebody who remembers what checks have seen. Both are called on the home loop.
struct tls_watch {
    // Fills in what was seen at target before; false when it is not remembered.
    bool (*known)(const struct tls_target *target, struct tls_known *ret_known, void *ctx);
    void (*seen)(const struct tls_result *result, void *ctx); // before the check's own done
    void *ctx;
};

struct tls_prober_options {
    const struct clock *clock; // NULL: clock_real(). Judges dates
    const char *ca; // PEM file or directory of trusted certificates, instead of the system's;
                    // NULL: the system's. Copied
    const struct access *access; // whom to connect to; NULL: anybody. Borrowed
    struct tls_watch watch;      // of all checks; zero: nobody
    size_t in_flight_max;        // checks at the same time; 0: 256
    size_t queue_max;            // checks waiting for a place; 0: 10000
    size_t dns_workers;          // threads for getaddrinfo; 0: 4. Started by the first lookup
};

// Starts the net thread. Results come back on the home loop; all functions below are for the home
// loop's thread only. options may be NULL. Fails with ERR_SYSTEM.
[[nodiscard]] bool tls_prober_new(struct loop *home, const struct tls_prober_options *options,
                                  struct tls_prober **ret_prober, struct err *e);

// Cancels what is under way (no done is called any more), ends the thread and waits for it: at most
// as long as a getaddrinfo that is stuck. NULL is fine. Not to be called from within a done.
void tls_prober_free(struct tls_prober *prober);

// Starts one check; *target is copied, and its options are held. done is called exactly once from
// the home loop, never from within this call, unless the check is cancelled first. *result is valid
// during done only. Fails with ERR_BUSY when the queue is full, ERR_INPUT when target has no host.
// ret_probe (may be NULL) gets a handle that is valid until done or tls_probe_cancel.
typedef void tls_probe_done(const struct tls_result *result, void *ctx);
[[nodiscard]] bool tls_probe_start(struct tls_prober *prober, const struct tls_target *target,
                                   struct tls_probe **ret_probe, struct err *e,
                                   tls_probe_done *done, void *ctx);

// Gives up a check: done will not be called. Its connection is closed soon after.
void tls_probe_cancel(struct tls_probe *probe);

// Checks started and not yet done or cancelled.
size_t tls_prober_load(const struct tls_prober *prober);
