// tls_result.c - a finished check as JSON and as a sentence.
//
// The codes of a result: "ok"; of a bad certificate those of tls_verdict.c (expired, not_yet_valid,
// hostname_mismatch, self_signed, untrusted_root, incomplete_chain, invalid_ca, path_length,
// wrong_purpose, name_constraint, bad_signature, weak_key, weak_signature, revoked, verify_other);
// of a check without a verdict: target_denied, dns_not_found, dns_failed, dns_timeout,
// connect_refused, connect_unreachable, connect_timeout, proxy_failed, proxy_timeout,
// starttls_unsupported, starttls_refused, starttls_injection, starttls_timeout, connection_closed,
// connection_reset, handshake_timeout, handshake_failure, unrecognized_name, old_protocol,
// alpn_mismatch, client_cert_refused, not_tls, protocol_error, file_unreadable, internal.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_result.h"

#include <stdio.h>

#include "base/json_write.h"
#include "net/tls_options.h"
#include "time/civil.h"

static void target_write(const struct tls_target *target, struct json_write *w);
static void certificate_write(const struct tls_result *r, struct json_write *w);
static void sans_write(const struct tls_result *r, struct json_write *w);
static void problems_write(const struct tls_result *r, struct json_write *w);
static void connection_write(const struct tls_result *r, struct json_write *w);
static void bad_words(const struct tls_result *r, struct buf *out);

bool tls_result_is_good(const struct tls_result *result)
{
    return result->has_certificate && result->is_verified && result->is_host_ok &&
           result->error.code == ERR_NONE;
}

static void text_write(struct json_write *w, const char *key, const char *text)
{
    json_write_key(w, key);
    json_write_text(w, text && text[0] ? text : NULL);
}

static void str_write(struct json_write *w, const char *key, struct str s)
{
    json_write_key(w, key);
    if (s.len > 0)
        json_write_str(w, s);
    else
        json_write_null(w);
}

