// tls_ocsp.c - reads and judges OCSP responses.
//
// OpenSSL's OCSP_basic_verify trusts whatever chains to a root and takes its own time; so it is
// asked for the signature alone, and who may sign (RFC 6960, 4.2.2.2) is decided here, at the time
// of the check: the issuer, or a certificate that the issuer signed directly for this purpose.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "net/tls_cert.h"
#include "net/tls_dates.h"
#include "time/duration.h"

enum {
    SKEW_MINUTES = 5, // clocks may differ by so much
    RESPONSES_MAX = 100,
};

struct judging {
    const struct tls_evidence *evidence;
    struct tls_findings *findings;
    struct tls_ocsp *ocsp;
    X509 *issuer;
    const char *what; // "the OCSP staple"
};

static void response_judge(struct judging *j, OCSP_BASICRESP *basic);
static OCSP_SINGLERESP *single_find(const struct judging *j, OCSP_BASICRESP *basic);
static bool is_signed_by_right(const struct judging *j, OCSP_BASICRESP *basic);
static void single_read(struct judging *j, OCSP_SINGLERESP *single);
static void freshness_judge(const struct judging *j);

const char *tls_revocation_name(enum tls_revocation status)
{
    static const char *const names[] = {"none", "good", "revoked", "unknown"};

    return names[status];
}

const char *tls_source_name(enum tls_source source)
{
    static const char *const names[] = {NULL, "staple", "query", "file"};

    return names[source];
}

// Whether the certificate demands what is judged.
static bool is_demanded(const struct judging *j)
{
    return j->ocsp->source == TLS_SOURCE_STAPLE && tls_cert_is_must_staple(j->evidence->leaf);
}

static void unusable(const struct judging *j, const char *why)
{
    tls_finding_add_as(j->findings, TLS_CODE_OCSP_UNUSABLE,
                       is_demanded(j) ? TLS_CRITICAL : TLS_WARNING, 0, "%s proves nothing: %s",
                       j->what, why);
}

void tls_ocsp_judge(const struct tls_evidence *evidence, struct str response,
                    enum tls_source source, struct tls_findings *findings,
                    struct tls_ocsp *ret_ocsp)
{
    const unsigned char *p = (const unsigned char *)response.p;
    OCSP_RESPONSE *parsed = d2i_OCSP_RESPONSE(NULL, &p, (long)response.len);
    OCSP_BASICRESP *basic = parsed ? OCSP_response_get1_basic(parsed) : NULL;
    struct judging j = {
        .evidence = evidence,
        .findings = findings,
        .ocsp = ret_ocsp,
        .issuer = tls_evidence_at(evidence, 1),
        .what = source == TLS_SOURCE_STAPLE ? "the OCSP staple" : "the OCSP response",
    };

    *ret_ocsp = (struct tls_ocsp){.source = source,
                                  .revoked_at = WALL_NEVER,
                                  .this_update = WALL_NEVER,
                                  .next_update = WALL_NEVER};
    if (!parsed)
        unusable(&j, "it cannot be read");
    else if (OCSP_response_status(parsed) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        unusable(&j, OCSP_response_status_str(OCSP_response_status(parsed)));
    else if (!basic)
        unusable(&j, "it is of a kind that is not known");
    else
        response_judge(&j, basic);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(parsed);
    ERR_clear_error();
}

static void response_judge(struct judging *j, OCSP_BASICRESP *basic)
{
    OCSP_SINGLERESP *single;

    if (!j->issuer) {
        unusable(j, "the issuer's certificate is missing, which must have signed it");
        return;
    }
    single = single_find(j, basic);
    if (!single) {
        unusable(j, "it is about another certificate");
        return;
    }
    j->ocsp->is_signed = is_signed_by_right(j, basic);
    if (!j->ocsp->is_signed) {
        unusable(j, "its signature is not of the issuer");
        return;
    }
    single_read(j, single);
    if (j->ocsp->status == TLS_REVOCATION_REVOKED) {
        const char *when = j->ocsp->revoked_at.us == WALL_NEVER.us
                               ? "at a time that cannot be read"
                               : tls_dates_text(j->ocsp->revoked_at, j->findings->arena).p;

        tls_finding_add(j->findings, TLS_CODE_REVOKED, 0,
                        "the certificate has been revoked, %s (%s, says %s)", when,
                        j->ocsp->reason ? j->ocsp->reason : "no reason given", j->what);
        return;
    }
    if (j->ocsp->status == TLS_REVOCATION_UNKNOWN)
        tls_finding_add_as(
            j->findings, TLS_CODE_OCSP_UNKNOWN, is_demanded(j) ? TLS_CRITICAL : TLS_WARNING, 0,
            "the issuer's responder does not know the certificate, says %s", j->what);
    freshness_judge(j);
}

// An id names the certificate by digests of its issuer; the responder chooses which digest.
static bool is_ours(const struct judging *j, OCSP_SINGLERESP *single)
{
    const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT *algorithm = NULL;
    const EVP_MD *digest;
    OCSP_CERTID *ours;
    bool is_same;

    OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)id);
    digest = EVP_get_digestbyobj(algorithm);
    ours = digest ? OCSP_cert_to_id(digest, j->evidence->leaf, j->issuer) : NULL;
    is_same = ours && OCSP_id_cmp(ours, id) == 0;
    OCSP_CERTID_free(ours);
    return is_same;
}

