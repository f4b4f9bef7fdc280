// tls_read.h - reads a certificate in one line, for the tests of this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/tls_cert.h"

static inline void cert_read(X509 *x, size_t sans_max, struct arena *arena, struct tls_cert *ret)
{
    struct tls_cert_reading reading = {
        .arena = arena, .sha256 = tls_cert_hasher(), .sans_max = sans_max};

    tls_cert_read(x, &reading, ret);
    EVP_MD_CTX_free(reading.sha256);
}
