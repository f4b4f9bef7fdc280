// tls_cert_test.c - dates, serial numbers and names as they stand in certificates.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_cert.h"

#include <openssl/bn.h>

#include "base/arena.h"
#include "net/tls_name.h"
#include "tls_fixture.h"
#include "tls_read.h"
#include "unit.h"

#define DAY_US INT64_C(86400000000)

static void test_days_are_rounded_down(void **state)
{
    const wall then = {20000 * DAY_US};
    const struct {
        int64_t left_us, days;
    } rows[] = {
        {0, 0},
        {1, 0},
        {DAY_US - 1, 0},
        {DAY_US, 1},
        {2 * DAY_US - 1, 1},
        {63 * DAY_US, 63},
        {-1, -1},
        {-DAY_US, -1},
        {-DAY_US - 1, -2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(tls_cert_days(then, (wall){then.us - rows[i].left_us}), rows[i].days);
}

static void test_times(void **state)
{
    const struct {
        const char *text;
        int type;
        int64_t seconds; // INT64_MIN: malformed
    } rows[] = {
        {"700101000000Z", V_ASN1_UTCTIME, 0},
        {"260101000000Z", V_ASN1_UTCTIME, 1767225600},
        {"491231235959Z", V_ASN1_UTCTIME, INT64_C(2524607999)},
        {"500101000000Z", V_ASN1_UTCTIME, -631152000},
        {"20500101000000Z", V_ASN1_GENERALIZEDTIME, INT64_C(2524608000)},
        {"99991231235959Z", V_ASN1_GENERALIZEDTIME, INT64_C(253402300799)},
        {"20240229120000Z", V_ASN1_GENERALIZEDTIME, 1709208000},
        {"20230229120000Z", V_ASN1_GENERALIZEDTIME, INT64_MIN},
        {"261301000000Z", V_ASN1_UTCTIME, INT64_MIN},
        {"nonsense", V_ASN1_UTCTIME, INT64_MIN},
        {"", V_ASN1_UTCTIME, INT64_MIN},
    };

    (void)state;
    assert_int_equal(tls_cert_time(NULL).us, WALL_NEVER.us);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ASN1_TIME *t = ASN1_STRING_type_new(rows[i].type);
        wall at;

        ASN1_STRING_set(t, rows[i].text, -1);
        at = tls_cert_time(t);
        if (rows[i].seconds == INT64_MIN)
            assert_int_equal(at.us, WALL_NEVER.us);
        else
            assert_int_equal(at.us, rows[i].seconds * 1000000);
        ASN1_STRING_free(t);
    }
}

static void test_serials(void **state)
{
    static const struct {
        const char *octets;
        int count;
        bool is_negative;
        const char *decimal, *hex;
    } rows[] = {
        {"\x00", 1, false, "0", "00"},
        {"\x7f", 1, false, "127", "7f"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff", 8, false, "18446744073709551615", "ffffffffffffffff"},
        {"\x63\xeb\x3f\xb1\xd8\x47\x6f\x3f\x3a\x0c\x0b\xcf\x21\x76\x5a\x04\x11\x52\xcf\x38", 20,
         false, "570436310024691611762291646508356868724380323640",
         "63eb3fb1d8476f3f3a0c0bcf21765a041152cf38"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20,
         false, "1461501637330902918203684832716283019655932542975",
         "ffffffffffffffffffffffffffffffffffffffff"},
        {"\x05", 1, true, "-5", "-05"},
        {"\x01\x00", 2, true, "-256", "-0100"},
        {"", 0, false, "0", "00"},
        {"\x00\x00\x01", 3, false, "1", "000001"},
        {"\x3b\x9a\xca\x00", 4, false, "1000000000", "3b9aca00"},
        {"\x3b\x9a\xc9\xff", 4, false, "999999999", "3b9ac9ff"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ASN1_INTEGER *n =
            ASN1_STRING_type_new(rows[i].is_negative ? V_ASN1_NEG_INTEGER : V_ASN1_INTEGER);
        struct buf decimal, hex;

        buf_init(&decimal, 512);
        buf_init(&hex, 512);
        ASN1_STRING_set(n, rows[i].octets, rows[i].count);
        tls_cert_serial(n, &decimal, &hex);
        assert_string_equal(buf_text(&decimal), rows[i].decimal);
        assert_string_equal(buf_text(&hex), rows[i].hex);
        buf_done(&decimal);
        buf_done(&hex);
        ASN1_STRING_free(n);
    }
}

// The largest that has a decimal form, beside OpenSSL's own arithmetic.
static void test_serials_of_any_size(void **state)
{
    unsigned char octets[64];

    (void)state;
    for (int n = 1; n <= 64; n++) {
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        struct buf decimal, hex;
        BIGNUM *number;
        char *expected;

        for (int i = 0; i < n; i++)
            octets[i] = (unsigned char)(255 - 7 * i * n);
        buf_init(&decimal, 512);
        buf_init(&hex, 512);
        ASN1_STRING_set(serial, octets, n);
        tls_cert_serial(serial, &decimal, &hex);
        number = BN_bin2bn(octets, n, NULL);
        expected = BN_bn2dec(number);
        assert_string_equal(buf_text(&decimal), expected);
        OPENSSL_free(expected);
        BN_free(number);
        buf_done(&decimal);
        buf_done(&hex);
        ASN1_INTEGER_free(serial);
    }
}

static void test_a_monstrous_serial(void **state)
{
    static const char octets[100000] = {1};
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    struct buf decimal, hex;

    (void)state;
    buf_init(&decimal, 512);
    buf_init(&hex, 512);
    ASN1_STRING_set(n, octets, sizeof octets);
    tls_cert_serial(n, &decimal, &hex);
    assert_string_equal(buf_text(&decimal), "");
    assert_int_equal(hex.len, 128);
    buf_done(&decimal);
    buf_done(&hex);
    ASN1_INTEGER_free(n);
}

// One attribute of a name; set -1 joins it to the one before (a multi-valued part).
struct attribute {
    const char *type;
    int string;
    const char *value;
    int count; // -1: up to NUL
    int set;   // 0: a part of its own
};

static const struct {
    struct attribute attributes[4];
    const char *repr, *line;
} names[] = {
    {{{"C", V_ASN1_PRINTABLESTRING, "US", -1, 0},
      {"ST", V_ASN1_UTF8STRING, "California", -1, 0},
      {"O", V_ASN1_UTF8STRING, "Example", -1, 0},
      {"CN", V_ASN1_UTF8STRING, "localhost", -1, 0}},
     "<Name(C=US,ST=California,O=Example,CN=localhost)>",
     "C = US, ST = California, O = Example, CN = localhost"},
    {{{0}}, "<Name()>", ""},
    {{{"CN", V_ASN1_UTF8STRING, "a,b+c\"d\\e<f>g;h=i", -1, 0}},
     "<Name(CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h=i)>",
     "CN = \"a,b+c\\\"d\\\\e<f>g;h=i\""},
    {{{"CN", V_ASN1_UTF8STRING, "#x#", -1, 0}, {"O", V_ASN1_UTF8STRING, " a b ", -1, 0}},
     "<Name(CN=\\#x#,O=\\ a b\\ )>",
     "CN = \"#x#\", O = \" a b \""},
    {{{"CN", V_ASN1_UTF8STRING, " ", -1, 0}, {"O", V_ASN1_UTF8STRING, "", 0, 0}},
     "<Name(CN=\\\\ ,O=)>",
     NULL},
    {{{"CN", V_ASN1_UTF8STRING, "a\0b", 3, 0}}, "<Name(CN=a\\00b)>", "CN = a\\00b"},
    {{{"CN", V_ASN1_UTF8STRING, "M\xc3\xbcller", -1, 0}},
     "<Name(CN=M\xc3\xbcller)>",
     "CN = M\xc3\xbcller"},
    {{{"CN", V_ASN1_BMPSTRING, "\0M\0\xfc", 4, 0}}, "<Name(CN=M\xc3\xbc)>", "CN = M\xc3\xbc"},
    {{{"CN", V_ASN1_T61STRING, "M\xfc", 2, 0}}, "<Name(CN=M\xc3\xbc)>", NULL},
    {{{"CN", V_ASN1_T61STRING, "M\xc3\xbc", 3, 0}}, "<Name(CN=M\xc3\xbc)>", NULL},
    {{{"emailAddress", V_ASN1_IA5STRING, "x@y", -1, 0},
      {"serialNumber", V_ASN1_PRINTABLESTRING, "1", -1, 0},
      {"DC", V_ASN1_IA5STRING, "org", -1, 0},
      {"UID", V_ASN1_UTF8STRING, "u", -1, 0}},
     "<Name(1.2.840.113549.1.9.1=x@y,2.5.4.5=1,DC=org,UID=u)>",
     "emailAddress = x@y, serialNumber = 1, DC = org, UID = u"},
    {{{"1.2.3.4.5", V_ASN1_UTF8STRING, "odd", -1, 0},
      {"street", V_ASN1_UTF8STRING, "s", -1, 0},
      {"L", V_ASN1_UTF8STRING, "l", -1, 0},
      {"OU", V_ASN1_UTF8STRING, "ou", -1, 0}},
     "<Name(1.2.3.4.5=odd,STREET=s,L=l,OU=ou)>",
     "1.2.3.4.5 = odd, street = s, L = l, OU = ou"},
    {{{"O", V_ASN1_UTF8STRING, "o", -1, 0},
      {"CN", V_ASN1_UTF8STRING, "b", -1, -1},
      {"C", V_ASN1_PRINTABLESTRING, "FR", -1, 0}},
     "<Name(O=o+CN=b,C=FR)>",
     "O = o + CN = b, C = FR"},
    {{{"x500UniqueIdentifier", V_ASN1_BIT_STRING, "\x0f\xff", 2, 0}},
     "<Name(2.5.4.45=#000fff)>",
     NULL},
};

static X509_NAME *name_make(const struct attribute *attributes)
{
    X509_NAME *name = X509_NAME_new();

    for (int i = 0; i < 4 && attributes[i].type; i++) {
        const struct attribute *a = &attributes[i];

        assert_true(X509_NAME_add_entry_by_txt(
            name, a->type, a->string, (const unsigned char *)a->value, a->count, -1, a->set));
    }
    return name;
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        X509_NAME *name = name_make(names[i].attributes);
        struct buf text;

        buf_init(&text, 4096);
        tls_name_repr(name, &text);
        assert_string_equal(buf_text(&text), names[i].repr);
        buf_clear(&text);
        tls_name_line(name, &text);
        if (names[i].line)
            assert_string_equal(buf_text(&text), names[i].line);
        buf_done(&text);
        X509_NAME_free(name);
    }
}

static void test_short_names(void **state)
{
    static const struct {
        struct attribute attributes[4];
        const char *words;
    } rows[] = {
        {{{"O", V_ASN1_UTF8STRING, "o", -1, 0}, {"CN", V_ASN1_UTF8STRING, "cn", -1, 0}}, "cn"},
        {{{"CN", V_ASN1_UTF8STRING, "cn", -1, 0}, {"O", V_ASN1_UTF8STRING, "o", -1, 0}}, "cn"},
        {{{"C", V_ASN1_PRINTABLESTRING, "US", -1, 0}, {"O", V_ASN1_UTF8STRING, "o", -1, 0}}, "o"},
        {{{0}}, "(no name)"},
        {{{"CN", V_ASN1_UTF8STRING, "", 0, 0}}, "(no name)"},
        {{{"CN", V_ASN1_BMPSTRING, "\0M\0\xfc", 4, 0}}, "M\xc3\xbc"},
    };
    struct arena *arena = arena_new(1024);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        X509_NAME *name = name_make(rows[i].attributes);

        assert_string_equal(tls_name_short(name, arena).p, rows[i].words);
        X509_NAME_free(name);
    }
    arena_free(arena);
}

static void test_a_long_name_is_cut_between_characters(void **state)
{
    struct arena *arena = arena_new(1024);
    X509_NAME *name = X509_NAME_new();
    char long_name[33 * 3 + 1 + 1] = "x";

    (void)state;
    for (size_t i = 0; i < 33; i++)
        memcpy(long_name + 1 + 3 * i, "\xe2\x9c\x93", 3);
    for (int i = 0; i < 2; i++)
        assert_true(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"y",
                                               1, -1, 0));
    assert_true(X509_NAME_add_entry_by_txt(name, "street", MBSTRING_UTF8,
                                           (const unsigned char *)long_name, -1, -1, 0));
    assert_int_equal(tls_name_short(name, arena).len, 100);
    assert_true(str_is_utf8(tls_name_short(name, arena)));
    X509_NAME_free(name);
    arena_free(arena);
}