static OCSP_SINGLERESP *single_find(const struct judging *j, OCSP_BASICRESP *basic)
{
    int count = OCSP_resp_count(basic);

    for (int i = 0; i < count && i < RESPONSES_MAX; i++)
        if (is_ours(j, OCSP_resp_get0(basic, i)))
            return OCSP_resp_get0(basic, i);
    return NULL;
}

static bool is_valid_now(X509 *x, wall now)
{
    wall from = tls_cert_time(X509_get0_notBefore(x));
    wall until = tls_cert_time(X509_get0_notAfter(x));

    return from.us != WALL_NEVER.us && until.us != WALL_NEVER.us && from.us <= now.us &&
           now.us <= until.us;
}

static bool may_sign(const struct judging *j, X509 *signer)
{
    if (X509_cmp(signer, j->issuer) == 0)
        return true;
    return (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) &&
           (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) &&
           X509_check_issued(j->issuer, signer) == X509_V_OK &&
           X509_verify(signer, X509_get0_pubkey(j->issuer)) == 1 &&
           is_valid_now(signer, j->evidence->now);
}

static bool is_signed_by_right(const struct judging *j, OCSP_BASICRESP *basic)
{
    STACK_OF(X509) *issuers = sk_X509_new_null();
    X509 *signer = NULL;
    bool is_right = issuers && sk_X509_push(issuers, j->issuer) > 0 &&
                    OCSP_resp_get0_signer(basic, &signer, issuers) == 1 && may_sign(j, signer) &&
                    OCSP_basic_verify(basic, issuers, NULL, OCSP_NOVERIFY) == 1;

    sk_X509_free(issuers);
    return is_right;
}

static void single_read(struct judging *j, OCSP_SINGLERESP *single)
{
    ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
    int reason = -1;
    int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);

    j->ocsp->status = status == V_OCSP_CERTSTATUS_GOOD      ? TLS_REVOCATION_GOOD
                      : status == V_OCSP_CERTSTATUS_REVOKED ? TLS_REVOCATION_REVOKED
                                                            : TLS_REVOCATION_UNKNOWN;
    if (j->ocsp->status == TLS_REVOCATION_REVOKED && reason >= 0)
        j->ocsp->reason = OCSP_crl_reason_str(reason);
    j->ocsp->revoked_at = tls_cert_time(revoked);
    j->ocsp->this_update = tls_cert_time(this_update);
    j->ocsp->next_update = tls_cert_time(next_update);
}

static void freshness_judge(const struct judging *j)
{
    const struct tls_ocsp *o = j->ocsp;
    wall now = j->evidence->now;
    int64_t skew_us = SKEW_MINUTES * MINUTE_US;
    struct arena *arena = j->findings->arena;
    enum tls_severity severity = is_demanded(j) ? TLS_CRITICAL : TLS_WARNING;

    if (o->this_update.us == WALL_NEVER.us || o->this_update.us > now.us + skew_us)
        unusable(j, "it is from the future, or undated");
    else if (o->next_update.us != WALL_NEVER.us && o->next_update.us + skew_us < now.us)
        tls_finding_add_as(j->findings, TLS_CODE_OCSP_STALE, severity, 0,
                           "%s is out of date since %s, %s", j->what,
                           tls_dates_text(o->next_update, arena).p,
                           tls_dates_about(o->next_update, now, arena).p);
}

struct str tls_ocsp_request(const struct tls_evidence *evidence, struct arena *arena)
{
    X509 *issuer = tls_evidence_at(evidence, 1);
    OCSP_CERTID *id = issuer ? OCSP_cert_to_id(EVP_sha1(), evidence->leaf, issuer) : NULL;
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    unsigned char *der = NULL;
    struct str kept = {0};
    int n = 0;

    if (id && request && OCSP_request_add0_id(request, id)) {
        id = NULL; // now the request's
        n = i2d_OCSP_REQUEST(request, &der);
    }
    if (n > 0)
        kept = arena_copy(arena, (struct str){(char *)der, (size_t)n});
    OPENSSL_free(der);
    OCSP_CERTID_free(id);
    OCSP_REQUEST_free(request);
    return kept;
}
