// certificate_inventory.c - certificates that were seen, over HTTP.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include <ctype.h>

#include "api/call.h"
#include "api/certificate_models.h"
#include "net/tls_result.h"
#include "time/iso8601.h"

enum {
    PAGE_MAX = 1000,
    SIGHTINGS_SHOWN = 100,
    SANS_SHOWN = 10000,
    PEM_MAX = 2 << 20,
};

static void listed(const struct err *err, const struct store_certificate *rows, size_t count,
                   int64_t total, void *ctx);

// ---- members ----

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

static void text_write(struct json_write *w, const char *key, struct str s)
{
    json_write_key(w, key);
    json_write_str(w, s);
}

static void name_write(struct json_write *w, const char *key, struct str s)
{
    json_write_key(w, key);
    if (s.len > 0)
        json_write_str(w, s);
    else
        json_write_null(w);
}

static void int_write(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void seen_write(const struct store_certificate *row, struct json_write *w)
{
    time_write(w, "first_seen", row->first_seen);
    time_write(w, "last_seen", row->last_seen);
    int_write(w, "places", row->places);
}

static void sighting_write(const struct store_sighting *s, struct json_write *w)
{
    json_write_object(w);
    text_write(w, "host", s->place.host);
    int_write(w, "port", s->place.port);
    name_write(w, "starttls", s->place.starttls);
    name_write(w, "sni", s->place.name);
    text_write(w, "address", s->place.address);
    int_write(w, "position", s->position);
    time_write(w, "first_seen", s->first_seen);
    time_write(w, "since", s->since);
    time_write(w, "last_seen", s->last_seen);
    json_write_key(w, "current");
    json_write_bool(w, s->is_current);
    name_write(w, "replaced", s->replaced);
    text_write(w, "status", s->status);
    text_write(w, "code", s->code);
    json_write_object_end(w);
}

// ---- the list ----

static struct str lower(struct call *call, struct str s)
{
    char *text = arena_alloc(call->arena, s.len + 1);

    for (size_t i = 0; i < s.len; i++)
        text[i] = (char)tolower((unsigned char)s.p[i]);
    return (struct str){text, s.len};
}

void certificates_list(struct call *call)
{
    const struct certificates_query *query = call->query;
    wall now = clock_wall(call->api->o.clock);
    struct store_certificate_query ask = {
        .host = lower(call, query->host),
        .issuer = lower(call, query->issuer),
        .expires_before = WALL_NEVER,
        .is_current = query->is_current,
        .after_id = query->cursor,
        .limit = query->limit > PAGE_MAX ? PAGE_MAX : (int)query->limit,
    };

    if (query->expires != CERTIFICATES_ANY)
        ask.expires_before.us = now.us + query->expires;
    store_read_certificates(call->api->o.store, &ask, listed, call);
}

static void item_write(const struct store_certificate *row, wall now, struct json_write *w)
{
    json_write_object(w);
    text_write(w, "sha256", row->sha256);
    text_write(w, "subject", row->subject);
    text_write(w, "issuer", row->issuer);
    text_write(w, "serial", row->serial);
    text_write(w, "key", row->key);
    json_write_key(w, "sans");
    json_write_raw(w, row->sans);
    tls_result_write_dates(row->not_before, row->not_after, now, w);
    seen_write(row, w);
    json_write_object_end(w);
}

static void listed(const struct err *err, const struct store_certificate *rows, size_t count,
                   int64_t total, void *ctx)
{
    struct call *call = ctx;
    const struct certificates_query *query = call->query;
    size_t limit = query->limit > PAGE_MAX ? PAGE_MAX : (size_t)query->limit;
    wall now = clock_wall(call->api->o.clock);
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    int_write(&w, "total", total);
    json_write_key(&w, "certificates");
    json_write_array(&w);
    for (size_t i = 0; i < count; i++)
        item_write(&rows[i], now, &w);
    json_write_array_end(&w);
    json_write_key(&w, "next_cursor");
    if (count == limit)
        json_write_int(&w, rows[count - 1].id);
    else
        json_write_null(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

// ---- one certificate: it, then where it was seen, then (as PEM) what was sent with it ----

struct showing {
    struct call *call;
    struct store_certificate row; // texts in the call's arena
    struct str rest;              // fingerprints of the chain that are still to be read
    struct buf pem;
};

static void row_read(const struct err *err, const struct store_certificate *rows, size_t count,
                     int64_t total, void *ctx);
static void sightings_read(const struct err *err, const struct store_sighting *rows, size_t count,
                           void *ctx);

static struct str sha256_of(struct call *call)
{
    const struct certificate_params *params = call->params;

    return lower(call, params->sha256);
}

static void certificate_ask(struct call *call, struct str sha256, store_certificates_done *done,
                            void *ctx)
{
    const struct store_certificate_query ask = {.sha256 = sha256, .limit = 1};

    store_read_certificates(call->api->o.store, &ask, done, ctx);
}

static void showing_start(struct call *call)
{
    struct showing *showing = arena_alloc(call->arena, sizeof *showing);

    showing->call = call;
    certificate_ask(call, sha256_of(call), row_read, showing);
}

void certificate_show(struct call *call)
{
    showing_start(call);
}

void certificate_pem(struct call *call)
{
    showing_start(call);
}

void certificate_sightings(struct call *call)
{
    showing_start(call);
}

static bool is_route(const struct call *call, const char *id)
{
    return strcmp(call->route->id, id) == 0;
}

static bool failed(struct call *call, const struct err *err, size_t count)
{
    struct problem problem = PROBLEM_CERTIFICATE_NOT_FOUND;

    if (err) {
        call_reply_err(call, err);
        return true;
    }
    if (count > 0)
        return false;
    problem.detail = "Certificate not found";
    problem.hint = "GET /api/v1/certificates lists those that were seen";
    call_reply_problem(call, &problem);
    return true;
}

static void row_read(const struct err *err, const struct store_certificate *rows, size_t count,
                     int64_t total, void *ctx)
{
    struct showing *showing = ctx;
    struct call *call = showing->call;
    int limit = is_route(call, "listCertificateSightings") ? PAGE_MAX : SIGHTINGS_SHOWN;

    (void)total;
    if (failed(call, err, count))
        return;
    showing->row = rows[0];
    showing->row.sha256 = arena_copy(call->arena, rows[0].sha256);
    showing->row.subject = arena_copy(call->arena, rows[0].subject);
    showing->row.issuer = arena_copy(call->arena, rows[0].issuer);
    showing->row.der = arena_copy(call->arena, rows[0].der);
    store_read_sightings(call->api->o.store, showing->row.sha256, limit, sightings_read, showing);
}

static void sightings_write(const struct store_sighting *rows, size_t count, struct json_write *w)
{
    json_write_key(w, "sightings");
    json_write_array(w);
    for (size_t i = 0; i < count; i++)
        sighting_write(&rows[i], w);
    json_write_array_end(w);
}

static void sightings_reply(struct call *call, const struct store_sighting *rows, size_t count)
{
    struct json_write w;
    struct buf body;

    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    sightings_write(rows, count, &w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

static void chain_write(struct str chain, struct json_write *w)
{
    struct str sha256;

    json_write_key(w, "chain");
    json_write_array(w);
    while (chain.len > 0 && str_next(&chain, ' ', &sha256))
        json_write_str(w, sha256);
    json_write_array_end(w);
}

static void parts_write(struct showing *showing, struct json_write *w)
{
    const struct store_certificate *row = &showing->row;
    struct call *call = showing->call;
    const struct tls_cert_reading reading = {
        .arena = call->arena, .sha256 = tls_cert_hasher(), .sans_max = SANS_SHOWN};
    struct tls_cert cert;

    if (tls_cert_parse(row->der, &reading, &cert)) {
        tls_result_write_certificate(&cert, clock_wall(call->api->o.clock), w);
    } else { // another version of OpenSSL could
        text_write(w, "sha256", row->sha256);
        text_write(w, "subject", row->subject);
        text_write(w, "issuer", row->issuer);
        tls_result_write_dates(row->not_before, row->not_after, clock_wall(call->api->o.clock), w);
    }
    EVP_MD_CTX_free(reading.sha256);
}

static void full_reply(struct showing *showing, const struct store_sighting *rows, size_t count)
{
    struct str none = {0};
    struct json_write w;
    struct buf body;

    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    parts_write(showing, &w);
    seen_write(&showing->row, &w);
    chain_write(count > 0 ? rows[0].chain : none, &w);
    name_write(&w, "replaced", count > 0 ? rows[0].replaced : none);
    sightings_write(rows, count, &w);
    json_write_object_end(&w);
    call_reply(showing->call, 200, &body);
}

// ---- PEM ----

static void pem_next(struct showing *showing);

static void above_read(const struct err *err, const struct store_certificate *rows, size_t count,
                       int64_t total, void *ctx)
{
    struct showing *showing = ctx;

    (void)total;
    if (!err && count > 0) // else it is forgotten, and the others are still of use
        tls_result_pem_der(rows[0].der, &showing->pem);
    pem_next(showing);
}

static void pem_next(struct showing *showing)
{
    struct call *call = showing->call;
    struct str sha256;

    if (showing->rest.len > 0 && str_next(&showing->rest, ' ', &sha256))
        certificate_ask(call, sha256, above_read, showing);
    else
        call_reply_as(call, 200, certificate_pem_model.media, &showing->pem);
}

static void pem_reply(struct showing *showing, const struct store_sighting *rows, size_t count)
{
    buf_init(&showing->pem, PEM_MAX);
    tls_result_pem_der(showing->row.der, &showing->pem);
    showing->rest = arena_copy(showing->call->arena, count > 0 ? rows[0].chain : (struct str){0});
    pem_next(showing);
}

static void sightings_read(const struct err *err, const struct store_sighting *rows, size_t count,
                           void *ctx)
{
    struct showing *showing = ctx;
    struct call *call = showing->call;

    if (err)
        call_reply_err(call, err);
    else if (is_route(call, "listCertificateSightings"))
        sightings_reply(call, rows, count);
    else if (is_route(call, "getCertificatePem"))
        pem_reply(showing, rows, count);
    else
        full_reply(showing, rows, count);
}
