// tls_result_json.c - a finished check as JSON.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_result.h"

#include <stdio.h>

#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "net/tls_dates.h"
#include "net/tls_options.h"
#include "time/iso8601.h"

enum {
    WORDS_MAX = 4000,
};

static void target_write(const struct tls_result *r, struct json_write *w);
static void leaf_write(const struct tls_result *r, struct json_write *w);
static void limits_write(const struct tls_result *r, struct json_write *w);
static void trust_write(const struct tls_result *r, struct json_write *w);
static void chain_write(const struct tls_result *r, struct json_write *w);
static void channel_write(const struct tls_result *r, struct json_write *w);
static void revocation_write(const struct tls_result *r, struct json_write *w);
static void findings_write(const struct tls_result *r, struct json_write *w);
static void addresses_write(const struct tls_result *r, struct json_write *w);
static void timings_write(const struct tls_result *r, struct json_write *w);

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

// A name may be empty, and yet be there.
static void name_write(struct json_write *w, const char *key, bool is_known, struct str s)
{
    json_write_key(w, key);
    if (is_known)
        json_write_str(w, s.p ? s : STR_LIT(""));
    else
        json_write_null(w);
}

static void time_write(struct json_write *w, const char *key, wall at)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == WALL_NEVER.us) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, NULL, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
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

static void list_write(struct json_write *w, const char *key, const struct str *v, size_t count)
{
    json_write_key(w, key);
    json_write_array(w);
    for (size_t i = 0; i < count; i++)
        json_write_str(w, v[i]);
    json_write_array_end(w);
}

void tls_result_write(const struct tls_result *r, struct buf *out)
{
    struct json_write w;
    struct buf words;

    buf_init(&words, WORDS_MAX);
    tls_result_words(r, &words);
    json_write_init(&w, out);
    json_write_object(&w);
    text_write(&w, "status", tls_severity_name(r->status));
    text_write(&w, "code", r->code);
    str_write(&w, "message", buf_str(&words));
    text_write(&w, "hint", r->error.hint);
    time_write(&w, "checked_at", r->checked_at);
    target_write(r, &w);
    str_write(&w, "address", r->address);
    leaf_write(r, &w);
    limits_write(r, &w);
    trust_write(r, &w);
    findings_write(r, &w);
    chain_write(r, &w);
    channel_write(r, &w);
    revocation_write(r, &w);
    addresses_write(r, &w);
    timings_write(r, &w);
    json_write_object_end(&w);
    buf_done(&words);
}

static void problems_write(const struct tls_result *r, struct json_write *w)
{
    json_write_key(w, "findings");
    json_write_array(w);
    for (size_t i = 0; i < r->findings.len; i++)
        if (r->findings.v[i].severity != TLS_OK)
            json_write_text(w, tls_code_name(r->findings.v[i].code));
    json_write_array_end(w);
}

void tls_result_write_short(const struct tls_result *r, struct json_write *w)
{
    static const struct tls_cert none = {.not_after = WALL_NEVER};
    const struct tls_cert *c = r->leaf ? r->leaf : &none;
    bool is_dated = c->not_after.us != WALL_NEVER.us;
    struct buf words;

    buf_init(&words, WORDS_MAX);
    tls_result_words(r, &words);
    json_write_object(w);
    text_write(w, "host", r->target.host);
    count_write(w, "port", true, tls_target_port(&r->target));
    text_write(w, "starttls", starttls_word(tls_target_starttls(&r->target)));
    text_write(w, "status", tls_severity_name(r->status));
    text_write(w, "code", r->code);
    str_write(w, "message", buf_str(&words));
    str_write(w, "address", r->address);
    name_write(w, "subject", r->leaf, c->subject);
    name_write(w, "issuer", r->leaf, c->issuer);
    str_write(w, "sha256", c->sha256);
    time_write(w, "not_after", c->not_after);
    count_write(w, "days_left", is_dated,
                is_dated ? tls_cert_days(c->not_after, r->checked_at) : 0);
    problems_write(r, w);
    json_write_object_end(w);
    buf_done(&words);
}

// ---- what was checked ----

