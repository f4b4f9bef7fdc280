// inventory_sql.c - the inventory of certificates in SQLite.
// SPDX-License-Identifier: Apache-2.0
#include "store/inventory_sql.h"

#define CHAIN_TEXT_MAX 8192

// ---- writing ----

static bool number_get(struct sql *sql, sqlite3_stmt *statement, int64_t *ret_n)
{
    *ret_n = 0;
    return statement && (sql_number(statement, ret_n) || sqlite3_errcode(sql->db) == SQLITE_OK ||
                         sqlite3_errcode(sql->db) == SQLITE_DONE);
}

static sqlite3_stmt *endpoint_bind(struct sql *sql, enum sql_name name,
                                   const struct store_place *place)
{
    sqlite3_stmt *statement = sql_get(sql, name);

    if (!statement)
        return NULL;
    sql_bind_text(statement, 1, place->host);
    sqlite3_bind_int(statement, 2, place->port);
    sql_bind_text(statement, 3, place->starttls);
    sql_bind_text(statement, 4, place->name);
    return statement;
}

static bool endpoint_put(struct sql *sql, const struct store_place *place, int64_t *ret_id)
{
    sqlite3_stmt *statement = endpoint_bind(sql, SQL_ENDPOINT_INSERT, place);

    if (!statement || sql_run(statement) != SQLITE_OK)
        return false;
    statement = endpoint_bind(sql, SQL_ENDPOINT_ID, place);
    return statement && sql_number(statement, ret_id);
}

static bool certificate_put(struct sql *sql, const struct store_certificate *c, wall at,
                            int64_t *ret_id)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_CERTIFICATE_PUT);

    if (!statement)
        return false;
    sql_bind_text(statement, 1, c->sha256);
    sql_bind_text(statement, 2, c->subject);
    sql_bind_text(statement, 3, c->issuer);
    sql_bind_text(statement, 4, c->serial);
    sql_bind_text(statement, 5, c->key);
    sql_bind_text(statement, 6, c->sans);
    sqlite3_bind_int64(statement, 7, c->not_before.us);
    sqlite3_bind_int64(statement, 8, c->not_after.us);
    sqlite3_bind_int64(statement, 9, at.us);
    sql_bind_blob(statement, 10, c->der);
    if (sql_run(statement) != SQLITE_OK)
        return false;
    statement = sql_get(sql, SQL_CERTIFICATE_ID);
    if (!statement)
        return false;
    sql_bind_text(statement, 1, c->sha256);
    return sql_number(statement, ret_id);
}

// A report on its way into the tables.
struct report {
    struct sql *sql;
    const struct store_seen *seen;
    int64_t endpoint;
    struct str before; // fingerprint of the server's own certificate before; empty: none
    struct buf chain;  // fingerprints of the others
};

static bool before_find(struct report *p, struct arena *arena)
{
    sqlite3_stmt *statement = sql_get(p->sql, SQL_SIGHTING_LEAF);
    int code;

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, p->endpoint);
    sql_bind_text(statement, 2, p->seen->place.address);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        p->before = arena_copy(arena, sql_column(statement, 0));
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool sighting_put(struct report *p, size_t position)
{
    const struct store_seen *seen = p->seen;
    const struct store_certificate *c = &seen->chain[position];
    sqlite3_stmt *statement;
    int64_t id;

    if (!certificate_put(p->sql, c, seen->at, &id))
        return false;
    statement = sql_get(p->sql, SQL_SIGHTING_PUT);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, p->endpoint);
    sql_bind_text(statement, 2, seen->place.address);
    sqlite3_bind_int64(statement, 3, id);
    sqlite3_bind_int64(statement, 4, (int64_t)position);
    sql_bind_text(statement, 5, position == 0 ? buf_str(&p->chain) : STR_LIT(""));
    sql_bind_text(statement, 6, position == 0 ? p->before : STR_LIT(""));
    sql_bind_text(statement, 7, seen->status);
    sql_bind_text(statement, 8, seen->code);
    sqlite3_bind_int64(statement, 9, seen->at.us);
    return sql_run(statement) == SQLITE_OK;
}

// What is in doubt at this place, and stale at others, is current no more.
static bool place_update(struct report *p, enum sql_name name)
{
    sqlite3_stmt *statement = sql_get(p->sql, name);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, p->endpoint);
    sql_bind_text(statement, 2, p->seen->place.address);
    if (name == SQL_SIGHTING_SETTLE)
        sqlite3_bind_int64(statement, 3, p->seen->at.us - INVENTORY_STALE_US);
    return sql_run(statement) == SQLITE_OK;
}

static bool trim(struct report *p)
{
    sqlite3_stmt *statement = sql_get(p->sql, SQL_SIGHTING_TRIM);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, p->endpoint);
    sqlite3_bind_int(statement, 2, INVENTORY_SIGHTINGS_MAX);
    if (sql_run(statement) != SQLITE_OK)
        return false;
    return sqlite3_changes(p->sql->db) == 0 || sql_do(p->sql, SQL_CERTIFICATE_TRIM) == SQLITE_OK;
}

