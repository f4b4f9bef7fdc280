// tls_channel.h - what a connection was negotiated to be: version, cipher, key exchange.
#pragma once

#include <stdint.h>

#include <openssl/ssl.h>

#include "base/str.h"
#include "net/tls_finding.h"

enum {
    TLS_CLIENT_CAS_MAX = 20,
};

// Zero before the handshake came that far. Constant texts are never freed, the others lie in the
// arena.
struct tls_channel {
    const char *version; // "TLSv1.3"
    int version_number;  // as TLS counts: 0x0304
    const char *cipher;  // "TLS_AES_256_GCM_SHA384"
    int cipher_bits;
    bool is_encrypted;                         // false: a NULL cipher
    bool is_forward;                           // the key exchange has keys of its own (PFS)
    struct str exchange;                       // "X25519", "P-256", "DH", "RSA"
    int exchange_bits;                         // 0: not known
    bool asks_client_cert;                     // the server wants to see a certificate of ours
    struct str client_cas[TLS_CLIENT_CAS_MAX]; // issuers it would accept, the first ones
    size_t client_ca_count;                    // of them
    size_t client_ca_total;
};

void tls_channel_read(SSL *ssl, struct arena *arena, struct tls_channel *ret_channel);

// Finds old_protocol, weak_cipher, weak_dh, client_cert_requested, and wrong_purpose where the key
// usage of the server's certificate (KU_ bits of OpenSSL, all of them when it names none, 0 when it
// cannot be read) does not fit the key exchange.
void tls_channel_judge(const struct tls_channel *channel, uint32_t key_usage,
                       struct tls_findings *findings);
