// tls_inquiry.h - asks whether a certificate is revoked: the issuer's OCSP responder, and the
// revocation lists that the chain points at.
//
// Only where the policy says so: it tells the issuer who looks at whom, and responders that do not
// answer have been the source of most false alarms of other monitors. So what cannot be asked is a
// finding that worries nobody (ocsp_unreachable, crl_unreachable), and everything is over by the
// end of the check.
#pragma once

#include <openssl/ssl.h>

#include "base/clock.h"
#include "net/tls_evidence.h"
#include "net/tls_result.h"

struct access;
struct dns;
struct loop;
struct tls_inquiry;

enum {
    TLS_INQUIRY_MS = 5000, // for each answer
    TLS_OCSP_MAX_BYTES = 64 << 10,
    TLS_INQUIRY_LISTS_MAX = 4, // fetched in one inquiry
};

struct tls_inquiry_options {
    struct loop *loop; // all borrowed until done
    struct dns *dns;
    const struct access *access; // whom to connect to; NULL: anybody
    const struct tls_evidence *evidence;
    SSL_CTX *context;          // with the roots
    struct tls_result *result; // gets what is found
    mono until;                // end of the check
};

// Whether there is anything to ask: the policy wants it, and no staple has told already.
bool tls_inquiry_is_due(const struct tls_evidence *evidence, const struct tls_result *result);

// done is called exactly once from the loop, never from within this call, unless it is stopped
// first; the inquiry is gone then.
typedef void tls_inquiry_done(void *ctx);
[[nodiscard]] struct tls_inquiry *tls_inquiry_start(const struct tls_inquiry_options *options,
                                                    tls_inquiry_done *done, void *ctx);
void tls_inquiry_stop(struct tls_inquiry *inquiry); // no done; NULL is fine
