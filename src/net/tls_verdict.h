// tls_verdict.h - everything that is wrong with a certificate, not only the first thing.
//
// OpenSSL stops at the first fault unless its callback says "go on". Ours always does, and notes
// (depth, error): a server with an expired certificate of an unknown issuer for another name is
// told all three at once.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "net/tls_result.h"

enum {
    TLS_PROBLEMS_MAX = 32
};

struct tls_verdict {
    bool is_client_cert_asked;
    size_t count;
    struct {
        int depth;
        int error;                // X509_V_ERR_...
    } seen[TLS_PROBLEMS_MAX - 1]; // one place is kept for the host name
};

// Notes a fault once; faults beyond the places are dropped.
void tls_verdict_add(struct tls_verdict *verdict, int depth, int error);

// A callback for SSL_set_verify; the SSL's app data must be a struct tls_verdict.
int tls_verdict_callback(int is_ok, X509_STORE_CTX *store);

// Turns the notes into result->problems, is_verified, is_host_ok and code. host is the name (or
// address) that the certificate must cover. result has its certificate and chain_count already.
void tls_verdict_report(const struct tls_verdict *verdict, const X509 *certificate,
                        struct tls_result *result);

// belfry's word for an X509_V_ERR_...; chain_count is how many certificates the server sent.
const char *tls_verdict_code(int error, size_t chain_count);
