// tls_chain.c - judges the way from a certificate to a root.
//
// OpenSSL stops at the first fault unless its callback says "go on". Ours always does, and notes
// what it said; here the notes become findings. One cause often has several of OpenSSL's numbers:
// an issuer that may not sign is an invalid CA and has a wrong purpose, a missing issuer is told
// once from below and once from above. Each cause is told once.
//
// OpenSSL finds issuers by their names (and key ids, where there are any) and never goes back. A CA
// that took a new key and kept its name would then have signed nothing well; so where a signature
// fails, the chain is built once more by keys, which costs a verification for each try. A server
// may send thousands of certificates of one name: it gets TRIES_MAX.
//
// How a chain is sent matters less than it did: clients of TLS 1.3 sort it. Older ones, and many
// devices, take it as it comes.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_chain.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "net/tls_name.h"

enum {
    EXTRA_MAX_COUNT = 10,
    EXTRA_MAX_BYTES = 16384,
    TRIES_MAX = 64,
};

struct building {
    struct tls_notes *notes;
    int tries_left;
};

static void note_judge(const struct tls_evidence *evidence, int depth, int error,
                       struct tls_findings *findings);

void tls_notes_add(struct tls_notes *notes, int depth, int error)
{
    for (size_t i = 0; i < notes->len; i++)
        if (notes->v[i].depth == depth && notes->v[i].error == error)
            return;
    if (notes->len == TLS_NOTES_MAX)
        return;
    notes->v[notes->len].depth = depth;
    notes->v[notes->len].error = error;
    notes->len++;
}

// One complaint may take the place of another: when something was wrong before it came to the end
// of the chain, OpenSSL repeats that there instead of saying that the end is not trusted. And when
// it gives up, it does not ask whether to go on.
void tls_notes_complete(struct tls_notes *notes, X509_STORE_CTX *ctx, int outcome)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    int length = sk_X509_num(chain), error = X509_STORE_CTX_get_error(ctx);
    bool is_self_signed;

    if (outcome != 1) {
        tls_notes_add(notes, 0, error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED);
        tls_notes_add(notes, 0, X509_V_ERR_UNSPECIFIED);
    }
    if (length <= 0 || X509_STORE_CTX_get_num_untrusted(ctx) < length ||
        !tls_chain_is_trusted(notes))
        return;
    is_self_signed = X509_self_signed(sk_X509_value(chain, length - 1), 0) == 1;
    tls_notes_add(notes, length - 1,
                  !is_self_signed ? X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
                  : length == 1   ? X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
                                  : X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
}

// ---- building ----

static int chain_note(int is_ok, X509_STORE_CTX *ctx)
{
    struct building *building = X509_STORE_CTX_get_app_data(ctx);

    if (!is_ok)
        tls_notes_add(building->notes, X509_STORE_CTX_get_error_depth(ctx),
                      X509_STORE_CTX_get_error(ctx));
    return 1;
}

