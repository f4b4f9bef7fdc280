// tls_verdict.h - everything that is wrong with a certificate, not only the first thing: the one
// pass of all judges.
#pragma once

#include <stdbool.h>

#include <openssl/ssl.h>

#include "net/tls_chain.h"
#include "net/tls_evidence.h"
#include "net/tls_result.h"

// What OpenSSL and the server say while a handshake runs: the app data of its SSL. Zero at first;
// end it with tls_verdict_done.
struct tls_verdict {
    struct tls_notes notes;
    bool is_client_cert_asked;
    X509 *leaf; // what the server sent; NULL: nothing yet
    STACK_OF(X509) * presented;
    STACK_OF(X509) * verified; // what OpenSSL built of it, as far as it came; may be NULL
};

void tls_verdict_done(struct tls_verdict *verdict);

// A callback for SSL_CTX_set_cert_verify_callback: verifies, keeps the certificates, and says "go
// on", whatever comes out, because a bad certificate is to be read, too.
int tls_verdict_verify(X509_STORE_CTX *store, void *unused);

// Reads the certificates into result and judges them, each judge in turn: name and pins, trust,
// dates, strength, form. notes is what was said while evidence->verified was built. result has its
// arena and findings.
void tls_verdict_report(const struct tls_evidence *evidence, const struct tls_notes *notes,
                        struct tls_result *result);
