// tls_session.h - one TLS handshake over a connected non-blocking socket, as steps, and what it
// showed.
//
// Knows nothing of loops and clocks: whoever owns it waits for the socket and calls
// tls_session_step again. That is also how it is tested: over a socketpair.
#pragma once

#include <stdbool.h>

#include <openssl/ssl.h>

#include "net/tls_result.h"

struct tls_session;

enum tls_step {
    TLS_STEP_READ,  // call again when the socket is readable
    TLS_STEP_WRITE, // call again when it is writable
    TLS_STEP_OVER,  // the handshake is complete or has failed: see tls_session_report
};

// context and method (of tls_wire_method) are borrowed until tls_session_free; fd stays the
// caller's. now is when the certificate must be valid. NULL when OpenSSL has no memory for it.
struct tls_session *tls_session_new(SSL_CTX *context, BIO_METHOD *method, int fd,
                                    const struct tls_target *target, wall now);
void tls_session_free(struct tls_session *session); // NULL is fine

enum tls_step tls_session_step(struct tls_session *session);

// Adds to *result what was seen so far: version, cipher, the certificate and its problems, and,
// when the handshake is not complete, why (not when error is set already: then the caller knows
// better, as with a timeout). Needs target, checked_at, address and arena in *result.
void tls_session_report(struct tls_session *session, struct tls_result *result);