// Who signed a certificate is who can have done it, not who is called like that.
static int is_issued(X509_STORE_CTX *ctx, X509 *x, X509 *issuer)
{
    struct building *building = X509_STORE_CTX_get_app_data(ctx);
    int error = X509_check_issued(issuer, x);

    return (error == X509_V_OK || error == X509_V_ERR_KEYUSAGE_NO_CERTSIGN) &&
           building->tries_left-- > 0 && X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

// OpenSSL takes this question from the store alone, which is one thread's.
static bool build_init(X509_STORE_CTX *ctx, const struct tls_build *b, bool is_by_key)
{
    X509_STORE *store = SSL_CTX_get_cert_store(b->context);
    bool ok;

    if (is_by_key)
        X509_STORE_set_check_issued(store, is_issued);
    ok = X509_STORE_CTX_init(ctx, store, b->leaf, b->untrusted);
    if (is_by_key)
        X509_STORE_set_check_issued(store, NULL);
    return ok;
}

static bool build_prepare(X509_STORE_CTX *ctx, const struct tls_build *b, struct building *building)
{
    const unsigned long crl_flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                                    X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS;
    X509_VERIFY_PARAM *param;

    param = X509_STORE_CTX_get0_param(ctx);
    if (!X509_VERIFY_PARAM_set1(param, SSL_CTX_get0_param(b->context)) ||
        (b->purpose && !X509_STORE_CTX_set_default(ctx, b->purpose)))
        return false;
    X509_VERIFY_PARAM_set_time(param, (time_t)(b->now.us / 1000000));
    if (b->crls) {
        X509_VERIFY_PARAM_set_flags(param, crl_flags);
        X509_STORE_CTX_set0_crls(ctx, b->crls);
    }
    X509_STORE_CTX_set_app_data(ctx, building);
    X509_STORE_CTX_set_verify_cb(ctx, chain_note);
    return true;
}

static STACK_OF(X509) *
    build(const struct tls_build *b, bool is_by_key, struct tls_notes *ret_notes)
{
    struct building building = {.notes = ret_notes, .tries_left = TRIES_MAX};
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = NULL;

    *ret_notes = (struct tls_notes){0};
    if (ctx && build_init(ctx, b, is_by_key) && build_prepare(ctx, b, &building)) {
        tls_notes_complete(ret_notes, ctx, X509_verify_cert(ctx));
        chain = X509_STORE_CTX_get1_chain(ctx);
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return chain;
}

static bool has_bad_signature(const struct tls_notes *notes)
{
    for (size_t i = 0; i < notes->len; i++)
        if (notes->v[i].error == X509_V_ERR_CERT_SIGNATURE_FAILURE)
            return true;
    return false;
}

STACK_OF(X509) * tls_chain_rebuild(const struct tls_build *b, struct tls_notes *notes)
{
    STACK_OF(X509) * chain;
    struct tls_notes now;

    if (!has_bad_signature(notes))
        return NULL;
    chain = build(b, true, &now);
    if (chain && !has_bad_signature(&now) && tls_chain_is_trusted(&now)) {
        *notes = now;
        return chain;
    }
    sk_X509_pop_free(chain, X509_free);
    return NULL;
}

STACK_OF(X509) * tls_chain_build(const struct tls_build *b, struct tls_notes *ret_notes)
{
    STACK_OF(X509) *chain = build(b, false, ret_notes), *better = tls_chain_rebuild(b, ret_notes);

    if (!better)
        return chain;
    sk_X509_pop_free(chain, X509_free);
    return better;
}

// ---- trust ----

enum tls_code tls_chain_code(int error, int depth, int chain_length)
{
    static const struct {
        int error;
        enum tls_code code;
    } codes[] = {
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_CODE_SELF_SIGNED},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_CODE_UNTRUSTED_ROOT},
        {X509_V_ERR_CERT_UNTRUSTED, TLS_CODE_UNTRUSTED_ROOT},
        {X509_V_ERR_CERT_REJECTED, TLS_CODE_UNTRUSTED_ROOT},
        {X509_V_ERR_INVALID_CA, TLS_CODE_INVALID_CA},
        {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, TLS_CODE_INVALID_CA},
        {X509_V_ERR_PATH_LENGTH_EXCEEDED, TLS_CODE_PATH_LENGTH},
        {X509_V_ERR_CERT_CHAIN_TOO_LONG, TLS_CODE_PATH_LENGTH},
        {X509_V_ERR_INVALID_PURPOSE, TLS_CODE_WRONG_PURPOSE},
        {X509_V_ERR_PERMITTED_VIOLATION, TLS_CODE_NAME_CONSTRAINT},
        {X509_V_ERR_EXCLUDED_VIOLATION, TLS_CODE_NAME_CONSTRAINT},
        {X509_V_ERR_SUBTREE_MINMAX, TLS_CODE_NAME_CONSTRAINT},
        {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, TLS_CODE_NAME_CONSTRAINT},
        {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, TLS_CODE_NAME_CONSTRAINT},
        {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, TLS_CODE_NAME_CONSTRAINT},
        {X509_V_ERR_CERT_SIGNATURE_FAILURE, TLS_CODE_BAD_SIGNATURE},
        {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, TLS_CODE_BAD_SIGNATURE},
        {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, TLS_CODE_BAD_SIGNATURE},
        {X509_V_ERR_INVALID_EXTENSION, TLS_CODE_MALFORMED},
        {X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, TLS_CODE_MALFORMED},
        {X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, TLS_CODE_MALFORMED},
        // seen by tls_dates, tls_strength, tls_name and tls_crl
        {X509_V_ERR_CERT_NOT_YET_VALID, TLS_CODE_OK},
        {X509_V_ERR_CERT_HAS_EXPIRED, TLS_CODE_OK},
        {X509_V_ERR_EE_KEY_TOO_SMALL, TLS_CODE_OK},
        {X509_V_ERR_CA_KEY_TOO_SMALL, TLS_CODE_OK},
        {X509_V_ERR_CA_MD_TOO_WEAK, TLS_CODE_OK},
        {X509_V_ERR_HOSTNAME_MISMATCH, TLS_CODE_OK},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, TLS_CODE_OK},
    };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].error == error)
            return codes[i].code;
    if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
        error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
        error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
        return depth > 0 || chain_length > 1 ? TLS_CODE_UNTRUSTED_ROOT : TLS_CODE_INCOMPLETE_CHAIN;
    return TLS_CODE_VERIFY_OTHER;
}

