// tls_crl.h - what revocation lists (RFC 5280, 5) say of a chain.
#pragma once

#include <openssl/ssl.h>

#include "base/err.h"
#include "net/tls_evidence.h"
#include "net/tls_finding.h"
#include "net/tls_ocsp.h"

enum {
    TLS_CRL_MAX_BYTES = 64 << 20,       // of a file,
    TLS_CRL_FETCH_MAX_BYTES = 16 << 20, // and of one that somebody sends
};

struct tls_crl {
    enum tls_source source;        // NONE: no list was looked at
    enum tls_revocation status;    // of the server's own certificate
    wall this_update, next_update; // of the list that tells; WALL_NEVER: not known
};

// Reads the lists in PEM or DER bytes and adds them to *lists (made when NULL). False, with nothing
// added, when there is none.
[[nodiscard]] bool tls_crl_read(struct str bytes, STACK_OF(X509_CRL) * *lists);

// Reads the file, which may hold several. ERR_NOT_FOUND, ERR_SYSTEM, or ERR_INPUT when there is
// none in it.
[[nodiscard]] bool tls_crl_load(const char *path, STACK_OF(X509_CRL) * *lists, struct err *e);

// Looks the chain up in lists. Finds revoked, crl_missing, crl_stale, crl_unusable. context has the
// roots.
void tls_crl_judge(const struct tls_evidence *evidence, SSL_CTX *context,
                   STACK_OF(X509_CRL) * lists, enum tls_source source,
                   struct tls_findings *findings, struct tls_crl *ret_crl);
