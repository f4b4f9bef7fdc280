// tls_result_test.c - results as JSON, as PEM and as sentences.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_result.h"

#include "base/arena.h"
#include "base/json_write.h"
#include "net/tls_options.h"
#include "unit.h"

#define S(text) STR_LIT(text)

static struct str sans[] = {S("DNS:a.example"), S("IP:192.0.2.1")};
static struct str verified[] = {S("00"), S("11")};
static struct tls_cert chain[1];

static const struct tls_cert cert = {
    .subject = S("CN = a \"b\""),
    .issuer = S("CN = r"),
    .not_before = {INT64_C(1764547200) * 1000000},
    .not_after = {INT64_C(1772668800) * 1000000},
    .serial = S("1461501637330902918203684832716283019655932542975"),
    .serial_hex = S("ff"),
    .sha256 = S("00"),
    .spki_sha256 = S("01"),
    .key_type = S("EC"),
    .key_bits = 256,
    .curve = S("P-256"),
    .signature = S("ecdsa-with-SHA256"),
    .digest = S("SHA256"),
    .sans = sans,
    .san_count = 2,
    .san_total = 2,
    .path_length = -1,
    .key_usage = 0x80,
    .extended_key_usage = UINT32_MAX,
    .der = S("0123456789012345678901234567890123456789012345678"),
};

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct tls_result sample(void)
{
    chain[0] = cert;
    return (struct tls_result){
        .target = {.host = "a.example", .port = 443},
        .checked_at = {INT64_C(1767225600123456)},
        .code = "internal",
        .phase = TLS_PHASE_DONE,
        .findings.arena = arena,
        .leaf = chain,
        .subject_repr = S("<Name(CN=a \"b\")>"),
        .chain = chain,
        .chain_count = 1,
        .chain_total = 2,
        .verified = verified,
        .verified_count = 2,
        .verified_until = {INT64_C(1772668800) * 1000000},
        .anchor = TLS_ANCHOR_SYSTEM,
        .is_verified = true,
        .is_host_asked = true,
        .is_host_ok = true,
        .channel = {.version = "TLSv1.3",
                    .cipher = "X",
                    .cipher_bits = 128,
                    .exchange = S("X25519"),
                    .exchange_bits = 253},
        .address = S("192.0.2.1:443"),
        .phase_ms = {[TLS_PHASE_DNS] = 1.5, [TLS_PHASE_PROXY] = 0.25},
        .total_ms = 12,
    };
}