bool tls_chain_is_trusted(const struct tls_notes *notes)
{
    for (size_t i = 0; i < notes->len; i++) {
        enum tls_code code = tls_chain_code(notes->v[i].error, notes->v[i].depth, 1);

        if (code == TLS_CODE_SELF_SIGNED || code == TLS_CODE_UNTRUSTED_ROOT ||
            code == TLS_CODE_INCOMPLETE_CHAIN || notes->v[i].error == X509_V_ERR_UNSPECIFIED)
            return false;
    }
    return true;
}

void tls_chain_judge_trust(const struct tls_evidence *evidence, const struct tls_notes *notes,
                           struct tls_findings *findings)
{
    for (size_t i = 0; i < notes->len; i++)
        note_judge(evidence, notes->v[i].depth, notes->v[i].error, findings);
}

static bool is_found_at(const struct tls_findings *findings, enum tls_code code, int depth)
{
    for (size_t i = 0; i < findings->len; i++)
        if (findings->v[i].code == code && findings->v[i].depth == depth)
            return true;
    return false;
}

static struct tls_finding *cause_add(const struct tls_evidence *evidence, enum tls_code code,
                                     int depth, int error, struct tls_findings *findings)
{
    struct arena *arena = findings->arena;
    X509 *x = tls_evidence_at(evidence, depth);
    const char *who = tls_evidence_whose(evidence, depth, arena);
    const char *issuer = x ? tls_name_short(X509_get_issuer_name(x), arena).p : "nobody";

    switch (code) {
    case TLS_CODE_SELF_SIGNED:
        return tls_finding_add(findings, code, depth, "%s is self-signed and not trusted", who);
    case TLS_CODE_INCOMPLETE_CHAIN:
        return tls_finding_add_as(findings, code, evidence->is_file ? TLS_WARNING : TLS_CRITICAL,
                                  depth,
                                  "the chain is incomplete: the certificate is signed by %s, whose "
                                  "own is neither %s nor trusted",
                                  issuer, evidence->is_file ? "in the file" : "sent");
    case TLS_CODE_UNTRUSTED_ROOT:
        if (x && X509_self_signed(x, 0) == 1)
            return tls_finding_add(findings, code, depth,
                                   "the chain ends at the root %s, which is not trusted", issuer);
        return tls_finding_add(findings, code, depth,
                               "the chain ends at %s, which is neither sent nor trusted", issuer);
    case TLS_CODE_INVALID_CA:
        return tls_finding_add(findings, code, depth, "%s signed another and must not: it is no CA",
                               who);
    case TLS_CODE_PATH_LENGTH:
        return tls_finding_add(findings, code, depth,
                               "more certificates lie below %s than it allows", who);
    case TLS_CODE_WRONG_PURPOSE:
        return tls_finding_add(findings, code, depth, "%s is not meant for TLS servers (key usage)",
                               who);
    case TLS_CODE_NAME_CONSTRAINT:
        return tls_finding_add(findings, code, depth,
                               "%s has a name that an authority above it "
                               "must not sign: %s",
                               who, X509_verify_cert_error_string(error));
    case TLS_CODE_BAD_SIGNATURE:
        return tls_finding_add(findings, code, depth, "%s has a signature that %s did not make",
                               who, issuer);
    default:
        return tls_finding_add(findings, code, depth, "%s: %s", who,
                               X509_verify_cert_error_string(error));
    }
}

static bool is_ca(X509 *x)
{
    return X509_get_extension_flags(x) & EXFLAG_CA;
}

static bool is_unreadable(X509 *x)
{
    return X509_get_extension_flags(x) & EXFLAG_INVALID;
}

// OpenSSL finds no way up from a certificate, nor to one, of which it cannot read an extension.
static bool unreadable_judge(const struct tls_evidence *evidence, int depth, int error,
                             struct tls_findings *findings)
{
    X509 *x = tls_evidence_at(evidence, depth), *torn = x && is_unreadable(x) ? x : NULL;
    struct tls_finding *added;

