// tls_fixture.h - certificates made in memory, for the tests of this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/dsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"

// 2026-01-01T00:00:00Z: the tests' now.
#define FIXTURE_NOW ((wall){INT64_C(1767225600) * 1000000})
#define FIXTURE_DAY_S 86400

struct fixture_cert {
    EVP_PKEY *key;
    X509 *x509;
};

struct fixture_extension {
    int nid;
    const char *value; // as in openssl.cnf
};

struct fixture_options {
    const char *cn;
    const char *sans;                  // "DNS:localhost,IP:127.0.0.1"; NULL: none
    const struct fixture_cert *issuer; // NULL: self-signed
    bool is_ca;
    int start_days, end_days; // from FIXTURE_NOW
    const char *key;          // "RSA1024", "DSA", "ED25519", a curve's name; NULL: P-256
    const EVP_MD *digest;     // NULL: SHA-256
    int serial;               // 0: 4711
    struct fixture_extension extensions[4];
};

static inline void fixture_extend(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert(extension);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline EVP_PKEY *fixture_key(const char *kind)
{
    EVP_PKEY_CTX *context;
    EVP_PKEY *params = NULL, *key = NULL;

    if (kind && strncmp(kind, "ED", 2) == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, kind);
    if (!kind || (strncmp(kind, "RSA", 3) != 0 && strcmp(kind, "DSA") != 0))
        return EVP_EC_gen(kind ? kind : "P-256");
    if (kind[0] == 'R')
        return EVP_RSA_gen((unsigned)strtoul(kind + 3, NULL, 10));
    context = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    assert(EVP_PKEY_paramgen_init(context) == 1 &&
           EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 1024) == 1 &&
           EVP_PKEY_paramgen(context, &params) == 1);
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
    assert(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_keygen(context, &key) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(params);
    return key;
}

static inline struct fixture_cert fixture_make(const struct fixture_options *o)
{
    struct fixture_cert c = {fixture_key(o->key), X509_new()};
    X509_NAME *name = X509_get_subject_name(c.x509);
    time_t now = FIXTURE_NOW.us / 1000000;
    const EVP_MD *digest = o->digest;
    EVP_PKEY *signer;

    X509_set_version(c.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x509), o->serial ? o->serial : 4711);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)o->cn, -1, -1, 0);
    X509_set_issuer_name(c.x509, o->issuer ? X509_get_subject_name(o->issuer->x509) : name);
    ASN1_TIME_set(X509_getm_notBefore(c.x509), now + (time_t)o->start_days * FIXTURE_DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(c.x509), now + (time_t)o->end_days * FIXTURE_DAY_S);
    X509_set_pubkey(c.x509, c.key);
    if (o->sans)
        fixture_extend(c.x509, NID_subject_alt_name, o->sans);
    if (o->is_ca)
        fixture_extend(c.x509, NID_basic_constraints, "critical,CA:TRUE");
    for (size_t i = 0; i < 4 && o->extensions[i].value; i++)
        fixture_extend(c.x509, o->extensions[i].nid, o->extensions[i].value);
    signer = o->issuer ? o->issuer->key : c.key;
    if (!digest && EVP_PKEY_get_base_id(signer) != EVP_PKEY_ED25519 &&
        EVP_PKEY_get_base_id(signer) != EVP_PKEY_ED448) // which have their own
        digest = EVP_sha256();
    assert(X509_sign(c.x509, signer, digest) > 0);
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