static void json_is(const struct tls_result *r, const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    tls_result_write(r, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void json_has(const struct tls_result *r, const char *part)
{
    struct buf out;

    buf_init(&out, 65536);
    tls_result_write(r, &out);
    if (!strstr(buf_text(&out), part))
        fail_msg("%s is not in %s", part, buf_text(&out));
    buf_done(&out);
}

static void words_are(const struct tls_result *r, const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    tls_result_words(r, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void test_good(void **state)
{
    struct tls_result r = sample();

    (void)state;
    tls_result_conclude(&r);
    assert_true(tls_result_is_good(&r));
    assert_int_equal(tls_result_days(&r), 62);
    json_is(
        &r,
        "{\"status\":\"ok\",\"code\":\"ok\","
        "\"message\":\"certificate of a.example:443 is good for 62 days (until 2026-03-05 00:00 "
        "UTC)\",\"hint\":null,\"checked_at\":\"2026-01-01T00:00:00.123456Z\","
        "\"target\":{\"host\":\"a.example\",\"port\":443,\"sni\":null,\"starttls\":null,"
        "\"connect_to\":null,\"proxy\":null,\"file\":null},\"address\":\"192.0.2.1:443\","
        "\"subject\":\"CN = a \\\"b\\\"\",\"subject_repr\":\"<Name(CN=a \\\"b\\\")>\","
        "\"issuer\":\"CN = r\",\"not_before\":\"2025-12-01T00:00:00Z\","
        "\"not_after\":\"2026-03-05T00:00:00Z\",\"days_left\":62,\"seconds_left\":5443199,"
        "\"percent_left\":67.02,\"serial\":\"1461501637330902918203684832716283019655932542975\","
        "\"serial_hex\":\"ff\",\"sha256\":\"00\",\"spki_sha256\":\"01\","
        "\"sans\":[\"DNS:a.example\",\"IP:192.0.2.1\"],\"san_count\":2,"
        "\"warning_at\":\"2026-02-03T00:00:00Z\",\"critical_at\":\"2026-02-19T00:00:00Z\","
        "\"verified\":true,\"host_ok\":true,\"trust\":\"system\",\"chain_count\":2,"
        "\"chain_not_after\":\"2026-03-05T00:00:00Z\",\"verified_chain\":[\"00\",\"11\"],"
        "\"changed\":null,\"findings\":[],"
        "\"chain\":[{\"position\":0,\"subject\":\"CN = a \\\"b\\\"\",\"issuer\":\"CN = r\","
        "\"serial\":\"1461501637330902918203684832716283019655932542975\",\"serial_hex\":\"ff\","
        "\"not_before\":\"2025-12-01T00:00:00Z\",\"not_after\":\"2026-03-05T00:00:00Z\","
        "\"days_left\":62,\"seconds_left\":5443199,\"percent_left\":67.02,\"key_type\":\"EC\","
        "\"key_bits\":256,\"curve\":\"P-256\",\"signature\":\"ecdsa-with-SHA256\","
        "\"signature_digest\":\"SHA256\",\"sans\":[\"DNS:a.example\",\"IP:192.0.2.1\"],"
        "\"san_count\":2,\"sha256\":\"00\",\"spki_sha256\":\"01\",\"is_ca\":false,"
        "\"path_length\":null,\"self_signed\":false,\"key_usage\":[\"digitalSignature\"],"
        "\"extended_key_usage\":null,\"must_staple\":false,\"scts\":0,\"ocsp_uris\":[],"
        "\"ca_issuers\":[],\"crl_uris\":[],\"der_bytes\":49}],"
        "\"tls\":{\"version\":\"TLSv1.3\",\"cipher\":\"X\",\"cipher_bits\":128,"
        "\"key_exchange\":\"X25519\",\"key_exchange_bits\":253,\"alpn\":null,"
        "\"client_cert_requested\":false,\"client_cas\":[],\"client_ca_count\":0},"
        "\"ocsp\":{\"source\":null,\"status\":\"none\",\"reason\":null,\"revoked_at\":null,"
        "\"this_update\":null,\"next_update\":null,\"signature_ok\":null},"
        "\"crl\":{\"source\":null,\"status\":\"none\",\"this_update\":null,\"next_update\":null},"
        "\"scts\":{\"embedded\":0,\"handshake\":0,\"ocsp\":0},\"addresses\":null,"
        "\"timings_ms\":{\"dns\":1.5,\"connect\":0.0,\"proxy\":0.25,\"starttls\":0.0,"
        "\"handshake\":0.0,\"close\":0.0,\"revocation\":0.0,\"total\":12.0}}");
    words_are(&r, "certificate of a.example:443 is good for 62 days (until 2026-03-05 00:00 UTC)");
    chain[0].not_after.us = r.checked_at.us + INT64_C(86400000000);
    words_are(&r, "certificate of a.example:443 is good for 1 day (until 2026-01-02 00:00 UTC)");
    chain[0].not_after.us--;
    words_are(&r,
              "certificate of a.example:443 is good for less than a day (until 2026-01-02 00:00 "
              "UTC)");
}

// How it was reached is told where it was not the usual way.
static void short_is(const struct tls_result *r, const char *expected)
{
    struct json_write w;
    struct buf out;

    buf_init(&out, 65536);
    json_write_init(&w, &out);
    tls_result_write_short(r, &w);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void test_in_short(void **state)
{
    struct tls_result r = sample();

    (void)state;
    tls_finding_add(&r.findings, TLS_CODE_CHAIN_ORDER, TLS_DEPTH_NONE, "out of order");
    tls_finding_add(&r.findings, TLS_CODE_CRL_MISSING, 0, "no list");
    tls_result_conclude(&r);
    short_is(&r, "{\"host\":\"a.example\",\"port\":443,\"starttls\":null,\"status\":\"warning\","
                 "\"code\":\"chain_order\",\"message\":\"certificate of a.example:443 needs a "
                 "look: out of order\",\"address\":\"192.0.2.1:443\",\"subject\":\"CN = a "
                 "\\\"b\\\"\",\"issuer\":\"CN = r\",\"sha256\":\"00\",\"not_after\":"
                 "\"2026-03-05T00:00:00Z\",\"days_left\":62,\"findings\":[\"chain_order\"]}");
    assert_int_equal(tls_result_warning_at(&r).us, INT64_C(1770076800) * 1000000);
    r.leaf = NULL;
    assert_int_equal(tls_result_warning_at(&r).us, WALL_NEVER.us);
}

static void test_parts(void **state)
{
    struct tls_result r = sample();
    struct json_write w;
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    json_write_init(&w, &out);
    json_write_object(&w);
    tls_result_write_dates((wall){0}, WALL_NEVER, r.checked_at, &w);
    json_write_object_end(&w);
    assert_string_equal(buf_text(&out),
                        "{\"not_before\":\"1970-01-01T00:00:00Z\",\"not_after\":null,"
                        "\"days_left\":null,\"seconds_left\":null,\"percent_left\":null}");
    buf_clear(&out);
    json_write_init(&w, &out);
    json_write_object(&w);
    tls_result_write_certificate(r.leaf, r.checked_at, &w);
    json_write_object_end(&w);
    assert_non_null(strstr(buf_text(&out), "\"days_left\":62,"));
    assert_null(strstr(buf_text(&out), "position"));
    buf_done(&out);
}

static void test_the_way(void **state)
{
    struct tls_result r = sample();
    struct tls_options *o = tls_options_new();
    struct err e;

    (void)state;
    assert_true(tls_options_add(o, S("starttls=smtp"), &e));
    assert_true(tls_options_add(o, S("name=mx.example"), &e));
    assert_true(tls_options_add(o, S("connect_to=[::1]:2525"), &e));
    assert_true(tls_options_add(o, S("proxy=socks5://proxy.example"), &e));
    r.target.options = o;
    r.target.port = 0;
    r.alpn = S("h2");
    json_has(&r, "\"host\":\"a.example\",\"port\":25,\"sni\":\"mx.example\",\"starttls\":\"smtp\","
                 "\"connect_to\":\"[::1]:2525\",\"proxy\":\"socks5://proxy.example:1080\","
                 "\"file\":null}");
    json_has(&r, "\"alpn\":\"h2\"");
    tls_options_drop(o);
}

static void test_a_file(void **state)
{
    struct tls_result r = sample();
    char text[TLS_TARGET_TEXT];

    (void)state;
    r.target = (struct tls_target){0};
    r.file = "/etc/x.pem";
    r.is_host_asked = false;
    assert_string_equal(tls_result_subject(&r, text), "/etc/x.pem");
    json_has(&r, "\"target\":{\"host\":null,\"port\":null,");
    json_has(&r, "\"file\":\"/etc/x.pem\"}");
    json_has(&r, "\"host_ok\":null");
    words_are(&r, "certificate of /etc/x.pem is good for 62 days (until 2026-03-05 00:00 UTC)");
}

static struct tls_address addresses[] = {
    {S("192.0.2.1:443"), TLS_OK, "ok", S("fine"), S("ff"), {INT64_C(1772668800) * 1000000}},
    {S("[2001:db8::1]:443"), TLS_ERROR, "connect_refused", S("refused"), {0}, WALL_NEVER},
};

static void test_each_address(void **state)
{
    struct tls_result r = sample();

    (void)state;
    r.addresses = addresses;
    r.address_count = COUNT(addresses);
    json_has(&r, "\"addresses\":[{\"address\":\"192.0.2.1:443\",\"status\":\"ok\",\"code\":\"ok\","
                 "\"message\":\"fine\",\"sha256\":\"ff\",\"not_after\":\"2026-03-05T00:00:00Z\"},"
                 "{\"address\":\"[2001:db8::1]:443\",\"status\":\"error\","
                 "\"code\":\"connect_refused\",\"message\":\"refused\",\"sha256\":null,"
                 "\"not_after\":null}]");
}

static void test_bad(void **state)
{
    struct tls_result r = sample();

    (void)state;
    (void)tls_finding_add(&r.findings, TLS_CODE_CHAIN_EXTRA, TLS_DEPTH_NONE, "too many");
    (void)tls_finding_add(&r.findings, TLS_CODE_OLD_PROTOCOL, TLS_DEPTH_NONE, "old");
    tls_result_conclude(&r);
    assert_string_equal(r.code, "old_protocol");
    assert_int_equal(r.status, TLS_WARNING);
    assert_true(tls_result_is_good(&r));
    words_are(&r, "certificate of a.example:443 needs a look: old");

    (void)tls_finding_add(&r.findings, TLS_CODE_EXPIRED, 0, "expired");
    tls_finding_add(&r.findings, TLS_CODE_UNTRUSTED_ROOT, 1, "no root")->openssl = 20;
    tls_result_conclude(&r);
    assert_string_equal(r.code, "expired");
    assert_int_equal(r.status, TLS_CRITICAL);
    assert_false(tls_result_is_good(&r));
    words_are(&r, "certificate of a.example:443 is bad: expired; no root; old");
    json_has(&r,
             "\"findings\":[{\"code\":\"expired\",\"severity\":\"critical\",\"depth\":0,"
             "\"openssl\":null,\"message\":\"expired\"},{\"code\":\"untrusted_root\","
             "\"severity\":\"critical\",\"depth\":1,\"openssl\":20,\"message\":\"no root\"},"
             "{\"code\":\"old_protocol\",\"severity\":\"warning\",\"depth\":null,\"openssl\":null,"
             "\"message\":\"old\"},{\"code\":\"chain_extra\",\"severity\":\"ok\",");
}

static void test_failed(void **state)
{
    struct tls_result r = {.target = {.host = "::1", .port = 8443},
                           .findings.arena = arena,
                           .checked_at = {INT64_C(1767225600000000)},
                           .code = "connect_refused"};

    (void)state;
    fail(&r.error, ERR_UNREACHABLE, NULL, "[::1]:8443 refuses connections");
    fail_hint(&r.error, "is it up?");
    tls_result_conclude(&r);
    assert_false(tls_result_is_good(&r));
    assert_int_equal(r.status, TLS_ERROR);
    assert_string_equal(r.code, "connect_refused");
    words_are(&r, "[::1]:8443 refuses connections");
    json_is(&r, "{\"status\":\"error\",\"code\":\"connect_refused\","
                "\"message\":\"[::1]:8443 refuses connections\",\"hint\":\"is it up?\","
                "\"checked_at\":\"2026-01-01T00:00:00Z\","
                "\"target\":{\"host\":\"::1\",\"port\":8443,\"sni\":null,\"starttls\":null,"
                "\"connect_to\":null,\"proxy\":null,\"file\":null},\"address\":null,"
                "\"subject\":null,\"subject_repr\":null,\"issuer\":null,\"not_before\":null,"
                "\"not_after\":null,\"days_left\":null,\"seconds_left\":null,"
                "\"percent_left\":null,\"serial\":null,\"serial_hex\":null,\"sha256\":null,"
                "\"spki_sha256\":null,\"sans\":null,\"san_count\":null,\"warning_at\":null,"
                "\"critical_at\":null,\"verified\":null,\"host_ok\":null,\"trust\":null,"
                "\"chain_count\":null,\"chain_not_after\":null,\"verified_chain\":null,"
                "\"changed\":null,\"findings\":[{\"code\":\"connect_refused\","
                "\"severity\":\"error\",\"depth\":null,\"openssl\":null,"
                "\"message\":\"[::1]:8443 refuses connections\"}],\"chain\":null,\"tls\":null,"
                "\"ocsp\":{\"source\":null,\"status\":\"none\",\"reason\":null,"
                "\"revoked_at\":null,\"this_update\":null,\"next_update\":null,"
                "\"signature_ok\":null},\"crl\":{\"source\":null,\"status\":\"none\","
                "\"this_update\":null,\"next_update\":null},\"scts\":{\"embedded\":null,"
                "\"handshake\":null,\"ocsp\":null},\"addresses\":null,\"timings_ms\":{\"dns\":0.0,"
                "\"connect\":0.0,\"proxy\":0.0,\"starttls\":0.0,\"handshake\":0.0,\"close\":0.0,"
                "\"revocation\":0.0,\"total\":0.0}}");
}

// A certificate that was seen in a handshake that then failed: both are told.
static void test_seen_but_failed(void **state)
{
    struct tls_result r = sample();

    (void)state;
    r.phase = TLS_PHASE_HANDSHAKE;
    r.code = "connection_reset";
    fail(&r.error, ERR_TLS, NULL, "a.example:443 broke the connection");
    tls_result_conclude(&r);
    assert_false(tls_result_is_good(&r));
    assert_int_equal(r.status, TLS_ERROR);
    assert_string_equal(r.code, "connection_reset");
    words_are(&r, "certificate of a.example:443 is good for 62 days (until 2026-03-05 00:00 UTC), "
                  "but a.example:443 broke the connection");
    (void)tls_finding_add(&r.findings, TLS_CODE_EXPIRED, 0, "expired");
    tls_result_conclude(&r);
    assert_int_equal(r.status, TLS_CRITICAL);
    words_are(&r, "certificate of a.example:443 is bad: expired, but a.example:443 broke the "
                  "connection");
}

static void test_pem(void **state)
{
    struct tls_result r = sample();
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    tls_result_pem(&r, 5, &out);
    assert_string_equal(buf_text(&out),
                        "-----BEGIN CERTIFICATE-----\n"
                        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3\n"
                        "OA==\n"
                        "-----END CERTIFICATE-----\n");
    buf_clear(&out);
    tls_result_pem_der(STR_LIT("a"), &out);
    assert_string_equal(buf_text(&out),
                        "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n");
    buf_clear(&out);
    tls_result_pem(&r, 0, &out);
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_in_short),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_the_way),
        cmocka_unit_test(test_a_file),
        cmocka_unit_test(test_each_address),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_seen_but_failed),
        cmocka_unit_test(test_pem),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
