// memory_inventory.c - the inventory of certificates in plain memory, in the plainest way.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_inventory.h"

#include <ctype.h>
#include <stdlib.h>

#define CHAIN_TEXT_MAX 8192

struct memory_certificate {
    struct store_certificate row; // texts in arena
    struct arena *arena;
};

struct memory_sighting {
    struct store_sighting row; // texts in arena
    struct arena *arena;
    int64_t id;
    bool is_doubtful; // within a report: was current before
};

static void certificate_free(struct memory_certificate *c)
{
    arena_free(c->arena);
    free(c);
}

static void sighting_free(struct memory_sighting *s)
{
    arena_free(s->arena);
    free(s);
}

void memory_inventory_done(struct memory_inventory *inventory)
{
    for (size_t i = 0; i < inventory->certificates.len; i++)
        certificate_free(inventory->certificates.v[i]);
    for (size_t i = 0; i < inventory->sightings.len; i++)
        sighting_free(inventory->sightings.v[i]);
    vec_done(&inventory->certificates);
    vec_done(&inventory->sightings);
}

// ---- writing ----

static bool is_endpoint(const struct store_place *a, const struct store_place *b)
{
    return str_eq(a->host, b->host) && a->port == b->port && str_eq(a->starttls, b->starttls) &&
           str_eq(a->name, b->name);
}

static bool is_place(const struct store_place *a, const struct store_place *b)
{
    return is_endpoint(a, b) && str_eq(a->address, b->address);
}

static struct memory_certificate *certificate_find(const struct memory_inventory *inventory,
                                                   struct str sha256)
{
    for (size_t i = 0; i < inventory->certificates.len; i++)
        if (str_eq(inventory->certificates.v[i]->row.sha256, sha256))
            return inventory->certificates.v[i];
    return NULL;
}

static void certificate_put(struct memory_inventory *inventory,
                            const struct store_certificate *given, wall at)
{
    struct memory_certificate *c = certificate_find(inventory, given->sha256);

    if (c) {
        c->row.last_seen.us = at.us > c->row.last_seen.us ? at.us : c->row.last_seen.us;
        return;
    }
    c = mem_alloc(sizeof *c);
    c->arena = arena_new(1024);
    c->row = *given;
    c->row.sha256 = arena_copy(c->arena, given->sha256);
    c->row.subject = arena_copy(c->arena, given->subject);
    c->row.issuer = arena_copy(c->arena, given->issuer);
    c->row.serial = arena_copy(c->arena, given->serial);
    c->row.key = arena_copy(c->arena, given->key);
    c->row.sans = arena_copy(c->arena, given->sans);
    c->row.der = arena_copy(c->arena, given->der);
    c->row.first_seen = c->row.last_seen = at;
    c->row.id = ++inventory->certificate_id;
    vec_push(&inventory->certificates, c);
}

static struct memory_sighting *sighting_find(const struct memory_inventory *inventory,
                                             const struct store_place *place, struct str sha256)
{
    for (size_t i = 0; i < inventory->sightings.len; i++) {
        struct memory_sighting *s = inventory->sightings.v[i];

        if (is_place(&s->row.place, place) && str_eq(s->row.sha256, sha256))
            return s;
    }
    return NULL;
}

static struct memory_sighting *sighting_new(struct memory_inventory *inventory,
                                            const struct store_seen *seen, struct str sha256)
{
    struct memory_sighting *s = mem_alloc(sizeof *s);

    s->arena = arena_new(1024);
    s->id = ++inventory->sighting_id;
    s->row.place.host = arena_copy(s->arena, seen->place.host);
    s->row.place.port = seen->place.port;
    s->row.place.starttls = arena_copy(s->arena, seen->place.starttls);
    s->row.place.name = arena_copy(s->arena, seen->place.name);
    s->row.place.address = arena_copy(s->arena, seen->place.address);
    s->row.sha256 = arena_copy(s->arena, sha256);
    s->row.first_seen = seen->at;
    vec_push(&inventory->sightings, s);
    return s;
}

