// tls_chain.h - does the chain lead to somebody who is trusted, and is it sent as it should be?
#pragma once

#include <openssl/ssl.h>

#include "net/tls_evidence.h"
#include "net/tls_finding.h"

// What OpenSSL complained about while it built the chain.
enum {
    TLS_NOTES_MAX = 32,
};
struct tls_notes {
    size_t len;
    struct {
        int depth;
        int error; // X509_V_ERR_...
    } v[TLS_NOTES_MAX];
};

// Notes a complaint once; those beyond the places are dropped.
void tls_notes_add(struct tls_notes *notes, int depth, int error);

// To be called behind X509_verify_cert, with what it returned: notes what OpenSSL keeps to itself.
void tls_notes_complete(struct tls_notes *notes, X509_STORE_CTX *ctx, int outcome);

// Builds and verifies the chain of a certificate that no handshake has verified. What is wrong goes
// into *ret_notes; the chain, as far as it came, is the caller's to free, NULL when there is none.
struct tls_build {
    SSL_CTX *context; // with the roots to trust
    X509 *leaf;
    STACK_OF(X509) * untrusted; // may be NULL
    STACK_OF(X509_CRL) * crls;  // NULL: revocation is not looked at
    const char *purpose;        // "ssl_server"; NULL: any
    wall now;
};
STACK_OF(X509) * tls_chain_build(const struct tls_build *build, struct tls_notes *ret_notes);

// To be called with the notes of a chain that has been built: where a signature is of somebody
// else, and certificates of one name have several keys, there may be a way to a trusted root all
// the same. NULL when there is none, else that chain, the caller's to free, and its notes.
STACK_OF(X509) * tls_chain_rebuild(const struct tls_build *build, struct tls_notes *notes);

// Whether the chain ends at a certificate that is trusted, whatever else is wrong with it.
bool tls_chain_is_trusted(const struct tls_notes *notes);

// belfry's word for an X509_V_ERR_... at depth, in a chain of so many certificates. TLS_CODE_OK for
// what other judges see themselves: dates, strength, names, revocation.
enum tls_code tls_chain_code(int error, int depth, int chain_length);

// Finds what is wrong with trust: everything that was noted, in our words.
void tls_chain_judge_trust(const struct tls_evidence *evidence, const struct tls_notes *notes,
                           struct tls_findings *findings);

// Finds chain_order, chain_extra and leaf_is_ca.
void tls_chain_judge_form(const struct tls_evidence *evidence, struct tls_findings *findings);
