// tls_inquiry.c - one question after the other, each with its limit.
//
//     begin -> the leaf's responder -> the list of each certificate below the root -> judge
//
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_inquiry.h"

#include <stdlib.h>

#include "base/loop.h"
#include "base/mem.h"
#include "net/fetch.h"
#include "net/tls_cert.h"
#include "net/tls_crl.h"
#include "net/tls_ocsp.h"

struct tls_inquiry {
    struct tls_inquiry_options o;
    tls_inquiry_done *done;
    void *ctx;
    struct fetch *fetch;
    size_t responder; // of the leaf's URIs: the one that is asked
    int depth;        // whose list is fetched
    size_t point;     // of its URIs
    int fetched;
    STACK_OF(X509_CRL) * lists;
};

static void inquiry_begin(void *ctx);
static void responder_ask(struct tls_inquiry *q);
static void responder_told(const struct fetch_end *end, void *ctx);
static void list_ask(struct tls_inquiry *q);
static void list_told(const struct fetch_end *end, void *ctx);
static void lists_judge(struct tls_inquiry *q);

static bool asks_responder(const struct tls_evidence *e, const struct tls_result *r)
{
    bool is_known =
        r->ocsp.status == TLS_REVOCATION_GOOD || r->ocsp.status == TLS_REVOCATION_REVOKED;

    return e->policy->asks_ocsp && !is_known && r->leaf->ocsp.len > 0 && tls_evidence_at(e, 1);
}

bool tls_inquiry_is_due(const struct tls_evidence *evidence, const struct tls_result *result)
{
    return result->leaf && (asks_responder(evidence, result) || evidence->policy->asks_crl);
}

struct tls_inquiry *tls_inquiry_start(const struct tls_inquiry_options *options,
                                      tls_inquiry_done *done, void *ctx)
{
    struct tls_inquiry *q = mem_alloc(sizeof *q);

    *q = (struct tls_inquiry){.o = *options, .done = done, .ctx = ctx};
    loop_defer(q->o.loop, inquiry_begin, q);
    return q;
}

void tls_inquiry_stop(struct tls_inquiry *q)
{
    if (!q)
        return;
    loop_defer_cancel(q->o.loop, inquiry_begin, q);
    fetch_stop(q->fetch);
    sk_X509_CRL_pop_free(q->lists, X509_CRL_free);
    free(q);
}

static void inquiry_end(struct tls_inquiry *q)
{
    tls_inquiry_done *done = q->done;
    void *ctx = q->ctx;

    tls_inquiry_stop(q);
    done(ctx);
}

// False with *e when it cannot be fetched.
static bool fetch_begin(struct tls_inquiry *q, struct fetch_options *o, fetch_done *done,
                        struct err *e)
{
    int64_t left_ms = (q->o.until.us - clock_mono(loop_clock(q->o.loop)).us) / 1000;

    if (left_ms <= 0)
        return fail(e, ERR_TIMEOUT, NULL, "no time is left to ask");
    o->loop = q->o.loop;
    o->dns = q->o.dns;
    o->access = q->o.access;
    o->timeout_ms = left_ms < TLS_INQUIRY_MS ? (int)left_ms : TLS_INQUIRY_MS;
    q->fetch = fetch_start(o, done, q, e);
    return q->fetch;
}

static bool is_answer(const struct fetch_end *end, struct err *e)
{
    if (end->error.code != ERR_NONE) {
        *e = end->error;
        return false;
    }
    return end->status == 200 || fail(e, ERR_TLS, NULL, "the answer is %d", end->status);
}

// ---- the responder ----

static void inquiry_begin(void *ctx)
{
    struct tls_inquiry *q = ctx;

    if (asks_responder(q->o.evidence, q->o.result))
        responder_ask(q);
    else
        list_ask(q);
}

static void responder_unreachable(struct tls_inquiry *q, const struct err *e)
{
    const struct tls_texts *uris = &q->o.result->leaf->ocsp;

    if (++q->responder < uris->len) {
        responder_ask(q);
        return;
    }
    tls_finding_add(&q->o.result->findings, TLS_CODE_OCSP_UNREACHABLE, 0,
                    "the issuer's OCSP responder could not be asked: %s", e->message);
    list_ask(q);
}

static void responder_ask(struct tls_inquiry *q)
{
    struct fetch_options o = {
        .url = q->o.result->leaf->ocsp.v[q->responder],
        .body = tls_ocsp_request(q->o.evidence, q->o.result->arena),
        .content_type = "application/ocsp-request",
        .max_bytes = TLS_OCSP_MAX_BYTES,
    };
    struct err e = {0};

    if (!fetch_begin(q, &o, responder_told, &e))
        responder_unreachable(q, &e);
}

static void responder_told(const struct fetch_end *end, void *ctx)
{
    struct tls_inquiry *q = ctx;
    struct err e = {0};

    q->fetch = NULL;
    if (!is_answer(end, &e)) {
        responder_unreachable(q, &e);
        return;
    }
    tls_ocsp_judge(q->o.evidence, end->body, TLS_SOURCE_QUERY, &q->o.result->findings,
                   &q->o.result->ocsp);
    list_ask(q);
}

// ---- revocation lists ----

static void list_unreachable(struct tls_inquiry *q, const struct err *e)
{
    struct tls_findings *f = &q->o.result->findings;

    tls_finding_add(f, TLS_CODE_CRL_UNREACHABLE, q->depth,
                    "the revocation list for %s could not be fetched: %s",
                    tls_evidence_whose(q->o.evidence, q->depth, f->arena), e->message);
}

// The next URI of this certificate, or the next certificate; the root is not looked up.
static void list_ask(struct tls_inquiry *q)
{
    const struct tls_evidence *evidence = q->o.evidence;

    for (; tls_evidence_at(evidence, q->depth + 1) || q->depth == 0; q->depth++, q->point = 0) {
        struct tls_texts points = {0};
        X509 *x = tls_evidence_at(evidence, q->depth);
        struct err e = {0};

        if (!evidence->policy->asks_crl || !x || q->fetched == TLS_INQUIRY_LISTS_MAX)
            break;
        tls_cert_crls(x, q->o.result->arena, &points);
        while (q->point < points.len) {
            struct fetch_options o = {.url = points.v[q->point++],
                                      .max_bytes = TLS_CRL_FETCH_MAX_BYTES};

            if (fetch_begin(q, &o, list_told, &e))
                return;
        }
        if (e.code != ERR_NONE)
            list_unreachable(q, &e);
    }
    lists_judge(q);
}

static void list_told(const struct fetch_end *end, void *ctx)
{
    struct tls_inquiry *q = ctx;
    struct err e = {0};

    q->fetch = NULL;
    q->fetched++;
    if (is_answer(end, &e) && (tls_crl_read(end->body, &q->lists) ||
                               fail(&e, ERR_INPUT, NULL, "what was sent is no such list"))) {
        q->depth++;
        q->point = 0;
    } else {
        list_unreachable(q, &e);
    }
    list_ask(q);
}

static void lists_judge(struct tls_inquiry *q)
{
    struct tls_findings *f = &q->o.result->findings;

    if (q->lists)
        tls_crl_judge(q->o.evidence, q->o.context, q->lists, TLS_SOURCE_QUERY, f,
                      &q->o.result->crl);
    else if (q->o.evidence->policy->asks_crl && !tls_findings_have(f, TLS_CODE_CRL_UNREACHABLE))
        tls_finding_add(f, TLS_CODE_CRL_MISSING, 0, "the certificate names no revocation list");
    inquiry_end(q);
}
