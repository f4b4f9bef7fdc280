// tls_channel_test.c - what is said of versions, ciphers and key exchanges.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_channel.h"

#include <openssl/x509v3.h>

#include "base/arena.h"
#include "tls_findings.h"
#include "unit.h"

#define CHANNEL(...)                                                                       \
    {                                                                                      \
        .version = "TLSv1.2", .version_number = 0x0303, .cipher = "X", .cipher_bits = 256, \
        .is_encrypted = true, .is_forward = true, .exchange = STR_LIT("X25519"),           \
        .exchange_bits = 253, __VA_ARGS__                                                  \
    }

#pragma GCC diagnostic ignored "-Woverride-init"
static const struct {
    struct tls_channel channel;
    const char *codes;
    uint32_t key_usage; // 0: none is named
} rows[] = {
    {CHANNEL(.cipher = "X"), "", 0},
    {CHANNEL(.version = "TLSv1.3", .version_number = 0x0304), "", 0},
    {CHANNEL(.version = "TLSv1.1", .version_number = 0x0302), "old_protocol@-1=warning", 0},
    {CHANNEL(.version = "TLSv1", .version_number = 0x0301), "old_protocol@-1=warning", 0},
    {CHANNEL(.is_encrypted = false, .cipher_bits = 0), "weak_cipher@-1=critical", 0},
    {CHANNEL(.cipher_bits = 112), "weak_cipher@-1=warning", 0},
    {CHANNEL(.is_forward = false, .exchange = STR_LIT("RSA"), .exchange_bits = 0),
     "weak_cipher@-1=warning", 0},
    {CHANNEL(.exchange = STR_LIT("DH"), .exchange_bits = 1024), "weak_dh@-1=warning", 0},
    {CHANNEL(.exchange = STR_LIT("DH"), .exchange_bits = 2048), "", 0},
    {CHANNEL(.exchange = STR_LIT("P-192"), .exchange_bits = 192), "weak_dh@-1=warning", 0},
    {CHANNEL(.asks_client_cert = true), "client_cert_requested@-1=ok", 0},
    {CHANNEL(.cipher = "X"), "", KU_DIGITAL_SIGNATURE},
    {CHANNEL(.cipher = "X"), "wrong_purpose@0=warning", KU_KEY_ENCIPHERMENT},
    {CHANNEL(.is_forward = false, .exchange = STR_LIT("RSA"), .exchange_bits = 0),
     "weak_cipher@-1=warning", KU_KEY_ENCIPHERMENT},
    {CHANNEL(.is_forward = false, .exchange = STR_LIT("RSA"), .exchange_bits = 0),
     "weak_cipher@-1=warning wrong_purpose@0=warning", KU_DIGITAL_SIGNATURE},
    {{0}, "", KU_KEY_AGREEMENT},
    {{0}, "", 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_findings f = {.arena = arena_new(1024)};

        tls_channel_judge(&rows[i].channel, rows[i].key_usage ? rows[i].key_usage : UINT32_MAX, &f);
        findings_are(&f, rows[i].codes, i);
        arena_free(f.arena);
    }
}

static void test_before_the_handshake(void **state)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    struct arena *arena = arena_new(1024);
    struct tls_channel channel = {.asks_client_cert = true};

    (void)state;
    tls_channel_read(ssl, arena, &channel);
    assert_null(channel.version);
    assert_null(channel.cipher);
    assert_int_equal(channel.client_ca_total, 0);
    assert_true(channel.asks_client_cert);
    arena_free(arena);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_before_the_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