static void time_write(struct json_write *w, const char *key, wall at)
{
    struct civil c = civil_at(floor_div(at.us, 1000000));
    struct buf text;

    json_write_key(w, key);
    if (at.us == WALL_NEVER.us || at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    buf_printf(&text, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
               c.second);
    if (at.us % 1000000 != 0)
        buf_printf(&text, ".%06d", (int)(at.us - floor_div(at.us, 1000000) * 1000000));
    buf_add_byte(&text, 'Z');
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

void tls_result_write(const struct tls_result *r, struct buf *out)
{
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    text_write(&w, "code", r->code);
    text_write(&w, "message", r->error.message);
    text_write(&w, "hint", r->error.hint);
    target_write(&r->target, &w);
    time_write(&w, "checked_at", r->checked_at);
    certificate_write(r, &w);
    problems_write(r, &w);
    connection_write(r, &w);
    json_write_object_end(&w);
}

static void place_write(struct json_write *w, const char *key, const char *scheme,
                        const struct tls_place *place)
{
    char text[TLS_TARGET_TEXT], whole[TLS_TARGET_TEXT + 16];

    snprintf(whole, sizeof whole, "%s%s", scheme, tls_place_text(place, text));
    text_write(w, key, place->host[0] ? whole : NULL);
}

static void target_write(const struct tls_target *target, struct json_write *w)
{
    static const struct tls_options none;
    const struct tls_options *o = target->options ? target->options : &none;
    struct tls_place place = tls_target_place(target);
    struct tls_place proxy = {o->proxy_host.host, o->proxy_host.port};
    char scheme[16] = "";

    if (!o->connect_to.host[0])
        place.host = "";
    if (o->proxy)
        snprintf(scheme, sizeof scheme, "%s://", proxy_word(o->proxy));
    text_write(w, "host", target->host);
    json_write_key(w, "port");
    json_write_int(w, tls_target_port(target));
    text_write(w, "sni", o->name.host);
    text_write(w, "starttls", starttls_word(tls_target_starttls(target)));
    place_write(w, "connect_to", "", &place);
    place_write(w, "proxy", scheme, &proxy);
}

static void bool_write(struct json_write *w, const char *key, bool is_known, bool value)
{
    json_write_key(w, key);
    if (is_known)
        json_write_bool(w, value);
    else
        json_write_null(w);
}

static void count_write(struct json_write *w, const char *key, bool is_known, int64_t n)
{
    json_write_key(w, key);
    if (is_known)
        json_write_int(w, n);
    else
        json_write_null(w);
}

static void certificate_write(const struct tls_result *r, struct json_write *w)
{
    str_write(w, "subject", r->subject);
    str_write(w, "subject_line", r->subject_line);
    str_write(w, "issuer", r->issuer);
    str_write(w, "issuer_line", r->issuer_line);
    time_write(w, "not_before", r->not_before);
    time_write(w, "not_after", r->not_after);
    count_write(w, "days_left", r->has_certificate && r->not_after.us != WALL_NEVER.us,
                r->days_left);
    str_write(w, "serial", r->serial);
    str_write(w, "serial_hex", r->serial_hex);
    str_write(w, "sha256", r->sha256);
    sans_write(r, w);
    count_write(w, "san_count", r->has_certificate, (int64_t)r->san_total);
    count_write(w, "chain_count", r->has_certificate, (int64_t)r->chain_count);
    bool_write(w, "verified", r->has_certificate, r->is_verified);
    bool_write(w, "host_ok", r->has_certificate, r->is_host_ok);
}

static void sans_write(const struct tls_result *r, struct json_write *w)
{
    json_write_key(w, "sans");
    if (!r->has_certificate) {
        json_write_null(w);
        return;
    }
    json_write_array(w);
    for (size_t i = 0; i < r->san_count; i++)
        json_write_str(w, r->sans[i]);
    json_write_array_end(w);
}

static void problems_write(const struct tls_result *r, struct json_write *w)
{
    str_write(w, "verify_error", r->problem_count > 0 ? r->problems[0].words : (struct str){0});
    json_write_key(w, "verify_errors");
    if (!r->has_certificate) {
        json_write_null(w);
        return;
    }
    json_write_array(w);
    for (size_t i = 0; i < r->problem_count; i++) {
        json_write_object(w);
        text_write(w, "code", r->problems[i].code);
        count_write(w, "openssl", true, r->problems[i].openssl);
        count_write(w, "depth", true, r->problems[i].depth);
        str_write(w, "message", r->problems[i].words);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void addresses_write(const struct tls_result *r, struct json_write *w)
{
    json_write_key(w, "addresses");
    if (r->address_count == 0) {
        json_write_null(w);
        return;
    }
    json_write_array(w);
    for (size_t i = 0; i < r->address_count; i++) {
        const struct tls_address *a = &r->addresses[i];

        json_write_object(w);
        str_write(w, "address", a->address);
        text_write(w, "code", a->code);
        str_write(w, "message", a->words);
        str_write(w, "sha256", a->sha256);
        time_write(w, "not_after", a->not_after);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void connection_write(const struct tls_result *r, struct json_write *w)
{
    static const char *const phases[TLS_PHASE_DONE] = {
        [TLS_PHASE_DNS] = "dns",
        [TLS_PHASE_CONNECT] = "connect",
        [TLS_PHASE_PROXY] = "proxy",
        [TLS_PHASE_STARTTLS] = "starttls",
        [TLS_PHASE_HANDSHAKE] = "handshake",
        [TLS_PHASE_CLOSE] = "close",
    };

    text_write(w, "tls_version", r->tls_version);
    text_write(w, "cipher", r->cipher);
    str_write(w, "alpn", r->alpn);
    bool_write(w, "client_cert_requested", r->has_certificate, r->is_client_cert_asked);
    str_write(w, "address", r->address);
    addresses_write(r, w);
    json_write_key(w, "timings_ms");
    json_write_object(w);
    for (size_t i = 0; i < TLS_PHASE_DONE; i++) {
        json_write_key(w, phases[i]);
        json_write_double(w, r->phase_ms[i]);
    }
    json_write_key(w, "total");
    json_write_double(w, r->total_ms);
    json_write_object_end(w);
}

int tls_result_rank(const struct tls_result *result)
{
    if (result->problem_count > 0)
        return 3;
    if (tls_result_is_good(result))
        return 0;
    return result->error.code == ERR_TIMEOUT ? 1 : 2;
}

static void until_write(const struct tls_result *r, struct buf *out)
{
    struct civil c = civil_at(floor_div(r->not_after.us, 1000000));

    buf_printf(out, "%04d-%02d-%02d %02d:%02d UTC", c.year, c.month, c.day, c.hour, c.minute);
}

void tls_result_words(const struct tls_result *r, struct buf *out)
{
    char target[TLS_TARGET_TEXT];

    if (!r->has_certificate) {
        buf_add_text(out, r->error.message);
        return;
    }
    buf_printf(out, "certificate of %s ", tls_target_text(&r->target, target));
    if (r->problem_count > 0) {
        bad_words(r, out);
        return;
    }
    if (r->days_left == 0)
        buf_add_text(out, "is good for less than a day (until ");
    else
        buf_printf(out, "is good for %lld day%s (until ", (long long)r->days_left,
                   r->days_left == 1 ? "" : "s");
    until_write(r, out);
    buf_add_byte(out, ')');
    if (r->error.code != ERR_NONE)
        buf_printf(out, ", but %s", r->error.message);
}

static void bad_words(const struct tls_result *r, struct buf *out)
{
    buf_add_text(out, "is bad: ");
    for (size_t i = 0; i < r->problem_count && i < 3; i++)
        buf_printf(out, "%s%.*s", i > 0 ? "; " : "", STR(r->problems[i].words));
    if (r->not_after.us == WALL_NEVER.us)
        return;
    buf_add_text(out, r->days_left < 0 ? " (expired on " : " (valid until ");
    until_write(r, out);
    buf_add_byte(out, ')');
}