static void sighting_put(struct memory_inventory *inventory, const struct store_seen *seen,
                         size_t position, struct str before, struct str chain)
{
    struct str sha256 = seen->chain[position].sha256;
    struct memory_sighting *s = sighting_find(inventory, &seen->place, sha256);

    if (!s)
        s = sighting_new(inventory, seen, sha256);
    if (!s->row.is_current && !s->is_doubtful) {
        s->row.since = seen->at;
        s->row.replaced = arena_copy(s->arena, position == 0 ? before : STR_LIT(""));
    }
    if (!s->row.is_current) {
        s->row.position = (int)position;
        s->row.chain = arena_copy(s->arena, position == 0 ? chain : STR_LIT(""));
    }
    s->row.status = arena_copy(s->arena, seen->status);
    s->row.code = arena_copy(s->arena, seen->code);
    s->row.last_seen = seen->at;
    s->row.is_current = true;
    s->is_doubtful = false;
}

static void doubt(struct memory_inventory *inventory, const struct store_place *place,
                  struct str *ret_before)
{
    for (size_t i = 0; i < inventory->sightings.len; i++) {
        struct memory_sighting *s = inventory->sightings.v[i];

        if (!is_place(&s->row.place, place) || !s->row.is_current)
            continue;
        if (s->row.position == 0)
            *ret_before = s->row.sha256;
        s->is_doubtful = true;
        s->row.is_current = false;
    }
}

static void settle(struct memory_inventory *inventory, const struct store_seen *seen)
{
    for (size_t i = 0; i < inventory->sightings.len; i++) {
        struct memory_sighting *s = inventory->sightings.v[i];

        s->is_doubtful = false;
        if (is_endpoint(&s->row.place, &seen->place) &&
            !str_eq(s->row.place.address, seen->place.address) &&
            s->row.last_seen.us < seen->at.us - INVENTORY_STALE_US)
            s->row.is_current = false;
    }
}

// Whether a is dropped before b when there are too many.
static bool is_older(const struct memory_sighting *a, const struct memory_sighting *b)
{
    if (a->row.is_current != b->row.is_current)
        return b->row.is_current;
    if (a->row.last_seen.us != b->row.last_seen.us)
        return a->row.last_seen.us < b->row.last_seen.us;
    return a->id < b->id;
}

// The oldest sighting of the endpoint when it has too many of them; else inventory's length.
static size_t surplus_find(const struct memory_inventory *inventory,
                           const struct store_place *place)
{
    size_t count = 0, oldest = inventory->sightings.len;

    for (size_t i = 0; i < inventory->sightings.len; i++) {
        const struct memory_sighting *s = inventory->sightings.v[i];

        if (!is_endpoint(&s->row.place, place))
            continue;
        count++;
        if (oldest == inventory->sightings.len || is_older(s, inventory->sightings.v[oldest]))
            oldest = i;
    }
    return count > INVENTORY_SIGHTINGS_MAX ? oldest : inventory->sightings.len;
}

static bool is_seen(const struct memory_inventory *inventory, struct str sha256)
{
    for (size_t i = 0; i < inventory->sightings.len; i++)
        if (str_eq(inventory->sightings.v[i]->row.sha256, sha256))
            return true;
    return false;
}

static void trim(struct memory_inventory *inventory, const struct store_place *place)
{
    size_t at, kept = 0;

    while ((at = surplus_find(inventory, place)) < inventory->sightings.len) {
        sighting_free(inventory->sightings.v[at]);
        memmove(inventory->sightings.v + at, inventory->sightings.v + at + 1,
                (--inventory->sightings.len - at) * sizeof *inventory->sightings.v);
    }
    for (size_t i = 0; i < inventory->certificates.len; i++) {
        struct memory_certificate *c = inventory->certificates.v[i];

        if (is_seen(inventory, c->row.sha256))
            inventory->certificates.v[kept++] = c;
        else
            certificate_free(c);
    }
    inventory->certificates.len = kept;
}

void memory_inventory_see(struct memory_inventory *inventory, struct request *r)
{
    const struct store_seen *seen = &r->seen;
    struct str before = {0};
    struct buf chain;

    buf_init(&chain, CHAIN_TEXT_MAX);
    for (size_t i = 1; i < seen->count; i++) {
        buf_add_text(&chain, i > 1 ? " " : "");
        buf_add(&chain, seen->chain[i].sha256);
    }
    doubt(inventory, &seen->place, &before);
    for (size_t i = 0; i < seen->count; i++) {
        certificate_put(inventory, &seen->chain[i], seen->at);
        sighting_put(inventory, seen, i, before, buf_str(&chain));
    }
    settle(inventory, seen);
    trim(inventory, &seen->place);
    buf_done(&chain);
}

