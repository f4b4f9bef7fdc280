// tls_attempt.h - one certificate check on its way: lookup, connection, handshake, each with its
// deadline.
//
// Everything here belongs to the net thread. tls_probe.c is the door to it from other threads.
#pragma once

#include <openssl/bio.h>

#include "base/clock.h"
#include "net/tls_result.h"
#include "net/tls_target.h"

struct dns;
struct loop;
struct tls_attempt;
struct tls_trust;

// What all attempts of a thread share.
struct tls_net {
    struct loop *loop;
    const struct clock *clock; // judges dates
    struct dns *dns;
    struct tls_trust *trust;
    BIO_METHOD *method; // made by the first attempt
};

// The result owns itself: end it with arena_free(result->arena).
typedef void tls_attempt_done(struct tls_result *result, void *ctx);

// Begins a check; done is called exactly once, from the loop and never from within this call,
// unless it is stopped first. *target is copied; its zero limits become the defaults.
struct tls_attempt *tls_attempt_start(struct tls_net *net, const struct tls_target *target,
                                      tls_attempt_done *done, void *ctx);

// Gives up and frees the attempt: no done. Only before done was called.
void tls_attempt_stop(struct tls_attempt *attempt);