static void test_a_whole_certificate(void **state)
{
    struct fixture_cert c = fixture_make(&(struct fixture_options){
        .cn = "localhost",
        .sans =
            "DNS:localhost,IP:127.0.0.1,IP:::1,email:a@b.example,URI:http://x.example/,RID:1.2.3",
        .start_days = -10,
        .end_days = 63,
        .extensions = {{NID_tlsfeature, "status_request"},
                       {NID_info_access, "OCSP;URI:http://o.example/,caIssuers;URI:http://i/"},
                       {NID_crl_distribution_points, "URI:http://c.example/x.crl,URI:http://d/"},
                       {NID_ext_key_usage, "serverAuth,clientAuth"}},
    });
    struct arena *arena = arena_new(4096);
    EVP_MD_CTX *hasher = tls_cert_hasher();
    struct tls_cert r;
    static const char *sans[] = {"DNS:localhost",     "IP:127.0.0.1",          "IP:::1",
                                 "email:a@b.example", "URI:http://x.example/", "other"};

    (void)state;
    cert_read(c.x509, TLS_SANS_MAX, arena, &r);
    assert_string_equal(r.subject.p, "CN = localhost");
    assert_string_equal(r.issuer.p, "CN = localhost");
    assert_string_equal(r.serial.p, "4711");
    assert_string_equal(r.serial_hex.p, "1267");
    assert_int_equal(r.not_before.us, FIXTURE_NOW.us - 10 * DAY_US);
    assert_int_equal(r.not_after.us, FIXTURE_NOW.us + 63 * DAY_US);
    assert_int_equal(r.sha256.len, 64);
    assert_int_equal(r.spki_sha256.len, 64);
    assert_string_equal(r.key_type.p, "EC");
    assert_int_equal(r.key_bits, 256);
    assert_string_equal(r.curve.p, "P-256");
    assert_string_equal(r.signature.p, "ecdsa-with-SHA256");
    assert_string_equal(r.digest.p, "SHA256");
    assert_int_equal(r.san_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(r.sans[i].p, sans[i]);
    assert_true(r.is_must_staple && tls_cert_is_must_staple(c.x509));
    assert_true(r.is_self_signed && !r.is_ca);
    assert_int_equal(r.path_length, -1);
    assert_int_equal(r.key_usage, UINT32_MAX);
    assert_int_equal(r.extended_key_usage, XKU_SSL_SERVER | XKU_SSL_CLIENT);
    assert_int_equal(r.ocsp.len, 1);
    assert_string_equal(r.ocsp.v[0].p, "http://o.example/");
    assert_string_equal(r.issuers.v[0].p, "http://i/");
    assert_int_equal(r.crls.len, 2);
    assert_string_equal(r.crls.v[1].p, "http://d/");
    assert_int_equal(r.sct_count, 0);
    assert_true(r.der.len > 300 && r.der.p[0] == 0x30);
    assert_true(str_eq(tls_cert_sha256(hasher, r.der, arena), r.sha256));
    assert_string_equal(tls_cert_sha256(hasher, STR_LIT("abc"), arena).p,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EVP_MD_CTX_free(hasher);
    arena_free(arena);
    fixture_free(&c);
}

// What a stranger makes long or numerous is cut and counted.
static void test_bounds(void **state)
{
    char *sans = calloc(3000, 16);
    size_t n = 0;
    struct fixture_cert c;
    struct arena *arena = arena_new(4096);
    struct tls_texts points = {0};
    struct tls_cert r;

    (void)state;
    for (int i = 0; i < 3000; i++)
        n += (size_t)sprintf(sans + n, "%sDNS:h%04d.x", i > 0 ? "," : "", i);
    c = fixture_make(&(struct fixture_options){
        .cn = "x",
        .sans = sans,
        .extensions = {{NID_crl_distribution_points, "URI:a,URI:b,URI:c,URI:d,URI:e"}}});
    cert_read(c.x509, TLS_CHAIN_SANS_MAX, arena, &r);
    tls_cert_crls(c.x509, arena, &points);
    assert_int_equal(points.len, TLS_CERT_URIS_MAX);
    assert_string_equal(points.v[3].p, "d");
    assert_int_equal(r.san_count, TLS_CHAIN_SANS_MAX);
    assert_int_equal(r.san_total, 3000);
    assert_int_equal(r.crls.len, TLS_CERT_URIS_MAX);
    arena_free(arena);
    fixture_free(&c);
    free(sans);
}

static void test_keys(void **state)
{
    static const struct {
        const char *kind, *type, *curve;
    } rows[] = {
        {"RSA1024", "RSA", ""},
        {"DSA", "DSA", ""},
        {"P-521", "EC", "P-521"},
        {"secp256k1", "EC", "secp256k1"},
    };
    struct arena *arena = arena_new(1024);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        EVP_PKEY *key = fixture_key(rows[i].kind);

        assert_string_equal(tls_key_type(key), rows[i].type);
        assert_true(str_eq(tls_key_curve(key, arena), str_of(rows[i].curve)));
        EVP_PKEY_free(key);
    }
    assert_string_equal(tls_key_type(NULL), "?");
    arena_free(arena);
}

static void test_parse(void **state)
{
    struct fixture_cert c = fixture_make(&(struct fixture_options){.cn = "x", .sans = "DNS:x"});
    struct tls_cert_reading reading = {
        .arena = arena_new(1024), .sha256 = tls_cert_hasher(), .sans_max = 9};
    unsigned char *der = NULL;
    int n = i2d_X509(c.x509, &der);
    struct tls_cert cert;

    (void)state;
    assert_true(tls_cert_parse((struct str){(char *)der, (size_t)n}, &reading, &cert));
    assert_true(str_eq(cert.sans[0], STR_LIT("DNS:x")));
    assert_false(tls_cert_parse((struct str){(char *)der, (size_t)n - 1}, &reading, &cert));
    assert_false(tls_cert_parse((struct str){0}, &reading, &cert));
    OPENSSL_free(der);
    arena_free(reading.arena);
    EVP_MD_CTX_free(reading.sha256);
    fixture_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_are_rounded_down),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_serials),
        cmocka_unit_test(test_serials_of_any_size),
        cmocka_unit_test(test_a_monstrous_serial),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_short_names),
        cmocka_unit_test(test_a_long_name_is_cut_between_characters),
        cmocka_unit_test(test_a_whole_certificate),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
