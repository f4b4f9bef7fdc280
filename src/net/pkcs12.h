// pkcs12.h - the certificates in a PKCS#12 file (RFC 7292), and nothing else of it.
//
// OpenSSL's PKCS12_parse decrypts the private key, too. Here it stays as it is. How often a
// password is hashed is up to the file: more often than PKCS12_ITERATIONS_MAX is refused.
#pragma once

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "base/str.h"

enum {
    PKCS12_ITERATIONS_MAX = 1000000, // about a second
};

// Whether bytes begin like one.
bool pkcs12_is(struct str bytes);

// Adds the certificates to list, in the order of the file. password may be NULL: none, or the empty
// one. ERR_INPUT when it is damaged, asks for too much, or the password is not the right one.
[[nodiscard]] bool pkcs12_read(struct str bytes, const char *password, STACK_OF(X509) * list,
                               struct err *e);
