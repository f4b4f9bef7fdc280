// inventory_sql.c - the inventory of certificates in a database.
// SPDX-License-Identifier: Apache-2.0
#include "store/inventory_sql.h"

#define CHAIN_TEXT_MAX 8192

// ---- writing ----

static struct query *endpoint_bind(struct db *db, enum sql_name name,
                                   const struct store_place *place)
{
    struct query *statement = db_get(db, name);

    query_text(statement, 1, place->host);
    query_int(statement, 2, place->port);
    query_text(statement, 3, place->starttls);
    query_text(statement, 4, place->name);
    return statement;
}

static bool endpoint_put(struct db *db, const struct store_place *place, int64_t *ret_id)
{
    struct query *statement = endpoint_bind(db, SQL_ENDPOINT_INSERT, place);

    if (!query_run(statement))
        return false;
    statement = endpoint_bind(db, SQL_ENDPOINT_ID, place);
    return query_number(statement, ret_id);
}

static bool certificate_put(struct db *db, const struct store_certificate *c, wall at,
                            int64_t *ret_id)
{
    struct query *statement = db_get(db, SQL_CERTIFICATE_PUT);

    query_text(statement, 1, c->sha256);
    query_text(statement, 2, c->subject);
    query_text(statement, 3, c->issuer);
    query_text(statement, 4, c->serial);
    query_text(statement, 5, c->key);
    query_text(statement, 6, c->sans);
    query_int(statement, 7, c->not_before.us);
    query_int(statement, 8, c->not_after.us);
    query_int(statement, 9, at.us);
    query_blob(statement, 10, c->der);
    if (!query_run(statement))
        return false;
    statement = db_get(db, SQL_CERTIFICATE_ID);
    query_text(statement, 1, c->sha256);
    return query_number(statement, ret_id);
}

// A report on its way into the tables.
struct report {
    struct db *db;
    const struct store_seen *seen;
    int64_t endpoint;
    struct str before; // fingerprint of the server's own certificate before; empty: none
    struct buf chain;  // fingerprints of the others
};

static bool before_find(struct report *p, struct arena *arena)
{
    struct query *statement = db_get(p->db, SQL_SIGHTING_LEAF);
    int code;

    query_int(statement, 1, p->endpoint);
    query_text(statement, 2, p->seen->place.address);
    code = query_step(statement);
    if (code == QUERY_ROW)
        p->before = arena_copy(arena, column_text(statement, 0));
    query_reset(statement);
    return code == QUERY_ROW || code == QUERY_DONE;
}

static bool sighting_put(struct report *p, size_t position)
{
    const struct store_seen *seen = p->seen;
    const struct store_certificate *c = &seen->chain[position];
    struct query *statement;
    int64_t id;

    if (!certificate_put(p->db, c, seen->at, &id))
        return false;
    statement = db_get(p->db, SQL_SIGHTING_PUT);
    query_int(statement, 1, p->endpoint);
    query_text(statement, 2, seen->place.address);
    query_int(statement, 3, id);
    query_int(statement, 4, (int64_t)position);
    query_text(statement, 5, position == 0 ? buf_str(&p->chain) : STR_LIT(""));
    query_text(statement, 6, position == 0 ? p->before : STR_LIT(""));
    query_text(statement, 7, seen->status);
    query_text(statement, 8, seen->code);
    query_int(statement, 9, seen->at.us);
    return query_run(statement);
}

// What is in doubt at this place, and stale at others, is current no more.
static bool place_update(struct report *p, enum sql_name name)
{
    struct query *statement = db_get(p->db, name);

    query_int(statement, 1, p->endpoint);
    query_text(statement, 2, p->seen->place.address);
    if (name == SQL_SIGHTING_SETTLE)
        query_int(statement, 3, p->seen->at.us - INVENTORY_STALE_US);
    return query_run(statement);
}

static bool trim(struct report *p)
{
    struct query *statement = db_get(p->db, SQL_SIGHTING_TRIM);

    query_int(statement, 1, p->endpoint);
    query_int(statement, 2, INVENTORY_SIGHTINGS_MAX);
    if (!query_run(statement))
        return false;
    return db_changes(p->db) == 0 || db_do(p->db, SQL_CERTIFICATE_TRIM);
}

bool inventory_write(struct db *db, struct request *r)
{
    struct report p = {.db = db, .seen = &r->seen};
    bool ok;

    buf_init(&p.chain, CHAIN_TEXT_MAX);
    for (size_t i = 1; i < r->seen.count; i++) {
        buf_add_text(&p.chain, i > 1 ? " " : "");
        buf_add(&p.chain, r->seen.chain[i].sha256);
    }
    ok = endpoint_put(db, &r->seen.place, &p.endpoint) && before_find(&p, r->arena) &&
         place_update(&p, SQL_SIGHTING_DOUBT);
    for (size_t i = 0; ok && i < r->seen.count; i++)
        ok = sighting_put(&p, i);
    ok = ok && place_update(&p, SQL_SIGHTING_SETTLE) && trim(&p);
    buf_done(&p.chain);
    return ok;
}

// ---- reading ----