    if (!x || X509_self_signed(x, 0) == 1)
        return false;
    for (int i = 0; i < sk_X509_num(evidence->presented) && !torn; i++) {
        X509 *above = sk_X509_value(evidence->presented, i);

        if (is_unreadable(above) &&
            X509_NAME_cmp(X509_get_subject_name(above), X509_get_issuer_name(x)) == 0)
            torn = above;
    }
    if (!torn)
        return false;
    added = tls_finding_add(findings, TLS_CODE_MALFORMED, torn == x ? depth : depth + 1,
                            "an extension of the certificate of %s cannot be read",
                            tls_name_short(X509_get_subject_name(torn), findings->arena).p);
    if (added)
        added->openssl = error;
    return true;
}

// A root by itself in a file is what it should be.
static bool is_root_file(const struct tls_evidence *evidence)
{
    return evidence->is_file && is_ca(evidence->leaf);
}

static void note_judge(const struct tls_evidence *evidence, int depth, int error,
                       struct tls_findings *findings)
{
    int length = sk_X509_num(evidence->verified);
    enum tls_code code = tls_chain_code(error, depth, length);
    struct tls_finding *added;

    if (code == TLS_CODE_OK || (code == TLS_CODE_SELF_SIGNED && is_root_file(evidence)))
        return;
    if (code == TLS_CODE_WRONG_PURPOSE && is_found_at(findings, TLS_CODE_INVALID_CA, depth))
        return;
    // OpenSSL says it at the leaf as well as at the end of the chain.
    if ((code == TLS_CODE_UNTRUSTED_ROOT || code == TLS_CODE_INCOMPLETE_CHAIN) &&
        (tls_findings_have(findings, code) || unreadable_judge(evidence, depth, error, findings)))
        return;
    added = cause_add(evidence, code, depth, error, findings);
    if (added)
        added->openssl = error;
}

// ---- form ----

static bool is_same(X509 *a, X509 *b)
{
    return a == b || (ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)) == 0 &&
                      X509_cmp(a, b) == 0);
}

static int position_of(STACK_OF(X509) * presented, X509 *x)
{
    for (int i = 0; i < sk_X509_num(presented); i++)
        if (is_same(sk_X509_value(presented, i), x))
            return i;
    return -1;
}

static void extra_judge(const struct tls_evidence *evidence, int extra, X509 *root,
                        struct tls_findings *findings)
{
    STACK_OF(X509) *presented = evidence->presented;
    int count = sk_X509_num(presented);
    int64_t bytes = 0;
    bool is_much;

    for (int i = 0; i < count; i++)
        if (sk_X509_value(presented, i) != evidence->leaf)
            bytes += i2d_X509(sk_X509_value(presented, i), NULL);
    is_much = extra > 0 && (count > EXTRA_MAX_COUNT || bytes > EXTRA_MAX_BYTES);
    if (extra > 0)
        tls_finding_add_as(findings, TLS_CODE_CHAIN_EXTRA, is_much ? TLS_WARNING : TLS_OK,
                           TLS_DEPTH_NONE,
                           "%d of the %d certificates sent serve nothing (%lld bytes beside the "
                           "server's own)",
                           extra, count, (long long)bytes);
    else if (root)
        tls_finding_add(findings, TLS_CODE_CHAIN_EXTRA, TLS_DEPTH_NONE,
                        "the root %s is sent, which clients have or do not trust",
                        tls_name_short(X509_get_subject_name(root), findings->arena).p);
}

void tls_chain_judge_form(const struct tls_evidence *evidence, struct tls_findings *findings)
{
    int length = sk_X509_num(evidence->verified), used = 0, before = -1;
    bool is_sorted = true;
    X509 *x, *root = NULL;

    for (int depth = 0; depth < length; depth++) {
        int at;

        x = tls_evidence_at(evidence, depth);
        at = position_of(evidence->presented, x);
        if (at < 0)
            continue;
        used++;
        is_sorted &= at > before;
        before = at;
        if (depth > 0 && X509_self_signed(x, 0) == 1)
            root = x;
    }
    if (!is_sorted)
        tls_finding_add(findings, TLS_CODE_CHAIN_ORDER, TLS_DEPTH_NONE,
                        "the certificates are not sent in order, each behind the one it signed: "
                        "some clients will not find the way");
    if (length > 0)
        extra_judge(evidence, sk_X509_num(evidence->presented) - used, root, findings);
    if (!evidence->is_file && is_ca(evidence->leaf) && X509_self_signed(evidence->leaf, 0) != 1)
        tls_finding_add(findings, TLS_CODE_LEAF_IS_CA, 0,
                        "the certificate may sign others, which a server's has no need of");
}
