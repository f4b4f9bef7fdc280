// tls_cert.c - what is written in a certificate, as text and numbers.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_cert.h"

#include <arpa/inet.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "net/tls_name.h"
#include "time/civil.h"

enum {
    NAME_MAX_BYTES = 16384,
    SAN_MAX_BYTES = 1024,
    SANS_MAX = 100,
    SERIAL_MAX = 64,
};

typedef void name_fn(const X509_NAME *name, struct buf *out);

static struct str name_text(struct arena *arena, const X509_NAME *name, name_fn *write);
static void serial_read(const X509 *certificate, struct tls_result *result);
static void fingerprint_read(const X509 *certificate, struct tls_result *result);
static void sans_read(const X509 *certificate, struct tls_result *result);
static struct str san_text(struct arena *arena, const GENERAL_NAME *name);

void tls_cert_read(const X509 *certificate, struct tls_result *result)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    struct arena *arena = result->arena;

    result->subject = name_text(arena, subject, tls_name_repr);
    result->subject_line = name_text(arena, subject, tls_name_line);
    result->issuer = name_text(arena, issuer, tls_name_repr);
    result->issuer_line = name_text(arena, issuer, tls_name_line);
    result->not_before = tls_cert_time(X509_get0_notBefore(certificate));
    result->not_after = tls_cert_time(X509_get0_notAfter(certificate));
    result->days_left = tls_cert_days(result->not_after, result->checked_at);
    serial_read(certificate, result);
    fingerprint_read(certificate, result);
    sans_read(certificate, result);
    result->has_certificate = true;
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

void tls_cert_serial(const ASN1_INTEGER *serial, struct buf *decimal, struct buf *hex)
{
    const unsigned char *octets = ASN1_STRING_get0_data(serial);
    int count = ASN1_STRING_length(serial);
    bool is_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;

    if (is_negative)
        buf_add_byte(hex, '-');
    if (count == 0)
        buf_add_text(hex, "00");
    for (int i = 0; i < count && i < SERIAL_MAX; i++)
        buf_printf(hex, "%02x", octets[i]);
    if (count > SERIAL_MAX)
        return;

    BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL);
    char *digits = n ? BN_bn2dec(n) : NULL;
    if (digits)
        buf_add_text(decimal, digits);
    OPENSSL_free(digits);
    BN_free(n);
}

static struct str buf_keep(struct arena *arena, struct buf *text)
{
    struct str kept = arena_copy(arena, buf_str(text));

    buf_done(text);
    return kept;
}

static struct str name_text(struct arena *arena, const X509_NAME *name, name_fn *write)
{
    struct buf text;

    buf_init(&text, NAME_MAX_BYTES);
    write(name, &text);
    return buf_keep(arena, &text);
}

static void serial_read(const X509 *certificate, struct tls_result *result)
{
    struct buf decimal, hex;

    buf_init(&decimal, 512);
    buf_init(&hex, 512);
    tls_cert_serial(X509_get0_serialNumber(certificate), &decimal, &hex);
    result->serial = buf_keep(result->arena, &decimal);
    result->serial_hex = buf_keep(result->arena, &hex);
}

static void fingerprint_read(const X509 *certificate, struct tls_result *result)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int count = 0;
    struct buf hex;

    if (!X509_digest(certificate, EVP_sha256(), digest, &count))
        return;
    buf_init(&hex, 2 * sizeof digest);
    for (unsigned int i = 0; i < count; i++)
        buf_printf(&hex, "%02x", digest[i]);
    result->sha256 = buf_keep(result->arena, &hex);
}

static void sans_read(const X509 *certificate, struct tls_result *result)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = sk_GENERAL_NAME_num(names);

    if (count > 0)
        result->san_total = (size_t)count;
    if (count > SANS_MAX)
        count = SANS_MAX;
    if (count > 0)
        result->sans = arena_array(result->arena, (size_t)count, sizeof *result->sans);
    for (int i = 0; i < count; i++)
        result->sans[i] = san_text(result->arena, sk_GENERAL_NAME_value(names, i));
    result->san_count = count > 0 ? (size_t)count : 0;
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

static struct str san_text(struct arena *arena, const GENERAL_NAME *name)
{
    const char *kind = name->type == GEN_DNS     ? "DNS:"
                       : name->type == GEN_EMAIL ? "email:"
                       : name->type == GEN_URI   ? "URI:"
                                                 : NULL;
    struct buf text;
    size_t n;

    if (name->type == GEN_IPADD)
        return ip_text(arena, name->d.iPAddress);
    if (!kind)
        return arena_copy(arena, STR_LIT("other"));
    n = (size_t)ASN1_STRING_length(name->d.ia5);
    buf_init(&text, SAN_MAX_BYTES + 8);
    buf_add_text(&text, kind);
    buf_add(&text, (struct str){(const char *)ASN1_STRING_get0_data(name->d.ia5),
                                n < SAN_MAX_BYTES ? n : SAN_MAX_BYTES});
    return buf_keep(arena, &text);
}