static void place_write(struct json_write *w, const char *key, const char *scheme,
                        const struct tls_place *place)
{
    char text[TLS_TARGET_TEXT], whole[TLS_TARGET_TEXT + 16];

    snprintf(whole, sizeof whole, "%s%s", scheme, tls_place_text(place, text));
    text_write(w, key, place->host[0] ? whole : NULL);
}

static void target_write(const struct tls_result *r, struct json_write *w)
{
    static const struct tls_options none;
    const struct tls_target *target = &r->target;
    const struct tls_options *o = target->options ? target->options : &none;
    struct tls_place place = tls_target_place(target);
    struct tls_place proxy = {o->proxy_host.host, o->proxy_host.port};
    char scheme[16] = "";

    if (!o->connect_to.host[0])
        place.host = "";
    if (o->proxy)
        snprintf(scheme, sizeof scheme, "%s://", proxy_word(o->proxy));
    json_write_key(w, "target");
    json_write_object(w);
    text_write(w, "host", target->host);
    count_write(w, "port", !r->file, tls_target_port(target));
    text_write(w, "sni", o->name.host);
    text_write(w, "starttls", starttls_word(tls_target_starttls(target)));
    place_write(w, "connect_to", "", &place);
    place_write(w, "proxy", scheme, &proxy);
    text_write(w, "file", r->file);
    json_write_object_end(w);
}

// ---- certificates ----

static void usage_write(struct json_write *w, const char *key, uint32_t bits,
                        const struct tls_usage *names)
{
    json_write_key(w, key);
    if (bits == UINT32_MAX) {
        json_write_null(w);
        return;
    }
    json_write_array(w);
    for (size_t i = 0; names[i].name; i++)
        if (bits & names[i].bit)
            json_write_text(w, names[i].name);
    json_write_array_end(w);
}

// Exact to a hundredth.
static double percent_left(wall from, wall to, wall now)
{
    double life = (double)(to.us - from.us);
    double left = (double)(to.us - now.us);
    int64_t hundredths = life > 0 ? (int64_t)(left / life * 10000) : 0;

    return (double)hundredths / 100;
}

static bool has_dates(const struct tls_cert *c)
{
    return c && c->not_before.us != WALL_NEVER.us && c->not_after.us != WALL_NEVER.us;
}

void tls_result_write_dates(wall from, wall to, wall now, struct json_write *w)
{
    bool is_known = from.us != WALL_NEVER.us && to.us != WALL_NEVER.us;

    time_write(w, "not_before", from);
    time_write(w, "not_after", to);
    count_write(w, "days_left", is_known, is_known ? tls_cert_days(to, now) : 0);
    count_write(w, "seconds_left", is_known, is_known ? floor_div(to.us - now.us, 1000000) : 0);
    json_write_key(w, "percent_left");
    if (is_known)
        json_write_double(w, percent_left(from, to, now));
    else
        json_write_null(w);
}

static void dates_write(const struct tls_cert *c, wall now, struct json_write *w)
{
    tls_result_write_dates(c ? c->not_before : WALL_NEVER, c ? c->not_after : WALL_NEVER, now, w);
}

// What is most asked for, of the server's own certificate, once more.
static void leaf_write(const struct tls_result *r, struct json_write *w)
{
    static const struct tls_cert none;
    const struct tls_cert *c = r->leaf ? r->leaf : &none;

    name_write(w, "subject", r->leaf, c->subject);
    str_write(w, "subject_repr", r->subject_repr);
    name_write(w, "issuer", r->leaf, c->issuer);
    dates_write(r->leaf, r->checked_at, w);
    str_write(w, "serial", c->serial);
    str_write(w, "serial_hex", c->serial_hex);
    str_write(w, "sha256", c->sha256);
    str_write(w, "spki_sha256", c->spki_sha256);
    if (r->leaf)
        list_write(w, "sans", c->sans, c->san_count);
    else
        text_write(w, "sans", NULL);
    count_write(w, "san_count", r->leaf, (int64_t)c->san_total);
}

