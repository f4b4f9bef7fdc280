// tls_cert.c - reads X.509 certificates, part by part.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_cert.h"

#include <arpa/inet.h>
#include <time.h>

#include <openssl/ct.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "net/tls_name.h"
#include "time/civil.h"

enum {
    SAN_MAX_BYTES = 1024,
    SANS_MAX_BYTES = 16384, // all that are listed
    SERIAL_MAX = 64,
    DECIMAL_BASE = 1000000000,
    DECIMAL_GROUPS = 18, // of nine digits in 64 octets
    KEY_NAME_MAX = 64,
    STATUS_REQUEST = 5, // the TLS extension that a must-staple certificate names
};

const struct tls_usage tls_key_usages[] = {
    {KU_DIGITAL_SIGNATURE, "digitalSignature"},
    {KU_NON_REPUDIATION, "nonRepudiation"},
    {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
    {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
    {KU_KEY_AGREEMENT, "keyAgreement"},
    {KU_KEY_CERT_SIGN, "keyCertSign"},
    {KU_CRL_SIGN, "cRLSign"},
    {KU_ENCIPHER_ONLY, "encipherOnly"},
    {KU_DECIPHER_ONLY, "decipherOnly"},
    {0, NULL},
};
const struct tls_usage tls_extended_key_usages[] = {
    {XKU_SSL_SERVER, "serverAuth"},      {XKU_SSL_CLIENT, "clientAuth"},
    {XKU_CODE_SIGN, "codeSigning"},      {XKU_SMIME, "emailProtection"},
    {XKU_TIMESTAMP, "timeStamping"},     {XKU_OCSP_SIGN, "OCSPSigning"},
    {XKU_ANYEKU, "anyExtendedKeyUsage"}, {0, NULL},
};

static void names_read(X509 *x, struct arena *arena, struct tls_cert *c);
static void der_read(X509 *x, const struct tls_cert_reading *reading, struct tls_cert *c);
static void key_read(X509 *x, const struct tls_cert_reading *reading, struct tls_cert *c);
static void signature_read(X509 *x, struct arena *arena, struct tls_cert *c);
static void usage_read(X509 *x, struct tls_cert *c);
static void sans_read(X509 *x, size_t max, struct arena *arena, struct tls_cert *c);
static void access_read(X509 *x, struct arena *arena, struct tls_cert *c);
static struct str san_text(struct arena *arena, const GENERAL_NAME *name);

void tls_cert_read(X509 *x, const struct tls_cert_reading *reading, struct tls_cert *ret_cert)
{
    struct tls_cert *c = ret_cert;
    struct arena *arena = reading->arena;

    *c = (struct tls_cert){0};
    names_read(x, arena, c);
    c->not_before = tls_cert_time(X509_get0_notBefore(x));
    c->not_after = tls_cert_time(X509_get0_notAfter(x));
    der_read(x, reading, c);
    key_read(x, reading, c);
    signature_read(x, arena, c);
    usage_read(x, c);
    sans_read(x, reading->sans_max, arena, c);
    access_read(x, arena, c);
    tls_cert_crls(x, arena, &c->crls);
}

int64_t tls_cert_days(wall then, wall now)
{
    return floor_div(then.us - now.us, DAY_S * INT64_C(1000000));
}

wall tls_cert_time(const ASN1_TIME *time)
{
    struct tm tm;
    struct civil civil;

    if (!time || !ASN1_TIME_to_tm(time, &tm))
        return WALL_NEVER;
    civil = (struct civil){
        .year = tm.tm_year + 1900,
        .month = (int8_t)(tm.tm_mon + 1),
        .day = (int8_t)tm.tm_mday,
        .hour = (int8_t)tm.tm_hour,
        .minute = (int8_t)tm.tm_min,
        .second = (int8_t)tm.tm_sec,
    };
    return (wall){civil_seconds(&civil) * 1000000};
}

static void hex_write(const unsigned char *octets, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
}

// Divides the number by 10^9 as often as it can; each remainder is nine digits, the last ones
// first.
static void decimal_write(const unsigned char *octets, size_t count, struct buf *out)
{
    unsigned char number[SERIAL_MAX];
    uint32_t groups[DECIMAL_GROUPS];
    size_t n = 0, from = 0;

    memcpy(number, octets, count);
    do {
        uint64_t rest = 0;

        for (size_t i = from; i < count; i++) {
            rest = rest << 8 | number[i];
            number[i] = (unsigned char)(rest / DECIMAL_BASE);
            rest %= DECIMAL_BASE;
        }
        groups[n++] = (uint32_t)rest;
        while (from < count && number[from] == 0)
            from++;
    } while (from < count);
    buf_add_number(out, groups[--n], 1);
    while (n > 0)
        buf_add_number(out, groups[--n], 9);
}

void tls_cert_serial(const ASN1_INTEGER *serial, struct buf *decimal, struct buf *hex)
{
    const unsigned char *octets = ASN1_STRING_get0_data(serial);
    int length = ASN1_STRING_length(serial);
    size_t count = length < SERIAL_MAX ? (size_t)length : SERIAL_MAX;
    bool is_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    char digits[2 * SERIAL_MAX];

    if (is_negative)
        buf_add_byte(hex, '-');
    if (count == 0)
        buf_add_text(hex, "00");
    hex_write(octets, count, digits);
    buf_add(hex, (struct str){digits, 2 * count});
    if (length > SERIAL_MAX)
        return;
    if (is_negative)
        buf_add_byte(decimal, '-');
    decimal_write(octets, count, decimal);
}

static struct str buf_keep(struct arena *arena, struct buf *text)
{
    struct str kept = arena_copy(arena, buf_str(text));

    buf_done(text);
    return kept;
}

static struct str name_text(struct arena *arena, const X509_NAME *name)
{
    struct buf text;

    buf_init(&text, TLS_CERT_NAME_MAX);
    tls_name_line(name, &text);
    return buf_keep(arena, &text);
}

static void names_read(X509 *x, struct arena *arena, struct tls_cert *c)
{
    struct buf decimal, hex;

    c->subject = name_text(arena, X509_get_subject_name(x));
    c->issuer = name_text(arena, X509_get_issuer_name(x));
    buf_init(&decimal, 512);
    buf_init(&hex, 512);
    tls_cert_serial(X509_get0_serialNumber(x), &decimal, &hex);
    c->serial = buf_keep(arena, &decimal);
    c->serial_hex = buf_keep(arena, &hex);
}

bool tls_cert_parse(struct str der, const struct tls_cert_reading *reading,
                    struct tls_cert *ret_cert)
{
    const unsigned char *p = (const unsigned char *)der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.len);

    ERR_clear_error();
    if (!x)
        return false;
    tls_cert_read(x, reading, ret_cert);
    X509_free(x);
    return true;
}

EVP_MD_CTX *tls_cert_hasher(void)
{
    EVP_MD_CTX *hasher = EVP_MD_CTX_new();

    if (hasher && EVP_DigestInit_ex(hasher, EVP_sha256(), NULL))
        return hasher;
    EVP_MD_CTX_free(hasher);
    return NULL;
}

struct str tls_cert_sha256(EVP_MD_CTX *hasher, struct str bytes, struct arena *arena)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE];
    unsigned int count = 0;

    if (!hasher || !EVP_DigestInit_ex(hasher, NULL, NULL) ||
        !EVP_DigestUpdate(hasher, bytes.p, bytes.len) ||
        !EVP_DigestFinal_ex(hasher, digest, &count))
        return (struct str){0};
    hex_write(digest, count, hex);
    return arena_copy(arena, (struct str){hex, 2 * (size_t)count});
}

