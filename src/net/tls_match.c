// tls_match.c - compares the names and keys in a certificate with what was asked for.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_match.h"

#include <arpa/inet.h>

#include <openssl/x509v3.h>

#include "base/arena.h"
#include "net/tls_target.h"

enum {
    HOST_WORDS_SANS = 5,
};

static bool entry_match(const GENERAL_NAME *entry, struct str host, struct str address);
static struct str bytes_of(const ASN1_STRING *s);

bool tls_match_name(struct str pattern, struct str host)
{
    struct str rest;
    ptrdiff_t dot;

    if (host.len > 1 && host.p[host.len - 1] == '.')
        host.len--;
    if (pattern.len == 0 || host.len == 0)
        return false;
    if (!str_starts(pattern, STR_LIT("*.")))
        return str_eq_nocase(pattern, host);

    rest = str_cut(pattern, 1, pattern.len); // ".rest"
    if (str_find(str_cut(rest, 1, rest.len), '.') <= 0)
        return false;
    dot = str_find(host, '.');
    return dot > 0 && str_eq_nocase(rest, str_cut(host, (size_t)dot, host.len));
}

bool tls_match_certificate(const X509 *certificate, const char *host, bool is_ip)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    struct str address = {0};
    GENERAL_NAMES *names;
    bool matches = false;

    if (is_ip && inet_pton(AF_INET, host, bytes) == 1)
        address = (struct str){(char *)bytes, 4};
    else if (is_ip && inet_pton(AF_INET6, host, bytes) == 1)
        address = (struct str){(char *)bytes, 16};
    names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !matches; i++)
        matches = entry_match(sk_GENERAL_NAME_value(names, i), str_of(host), address);
    GENERAL_NAMES_free(names);
    return matches;
}

static bool entry_match(const GENERAL_NAME *entry, struct str host, struct str address)
{
    if (address.p)
        return entry->type == GEN_IPADD && str_eq(bytes_of(entry->d.iPAddress), address);
    return entry->type == GEN_DNS && tls_match_name(bytes_of(entry->d.dNSName), host);
}

static struct str bytes_of(const ASN1_STRING *s)
{
    return (struct str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

// ---- findings ----

static struct str sans_words(const X509 *certificate, const struct tls_cert *leaf,
                             struct arena *arena)
{
    struct buf words;
    struct str kept;

    if (leaf->san_total == 0 && X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0)
        return STR_LIT("; its subject alternative names are empty, or cannot be read");
    if (leaf->san_total == 0)
        return STR_LIT("; it has no subject alternative names at all (no_san)");
    buf_init(&words, 600);
    for (size_t i = 0; i < leaf->san_count && i < HOST_WORDS_SANS; i++)
        buf_printf(&words, "%s%.*s", i == 0 ? ", but " : ", ", STR(leaf->sans[i]));
    if (leaf->san_total > HOST_WORDS_SANS)
        buf_printf(&words, " and %zu more", leaf->san_total - HOST_WORDS_SANS);
    kept = arena_copy(arena, buf_str(&words));
    buf_done(&words);
    return kept;
}

bool tls_match_judge_host(const struct tls_evidence *evidence, const struct tls_cert *leaf,
                          struct tls_findings *findings)
{
    struct tls_finding *added;

    if (!evidence->host || tls_match_certificate(evidence->leaf, evidence->host, evidence->is_ip))
        return true;
    added = tls_finding_add(findings, TLS_CODE_HOSTNAME_MISMATCH, 0,
                            "hostname mismatch: the certificate does not name %s%.*s",
                            evidence->host, STR(sans_words(evidence->leaf, leaf, findings->arena)));
    if (added)
        added->openssl =
            evidence->is_ip ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH;
    return false;
}

static bool is_pin(const struct tls_policy *policy, const unsigned char digest[TLS_SHA256])
{
    for (size_t i = 0; i < policy->pin_count; i++)
        if (memcmp(policy->pins[i], digest, TLS_SHA256) == 0)
            return true;
    return false;
}

static bool key_digest(X509 *x, unsigned char digest[EVP_MAX_MD_SIZE])
{
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    bool is_made = n > 0 && EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL);

    OPENSSL_free(der);
    return is_made;
}

static bool has_pin(const struct tls_evidence *evidence)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    X509 *x;

    if (X509_digest(evidence->leaf, EVP_sha256(), digest, NULL) && is_pin(evidence->policy, digest))
        return true;
    for (int depth = 0; depth < TLS_DEPTH_MAX && (x = tls_evidence_at(evidence, depth)); depth++)
        if (key_digest(x, digest) && is_pin(evidence->policy, digest))
            return true;
    return false;
}

// What was expected to be seen before counts; else what is remembered.
static bool is_changed(const struct tls_evidence *evidence)
{
    const struct tls_policy *policy = evidence->policy;
    const struct tls_known *known = evidence->known;
    unsigned char digest[EVP_MAX_MD_SIZE];

    if ((!policy->has_previous && (!known || known->count == 0)) ||
        !X509_digest(evidence->leaf, EVP_sha256(), digest, NULL))
        return false;
    if (policy->has_previous)
        return memcmp(digest, policy->previous, TLS_SHA256) != 0;
    for (size_t i = 0; i < known->count; i++)
        if (memcmp(digest, known->sha256[i], TLS_SHA256) == 0)
            return false;
    return true;
}

void tls_match_judge_pins(const struct tls_evidence *evidence, struct tls_findings *findings)
{
    const struct tls_policy *policy = evidence->policy;

    if (policy->pin_count > 0 && !has_pin(evidence))
        tls_finding_add(findings, TLS_CODE_PIN_MISMATCH, 0,
                        "neither the certificate nor a key in its chain is %s",
                        policy->pin_count > 1 ? "one of those that are pinned"
                                              : "the one that is pinned");
    if (is_changed(evidence))
        tls_finding_add(findings, TLS_CODE_CERTIFICATE_CHANGED, 0,
                        "the certificate is another one than before");
}
