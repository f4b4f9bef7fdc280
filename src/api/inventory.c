// inventory.c - between certificate checks and the store.
// SPDX-License-Identifier: Apache-2.0
#include "api/inventory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/tls_options.h"
#include "time/duration.h"

enum {
    KEY_MAX = 700,
    ADDRESS_MAX = 64,
    SANS_MAX_BYTES = 1 << 16,
};

#define QUIET_US MINUTE_US // between two reports of the same

// What an endpoint showed at one of its addresses.
struct show {
    char address[ADDRESS_MAX];
    unsigned char sha256[TLS_SHA256];
    const char *code; // of the last report; NULL: none yet
    wall written_at;
};

struct endpoint {
    struct show shows[TLS_KNOWN_MAX]; // the one seen last first
    size_t count;
    size_t key_len;
    char key[];
};

struct inventory {
    struct store *store;
    struct map endpoints; // by key
    size_t waiting;
};

// ---- what is remembered ----

static struct str key_write(const struct store_place *place, char out[KEY_MAX])
{
    int n = snprintf(out, KEY_MAX, "%.*s %d %.*s %.*s", STR(place->host), place->port,
                     STR(place->starttls), STR(place->name));

    return (struct str){out, (size_t)n};
}

static struct endpoint *endpoint_of(struct inventory *inventory, const struct store_place *place)
{
    char text[KEY_MAX];
    struct str key = key_write(place, text);
    struct endpoint *endpoint = map_get(&inventory->endpoints, key);

    if (endpoint)
        return endpoint;
    endpoint = mem_alloc(sizeof *endpoint + key.len);
    endpoint->key_len = key.len;
    memcpy(endpoint->key, key.p, key.len);
    (void)map_put(&inventory->endpoints, (struct str){endpoint->key, key.len}, endpoint);
    return endpoint;
}

// What it showed at the address, now the first of its list; the one seen longest ago makes room.
static struct show *show_of(struct endpoint *endpoint, struct str address)
{
    struct show show = {0};
    size_t i = 0;

    while (i < endpoint->count && !str_eq(str_of(endpoint->shows[i].address), address))
        i++;
    if (i < endpoint->count)
        show = endpoint->shows[i];
    else if (endpoint->count < TLS_KNOWN_MAX)
        endpoint->count++;
    else
        i--;
    memmove(endpoint->shows + 1, endpoint->shows, i * sizeof show);
    if (!show.address[0])
        snprintf(show.address, sizeof show.address, "%.*s", STR(address));
    endpoint->shows[0] = show;
    return endpoint->shows;
}

