// tls_session.c - drives OpenSSL through a handshake and explains how it ended.
//
// The certificate can be read even after a handshake that failed later, so the report always looks
// for one first.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_session.h"

#include <stdlib.h>

#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/mem.h"
#include "net/greeting.h"
#include "net/tls_options.h"
#include "net/tls_verdict.h"
#include "net/tls_wire.h"

struct tls_session {
    SSL *ssl;
    struct tls_wire wire;
    struct tls_verdict verdict;
    struct tls_evidence evidence;
    const struct tls_identity *identity;
    bool is_complete;
    size_t complete_bytes; // what had come in by then
    unsigned long reason;  // OpenSSL's error when it failed
};

static void certificate_report(struct tls_session *s, struct tls_result *result);
static void failure_report(struct tls_session *s, struct tls_result *result);
static bool is_tls(const struct tls_wire *wire);
static void not_tls_report(const struct tls_wire *wire, const char *where, struct tls_result *r);
static void closed_report(const struct tls_session *s, const char *where, struct tls_result *r);
static void alert_report(int alert, const char *where, struct tls_result *r);
static void protocol_report(const struct tls_session *s, const char *where, struct tls_result *r);

// Called when the server asks for a certificate of ours. That it asked is worth knowing: such a
// server ends the handshake when it gets none.
static int certificate_asked(SSL *ssl, void *ctx)
{
    struct tls_session *s = ctx;
    const struct tls_identity *id = s->identity;

    s->verdict.is_client_cert_asked = true;
    return !id || (SSL_use_certificate(ssl, id->certificate) == 1 &&
                   SSL_use_PrivateKey(ssl, id->key) == 1 && SSL_set1_chain(ssl, id->chain) == 1);
}

static bool offer_set(SSL *ssl, const struct tls_options *o)
{
    if (o->alpn_len > 0 && SSL_set_alpn_protos(ssl, o->alpn, (unsigned)o->alpn_len) != 0)
        return false;
    return (!o->tls_min || SSL_set_min_proto_version(ssl, o->tls_min)) &&
           (!o->tls_max || SSL_set_max_proto_version(ssl, o->tls_max));
}

static bool ssl_prepare(struct tls_session *s, const struct tls_session_options *o)
{
    bool is_ip;
    const char *name = tls_target_name(o->target, &is_ip);
    BIO *bio = BIO_new(o->method);

    if (!bio)
        return false;
    tls_wire_attach(bio, &s->wire);
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_app_data(s->ssl, &s->verdict);
    SSL_set_cert_cb(s->ssl, certificate_asked, s);
    SSL_set_connect_state(s->ssl);
    X509_VERIFY_PARAM_set_time(SSL_get0_param(s->ssl), (time_t)(o->now.us / 1000000));
    if (!SSL_enable_ct(s->ssl, SSL_CT_VALIDATION_PERMISSIVE)) // asks for a staple as well
        return false;
    if (o->target->options && !offer_set(s->ssl, o->target->options))
        return false;
    return is_ip || SSL_set_tlsext_host_name(s->ssl, name);
}

struct tls_session *tls_session_new(const struct tls_session_options *options)
{
    struct tls_session *s = mem_alloc(sizeof *s);

    s->wire.fd = options->fd;
    s->identity = options->identity;
    s->evidence.is_custom = options->is_custom;
    s->evidence.now = options->now;
    s->ssl = SSL_new(options->context);
    if (!s->ssl || !ssl_prepare(s, options)) {
        ERR_clear_error();
        tls_session_free(s);
        return NULL;
    }
    return s;
}

void tls_session_free(struct tls_session *session)
{
    if (!session)
        return;
    SSL_free(session->ssl);
    tls_verdict_done(&session->verdict);
    free(session);
}

enum tls_step tls_session_step(struct tls_session *s)
{
    int n, why;