bool inventory_write(struct sql *sql, struct request *r)
{
    struct report p = {.sql = sql, .seen = &r->seen};
    bool ok;

    buf_init(&p.chain, CHAIN_TEXT_MAX);
    for (size_t i = 1; i < r->seen.count; i++) {
        buf_add_text(&p.chain, i > 1 ? " " : "");
        buf_add(&p.chain, r->seen.chain[i].sha256);
    }
    ok = endpoint_put(sql, &r->seen.place, &p.endpoint) && before_find(&p, r->arena) &&
         place_update(&p, SQL_SIGHTING_DOUBT);
    for (size_t i = 0; ok && i < r->seen.count; i++)
        ok = sighting_put(&p, i);
    ok = ok && place_update(&p, SQL_SIGHTING_SETTLE) && trim(&p);
    buf_done(&p.chain);
    return ok;
}

// ---- reading ----

static void certificate_column(sqlite3_stmt *statement, struct arena *arena,
                               struct store_certificate *to)
{
    *to = (struct store_certificate){
        .id = sqlite3_column_int64(statement, 0),
        .sha256 = arena_copy(arena, sql_column(statement, 1)),
        .subject = arena_copy(arena, sql_column(statement, 2)),
        .issuer = arena_copy(arena, sql_column(statement, 3)),
        .serial = arena_copy(arena, sql_column(statement, 4)),
        .key = arena_copy(arena, sql_column(statement, 5)),
        .sans = arena_copy(arena, sql_column(statement, 6)),
        .not_before = {sqlite3_column_int64(statement, 7)},
        .not_after = {sqlite3_column_int64(statement, 8)},
        .first_seen = {sqlite3_column_int64(statement, 9)},
        .last_seen = {sqlite3_column_int64(statement, 10)},
        .places = sqlite3_column_int64(statement, 11),
    };
}

static bool one_read(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_CERTIFICATE);
    int code;

    if (!statement)
        return false;
    sql_bind_text(statement, 1, r->wanted.sha256);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        r->certificates = arena_alloc(r->arena, sizeof *r->certificates);
        certificate_column(statement, r->arena, r->certificates);
        r->certificates->der = arena_copy(r->arena, sql_column(statement, 12));
        r->page_count = 1;
        r->total = 1;
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

// CERTIFICATE_WANTED of sql.def.
static void wanted_bind(sqlite3_stmt *statement, const struct store_certificate_query *wanted)
{
    sqlite3_bind_int64(statement, 3, wanted->expires_before.us);
    sql_bind_text(statement, 4, wanted->issuer);
    sql_bind_text(statement, 5, wanted->host);
    sqlite3_bind_int(statement, 6, wanted->is_current);
}

static bool page_read(struct sql *sql, struct request *r, int64_t after)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_CERTIFICATES);
    int code;

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, r->wanted.after_id);
    wanted_bind(statement, &r->wanted);
    sqlite3_bind_int(statement, 7, r->wanted.limit);
    r->certificates = arena_array(r->arena, (size_t)r->wanted.limit, sizeof *r->certificates);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        certificate_column(statement, r->arena, &r->certificates[r->page_count++]);
    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

bool inventory_read(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement;
    int64_t after = INT64_MIN;

    if (r->wanted.sha256.len > 0)
        return one_read(sql, r);
    if (r->wanted.after_id) {
        statement = sql_get(sql, SQL_CERTIFICATE_END);
        sqlite3_bind_int64(statement, 1, r->wanted.after_id);
        if (!number_get(sql, statement, &after))
            return false;
    }
    statement = sql_get(sql, SQL_CERTIFICATES_COUNT);
    if (!statement)
        return false;
    wanted_bind(statement, &r->wanted);
    return number_get(sql, statement, &r->total) && page_read(sql, r, after);
}

// SIGHTING_COLUMNS of sql.def; texts are borrowed until the next step.
static struct store_sighting sighting_column(sqlite3_stmt *statement)
{
    return (struct store_sighting){
        .place = {.host = sql_column(statement, 0),
                  .port = sqlite3_column_int(statement, 1),
                  .starttls = sql_column(statement, 2),
                  .name = sql_column(statement, 3),
                  .address = sql_column(statement, 4)},
        .sha256 = sql_column(statement, 5),
        .position = sqlite3_column_int(statement, 6),
        .chain = sql_column(statement, 7),
        .replaced = sql_column(statement, 8),
        .status = sql_column(statement, 9),
        .code = sql_column(statement, 10),
        .first_seen = {sqlite3_column_int64(statement, 11)},
        .since = {sqlite3_column_int64(statement, 12)},
        .last_seen = {sqlite3_column_int64(statement, 13)},
        .is_current = sqlite3_column_int(statement, 14),
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

bool inventory_read_sightings(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_SIGHTINGS);
    int code;

    if (!statement)
        return false;
    sql_bind_text(statement, 1, r->wanted.sha256);
    sqlite3_bind_int(statement, 2, r->wanted.limit);
    r->sightings = arena_array(r->arena, (size_t)r->wanted.limit, sizeof *r->sightings);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_sighting row = sighting_column(statement);

        r->sightings[r->page_count++] = sighting_copy(r->arena, &row);
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

bool inventory_load(struct sql *sql,
                    void (*on_sighting)(const struct store_sighting *row, void *ctx), void *ctx)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_SIGHTINGS_LOAD);
    int code = SQLITE_ERROR;

    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_sighting row = sighting_column(statement);

        on_sighting(&row, ctx);
    }
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_DONE;
}
