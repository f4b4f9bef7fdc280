// tls_crl.c - reads revocation lists and looks certificates up in them.
//
// Scopes, partitions, deltas and indirect lists are OpenSSL's to understand: the chain is verified
// a second time, with the lists, and of what it says then only revocation is taken.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_crl.h"

#include <fcntl.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "net/tls_cert.h"
#include "net/tls_chain.h"
#include "net/tls_dates.h"

enum {
    LISTS_MAX = 1000,
};

static void note_judge(const struct tls_evidence *evidence, int depth, int error,
                       struct tls_findings *findings, const struct tls_crl *crl);

static bool list_add(STACK_OF(X509_CRL) * *lists, X509_CRL *list)
{
    if (!*lists)
        *lists = sk_X509_CRL_new_null();
    if (*lists && sk_X509_CRL_num(*lists) < LISTS_MAX && sk_X509_CRL_push(*lists, list) > 0)
        return true;
    X509_CRL_free(list);
    return false;
}

bool tls_crl_read(struct str bytes, STACK_OF(X509_CRL) * *lists)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    BIO *pem = BIO_new_mem_buf(bytes.p, (int)bytes.len);
    bool is_any = false;
    X509_CRL *list;

    while (pem && (list = PEM_read_bio_X509_CRL(pem, NULL, NULL, NULL)))
        is_any |= list_add(lists, list);
    BIO_free(pem);
    if (!is_any && (list = d2i_X509_CRL(NULL, &p, (long)bytes.len)))
        is_any = list_add(lists, list);
    ERR_clear_error();
    return is_any;
}

bool tls_crl_load(const char *path, STACK_OF(X509_CRL) * *lists, struct err *e)
{
    struct buf bytes;
    bool is_read;

    buf_init(&bytes, TLS_CRL_MAX_BYTES);
    is_read = file_read_all(AT_FDCWD, path, &bytes, e) &&
              (tls_crl_read(buf_str(&bytes), lists) ||
               fail(e, ERR_INPUT, "crl", "%s holds no revocation list", path));
    buf_done(&bytes);
    return is_read;
}

// Errors that say: this list proves nothing.
static bool is_useless(int error)
{
    static const int errors[] = {
        X509_V_ERR_UNABLE_TO_GET_CRL,
        X509_V_ERR_DIFFERENT_CRL_SCOPE,
        X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
        X509_V_ERR_CRL_SIGNATURE_FAILURE,
        X509_V_ERR_CRL_NOT_YET_VALID,
        X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD,
        X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
        X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
        X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
        X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
        X509_V_ERR_CRL_PATH_VALIDATION_ERROR,
    };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i] == error)
            return true;
    return false;
}

// The newest list of the leaf's issuer.
static const X509_CRL *list_of(const struct tls_evidence *evidence, STACK_OF(X509_CRL) * lists)
{
    const X509_NAME *issuer = X509_get_issuer_name(evidence->leaf);
    const X509_CRL *newest = NULL;

    for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
        const X509_CRL *list = sk_X509_CRL_value(lists, i);

        if (X509_NAME_cmp(X509_CRL_get_issuer(list), issuer) == 0 &&
            (!newest || tls_cert_time(X509_CRL_get0_lastUpdate(list)).us >
                            tls_cert_time(X509_CRL_get0_lastUpdate(newest)).us))
            newest = list;
    }
    return newest;
}

static bool is_noted(const struct tls_notes *notes, int depth, int error)
{
    for (size_t i = 0; i < notes->len; i++)
        if (notes->v[i].depth == depth && notes->v[i].error == error)
            return true;
    return false;
}

// OpenSSL tells what a list says also when it has just said that the list is worth nothing.
static bool is_proven(const struct tls_notes *notes, int depth)
{
    for (size_t i = 0; i < notes->len; i++)
        if (notes->v[i].depth == depth && is_useless(notes->v[i].error))
            return false;
    return true;
}

// An old list still tells who was revoked; that nobody was, it tells of its own days.
static enum tls_revocation status_of(const struct tls_notes *notes, const X509_CRL *list)
{
    if (!list || !is_proven(notes, 0))
        return TLS_REVOCATION_NONE;
    return is_noted(notes, 0, X509_V_ERR_CERT_REVOKED) ? TLS_REVOCATION_REVOKED
                                                       : TLS_REVOCATION_GOOD;
}

void tls_crl_judge(const struct tls_evidence *evidence, SSL_CTX *context,
                   STACK_OF(X509_CRL) * lists, enum tls_source source,
                   struct tls_findings *findings, struct tls_crl *ret_crl)
{
    const struct tls_build build = {
        .context = context,
        .leaf = evidence->leaf,
        .untrusted = evidence->presented,
        .crls = lists,
        .now = evidence->now,
    };
    const X509_CRL *list = list_of(evidence, lists);
    struct tls_notes notes;

    sk_X509_pop_free(tls_chain_build(&build, &notes), X509_free);
    *ret_crl = (struct tls_crl){
        .source = source,
        .status = status_of(&notes, list),
        .this_update = list ? tls_cert_time(X509_CRL_get0_lastUpdate(list)) : WALL_NEVER,
        .next_update = list ? tls_cert_time(X509_CRL_get0_nextUpdate(list)) : WALL_NEVER,
    };
    for (size_t i = 0; i < notes.len; i++)
        if (notes.v[i].error != X509_V_ERR_CERT_REVOKED || is_proven(&notes, notes.v[i].depth))
            note_judge(evidence, notes.v[i].depth, notes.v[i].error, findings, ret_crl);
}

static void note_judge(const struct tls_evidence *evidence, int depth, int error,
                       struct tls_findings *findings, const struct tls_crl *crl)
{
    bool is_end = depth > 0 && !tls_evidence_at(evidence, depth + 1);
    bool is_missing =
        error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_DIFFERENT_CRL_SCOPE;
    const char *who = tls_evidence_whose(evidence, depth, findings->arena);
    const char *since = depth == 0 && crl->next_update.us != WALL_NEVER.us
                            ? tls_dates_text(crl->next_update, findings->arena).p
                            : "some time";
    struct tls_finding *added = NULL;

    if (error == X509_V_ERR_CERT_REVOKED)
        added = tls_finding_add(findings, TLS_CODE_REVOKED, depth,
                                "%s has been revoked, says the revocation list of its issuer", who);
    else if (error == X509_V_ERR_CRL_HAS_EXPIRED)
        added = tls_finding_add(findings, TLS_CODE_CRL_STALE, depth,
                                "the revocation list for %s is out of date since %s", who, since);
    else if (is_missing && !is_end) // nobody but itself could revoke a root
        added = tls_finding_add(findings, TLS_CODE_CRL_MISSING, depth,
                                "no revocation list covers %s", who);
    else if (!is_missing && is_useless(error))
        added = tls_finding_add(findings, TLS_CODE_CRL_UNUSABLE, depth,
                                "the revocation list for %s proves nothing: %s", who,
                                X509_verify_cert_error_string(error));
    if (added)
        added->openssl = error;
}