// So long before its end.
static wall limit_at(const struct tls_result *r,
                     int64_t (*limit)(const struct tls_policy *policy, int64_t lifetime_us))
{
    const struct tls_policy *policy = tls_target_policy(&r->target);

    if (!has_dates(r->leaf))
        return WALL_NEVER;
    return (wall){r->leaf->not_after.us -
                  limit(policy, r->leaf->not_after.us - r->leaf->not_before.us)};
}

wall tls_result_warning_at(const struct tls_result *r)
{
    return limit_at(r, tls_policy_warning_us);
}

// When it will be complained about.
static void limits_write(const struct tls_result *r, struct json_write *w)
{
    wall critical = limit_at(r, tls_policy_critical_us);

    time_write(w, "warning_at", tls_result_warning_at(r));
    time_write(w, "critical_at", critical);
}

static void trust_write(const struct tls_result *r, struct json_write *w)
{
    static const char *const anchors[] = {"none", "system", "custom"};
    const struct tls_policy *policy = tls_target_policy(&r->target);
    const unsigned char *before = policy->has_previous ? policy->previous
                                  : r->target.known    ? r->target.known->sha256[0]
                                                       : policy->previous;
    char hex[2 * TLS_SHA256 + 1] = "";

    bool_write(w, "verified", r->leaf, r->is_verified);
    bool_write(w, "host_ok", r->leaf && r->is_host_asked, r->is_host_ok);
    text_write(w, "trust", r->leaf ? anchors[r->anchor] : NULL);
    count_write(w, "chain_count", r->leaf, (int64_t)r->chain_total);
    time_write(w, "chain_not_after", r->leaf ? r->verified_until : WALL_NEVER);
    if (r->leaf)
        list_write(w, "verified_chain", r->verified, r->verified_count);
    else
        text_write(w, "verified_chain", NULL);
    for (size_t i = 0; r->is_changed && i < TLS_SHA256; i++)
        snprintf(hex + 2 * i, 3, "%02x", before[i]);
    json_write_key(w, "changed");
    if (!r->is_changed) {
        json_write_null(w);
        return;
    }
    json_write_object(w);
    text_write(w, "previous_sha256", hex);
    json_write_object_end(w);
}

static void uses_write(const struct tls_cert *c, struct json_write *w)
{
    bool_write(w, "is_ca", true, c->is_ca);
    count_write(w, "path_length", c->path_length >= 0, c->path_length);
    bool_write(w, "self_signed", true, c->is_self_signed);
    usage_write(w, "key_usage", c->key_usage, tls_key_usages);
    usage_write(w, "extended_key_usage", c->extended_key_usage, tls_extended_key_usages);
    bool_write(w, "must_staple", true, c->is_must_staple);
    count_write(w, "scts", true, (int64_t)c->sct_count);
    list_write(w, "ocsp_uris", c->ocsp.v, c->ocsp.len);
    list_write(w, "ca_issuers", c->issuers.v, c->issuers.len);
    list_write(w, "crl_uris", c->crls.v, c->crls.len);
}

void tls_result_write_certificate(const struct tls_cert *c, wall now, struct json_write *w)
{
    name_write(w, "subject", true, c->subject);
    name_write(w, "issuer", true, c->issuer);
    str_write(w, "serial", c->serial);
    str_write(w, "serial_hex", c->serial_hex);
    dates_write(c, now, w);
    str_write(w, "key_type", c->key_type);
    count_write(w, "key_bits", c->key_bits > 0, c->key_bits);
    str_write(w, "curve", c->curve);
    str_write(w, "signature", c->signature);
    str_write(w, "signature_digest", c->digest);
    list_write(w, "sans", c->sans, c->san_count);
    count_write(w, "san_count", true, (int64_t)c->san_total);
    str_write(w, "sha256", c->sha256);
    str_write(w, "spki_sha256", c->spki_sha256);
    uses_write(c, w);
    count_write(w, "der_bytes", true, (int64_t)c->der.len);
}

