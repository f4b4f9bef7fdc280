// certificate_fuzz.c - any bytes as a file of certificates, PEM, DER, PKCS#7 or PKCS#12: each is
// judged, and what is told of it is JSON of bounded length.
// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/arena.h"
#include "net/tls_cert.h"
#include "net/tls_file.h"
#include "net/tls_options.h"
#include "net/tls_trust.h"

enum {
    TOLD_MAX = 1 << 20,
    WORDS_MAX = 4000,
};

static void check(bool is_true)
{
    if (!is_true)
        abort();
}

static void found(const struct tls_result *result, void *ctx)
{
    struct buf json, words;
    json_t *value;

    (void)ctx;
    buf_init(&json, TOLD_MAX);
    buf_init(&words, WORDS_MAX);
    tls_result_write(result, &json);
    tls_result_words(result, &words);
    check(!json.is_full && words.len > 0);
    value = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    check(value);
    check(result->leaf || result->status == TLS_ERROR);
    json_decref(value);
    buf_done(&json);
    buf_done(&words);
}

// What the inventory does with what it has kept.
static void parse_alone(struct str der)
{
    struct tls_cert_reading reading = {
        .arena = arena_new(4096), .sha256 = tls_cert_hasher(), .sans_max = 10000};
    struct tls_cert cert;

    if (tls_cert_parse(der, &reading, &cert))
        check(cert.san_count <= cert.san_total && cert.sha256.len == 64);
    EVP_MD_CTX_free(reading.sha256);
    arena_free(reading.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tls_trust *trust;
    static struct tls_options *options;
    struct str bytes = {(const char *)data, size};
    struct tls_file_options o = {.clock = clock_real(), .password = "x"};
    struct err e;

    if (!trust) {
        trust = tls_trust_new(NULL);
        options = tls_options_new();
        check(tls_options_add(options, STR_LIT("name=a.example"), &e));
    }
    o.trust = trust;
    o.options = options;
    tls_file_check_bytes("fuzz", bytes, &o, found, NULL);
    parse_alone(bytes);
    return 0;
}