// ---- reading ----

static bool is_part(struct str part, struct str of)
{
    for (size_t i = 0; i + part.len <= of.len; i++) {
        size_t n = 0;

        while (n < part.len && tolower((unsigned char)of.p[i + n]) == part.p[n])
            n++;
        if (n == part.len)
            return true;
    }
    return false;
}

static bool is_sent_by(const struct memory_inventory *inventory, struct str sha256, struct str host)
{
    for (size_t i = 0; i < inventory->sightings.len; i++) {
        const struct store_sighting *s = &inventory->sightings.v[i]->row;

        if (str_eq(s->sha256, sha256) && str_eq(s->place.host, host))
            return true;
    }
    return false;
}

static int64_t places_count(const struct memory_inventory *inventory, struct str sha256)
{
    int64_t count = 0;

    for (size_t i = 0; i < inventory->sightings.len; i++)
        count += inventory->sightings.v[i]->row.is_current &&
                 str_eq(inventory->sightings.v[i]->row.sha256, sha256);
    return count;
}

static bool is_wanted(const struct memory_inventory *inventory, const struct store_certificate *c,
                      const struct store_certificate_query *q)
{
    if (q->sha256.len > 0)
        return str_eq(c->sha256, q->sha256);
    return (q->expires_before.us == WALL_NEVER.us || c->not_after.us < q->expires_before.us) &&
           is_part(q->issuer, c->issuer) &&
           (q->host.len == 0 || is_sent_by(inventory, c->sha256, q->host)) &&
           (!q->is_current || places_count(inventory, c->sha256) > 0);
}

static int by_end(const void *a, const void *b)
{
    const struct store_certificate *x = a, *y = b;

    if (x->not_after.us != y->not_after.us)
        return x->not_after.us < y->not_after.us ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

void memory_inventory_read(const struct memory_inventory *inventory, struct request *r)
{
    size_t count = 0, from = 0;
    struct store_certificate *rows =
        arena_array(r->arena, inventory->certificates.len + 1, sizeof *rows);

    for (size_t i = 0; i < inventory->certificates.len; i++) {
        const struct store_certificate *c = &inventory->certificates.v[i]->row;

        if (!is_wanted(inventory, c, &r->wanted))
            continue;
        rows[count] = *c;
        rows[count].places = places_count(inventory, c->sha256);
        if (r->wanted.sha256.len == 0)
            rows[count].der = (struct str){0};
        count++;
    }
    qsort(rows, count, sizeof *rows, by_end);
    for (size_t i = 0; r->wanted.after_id && i < count && from == 0; i++)
        if (rows[i].id == r->wanted.after_id)
            from = i + 1;
    r->total = (int64_t)count;
    r->certificates = rows + from;
    r->page_count = count - from < (size_t)r->wanted.limit ? count - from : (size_t)r->wanted.limit;
}

static int by_age(const void *a, const void *b)
{
    return is_older(*(struct memory_sighting *const *)a, *(struct memory_sighting *const *)b) ? 1
                                                                                              : -1;
}

void memory_inventory_read_sightings(const struct memory_inventory *inventory, struct request *r)
{
    size_t count = 0, all = inventory->sightings.len;
    struct memory_sighting **found = arena_array(r->arena, all + 1, sizeof *found);

    for (size_t i = 0; i < all; i++)
        if (str_eq(inventory->sightings.v[i]->row.sha256, r->wanted.sha256))
            found[count++] = inventory->sightings.v[i];
    qsort(found, count, sizeof *found, by_age);
    if (count > (size_t)r->wanted.limit)
        count = (size_t)r->wanted.limit;
    r->sightings = arena_array(r->arena, count + 1, sizeof *r->sightings);
    for (size_t i = 0; i < count; i++)
        r->sightings[i] = found[i]->row;
    r->page_count = count;
}

void memory_inventory_load(const struct memory_inventory *inventory,
                           void (*on_sighting)(const struct store_sighting *row, void *ctx),
                           void *ctx)
{
    for (size_t i = 0; i < inventory->sightings.len; i++)
        if (inventory->sightings.v[i]->row.is_current &&
            inventory->sightings.v[i]->row.position == 0)
            on_sighting(&inventory->sightings.v[i]->row, ctx);
}