    s->wire.turn_left = WIRE_TURN_BYTES;
    ERR_clear_error();
    n = SSL_do_handshake(s->ssl);
    if (n == 1) {
        s->is_complete = true;
        s->complete_bytes = s->wire.in_bytes;
        return TLS_STEP_OVER;
    }
    why = SSL_get_error(s->ssl, n);
    if (why == SSL_ERROR_WANT_READ)
        return TLS_STEP_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return TLS_STEP_WRITE;
    s->reason = ERR_peek_last_error();
    ERR_clear_error();
    return TLS_STEP_OVER;
}

bool tls_session_has_more(const struct tls_session *s)
{
    return s->is_complete && s->identity && s->verdict.is_client_cert_asked &&
           SSL_version(s->ssl) == TLS1_3_VERSION;
}

// A server that took our certificate says so by going on: with a session ticket, or its first data.
enum tls_step tls_session_listen(struct tls_session *s)
{
    char byte;
    int n, why;

    s->wire.turn_left = WIRE_TURN_BYTES;
    ERR_clear_error();
    n = SSL_read(s->ssl, &byte, 1);
    why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, n);
    if (why == SSL_ERROR_WANT_READ &&
        (s->wire.in_bytes == s->complete_bytes || SSL_has_pending(s->ssl)))
        return TLS_STEP_READ;
    if (why == SSL_ERROR_SSL)
        s->reason = ERR_peek_last_error();
    ERR_clear_error();
    return TLS_STEP_OVER;
}

void tls_session_close(struct tls_session *s)
{
    if (s->is_complete)
        (void)SSL_shutdown(s->ssl);
    ERR_clear_error();
}

// The alert that ended it, or -1: reasons of other parts of OpenSSL have large numbers, too.
static int alert_of(const struct tls_session *s)
{
    int alert = ERR_GET_REASON(s->reason) - SSL_AD_REASON_OFFSET;

    return ERR_GET_LIB(s->reason) == ERR_LIB_SSL && alert >= 0 && alert <= UINT8_MAX ? alert : -1;
}

// TLS 1.2 servers that insist on a client certificate end the handshake with their own certificate
// on the table.
static bool is_refused_for_client_cert(const struct tls_session *s)
{
    bool is_by_server = alert_of(s) >= 0 || s->wire.is_ended || s->wire.errnum != 0;

    return s->verdict.is_client_cert_asked && is_by_server;
}

static void refused_report(const struct tls_session *s, struct tls_result *r)
{
    int alert = alert_of(s);
    char where[TLS_TARGET_TEXT];

    r->code = "client_cert_refused";
    fail(&r->error, ERR_TLS, "host", "%s refuses our certificate: alert \"%s\"",
         tls_target_text(&r->target, where), SSL_alert_desc_string_long(alert));
    fail_hint(&r->error, "is it of an issuer that the server trusts, and still valid?");
}

void tls_session_report(struct tls_session *s, struct tls_result *result)
{
    bool has_failed = result->error.code != ERR_NONE;
    bool is_alert = alert_of(s) >= 0;
    bool is_over_client_cert;

    certificate_report(s, result);
    is_over_client_cert = result->leaf && is_refused_for_client_cert(s);
    if (s->is_complete || (!has_failed && is_over_client_cert && !s->identity))
        result->phase = TLS_PHASE_DONE;
    if (has_failed)
        return;
    if (s->identity && is_over_client_cert && is_alert)
        refused_report(s, result);
    else if (result->phase != TLS_PHASE_DONE)
        failure_report(s, result);
}

static void alpn_report(const struct tls_session *s, struct tls_result *result)
{
    const unsigned char *name;
    unsigned n;

    SSL_get0_alpn_selected(s->ssl, &name, &n);
    if (n > 0)
        result->alpn = arena_copy(result->arena, (struct str){(const char *)name, n});
    else if (s->is_complete && result->target.options && result->target.options->alpn_len > 0)
        tls_finding_add(&result->findings, TLS_CODE_ALPN_MISMATCH, TLS_DEPTH_NONE,
                        "the server chose none of the protocols in alpn");
}

