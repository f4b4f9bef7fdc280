// tls_verdict.c - collects OpenSSL's complaints and puts them into words.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_verdict.h"

#include "base/arena.h"
#include "net/tls_match.h"

static void problem_add(const struct tls_verdict *verdict, size_t i, struct tls_result *result);
static void host_judge(const X509 *certificate, struct tls_result *result);
static struct str host_words(struct tls_result *result, const char *host);

void tls_verdict_add(struct tls_verdict *verdict, int depth, int error)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (verdict->seen[i].depth == depth && verdict->seen[i].error == error)
            return;
    if (verdict->count == TLS_PROBLEMS_MAX - 1)
        return;
    verdict->seen[verdict->count].depth = depth;
    verdict->seen[verdict->count].error = error;
    verdict->count++;
}

int tls_verdict_callback(int is_ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

    if (!is_ok)
        tls_verdict_add(SSL_get_app_data(ssl), X509_STORE_CTX_get_error_depth(store),
                        X509_STORE_CTX_get_error(store));
    return 1;
}

void tls_verdict_report(const struct tls_verdict *verdict, const X509 *certificate,
                        struct tls_result *result)
{
    int deepest = 0;

    result->problems = arena_array(result->arena, TLS_PROBLEMS_MAX, sizeof *result->problems);
    for (size_t i = 0; i < verdict->count; i++)
        if (verdict->seen[i].depth > deepest)
            deepest = verdict->seen[i].depth;
    host_judge(certificate, result);
    for (int depth = 0; depth <= deepest; depth++)
        for (size_t i = 0; i < verdict->count; i++)
            if (verdict->seen[i].depth == depth)
                problem_add(verdict, i, result);
    result->is_verified = verdict->count == 0;
    result->code = result->problem_count > 0 ? result->problems[0].code : "ok";
}

static void problem_add(const struct tls_verdict *verdict, size_t i, struct tls_result *result)
{
    int error = verdict->seen[i].error;

    result->problems[result->problem_count++] = (struct tls_problem){
        .code = tls_verdict_code(error, result->chain_count),
        .openssl = error,
        .depth = verdict->seen[i].depth,
        .words = arena_copy(result->arena, str_of(X509_verify_cert_error_string(error))),
    };
}

const char *tls_verdict_code(int error, size_t chain_count)
{
    static const struct {
        int error;
        const char *code;
    } codes[] = {
        {X509_V_ERR_CERT_HAS_EXPIRED, "expired"},
        {X509_V_ERR_CERT_NOT_YET_VALID, "not_yet_valid"},
        {X509_V_ERR_HOSTNAME_MISMATCH, "hostname_mismatch"},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, "hostname_mismatch"},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self_signed"},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "untrusted_root"},
        {X509_V_ERR_INVALID_CA, "invalid_ca"},
        {X509_V_ERR_PATH_LENGTH_EXCEEDED, "path_length"},
        {X509_V_ERR_INVALID_PURPOSE, "wrong_purpose"},
        {X509_V_ERR_PERMITTED_VIOLATION, "name_constraint"},
        {X509_V_ERR_EXCLUDED_VIOLATION, "name_constraint"},
        {X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad_signature"},
        {X509_V_ERR_EE_KEY_TOO_SMALL, "weak_key"},
        {X509_V_ERR_CA_KEY_TOO_SMALL, "weak_key"},
        {X509_V_ERR_CA_MD_TOO_WEAK, "weak_signature"},
        {X509_V_ERR_CERT_REVOKED, "revoked"},
    };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].error == error)
            return codes[i].code;
    if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
        error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
        error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
        return chain_count > 1 ? "untrusted_root" : "incomplete_chain";
    return "verify_other";
}

// The name first: whoever looks at the wrong server need not wonder about its issuer.
static void host_judge(const X509 *certificate, struct tls_result *result)
{
    bool is_ip;
    const char *host = tls_target_name(&result->target, &is_ip);

    result->is_host_ok = tls_match_certificate(certificate, host, is_ip);
    if (result->is_host_ok)
        return;
    result->problems[result->problem_count++] = (struct tls_problem){
        .code = "hostname_mismatch",
        .openssl = is_ip ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH,
        .words = host_words(result, host),
    };
}

static struct str host_words(struct tls_result *result, const char *host)
{
    struct buf words;
    struct str kept;

    buf_init(&words, 1024);
    buf_printf(&words, "hostname mismatch: the certificate does not name %s", host);
    if (result->san_count == 0)
        buf_add_text(&words, "; it has no subject alternative names at all");
    for (size_t i = 0; i < result->san_count && i < 5; i++)
        buf_printf(&words, "%s%.*s", i == 0 ? ", but " : ", ", STR(result->sans[i]));
    if (result->san_total > 5)
        buf_printf(&words, " and %zu more", result->san_total - 5);
    kept = arena_copy(result->arena, buf_str(&words));
    buf_done(&words);
    return kept;
}
