// tls_session.c - drives OpenSSL through a handshake and explains how it ended.
//
// The certificate can be read even after a handshake that failed later, so the report always looks
// for one first.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_session.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/mem.h"
#include "net/greeting.h"
#include "net/tls_cert.h"
#include "net/tls_verdict.h"
#include "net/tls_wire.h"

struct tls_session {
    SSL *ssl;
    struct tls_wire wire;
    struct tls_verdict verdict;
    bool is_complete;
    unsigned long reason; // OpenSSL's error when it failed
};

static void certificate_report(struct tls_session *s, struct tls_result *result);
static void failure_report(struct tls_session *s, struct tls_result *result);
static bool is_tls(const struct tls_wire *wire);
static void not_tls_report(const struct tls_wire *wire, const char *where, struct tls_result *r);
static void closed_report(const struct tls_session *s, const char *where, struct tls_result *r);
static void alert_report(int alert, const char *where, struct tls_result *r);
static void protocol_report(const struct tls_session *s, const char *where, struct tls_result *r);

static bool ssl_prepare(struct tls_session *s, BIO_METHOD *method, const struct tls_target *target,
                        wall now)
{
    const char *name = target->sni[0] ? target->sni : target->is_ip ? NULL : target->host;
    BIO *bio = BIO_new(method);

    if (!bio)
        return false;
    tls_wire_attach(bio, &s->wire);
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_app_data(s->ssl, &s->verdict);
    SSL_set_connect_state(s->ssl);
    X509_VERIFY_PARAM_set_time(SSL_get0_param(s->ssl), (time_t)(now.us / 1000000));
    return !name || SSL_set_tlsext_host_name(s->ssl, name);
}

struct tls_session *tls_session_new(SSL_CTX *context, BIO_METHOD *method, int fd,
                                    const struct tls_target *target, wall now)
{
    struct tls_session *s = mem_alloc(sizeof *s);

    s->wire.fd = fd;
    s->ssl = SSL_new(context);
    if (!s->ssl || !ssl_prepare(s, method, target, now)) {
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
        (void)SSL_shutdown(s->ssl); // says good-bye, so that the server's log stays clean; no wait
                                    // for the answer
        ERR_clear_error();
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

// TLS 1.2 servers that insist on a client certificate end the handshake with their own certificate
// on the table.
static bool is_refused_for_client_cert(const struct tls_session *s)
{
    bool is_by_server = ERR_GET_REASON(s->reason) >= SSL_AD_REASON_OFFSET || s->wire.is_ended ||
                        s->wire.errnum != 0;

    return s->verdict.is_client_cert_asked && is_by_server;
}

void tls_session_report(struct tls_session *s, struct tls_result *result)
{
    bool has_failed = result->error.code != ERR_NONE;

    certificate_report(s, result);
    if (s->is_complete) {
        result->phase = TLS_PHASE_DONE;
        return;
    }
    if (!has_failed && is_refused_for_client_cert(s) && result->has_certificate) {
        result->phase = TLS_PHASE_DONE;
        return;
    }
    if (!has_failed)
        failure_report(s, result);
}

static void certificate_report(struct tls_session *s, struct tls_result *result)
{
    X509 *certificate = SSL_get0_peer_certificate(s->ssl);
    const SSL_CIPHER *cipher = SSL_get_current_cipher(s->ssl);

    if (cipher) {
        result->cipher = SSL_CIPHER_get_name(cipher);
        result->tls_version = SSL_get_version(s->ssl);
    }
    if (!certificate)
        return;
    result->is_client_cert_asked = s->verdict.is_client_cert_asked;
    result->chain_count = (size_t)sk_X509_num(SSL_get_peer_cert_chain(s->ssl));
    tls_cert_read(certificate, result);
    tls_verdict_report(&s->verdict, certificate, result);
    ERR_clear_error();
}

static void failure_report(struct tls_session *s, struct tls_result *r)
{
    struct tls_wire *wire = &s->wire;
    int reason = ERR_GET_REASON(s->reason);
    char where[TLS_TARGET_TEXT];

    tls_target_text(&r->target, where);
    if (wire->is_flooded) {
        r->code = "protocol_error";
        fail(&r->error, ERR_TLS, "host", "%s sends without end instead of finishing the handshake",
             where);
    } else if (wire->first_count > 0 && !is_tls(wire)) {
        tls_wire_peek(wire);
        not_tls_report(wire, where, r);
    } else if (reason >= SSL_AD_REASON_OFFSET) {
        alert_report(reason - SSL_AD_REASON_OFFSET, where, r);
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

static void not_tls_report(const struct tls_wire *wire, const char *where, struct tls_result *r)
{
    struct str first = {(const char *)wire->first, wire->first_count};
    char line[GREETING_MAX + 1];

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

static void alert_report(int alert, const char *where, struct tls_result *r)
{
    const char *words = SSL_alert_desc_string_long(alert);

    r->code = "handshake_failure";
    fail(&r->error, ERR_TLS, "host", "%s refuses the handshake: alert \"%s\"", where, words);
    if (alert == SSL_AD_UNRECOGNIZED_NAME) {
        r->code = "unrecognized_name";
        fail_hint(&r->error, "the server has no certificate for this name: ask with another name");
    } else if (alert == SSL_AD_PROTOCOL_VERSION) {
        r->code = "old_protocol";
        fail_hint(&r->error, "the server speaks neither TLS 1.2 nor TLS 1.3");
    } else if (alert == SSL_AD_HANDSHAKE_FAILURE && r->target.is_ip && !r->target.sni[0]) {
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
        fail(&r->error, ERR_TLS, "host", "%s speaks only a TLS version older than 1.2", where);
        fail_hint(&r->error, "TLS 1.0 and 1.1 are given up (RFC 8996): update the server");
        return;
    }
    fail(&r->error, ERR_TLS, "host", "the handshake with %s failed: %s", where,
         words ? words : "OpenSSL gives no reason");
}
