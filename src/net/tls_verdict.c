// tls_verdict.c - lets all judges look at the evidence.
//
// The name first: whoever looks at the wrong server need not wonder about its issuer.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_verdict.h"

#include <openssl/err.h>

#include "base/arena.h"
#include "net/tls_dates.h"
#include "net/tls_match.h"
#include "net/tls_name.h"
#include "net/tls_strength.h"

enum {
    REPR_MAX_BYTES = 16384,
    VERIFIED_MAX = 20,
};

static struct tls_verdict *verdict_of(X509_STORE_CTX *store)
{
    return SSL_get_app_data(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
}

static int fault_note(int is_ok, X509_STORE_CTX *store)
{
    if (!is_ok)
        tls_notes_add(&verdict_of(store)->notes, X509_STORE_CTX_get_error_depth(store),
                      X509_STORE_CTX_get_error(store));
    return 1;
}

static STACK_OF(X509) * chain_of(struct tls_verdict *v, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    time_t now = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(store));
    struct tls_build build = {
        .context = SSL_get_SSL_CTX(ssl),
        .leaf = v->leaf,
        .untrusted = v->presented,
        .purpose = "ssl_server",
        .now = {now * INT64_C(1000000)},
    };
    STACK_OF(X509) *chain = tls_chain_rebuild(&build, &v->notes);

    return chain ? chain : X509_STORE_CTX_get1_chain(store);
}

int tls_verdict_verify(X509_STORE_CTX *store, void *unused)
{
    struct tls_verdict *v = verdict_of(store);

    (void)unused;
    tls_verdict_done(v); // a server that shows another certificate in the same handshake
    v->notes.len = 0;
    X509_STORE_CTX_set_verify_cb(store, fault_note);
    tls_notes_complete(&v->notes, store, X509_verify_cert(store));
    v->leaf = X509_STORE_CTX_get0_cert(store);
    X509_up_ref(v->leaf);
    v->presented = X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(store));
    v->verified = chain_of(v, store);
    return 1;
}

void tls_verdict_done(struct tls_verdict *verdict)
{
    X509_free(verdict->leaf);
    sk_X509_pop_free(verdict->presented, X509_free);
    sk_X509_pop_free(verdict->verified, X509_free);
    verdict->leaf = NULL;
    verdict->presented = verdict->verified = NULL;
}

static void repr_read(const struct tls_evidence *evidence, struct tls_result *r)
{
    struct buf text;

    buf_init(&text, REPR_MAX_BYTES);
    tls_name_repr(X509_get_subject_name(evidence->leaf), &text);
    r->subject_repr = arena_copy(r->arena, buf_str(&text));
    buf_done(&text);
}

// The leaf first, also where it was sent last. sources gets what was read, in the order of chain.
static void chain_read(const struct tls_evidence *evidence, struct tls_cert_reading *reading,
                       struct tls_result *r, X509 *sources[TLS_CHAIN_MAX])
{
    int total = sk_X509_num(evidence->presented);

    r->chain_total = total > 0 ? (size_t)total : 1;
    r->chain =
        arena_array(r->arena, r->chain_total < TLS_CHAIN_MAX ? r->chain_total : TLS_CHAIN_MAX,
                    sizeof *r->chain);
    sources[0] = evidence->leaf;
    tls_cert_read(evidence->leaf, reading, &r->chain[r->chain_count++]);
    reading->sans_max = TLS_CHAIN_SANS_MAX;
    for (int i = 0; i < total && r->chain_count < TLS_CHAIN_MAX; i++) {
        X509 *x = sk_X509_value(evidence->presented, i);

        if (x == evidence->leaf)
            continue;
        sources[r->chain_count] = x;
        tls_cert_read(x, reading, &r->chain[r->chain_count++]);
    }
    r->leaf = r->chain;
}

static struct str fingerprint(X509 *x, const struct tls_cert_reading *reading)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    struct str hex = {0};

    if (n > 0)
        hex =
            tls_cert_sha256(reading->sha256, (struct str){(char *)der, (size_t)n}, reading->arena);
    OPENSSL_free(der);
    return hex;
}

static struct str fingerprint_of(X509 *x, const struct tls_cert_reading *reading,
                                 const struct tls_result *r, X509 *const *sources)
{
    for (size_t i = 0; i < r->chain_count; i++)
        if (sources[i] == x)
            return r->chain[i].sha256;
    return fingerprint(x, reading);
}

static void certificates_read(const struct tls_evidence *evidence, struct tls_result *r)
{
    struct tls_cert_reading reading = {
        .arena = r->arena, .sha256 = tls_cert_hasher(), .sans_max = TLS_SANS_MAX};
    X509 *sources[TLS_CHAIN_MAX], *x;

    chain_read(evidence, &reading, r, sources);
    r->verified = arena_array(r->arena, VERIFIED_MAX, sizeof *r->verified);
    r->verified_until = WALL_NEVER;
    for (int i = 0; i < VERIFIED_MAX && (x = tls_evidence_at(evidence, i)); i++) {
        wall until = tls_cert_time(X509_get0_notAfter(x));

        r->verified[r->verified_count++] = fingerprint_of(x, &reading, r, sources);
        if (until.us < r->verified_until.us)
            r->verified_until = until;
    }
    EVP_MD_CTX_free(reading.sha256);
}

// A chain that anybody could forge is worth no more than one that nobody signed.
static bool is_forgeable(const struct tls_findings *f)
{
    for (size_t i = 0; i < f->len; i++)
        if ((f->v[i].code == TLS_CODE_WEAK_KEY || f->v[i].code == TLS_CODE_WEAK_SIGNATURE) &&
            f->v[i].severity == TLS_CRITICAL)
            return true;
    return false;
}

void tls_verdict_report(const struct tls_evidence *evidence, const struct tls_notes *notes,
                        struct tls_result *r)
{
    struct tls_findings *f = &r->findings;

    repr_read(evidence, r);
    certificates_read(evidence, r);
    if (evidence->is_trusted)
        r->anchor = evidence->is_custom ? TLS_ANCHOR_CUSTOM : TLS_ANCHOR_SYSTEM;
    r->is_host_asked = evidence->host != NULL;
    r->is_host_ok = tls_match_judge_host(evidence, r->leaf, f);
    tls_match_judge_pins(evidence, f);
    r->is_changed = tls_findings_have(f, TLS_CODE_CERTIFICATE_CHANGED);
    tls_chain_judge_trust(evidence, notes, f);
    tls_dates_judge(evidence, f);
    tls_strength_judge(evidence, f);
    r->is_verified = notes->len == 0 && !is_forgeable(f);
    tls_chain_judge_form(evidence, f);
    r->scts.embedded = r->leaf->sct_count;
    ERR_clear_error();
}
