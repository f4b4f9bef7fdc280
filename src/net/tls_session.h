// tls_session.h - one TLS handshake over a connected non-blocking socket, as steps, and what it
// showed.
//
// Knows nothing of loops and clocks: whoever owns it waits for the socket and calls
// tls_session_step again. That is also how it is tested: over a socketpair.
#pragma once

#include <stdbool.h>

#include <openssl/ssl.h>

#include "net/tls_evidence.h"
#include "net/tls_identity.h"
#include "net/tls_result.h"

struct tls_session;

enum tls_step {
    TLS_STEP_READ,  // call again when the socket is readable
    TLS_STEP_WRITE, // call again when it is writable
    TLS_STEP_OVER,  // the handshake is complete or has failed: see tls_session_report
};

struct tls_session_options {
    SSL_CTX *context;   // these are borrowed until tls_session_free
    BIO_METHOD *method; // of tls_wire_method
    int fd;
    const struct tls_target *target;
    const struct tls_identity *identity; // shown to a server that asks; NULL: none
    wall now;                            // when the certificate must be valid
    bool is_custom;                      // context trusts what was given, not the system's roots
};

// NULL when OpenSSL has no memory for it, or no version is left between tls_min and tls_max.
struct tls_session *tls_session_new(const struct tls_session_options *options);
void tls_session_free(struct tls_session *session); // NULL is fine

// What the judges of the certificate looked at; valid until tls_session_free, once
// tls_session_report has found a leaf.
const struct tls_evidence *tls_session_evidence(const struct tls_session *session);

// The context it was made with, kept alive by it.
SSL_CTX *tls_session_context(const struct tls_session *session);

enum tls_step tls_session_step(struct tls_session *session);

// Whether the handshake is complete, and yet the server may still have something to say: TLS 1.3
// servers judge our certificate after it. Then tls_session_listen goes on where tls_session_step
// ended; otherwise the connection may be closed.
bool tls_session_has_more(const struct tls_session *session);
enum tls_step tls_session_listen(struct tls_session *session);

// Says good-bye, so that the server's log stays clean; does not wait for the answer.
void tls_session_close(struct tls_session *session);

// Words the error of a server that agreed to STARTTLS and then went on in the clear, with these
// bytes: somebody between us may have put them there, to be taken for what came by TLS.
void tls_session_injected(struct str bytes, struct tls_result *result);

// Adds to *result what was seen so far: version, cipher, the certificate and its problems, and,
// when the handshake is not complete, why (not when error is set already: then the caller knows
// better, as with a timeout). Needs target, checked_at, address and arena in *result.
void tls_session_report(struct tls_session *session, struct tls_result *result);
