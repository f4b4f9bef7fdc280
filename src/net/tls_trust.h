// tls_trust.h - an SSL_CTX for each set of roots to trust, made by the first check that needs it
// and remade when the roots change.
//
// The system's hashed certificate directory is read root by root as chains need them, so nothing is
// paid in advance. Where there is only a bundle, or a CA file was given, it is loaded whole (about
// 30 ms for the usual 144 roots). The TLS_TRUST_SETS sets that were used last are kept. The object
// belongs to the thread that uses it, and so does its library context.
#pragma once

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/err.h"

struct tls_trust;

enum {
    TLS_TRUST_SETS = 8,
};

// ca: what is trusted where a check does not say otherwise: a PEM file, or a directory of such (a
// hashed one, or files called *.pem, *.crt, *.cer), whose intermediates and single certificates are
// trusted as they are. NULL: the system's. Copied. Nothing is read yet.
struct tls_trust *tls_trust_new(const char *ca);
void tls_trust_free(struct tls_trust *trust); // NULL is fine

// The context for new connections that trust ca (NULL: the usual), borrowed until the next call (an
// SSL made from it keeps what it needs). now paces the look for changed files: every 10 s at most.
// Fails with ERR_TLS when ca cannot be read.
[[nodiscard]] bool tls_trust_context(struct tls_trust *trust, const char *ca, mono now,
                                     SSL_CTX **ret_context, struct err *e);

// False when the machine has no trusted roots at all: then every certificate is of an unknown
// issuer. ca as above.
bool tls_trust_has_roots(const struct tls_trust *trust, const char *ca);

// The revocation lists in the file at path, borrowed until the next call; read when they have
// changed. Fails as tls_crl_load does.
[[nodiscard]] bool tls_trust_lists(struct tls_trust *trust, const char *path, mono now,
                                   STACK_OF(X509_CRL) * *ret_lists, struct err *e);

// Whether the usual roots are the system's.
bool tls_trust_is_system(const struct tls_trust *trust);