static bool hex_read(struct str hex, unsigned char out[TLS_SHA256])
{
    for (size_t i = 0; hex.len == 2 * TLS_SHA256 && i < TLS_SHA256; i++) {
        const char pair[3] = {hex.p[2 * i], hex.p[2 * i + 1], '\0'};

        out[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return hex.len == 2 * TLS_SHA256;
}

static void loaded(const struct store_sighting *row, void *ctx)
{
    struct show *show = show_of(endpoint_of(ctx, &row->place), row->place.address);

    (void)hex_read(row->sha256, show->sha256);
}

struct inventory *inventory_new(void)
{
    struct inventory *inventory = mem_alloc(sizeof *inventory);

    map_init(&inventory->endpoints);
    return inventory;
}

bool inventory_open(struct inventory *inventory, struct store *store, struct err *e)
{
    inventory->store = store;
    return store_load_sightings(store, loaded, inventory, e);
}

void inventory_free(struct inventory *inventory)
{
    struct endpoint *endpoint;

    if (!inventory)
        return;
    for (size_t at = 0; (endpoint = map_next(&inventory->endpoints, &at));)
        free(endpoint);
    map_done(&inventory->endpoints);
    free(inventory);
}

// ---- checks ----

// Names are written in many ways, but meant in one.
static void place_read(const struct tls_target *target, char host[TLS_HOST_MAX + 1],
                       struct store_place *ret_place)
{
    const char *word = starttls_word(tls_target_starttls(target));
    size_t n = 0;

    for (; target->host[n]; n++)
        host[n] = (char)tolower((unsigned char)target->host[n]);
    host[n] = '\0';
    *ret_place = (struct store_place){
        .host = {host, n},
        .port = tls_target_port(target),
        .starttls = str_of(word ? word : ""),
        .name = str_of(target->options ? target->options->name.host : ""),
    };
}

static bool is_among(const struct tls_known *known, const unsigned char sha256[TLS_SHA256])
{
    for (size_t i = 0; i < known->count; i++)
        if (memcmp(known->sha256[i], sha256, TLS_SHA256) == 0)
            return true;
    return false;
}

bool inventory_known(const struct tls_target *target, struct tls_known *ret_known, void *ctx)
{
    struct inventory *inventory = ctx;
    const struct endpoint *endpoint;
    char host[TLS_HOST_MAX + 1], text[KEY_MAX];
    struct store_place place;

    place_read(target, host, &place);
    endpoint = map_get(&inventory->endpoints, key_write(&place, text));
    *ret_known = (struct tls_known){0};
    for (size_t i = 0; endpoint && i < endpoint->count; i++)
        if (!is_among(ret_known, endpoint->shows[i].sha256))
            memcpy(ret_known->sha256[ret_known->count++], endpoint->shows[i].sha256, TLS_SHA256);
    return true;
}

static void written(const struct store_answer *answer, void *ctx)
{
    struct inventory *inventory = ctx;

    (void)answer; // the store tells everybody of its failures; the next report is due in a minute
    inventory->waiting--;
}

static struct str sans_write(const struct tls_cert *cert, struct arena *arena)
{
    struct json_write w;
    struct buf text;
    struct str sans;

    buf_init(&text, SANS_MAX_BYTES);
    json_write_init(&w, &text);
    json_write_array(&w);
    for (size_t i = 0; i < cert->san_count; i++)
        json_write_str(&w, cert->sans[i]);
    json_write_array_end(&w);
    sans = text.is_full ? STR_LIT("[]") : arena_copy(arena, buf_str(&text));
    buf_done(&text);
    return sans;
}

static struct store_certificate row_of(const struct tls_cert *cert, struct arena *arena)
{
    bool has_curve = cert->curve.len > 0;

    return (struct store_certificate){
        .sha256 = cert->sha256,
        .subject = cert->subject,
        .issuer = cert->issuer,
        .serial = cert->serial,
        .key = has_curve ? arena_printf(arena, "%.*s %.*s", STR(cert->key_type), STR(cert->curve))
                         : arena_printf(arena, "%.*s %d", STR(cert->key_type), cert->key_bits),
        .sans = sans_write(cert, arena),
        .der = cert->der,
        .not_before = cert->not_before,
        .not_after = cert->not_after,
    };
}

static void report(struct inventory *inventory, const struct tls_result *r,
                   const struct store_place *place)
{
    struct arena *arena = arena_new(8192);
    struct store_certificate *chain = arena_array(arena, r->chain_count, sizeof *chain);
    struct store_seen seen = {
        .place = *place,
        .status = str_of(tls_severity_name(r->status)),
        .code = str_of(r->code),
        .at = r->checked_at,
        .chain = chain,
    };
    size_t bytes = r->leaf->der.len;

    chain[seen.count++] = row_of(r->leaf, arena);
    for (size_t i = 0; i < r->chain_count; i++) {
        bytes += r->chain[i].der.len;
        if (&r->chain[i] != r->leaf && bytes <= INVENTORY_CHAIN_BYTES)
            chain[seen.count++] = row_of(&r->chain[i], arena);
    }
    inventory->waiting++;
    store_see(inventory->store, &seen, written, inventory);
    arena_free(arena);
}

static bool is_news(const struct show *show, const unsigned char sha256[TLS_SHA256],
                    const struct tls_result *r)
{
    return show->code != r->code || memcmp(show->sha256, sha256, TLS_SHA256) != 0 ||
           r->checked_at.us - show->written_at.us >= QUIET_US ||
           r->checked_at.us < show->written_at.us;
}

static void result_see(struct inventory *inventory, const struct tls_result *r)
{
    unsigned char sha256[TLS_SHA256];
    char host[TLS_HOST_MAX + 1];
    struct store_place place;
    struct show *show;

    if (!r->leaf || r->file || !hex_read(r->leaf->sha256, sha256) ||
        r->leaf->der.len > INVENTORY_CHAIN_BYTES || r->address.len >= ADDRESS_MAX ||
        inventory->waiting >= INVENTORY_WAITING_MAX)
        return;
    place_read(&r->target, host, &place);
    place.address = r->address;
    show = show_of(endpoint_of(inventory, &place), r->address);
    if (!is_news(show, sha256, r))
        return;
    memcpy(show->sha256, sha256, TLS_SHA256);
    show->code = r->code;
    show->written_at = r->checked_at;
    report(inventory, r, &place);
}

void inventory_see(const struct tls_result *result, void *ctx)
{
    if (!result->each)
        result_see(ctx, result);
    for (size_t i = 0; result->each && i < result->address_count; i++)
        result_see(ctx, result->each[i]);
}