static void evidence_collect(struct tls_session *s, const struct tls_target *target)
{
    struct tls_evidence *e = &s->evidence;

    e->leaf = s->verdict.leaf;
    e->presented = s->verdict.presented;
    e->verified = s->verdict.verified;
    e->is_trusted = tls_chain_is_trusted(&s->verdict.notes);
    e->host = tls_target_name(target, &e->is_ip);
    e->policy = tls_target_policy(target);
    e->known = target->known;
}

const struct tls_evidence *tls_session_evidence(const struct tls_session *session)
{
    return &session->evidence;
}

SSL_CTX *tls_session_context(const struct tls_session *session)
{
    return SSL_get_SSL_CTX(session->ssl);
}

static void scts_report(struct tls_session *s, struct tls_result *r)
{
    const STACK_OF(SCT) *scts = SSL_get0_peer_scts(s->ssl);

    for (int i = 0; i < sk_SCT_num(scts); i++) {
        sct_source_t source = SCT_get_source(sk_SCT_value(scts, i));

        r->scts.in_handshake += source == SCT_SOURCE_TLS_EXTENSION;
        r->scts.in_ocsp += source == SCT_SOURCE_OCSP_STAPLED_RESPONSE;
    }
    if (s->evidence.policy->wants_ct &&
        r->scts.embedded + r->scts.in_handshake + r->scts.in_ocsp == 0)
        tls_finding_add(&r->findings, TLS_CODE_CT_MISSING, 0,
                        "no log of certificate transparency vouches for the certificate");
}

static void staple_report(struct tls_session *s, struct tls_result *r)
{
    unsigned char *staple = NULL;
    long n = SSL_get_tlsext_status_ocsp_resp(s->ssl, &staple);

    if (n > 0)
        tls_ocsp_judge(&s->evidence, (struct str){(char *)staple, (size_t)n}, TLS_SOURCE_STAPLE,
                       &r->findings, &r->ocsp);
    else if (r->leaf->is_must_staple)
        tls_finding_add(&r->findings, TLS_CODE_OCSP_MISSING, 0,
                        "the certificate demands an OCSP staple, and the server sends none");
}

static void certificate_report(struct tls_session *s, struct tls_result *r)
{
    r->channel.asks_client_cert = s->verdict.is_client_cert_asked;
    tls_channel_read(s->ssl, r->arena, &r->channel);
    if (!s->verdict.leaf)
        return;
    evidence_collect(s, &r->target);
    alpn_report(s, r);
    tls_verdict_report(&s->evidence, &s->verdict.notes, r);
    staple_report(s, r);
    scts_report(s, r);
    tls_channel_judge(&r->channel, r->leaf->key_usage, &r->findings);
    ERR_clear_error();
}

static void failure_report(struct tls_session *s, struct tls_result *r)
{
    struct tls_wire *wire = &s->wire;
    char where[TLS_TARGET_TEXT];

    tls_target_text(&r->target, where);
    if (wire->is_flooded) {
        r->code = "protocol_error";
        fail(&r->error, ERR_TLS, "host", "%s sends without end instead of finishing the handshake",
             where);
    } else if (wire->first_count > 0 && !is_tls(wire)) {
        tls_wire_peek(wire);
        not_tls_report(wire, where, r);
    } else if (alert_of(s) >= 0) {
        alert_report(alert_of(s), where, r);
    } else if (wire->is_ended || wire->errnum != 0) {
        closed_report(s, where, r);
    } else {
        protocol_report(s, where, r);
    }
}

// A TLS record starts with its type (handshake or alert here) and 3.
static bool is_tls(const struct tls_wire *wire)
{
    bool is_type = wire->first[0] == 22 || wire->first[0] == 21;

    return is_type && (wire->first_count < 2 || wire->first[1] == 3);
}