static void chain_write(const struct tls_result *r, struct json_write *w)
{
    json_write_key(w, "chain");
    if (!r->leaf) {
        json_write_null(w);
        return;
    }
    json_write_array(w);
    for (size_t i = 0; i < r->chain_count; i++) {
        json_write_object(w);
        count_write(w, "position", true, (int64_t)i);
        tls_result_write_certificate(&r->chain[i], r->checked_at, w);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

// ---- the connection ----

static void channel_write(const struct tls_result *r, struct json_write *w)
{
    const struct tls_channel *c = &r->channel;

    json_write_key(w, "tls");
    if (!c->version) {
        json_write_null(w);
        return;
    }
    json_write_object(w);
    text_write(w, "version", c->version);
    text_write(w, "cipher", c->cipher);
    count_write(w, "cipher_bits", true, c->cipher_bits);
    str_write(w, "key_exchange", c->exchange);
    count_write(w, "key_exchange_bits", c->exchange_bits > 0, c->exchange_bits);
    str_write(w, "alpn", r->alpn);
    bool_write(w, "client_cert_requested", true, c->asks_client_cert);
    list_write(w, "client_cas", c->client_cas, c->client_ca_count);
    count_write(w, "client_ca_count", true, (int64_t)c->client_ca_total);
    json_write_object_end(w);
}

static void revocation_write(const struct tls_result *r, struct json_write *w)
{
    json_write_key(w, "ocsp");
    json_write_object(w);
    text_write(w, "source", tls_source_name(r->ocsp.source));
    text_write(w, "status", tls_revocation_name(r->ocsp.status));
    text_write(w, "reason", r->ocsp.reason);
    time_write(w, "revoked_at", r->ocsp.source ? r->ocsp.revoked_at : WALL_NEVER);
    time_write(w, "this_update", r->ocsp.source ? r->ocsp.this_update : WALL_NEVER);
    time_write(w, "next_update", r->ocsp.source ? r->ocsp.next_update : WALL_NEVER);
    bool_write(w, "signature_ok", r->ocsp.source, r->ocsp.is_signed);
    json_write_object_end(w);
    json_write_key(w, "crl");
    json_write_object(w);
    text_write(w, "source", tls_source_name(r->crl.source));
    text_write(w, "status", tls_revocation_name(r->crl.status));
    time_write(w, "this_update", r->crl.source ? r->crl.this_update : WALL_NEVER);
    time_write(w, "next_update", r->crl.source ? r->crl.next_update : WALL_NEVER);
    json_write_object_end(w);
    json_write_key(w, "scts");
    json_write_object(w);
    count_write(w, "embedded", r->leaf, (int64_t)r->scts.embedded);
    count_write(w, "handshake", r->leaf, (int64_t)r->scts.in_handshake);
    count_write(w, "ocsp", r->leaf, (int64_t)r->scts.in_ocsp);
    json_write_object_end(w);
}

static void findings_write(const struct tls_result *r, struct json_write *w)
{
    json_write_key(w, "findings");
    json_write_array(w);
    for (size_t i = 0; i < r->findings.len; i++) {
        const struct tls_finding *f = &r->findings.v[i];

        json_write_object(w);
        text_write(w, "code", tls_code_name(f->code));
        text_write(w, "severity", tls_severity_name(f->severity));
        count_write(w, "depth", f->depth != TLS_DEPTH_NONE, f->depth);
        count_write(w, "openssl", f->openssl != 0, f->openssl);
        str_write(w, "message", f->words);
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
        text_write(w, "status", tls_severity_name(a->status));
        text_write(w, "code", a->code);
        str_write(w, "message", a->words);
        str_write(w, "sha256", a->sha256);
        time_write(w, "not_after", a->not_after);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void timings_write(const struct tls_result *r, struct json_write *w)
{
    static const char *const phases[TLS_PHASE_DONE] = {
        [TLS_PHASE_DNS] = "dns",
        [TLS_PHASE_CONNECT] = "connect",
        [TLS_PHASE_PROXY] = "proxy",
        [TLS_PHASE_STARTTLS] = "starttls",
        [TLS_PHASE_HANDSHAKE] = "handshake",
        [TLS_PHASE_CLOSE] = "close",
        [TLS_PHASE_REVOCATION] = "revocation",
    };

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
