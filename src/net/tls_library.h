// tls_library.h - OpenSSL's library contexts for certificate checks: one that reads public keys
// quickly, and one that reads everything.
//
// A context of its own for each thread, because threads that share one wait for each other
// (measured: 1.0 times the speed of one thread with two, 1.9 times with a context each).
#pragma once

#include <stdbool.h>

#include <openssl/provider.h>

// A context with what OpenSSL's default provider has for handshakes and public keys, CRLs and
// responses; not for private keys. All NULL: none.
struct tls_library {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *provider;
};

// False when there is no memory for it. End it with tls_library_done, on the thread that used it.
[[nodiscard]] bool tls_library_init(struct tls_library *ret_library);
void tls_library_done(struct tls_library *library); // also of none

// The process's context with everything, for private keys; NULL when there is no memory for it.
// Any thread may use it.
OSSL_LIB_CTX *tls_library_whole(void);