static void der_read(X509 *x, const struct tls_cert_reading *reading, struct tls_cert *c)
{
    int n = i2d_X509(x, NULL);
    unsigned char *end;

    if (n <= 0)
        return;
    c->der = (struct str){arena_alloc(reading->arena, (size_t)n), (size_t)n};
    end = (unsigned char *)c->der.p;
    i2d_X509(x, &end);
    c->sha256 = tls_cert_sha256(reading->sha256, c->der, reading->arena);
}

// ---- the key and the signature ----

const char *tls_key_type(const EVP_PKEY *key)
{
    static const struct {
        int id;
        const char *name;
    } types[] = {
        {EVP_PKEY_RSA, "RSA"},         {EVP_PKEY_RSA_PSS, "RSA-PSS"}, {EVP_PKEY_EC, "EC"},
        {EVP_PKEY_ED25519, "Ed25519"}, {EVP_PKEY_ED448, "Ed448"},     {EVP_PKEY_DSA, "DSA"},
        {EVP_PKEY_DH, "DH"},           {EVP_PKEY_X25519, "X25519"},   {EVP_PKEY_X448, "X448"},
        {EVP_PKEY_SM2, "SM2"},
    };

    for (size_t i = 0; key && i < sizeof types / sizeof *types; i++)
        if (EVP_PKEY_get_base_id(key) == types[i].id)
            return types[i].name;
    return "?";
}

struct str tls_key_curve(const EVP_PKEY *key, struct arena *arena)
{
    char name[KEY_NAME_MAX];
    const char *nist;
    size_t n;

    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        !EVP_PKEY_get_group_name(key, name, sizeof name, &n))
        return (struct str){0};
    nist = EC_curve_nid2nist(OBJ_sn2nid(name));
    return arena_copy(arena, str_of(nist ? nist : name));
}

static void key_read(X509 *x, const struct tls_cert_reading *reading, struct tls_cert *c)
{
    const EVP_PKEY *key = X509_get0_pubkey(x);
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    struct str spki = {(char *)der, n > 0 ? (size_t)n : 0};

    c->key_type = str_of(tls_key_type(key));
    c->key_bits = key ? EVP_PKEY_get_bits(key) : 0;
    c->curve = tls_key_curve(key, reading->arena);
    if (n > 0)
        c->spki_sha256 = tls_cert_sha256(reading->sha256, spki, reading->arena);
    OPENSSL_free(der);
}

