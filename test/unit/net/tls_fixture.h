// tls_fixture.h - certificates made in memory, for the tests of this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// 2026-01-01T00:00:00Z: the tests' now.
#define FIXTURE_NOW ((wall){INT64_C(1767225600) * 1000000})
#define FIXTURE_DAY_S 86400

struct fixture_cert {
    EVP_PKEY *key;
    X509 *x509;
};

struct fixture_options {
    const char *cn;
    const char *sans;                  // "DNS:localhost,IP:127.0.0.1"; NULL: none
    const struct fixture_cert *issuer; // NULL: self-signed
    bool is_ca;
    int start_days, end_days; // from FIXTURE_NOW
};

static inline void fixture_extend(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert(extension);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline struct fixture_cert fixture_make(const struct fixture_options *o)
{
    struct fixture_cert c = {EVP_EC_gen("P-256"), X509_new()};
    X509_NAME *name = X509_get_subject_name(c.x509);
    time_t now = FIXTURE_NOW.us / 1000000;

    X509_set_version(c.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x509), 4711);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)o->cn, -1, -1, 0);
    X509_set_issuer_name(c.x509, o->issuer ? X509_get_subject_name(o->issuer->x509) : name);
    ASN1_TIME_set(X509_getm_notBefore(c.x509), now + (time_t)o->start_days * FIXTURE_DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(c.x509), now + (time_t)o->end_days * FIXTURE_DAY_S);
    X509_set_pubkey(c.x509, c.key);
    if (o->sans)
        fixture_extend(c.x509, NID_subject_alt_name, o->sans);
    if (o->is_ca)
        fixture_extend(c.x509, NID_basic_constraints, "critical,CA:TRUE");
    assert(X509_sign(c.x509, o->issuer ? o->issuer->key : c.key, EVP_sha256()) > 0);
    return c;
}

static inline void fixture_free(struct fixture_cert *c)
{
    EVP_PKEY_free(c->key);
    X509_free(c->x509);
}

// Writes the certificate as a CA file; path is a template for mkstemp.
static inline void fixture_write(const struct fixture_cert *c, char *path)
{
    FILE *file = fdopen(mkstemp(path), "w");

    assert(file && PEM_write_X509(file, c->x509));
    fclose(file);
}