static void certificate_column(struct query *statement, struct arena *arena,
                               struct store_certificate *to)
{
    *to = (struct store_certificate){
        .id = column_int(statement, 0),
        .sha256 = arena_copy(arena, column_text(statement, 1)),
        .subject = arena_copy(arena, column_text(statement, 2)),
        .issuer = arena_copy(arena, column_text(statement, 3)),
        .serial = arena_copy(arena, column_text(statement, 4)),
        .key = arena_copy(arena, column_text(statement, 5)),
        .sans = arena_copy(arena, column_text(statement, 6)),
        .not_before = {column_int(statement, 7)},
        .not_after = {column_int(statement, 8)},
        .first_seen = {column_int(statement, 9)},
        .last_seen = {column_int(statement, 10)},
        .places = column_int(statement, 11),
    };
}

static bool one_read(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_CERTIFICATE);
    int code;

    query_text(statement, 1, r->wanted.sha256);
    code = query_step(statement);
    if (code == QUERY_ROW) {
        r->certificates = arena_alloc(r->arena, sizeof *r->certificates);
        certificate_column(statement, r->arena, r->certificates);
        r->certificates->der = arena_copy(r->arena, column_text(statement, 12));
        r->page_count = 1;
        r->total = 1;
    }
    query_reset(statement);
    return code == QUERY_ROW || code == QUERY_DONE;
}

// CERTIFICATE_WANTED of sql.def.
static void wanted_bind(struct query *statement, const struct store_certificate_query *wanted)
{
    query_int(statement, 3, wanted->expires_before.us);
    query_text(statement, 4, wanted->issuer);
    query_text(statement, 5, wanted->host);
    query_int(statement, 6, wanted->is_current);
}

static bool page_read(struct db *db, struct request *r, int64_t after)
{
    struct query *statement = db_get(db, SQL_CERTIFICATES);
    int code;

    query_int(statement, 1, after);
    query_int(statement, 2, r->wanted.after_id);
    wanted_bind(statement, &r->wanted);
    query_int(statement, 7, r->wanted.limit);
    r->certificates = arena_array(r->arena, (size_t)r->wanted.limit, sizeof *r->certificates);
    while ((code = query_step(statement)) == QUERY_ROW)
        certificate_column(statement, r->arena, &r->certificates[r->page_count++]);
    query_reset(statement);
    return code == QUERY_DONE;
}

bool inventory_read(struct db *db, struct request *r)
{
    struct query *statement;
    int64_t after = INT64_MIN;

    if (r->wanted.sha256.len > 0)
        return one_read(db, r);
    if (r->wanted.after_id) {
        statement = db_get(db, SQL_CERTIFICATE_END);
        query_int(statement, 1, r->wanted.after_id);
        after = 0;
        if (!query_number_if(statement, &after))
            return false;
    }
    statement = db_get(db, SQL_CERTIFICATES_COUNT);
    wanted_bind(statement, &r->wanted);
    return query_number(statement, &r->total) && page_read(db, r, after);
}

// SIGHTING_COLUMNS of sql.def; texts are borrowed until the next step.
static struct store_sighting sighting_column(struct query *statement)
{
    return (struct store_sighting){
        .place = {.host = column_text(statement, 0),
                  .port = column_int(statement, 1),
                  .starttls = column_text(statement, 2),
                  .name = column_text(statement, 3),
                  .address = column_text(statement, 4)},
        .sha256 = column_text(statement, 5),
        .position = column_int(statement, 6),
        .chain = column_text(statement, 7),
        .replaced = column_text(statement, 8),
        .status = column_text(statement, 9),
        .code = column_text(statement, 10),
        .first_seen = {column_int(statement, 11)},
        .since = {column_int(statement, 12)},
        .last_seen = {column_int(statement, 13)},
        .is_current = column_int(statement, 14),
    };
}

static struct store_sighting sighting_copy(struct arena *arena, const struct store_sighting *from)
{
    struct store_sighting copy = *from;

    copy.place.host = arena_copy(arena, from->place.host);
    copy.place.starttls = arena_copy(arena, from->place.starttls);
    copy.place.name = arena_copy(arena, from->place.name);
    copy.place.address = arena_copy(arena, from->place.address);
    copy.sha256 = arena_copy(arena, from->sha256);
    copy.chain = arena_copy(arena, from->chain);
    copy.replaced = arena_copy(arena, from->replaced);
    copy.status = arena_copy(arena, from->status);
    copy.code = arena_copy(arena, from->code);
    return copy;
}

bool inventory_read_sightings(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_SIGHTINGS);
    int code;

    query_text(statement, 1, r->wanted.sha256);
    query_int(statement, 2, r->wanted.limit);
    r->sightings = arena_array(r->arena, (size_t)r->wanted.limit, sizeof *r->sightings);
    while ((code = query_step(statement)) == QUERY_ROW) {
        struct store_sighting row = sighting_column(statement);

        r->sightings[r->page_count++] = sighting_copy(r->arena, &row);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}

bool inventory_load(struct db *db, void (*on_sighting)(const struct store_sighting *row, void *ctx),
                    void *ctx)
{
    struct query *statement = db_get(db, SQL_SIGHTINGS_LOAD);
    int code = QUERY_FAILED;

    while ((code = query_step(statement)) == QUERY_ROW) {
        struct store_sighting row = sighting_column(statement);

        on_sighting(&row, ctx);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}
