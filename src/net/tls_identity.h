// tls_identity.h - the certificate and key that we show to a server which asks for one.
#pragma once

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/err.h"

// All NULL: none. End it with tls_identity_done.
struct tls_identity {
    X509 *certificate;
    STACK_OF(X509) * chain; // what the file holds behind it
    EVP_PKEY *key;
};

struct tls_identity_files {
    const char *cert;     // PEM; the first certificate is ours
    const char *key;      // PEM; NULL: in cert
    const char *password; // file whose first line is the key's password; NULL: none
};

// Reads them. Fails with ERR_TLS, naming the file and what is wrong with it, but nothing of what is
// in it.
[[nodiscard]] bool tls_identity_load(const struct tls_identity_files *files,
                                     struct tls_identity *ret_identity, struct err *e);
void tls_identity_done(struct tls_identity *identity);
