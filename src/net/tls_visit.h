// tls_visit.h - one connection of a certificate check: connect, proxy, STARTTLS, handshake, close,
// each with its deadline.
//
// Everything here belongs to the net thread. An attempt (tls_attempt.h) makes one visit to
// whichever address answers first, or one to each.
#pragma once

#include <openssl/bio.h>

#include "net/dns.h"
#include "net/tls_result.h"

struct access;
struct clock;
struct loop;
struct tls_trust;
struct tls_visit;

// What all attempts of a thread share.
struct tls_net {
    struct loop *loop;
    const struct clock *clock; // judges dates
    struct dns *dns;
    struct tls_trust *trust;
    const struct access *access; // whom to connect to; NULL: anybody
    BIO_METHOD *method;          // made by the first visit
};

struct tls_visit_options {
    struct tls_net *net;
    struct tls_result *result; // with arena, target, checked_at, code and error; the visit adds to
                               // it, and leaves it with its owner
    const struct dns_address *addresses; // of the host, or of its proxy; borrowed until done
    size_t count;                        // at least one
    mono until;                          // end of the whole check
};

// done is called exactly once from the loop, never from within tls_visit_start, unless it is
// stopped first; the visit is gone then.
typedef void tls_visit_done(struct tls_result *result, void *ctx);
[[nodiscard]] struct tls_visit *tls_visit_start(const struct tls_visit_options *options,
                                                tls_visit_done *done, void *ctx);
void tls_visit_stop(struct tls_visit *visit); // no done; NULL is fine