static void signature_read(X509 *x, struct arena *arena, struct tls_cert *c)
{
    const ASN1_OBJECT *object;
    char text[KEY_NAME_MAX];
    int digest = NID_undef;

    X509_ALGOR_get0(&object, NULL, NULL, X509_get0_tbs_sigalg(x));
    OBJ_obj2txt(text, sizeof text, object, 0);
    c->signature = arena_copy(arena, str_of(text));
    if (X509_get_signature_info(x, &digest, NULL, NULL, NULL) && digest != NID_undef)
        c->digest = str_of(OBJ_nid2sn(digest));
}

// ---- what it may be used for ----

bool tls_cert_is_must_staple(const X509 *certificate)
{
    TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    bool is_found = false;

    for (int i = 0; i < sk_ASN1_INTEGER_num(features) && !is_found; i++)
        is_found = ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == STATUS_REQUEST;
    TLS_FEATURE_free(features);
    return is_found;
}

static void usage_read(X509 *x, struct tls_cert *c)
{
    uint32_t flags = X509_get_extension_flags(x);
    STACK_OF(SCT) *scts = X509_get_ext_d2i(x, NID_ct_precert_scts, NULL, NULL);

    c->is_ca = flags & EXFLAG_CA;
    c->is_self_signed = flags & EXFLAG_SS;
    c->is_must_staple = tls_cert_is_must_staple(x);
    c->path_length = (int)X509_get_pathlen(x);
    c->key_usage = X509_get_key_usage(x);
    c->extended_key_usage = X509_get_extended_key_usage(x);
    c->sct_count = scts ? (size_t)sk_SCT_num(scts) : 0;
    SCT_LIST_free(scts);
}

// ---- names ----

static void sans_read(X509 *x, size_t max, struct arena *arena, struct tls_cert *c)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    size_t count = names ? (size_t)sk_GENERAL_NAME_num(names) : 0, bytes = 0;

    c->san_total = count;
    if (count > max)
        count = max;
    if (count > 0)
        c->sans = arena_array(arena, count, sizeof *c->sans);
    for (size_t i = 0; i < count && bytes < SANS_MAX_BYTES; i++) {
        c->sans[i] = san_text(arena, sk_GENERAL_NAME_value(names, (int)i));
        bytes += c->sans[i].len;
        c->san_count++;
    }
    GENERAL_NAMES_free(names);
}

static struct str ip_text(struct arena *arena, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN];
    int n = ASN1_STRING_length(address);
    int family = n == 4 ? AF_INET : n == 16 ? AF_INET6 : AF_UNSPEC;

    if (family == AF_UNSPEC)
        return arena_printf(arena, "IP:(%d octets)", n);
    inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text);
    return arena_printf(arena, "IP:%s", text);
}

static struct str bytes_of(const ASN1_STRING *s)
{
    return (struct str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

static struct str san_text(struct arena *arena, const GENERAL_NAME *name)
{
    const char *kind = name->type == GEN_DNS     ? "DNS:"
                       : name->type == GEN_EMAIL ? "email:"
                       : name->type == GEN_URI   ? "URI:"
                                                 : NULL;
    struct buf text;
    struct str s;

    if (name->type == GEN_IPADD)
        return ip_text(arena, name->d.iPAddress);
    if (!kind)
        return arena_copy(arena, STR_LIT("other"));
    s = bytes_of(name->d.ia5);
    buf_init(&text, SAN_MAX_BYTES + 8);
    buf_add_text(&text, kind);
    buf_add(&text, str_cut(s, 0, s.len < SAN_MAX_BYTES ? s.len : SAN_MAX_BYTES));
    return buf_keep(arena, &text);
}

// ---- where to ask ----

static void uri_add(struct tls_texts *texts, const GENERAL_NAME *name, struct arena *arena)
{
    struct str s;

    if (name->type != GEN_URI || texts->len == TLS_CERT_URIS_MAX)
        return;
    s = bytes_of(name->d.uniformResourceIdentifier);
    if (s.len > 0 && s.len <= TLS_CERT_URI_MAX)
        texts->v[texts->len++] = arena_copy(arena, s);
}

static void access_read(X509 *x, struct arena *arena, struct tls_cert *c)
{
    AUTHORITY_INFO_ACCESS *list = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list); i++) {
        const ACCESS_DESCRIPTION *a = sk_ACCESS_DESCRIPTION_value(list, i);
        int what = OBJ_obj2nid(a->method);

        if (what == NID_ad_OCSP)
            uri_add(&c->ocsp, a->location, arena);
        if (what == NID_ad_ca_issuers)
            uri_add(&c->issuers, a->location, arena);
    }
    AUTHORITY_INFO_ACCESS_free(list);
}

void tls_cert_crls(const X509 *certificate, struct arena *arena, struct tls_texts *ret_uris)
{
    CRL_DIST_POINTS *points =
        X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);

    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT_NAME *name = sk_DIST_POINT_value(points, i)->distpoint;
        const GENERAL_NAMES *full = name && name->type == 0 ? name->name.fullname : NULL;

        for (int j = 0; j < sk_GENERAL_NAME_num(full); j++)
            uri_add(ret_uris, sk_GENERAL_NAME_value(full, j), arena);
    }
    CRL_DIST_POINTS_free(points);
}