void tls_session_injected(struct str bytes, struct tls_result *r)
{
    char where[TLS_TARGET_TEXT], line[GREETING_MAX + 1];

    r->code = "starttls_injection";
    fail(&r->error, ERR_TLS, "host", "%s agrees to TLS, but goes on in the clear: \"%s\"",
         tls_target_text(&r->target, where), greeting_line(bytes, line));
    fail_hint(&r->error, "somebody on the way may be putting words into the connection, or the "
                         "server does not keep to the protocol");
}

static void not_tls_report(const struct tls_wire *wire, const char *where, struct tls_result *r)
{
    struct str first = {(const char *)wire->first, wire->first_count};
    char line[GREETING_MAX + 1];

    if (tls_target_starttls(&r->target)) {
        tls_session_injected(first, r);
        return;
    }
    r->code = "not_tls";
    fail(&r->error, ERR_TLS, "host", "%s answers, but not with TLS: it says \"%s\"", where,
         greeting_line(first, line));
    fail_hint(&r->error, "%s", greeting_hint(first));
}

static void closed_report(const struct tls_session *s, const char *where, struct tls_result *r)
{
    const char *when = s->wire.first_count > 0 ? "during the handshake" : "without a word of TLS";

    if (s->wire.errnum != 0) {
        r->code = "connection_reset";
        fail(&r->error, ERR_TLS, "host", "%s broke the connection %s: %s", where, when,
             err_words(s->wire.errnum));
    } else {
        r->code = "connection_closed";
        fail(&r->error, ERR_TLS, "host", "%s closed the connection %s", where, when);
    }
    fail_hint(&r->error, "is this a TLS port, and does the server let this machine in?");
}

static bool has_own_versions(const struct tls_result *r)
{
    return r->target.options && (r->target.options->tls_min || r->target.options->tls_max);
}

static void alert_report(int alert, const char *where, struct tls_result *r)
{
    const char *words = SSL_alert_desc_string_long(alert);
    bool is_ip;

    (void)tls_target_name(&r->target, &is_ip);
    r->code = "handshake_failure";
    fail(&r->error, ERR_TLS, "host", "%s refuses the handshake: alert \"%s\"", where, words);
    if (alert == SSL_AD_UNRECOGNIZED_NAME) {
        r->code = "unrecognized_name";
        fail_hint(&r->error, "the server has no certificate for this name: ask with another name");
    } else if (alert == SSL_AD_NO_APPLICATION_PROTOCOL) {
        r->code = "alpn_mismatch";
        fail_hint(&r->error, "it speaks none of the protocols in alpn: ask without");
    } else if (alert == SSL_AD_PROTOCOL_VERSION) {
        r->code = "old_protocol";
        fail_hint(&r->error, has_own_versions(r)
                                 ? "it speaks no TLS version between tls_min and tls_max"
                                 : "the server speaks no version of TLS that we know");
    } else if (alert == SSL_AD_HANDSHAKE_FAILURE && is_ip) {
        fail_hint(&r->error, "the server may want to be asked by name, not by address");
    } else if (alert == SSL_AD_HANDSHAKE_FAILURE) {
        fail_hint(&r->error, "it has no cipher in common with us, or does not serve this name");
    }
}

static void protocol_report(const struct tls_session *s, const char *where, struct tls_result *r)
{
    const char *words = ERR_reason_error_string(s->reason);

    r->code = "protocol_error";
    if (ERR_GET_REASON(s->reason) == SSL_R_UNSUPPORTED_PROTOCOL) {
        r->code = "old_protocol";
        if (has_own_versions(r)) {
            fail(&r->error, ERR_TLS, "host", "%s speaks no TLS version between tls_min and tls_max",
                 where);
            return;
        }
        fail(&r->error, ERR_TLS, "host", "%s speaks only a version older than TLS 1.0", where);
        fail_hint(&r->error, "SSL is given up (RFC 7568): update the server");
        return;
    }
    fail(&r->error, ERR_TLS, "host", "the handshake with %s failed: %s", where,
         words ? words : "OpenSSL gives no reason");
}
