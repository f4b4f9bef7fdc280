// tls_channel.c - reads and judges what was negotiated.
//
// We offer what no browser would, so that bad servers are seen; a server that has anything better
// takes that.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_channel.h"

#include <openssl/x509v3.h>

#include "base/arena.h"
#include "net/tls_cert.h"
#include "net/tls_name.h"

enum {
    DH_BITS_MIN = 2048,
    EC_BITS_MIN = 224,
    CIPHER_BITS_MIN = 128,
};

static void exchange_read(SSL *ssl, struct arena *arena, struct tls_channel *c)
{
    EVP_PKEY *key = NULL;

    if (!SSL_get_peer_tmp_key(ssl, &key))
        return;
    c->exchange = tls_key_curve(key, arena);
    if (c->exchange.len == 0)
        c->exchange = str_of(tls_key_type(key));
    c->exchange_bits = EVP_PKEY_get_bits(key);
    EVP_PKEY_free(key);
}

static void client_cas_read(SSL *ssl, struct arena *arena, struct tls_channel *c)
{
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
    int count = sk_X509_NAME_num(names);

    c->client_ca_total = count > 0 ? (size_t)count : 0;
    for (size_t i = 0; i < c->client_ca_total && i < TLS_CLIENT_CAS_MAX; i++)
        c->client_cas[c->client_ca_count++] =
            tls_name_short(sk_X509_NAME_value(names, (int)i), arena);
}

void tls_channel_read(SSL *ssl, struct arena *arena, struct tls_channel *ret_channel)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    struct tls_channel *c = ret_channel;
    int exchange;

    client_cas_read(ssl, arena, c);
    if (!cipher)
        return;
    exchange = SSL_CIPHER_get_kx_nid(cipher);
    c->version = SSL_get_version(ssl);
    c->version_number = SSL_version(ssl);
    c->cipher = SSL_CIPHER_get_name(cipher);
    c->cipher_bits = SSL_CIPHER_get_bits(cipher, NULL);
    c->is_encrypted = SSL_CIPHER_get_cipher_nid(cipher) != NID_undef;
    c->is_forward = exchange != NID_kx_rsa;
    exchange_read(ssl, arena, c);
    if (c->exchange.len == 0 && !c->is_forward)
        c->exchange = STR_LIT("RSA");
}

static void cipher_judge(const struct tls_channel *c, struct tls_findings *findings)
{
    if (!c->is_encrypted)
        tls_finding_add_as(findings, TLS_CODE_WEAK_CIPHER, TLS_CRITICAL, TLS_DEPTH_NONE,
                           "the cipher %s does not encrypt", c->cipher);
    else if (c->cipher_bits < CIPHER_BITS_MIN)
        tls_finding_add(findings, TLS_CODE_WEAK_CIPHER, TLS_DEPTH_NONE, "the cipher %s has %d bits",
                        c->cipher, c->cipher_bits);
    else if (!c->is_forward)
        tls_finding_add(findings, TLS_CODE_WEAK_CIPHER, TLS_DEPTH_NONE,
                        "the cipher %s has no forward secrecy: who gets the server's key can read "
                        "what was said before",
                        c->cipher);
}

// In a key exchange with keys of its own the server signs with the certificate's key, in the old
// one that key opens what the client sends. Not all clients look (RFC 8446, 4.4.2.2; RFC
// 5246, 7.4.2).
static void usage_judge(const struct tls_channel *c, uint32_t key_usage,
                        struct tls_findings *findings)
{
    uint32_t needed = c->is_forward ? KU_DIGITAL_SIGNATURE : KU_KEY_ENCIPHERMENT;

    if (c->version && key_usage != 0 && !(key_usage & needed))
        tls_finding_add_as(findings, TLS_CODE_WRONG_PURPOSE, TLS_WARNING, 0,
                           "the certificate is not meant for this handshake: its key usage has no "
                           "%s, and some clients refuse it",
                           c->is_forward ? "digitalSignature" : "keyEncipherment");
}

void tls_channel_judge(const struct tls_channel *channel, uint32_t key_usage,
                       struct tls_findings *findings)
{
    const struct tls_channel *c = channel;
    bool is_dh = str_eq(c->exchange, STR_LIT("DH"));

    if (c->version) {
        if (c->version_number < TLS1_2_VERSION)
            tls_finding_add(findings, TLS_CODE_OLD_PROTOCOL, TLS_DEPTH_NONE,
                            "the server speaks %s at best, which is given up (RFC 8996)",
                            c->version);
        cipher_judge(c, findings);
    }
    if (c->exchange_bits > 0 && c->is_forward &&
        c->exchange_bits < (is_dh ? DH_BITS_MIN : EC_BITS_MIN))
        tls_finding_add(findings, TLS_CODE_WEAK_DH, TLS_DEPTH_NONE,
                        "the key exchange with %.*s has %d bits", STR(c->exchange),
                        c->exchange_bits);
    usage_judge(c, key_usage, findings);
    if (c->asks_client_cert)
        tls_finding_add(findings, TLS_CODE_CLIENT_CERT_REQUESTED, TLS_DEPTH_NONE,
                        "the server asks for a client certificate");
}
