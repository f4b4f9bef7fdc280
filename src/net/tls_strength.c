// tls_strength.c - judges keys and signatures.
//
// The bar is 112 bits of security: RSA and DH of 2048, curves of 224, SHA-2. Browsers ask for more
// of curves, and know no DSA at all.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_strength.h"

#include "net/tls_cert.h"

enum {
    SECURITY_BITS_MIN = 112,
    CURVE_BITS_USUAL = 256,
};

static void key_judge(const struct tls_evidence *evidence, int depth,
                      struct tls_findings *findings);
static void signature_judge(const struct tls_evidence *evidence, int depth,
                            struct tls_findings *findings);

void tls_strength_judge(const struct tls_evidence *evidence, struct tls_findings *findings)
{
    X509 *x;

    for (int depth = 0; depth < TLS_DEPTH_MAX && (x = tls_evidence_at(evidence, depth)); depth++) {
        bool is_end = !tls_evidence_at(evidence, depth + 1) &&
                      (evidence->is_trusted || X509_self_signed(x, 0) == 1);

        key_judge(evidence, depth, findings);
        if (!is_end)
            signature_judge(evidence, depth, findings);
    }
}

static void key_judge(const struct tls_evidence *evidence, int depth, struct tls_findings *findings)
{
    const EVP_PKEY *key = X509_get0_pubkey(tls_evidence_at(evidence, depth));
    int kind = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    bool is_weak = !key || EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN;
    bool is_odd = kind == EVP_PKEY_EC && bits < CURVE_BITS_USUAL;
    const char *who;

    if (!is_weak && !is_odd && kind != EVP_PKEY_DSA)
        return;
    who = tls_evidence_whose(evidence, depth, findings->arena);
    if (!key)
        tls_finding_add(findings, TLS_CODE_WEAK_KEY, depth, "the key of %s cannot be read", who);
    else if (kind == EVP_PKEY_DSA)
        tls_finding_add(findings, TLS_CODE_WEAK_KEY, depth,
                        "the key of %s is DSA, which clients know no longer", who);
    else if (is_weak)
        tls_finding_add(findings, TLS_CODE_WEAK_KEY, depth, "the key of %s is weak: %s of %d bits",
                        who, tls_key_type(key), bits);
    else
        tls_finding_add_as(findings, TLS_CODE_WEAK_KEY, TLS_WARNING, depth,
                           "the key of %s is on a curve of %d bits, which many clients refuse", who,
                           bits);
}

static void signature_judge(const struct tls_evidence *evidence, int depth,
                            struct tls_findings *findings)
{
    int digest = NID_undef, security = 0;

    if (!X509_get_signature_info(tls_evidence_at(evidence, depth), &digest, NULL, &security,
                                 NULL) ||
        security >= SECURITY_BITS_MIN)
        return;
    tls_finding_add(findings, TLS_CODE_WEAK_SIGNATURE, depth, "the signature of %s rests on %s",
                    tls_evidence_whose(evidence, depth, findings->arena),
                    digest != NID_undef ? OBJ_nid2ln(digest) : "a digest that is not known");
}
