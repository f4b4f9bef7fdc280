// copy.c - all that a store holds from a SQLite file into a PostgreSQL schema, or back.
// SPDX-License-Identifier: Apache-2.0
//
// Both have the same tables with the same columns; SQLite says which. A table is scanned on one
// side and added to on the other, some hundred rows at a time; then both sides are scanned again,
// and what they hold is compared.
#include "store/copy.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/lock.h"
#include "store/migrate.h"
#include "store/pg_migrate.h"
#include "store/pg_node.h"
#include "store/pg_parts.h"
#include "store/pg_uri.h"
#include "store/pg_value.h"
#include "store/sqlite_file.h"

#define COLUMNS_MAX 40
#define ROWS_AT_ONCE 500
#define BYTES_AT_ONCE (8 << 20)
#define TEXT_MAX 4096

// How PostgreSQL holds a table's rows: copy_table.def.
enum way {
    LIKE_SQLITE,
    BY_STATE,
    BY_SLOT,
};

struct column {
    char name[40];
    const char *in_sqlite; // what SQLite is asked for; NULL: it has the column, as all before it
    enum pg_type type;     // PG_INT8, PG_TEXT, PG_BYTEA
};

struct value {
    int64_t n;
    struct str bytes;
};

struct copying {
    struct sql *sql;
    struct pg *pg;
    char *path;
    int lock_fd;
    bool is_to_pg;
    const char *table; // under way
    enum way way;
    struct column columns[COLUMNS_MAX];
    size_t column_count;
    struct pg_array arrays[COLUMNS_MAX]; // rows on their way to PostgreSQL
    int64_t waiting;
    size_t waiting_bytes;
    sqlite3_stmt *insert;
    struct err *e;
};

typedef bool on_row(struct copying *c, const struct value *values, void *ctx);

static const struct {
    const char *name;
    bool is_numbered;
    enum way way;
} tables[] = {
#define X(table, is_numbered, way) {#table, is_numbered, way},
#include "store/copy_table.def"
#undef X
};
#define TABLE_COUNT (sizeof tables / sizeof *tables)
static_assert(TABLE_COUNT <= COPY_TABLES_MAX);

static bool both_open(struct copying *c, const char *from, const char *to);
static void both_close(struct copying *c);
static bool columns_read(struct copying *c);

// ---- SQLite ----

// "a, b, c".
static void names_add(const struct copying *c, struct buf *text)
{
    for (size_t i = 0; i < c->column_count; i++)
        buf_printf(text, "%s%s", i > 0 ? ", " : "", c->columns[i].name);
}

// The same, as SQLite is asked for them.
static void expressions_add(const struct copying *c, struct buf *text)
{
    for (size_t i = 0; i < c->column_count; i++) {
        const struct column *column = &c->columns[i];

        buf_printf(text, "%s%s", i > 0 ? ", " : "",
                   column->in_sqlite ? column->in_sqlite : column->name);
    }
}

// "?1, ?2, ?3".
static void marks_add(const struct copying *c, struct buf *text)
{
    for (size_t i = 0; i < c->column_count; i++)
        buf_printf(text, "%s?%zu", i > 0 ? ", " : "", i + 1);
}

static sqlite3_stmt *statement_make(struct copying *c, struct buf *text)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(c->sql->db, buf_text(text), -1, &statement, NULL) != SQLITE_OK)
        (void)sql_fail(c->sql, c->e);
    buf_done(text);
    return statement;
}

static bool sqlite_scan(struct copying *c, on_row *fn, void *ctx)
{
    struct value values[COLUMNS_MAX];
    sqlite3_stmt *statement;
    struct buf text;
    bool ok = true;
    int code;

    buf_init(&text, TEXT_MAX);
    buf_add_text(&text, "SELECT ");
    expressions_add(c, &text);
    buf_printf(&text, " FROM %s", c->table);
    if (!(statement = statement_make(c, &text)))
        return false;
    while (ok && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (size_t i = 0; i < c->column_count; i++) {
            values[i].n = sqlite3_column_int64(statement, (int)i);
            values[i].bytes =
                c->columns[i].type == PG_INT8 ? (struct str){0} : sql_column(statement, (int)i);
        }
        ok = fn(c, values, ctx);
    }
    if (ok && code != SQLITE_DONE)
        ok = sql_fail(c->sql, c->e);
    sqlite3_finalize(statement);
    return ok;
}

static bool sqlite_add(struct copying *c, const struct value *values, void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < c->column_count; i++) {
        if (c->columns[i].type == PG_INT8)
            sqlite3_bind_int64(c->insert, (int)i + 1, values[i].n);
        else if (c->columns[i].type == PG_TEXT)
            sql_bind_text(c->insert, (int)i + 1, values[i].bytes);
        else
            sql_bind_blob(c->insert, (int)i + 1, values[i].bytes);
    }
    return sql_run(c->insert) == SQLITE_OK || sql_fail(c->sql, c->e);
}

static bool to_sqlite(struct copying *c);

// ---- PostgreSQL ----

static bool pg_do(struct copying *c, const char *text)
{
    PGresult *result = pg_ask(c->pg, text, NULL, 0);

    PQclear(result);
    return result || pg_fail(c->pg, c->e);
}

static bool pg_rows(struct copying *c, const PGresult *result, on_row *fn, void *ctx)
{
    struct value values[COLUMNS_MAX];

    for (int row = 0; row < PQntuples(result); row++) {
        for (size_t i = 0; i < c->column_count; i++) {
            bool is_number = c->columns[i].type == PG_INT8;

            values[i].n = is_number ? pg_int(result, row, (int)i) : 0;
            values[i].bytes = is_number ? (struct str){0} : pg_text(result, row, (int)i);
        }
        if (!fn(c, values, ctx))
            return false;
    }
    return true;
}

static bool pg_scan(struct copying *c, on_row *fn, void *ctx)
{
    bool ok, is_done = false;
    char fetch[80];
    struct buf text;

    buf_init(&text, TEXT_MAX);
    buf_add_text(&text, "DECLARE scan NO SCROLL CURSOR FOR SELECT ");
    names_add(c, &text);
    buf_printf(&text, " FROM %s", c->table);
    ok = pg_do(c, buf_text(&text));
    buf_done(&text);
    snprintf(fetch, sizeof fetch, "FETCH %d FROM scan", ROWS_AT_ONCE);
    while (ok && !is_done) {
        PGresult *result = pg_ask(c->pg, fetch, NULL, 0);

        ok = result ? pg_rows(c, result, fn, ctx) : pg_fail(c->pg, c->e);
        is_done = PQntuples(result) == 0;
        PQclear(result);
    }
    return ok && pg_do(c, "CLOSE scan");
}

static const char *array_type(enum pg_type type)
{
    return type == PG_INT8 ? "bigint[]" : type == PG_TEXT ? "text[]" : "bytea[]";
}

// What waits, as the rows r of a statement.
static void waiting_add(const struct copying *c, struct buf *text)
{
    buf_add_text(text, "WITH r AS (SELECT * FROM unnest(");
    for (size_t i = 0; i < c->column_count; i++)
        buf_printf(text, "%s$%zu::%s", i > 0 ? ", " : "", i + 1, array_type(c->columns[i].type));
    buf_add_text(text, ") AS r(");
    names_add(c, text);
    buf_add_text(text, "))");
}

static void insert_add(const struct copying *c, const char *into, const char *which,
                       struct buf *text)
{
    buf_printf(text, " INSERT INTO %s(", into);
    names_add(c, text);
    buf_add_text(text, ") SELECT ");
    names_add(c, text);
    buf_printf(text, " FROM r%s", which);
}

// What waits goes as one statement.
static bool pg_flush(struct copying *c)
{
    struct buf text;
    PGresult *result;

    if (c->waiting == 0)
        return true;
    buf_init(&text, TEXT_MAX);
    waiting_add(c, &text);
    if (c->way == BY_STATE) {
        buf_add_text(&text, ", living AS (");
        insert_add(c, "run_active", " WHERE state < 10", &text);
        buf_add_text(&text, ")");
        insert_add(c, "run_history", " WHERE state >= 10", &text);
    } else {
        insert_add(c, c->table, "", &text);
    }
    result = pg_ask(c->pg, buf_text(&text), c->arrays, c->column_count);
    buf_done(&text);
    PQclear(result);
    for (size_t i = 0; i < c->column_count; i++)
        pg_array_clear(&c->arrays[i]);
    c->waiting = 0;
    c->waiting_bytes = 0;
    return result || pg_fail(c->pg, c->e);
}

static bool pg_add(struct copying *c, const struct value *values, void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < c->column_count; i++) {
        if (c->columns[i].type == PG_INT8)
            pg_array_int(&c->arrays[i], values[i].n);
        else if (c->columns[i].type == PG_TEXT)
            pg_array_text(&c->arrays[i], values[i].bytes);
        else
            pg_array_blob(&c->arrays[i], values[i].bytes);
        c->waiting_bytes += values[i].bytes.len;
    }
    c->waiting++;
    return (c->waiting < ROWS_AT_ONCE && c->waiting_bytes < BYTES_AT_ONCE) || pg_flush(c);
}

static bool to_pg(struct copying *c, bool is_numbered)
{
    char text[300];

    for (size_t i = 0; i < c->column_count; i++)
        pg_array_init(&c->arrays[i], c->columns[i].type);
    bool ok = sqlite_scan(c, pg_add, NULL) && pg_flush(c);

    for (size_t i = 0; i < c->column_count; i++)
        pg_array_done(&c->arrays[i]);
    snprintf(
        text, sizeof text,
        "SELECT setval(pg_get_serial_sequence('%s', 'id'), max(id)) FROM %s HAVING max(id) > 0",
        c->table, c->table);
    return ok && (!is_numbered || pg_do(c, text));
}

// ---- a table ----

static bool to_sqlite(struct copying *c)
{
    struct buf text;
    bool ok;

    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "INSERT INTO %s(", c->table);
    names_add(c, &text);
    buf_add_text(&text, ") VALUES(");
    marks_add(c, &text);
    buf_add_text(&text, ")");
    if (!(c->insert = statement_make(c, &text)))
        return false;
    ok = pg_scan(c, sqlite_add, NULL);
    sqlite3_finalize(c->insert);
    return ok;
}

static bool is_empty(struct copying *c, bool *ret_is_empty);

// FNV-1a of a row as SQLite has it; rows are summed up, so their order does not matter.
static bool sum_add(struct copying *c, const struct value *values, void *ctx)
{
    struct copy_table *table = ctx;
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < c->column_count && !c->columns[i].in_sqlite; i++) {
        struct str bytes = c->columns[i].type == PG_INT8
                               ? (struct str){(const char *)&values[i].n, sizeof values[i].n}
                               : values[i].bytes;

        hash = (hash ^ bytes.len) * UINT64_C(1099511628211);
        for (size_t at = 0; at < bytes.len; at++)
            hash = (hash ^ (unsigned char)bytes.p[at]) * UINT64_C(1099511628211);
    }
    table->rows++;
    table->sum += hash;
    return true;
}

static bool table_compare(struct copying *c, struct copy_table *ret)
{
    struct copy_table here = {.name = c->table}, there = here;

    if (!sqlite_scan(c, sum_add, &here) || !pg_scan(c, sum_add, &there))
        return false;
    *ret = here;
    if (here.rows == there.rows && here.sum == there.sum)
        return true;
    fail(c->e, ERR_STORE, NULL,
         "the table %s differs: %" PRId64 " rows with sum %016" PRIx64 " in SQLite, %" PRId64
         " with %016" PRIx64 " in PostgreSQL",
         c->table, here.rows, here.sum, there.rows, there.sum);
    return fail_hint(c->e, "nothing was copied; texts that are no UTF-8, or hold a NUL, cannot go "
                           "into PostgreSQL");
}

static bool table_copy(struct copying *c, size_t at, struct copy_table *ret)
{
    bool empty;

    c->table = tables[at].name;
    c->way = tables[at].way;
    if (!columns_read(c) || !is_empty(c, &empty))
        return false;
    if (!empty) {
        fail(c->e, ERR_STORE, NULL, "%s holds something already (its table %s has rows)",
             c->is_to_pg ? c->pg->name : c->path, c->table);
        return fail_hint(c->e, "copy into an empty database or schema, or a file that does not "
                               "exist yet");
    }
    return (c->is_to_pg ? to_pg(c, tables[at].is_numbered) : to_sqlite(c)) && table_compare(c, ret);
}

static bool columns_read(struct copying *c)
{
    sqlite3_stmt *statement;
    struct buf text;

    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "SELECT name, type FROM pragma_table_info('%s')", c->table);
    if (!(statement = statement_make(c, &text)))
        return false;
    c->column_count = 0;
    while (c->column_count < COLUMNS_MAX - 1 && sqlite3_step(statement) == SQLITE_ROW) {
        struct column *column = &c->columns[c->column_count++];
        struct str type = sql_column(statement, 1);

        snprintf(column->name, sizeof column->name, "%.*s", STR(sql_column(statement, 0)));
        column->in_sqlite = NULL;
        column->type = str_eq(type, STR_LIT("INTEGER")) ? PG_INT8
                       : str_eq(type, STR_LIT("TEXT"))  ? PG_TEXT
                                                        : PG_BYTEA;
    }
    sqlite3_finalize(statement);
    if (c->way == BY_SLOT && c->is_to_pg)
        c->columns[c->column_count++] = (struct column){
            "scheduled_at", "coalesce((SELECT scheduled_at FROM run WHERE id = run_id), 0)",
            PG_INT8};
    return true;
}

static bool first_row(struct copying *c, const struct value *values, void *ctx)
{
    (void)values;
    *(bool *)ctx = false;
    c->e->code = ERR_NONE;
    return false;
}

static bool is_empty(struct copying *c, bool *ret_is_empty)
{
    bool empty = true;
    bool ok = c->is_to_pg ? pg_scan(c, first_row, &empty) : sqlite_scan(c, first_row, &empty);

    *ret_is_empty = empty;
    return ok || !empty;
}

// ---- both sides ----

// What is kept of numbers beside the tables: that of the latest change of a job, and up to which
// slot every job has its rows. Incarnations go on behind those that are known.
static bool numbers_copy(struct copying *c)
{
    static const char there[] =
        "UPDATE cluster SET change = greatest((SELECT max(change_seq) FROM job), %" PRId64
        "), low_seen = greatest((SELECT max(change_seq) FROM job), %" PRId64 "), low = %" PRId64;
    static const char lives[] =
        "SELECT setval(pg_get_serial_sequence('node', 'id'), max(node)) FROM uptime "
        "HAVING max(node) > 0";
    static const char changes[] = "SELECT setval('change', change) FROM cluster WHERE change > 0";
    static const char here[] =
        "UPDATE meta SET value = '%" PRId64 "' WHERE key = 'change_seq'; DELETE FROM node; "
        "INSERT INTO node(id, slot, name, address, version, started_at, lease_until, watermark) "
        "SELECT coalesce(max(node), 0) + 1, 0, '', '', '', 0, 0, %" PRId64 " FROM uptime";
    int64_t change = 0, low = 0;
    char text[500];

    if (c->is_to_pg) {
        (void)sql_number(sql_get(c->sql, SQL_CHANGE_LAST), &change);
        (void)sql_number(sql_get(c->sql, SQL_NODE_LAST), &low);
        snprintf(text, sizeof text, there, change, change, low);
        return pg_do(c, text) && pg_do(c, lives) && pg_do(c, changes);
    }
    if (!query_number(pg_get(c->pg, PG_CHANGE), &change) ||
        !query_number(pg_get(c->pg, PG_LOW), &low))
        return pg_fail(c->pg, c->e);
    snprintf(text, sizeof text, here, change, low);
    return sql_script(c->sql, text) == SQLITE_OK || sql_fail(c->sql, c->e);
}

// History gets its days before it comes: what had to be moved would be written twice.
static bool days_make(struct copying *c)
{
    int64_t oldest;

    if (!c->is_to_pg)
        return true;
    if (!sql_number(sql_get(c->sql, SQL_OLDEST), &oldest))
        return sql_fail(c->sql, c->e);
    wall now = clock_wall(clock_real()), from = {oldest > 0 ? oldest : now.us};

    return pg_parts_make(c->pg, from, now) || pg_fail(c->pg, c->e);
}

static bool both_begin(struct copying *c)
{
    if (!pg_do(c, "BEGIN ISOLATION LEVEL REPEATABLE READ"))
        return false;
    return sql_script(c->sql, "BEGIN") == SQLITE_OK || sql_fail(c->sql, c->e);
}

static bool both_end(struct copying *c)
{
    if (c->is_to_pg)
        return pg_do(c, "COMMIT");
    return sql_script(c->sql, "COMMIT") == SQLITE_OK || sql_fail(c->sql, c->e);
}

bool copy(const char *from, const char *to, struct copy_report *ret, struct err *e)
{
    struct copying c = {.lock_fd = -1, .is_to_pg = pg_uri_is(to), .e = e};
    struct copy_report report = {.count = TABLE_COUNT};
    bool ok;

    if (pg_uri_is(from) == pg_uri_is(to)) {
        fail(e, ERR_USAGE, NULL, "one of both must be a file, the other a PostgreSQL database");
        return fail_hint(e, "files are copied as docs/operate.md says, databases with pg_dump");
    }
    ok = both_open(&c, from, to) && days_make(&c) && both_begin(&c);
    for (size_t i = 0; i < TABLE_COUNT && ok; i++)
        ok = table_copy(&c, i, &report.tables[i]);
    ok = ok && numbers_copy(&c) && both_end(&c);
    both_close(&c);
    if (ok)
        *ret = report;
    return ok;
}

static bool file_open_source(struct copying *c)
{
    int64_t version = 0;

    if (access(c->path, F_OK) != 0) {
        fail(c->e, ERR_NOT_FOUND, NULL, "there is no database \"%s\"", c->path);
        return fail_hint(c->e, "name the one that belfry serve used");
    }
    if (!(c->sql = sql_open(c->path, false, c->e)) || !migrate_check(c->sql, c->e))
        return false;
    if (!sql_number(sql_get(c->sql, SQL_USER_VERSION), &version))
        return sql_fail(c->sql, c->e);
    if (version == migrate_version())
        return true;
    fail(c->e, ERR_STORE, NULL, "\"%s\" was written by an older belfry", c->path);
    return fail_hint(c->e, "start belfry serve with it once, which brings it up to date");
}

static bool pg_open_side(struct copying *c, const char *uri)
{
    int64_t version;

    if (!(c->pg = pg_open(uri, true, c->e)) || !pg_migrate_check(c->pg, &version, c->e))
        return false;
    if (c->is_to_pg && !pg_migrate(c->pg, version, c->e))
        return false;
    if (!c->is_to_pg && version != pg_migrate_version()) {
        fail(c->e, ERR_STORE, NULL, "\"%s\" %s", c->pg->name,
             version == 0 ? "has no tables of belfry's" : "is not of this belfry's version");
        return fail_hint(c->e, "start belfry serve with it once, which brings it up to date");
    }
    return pg_node_exclude(c->pg, c->e);
}

static bool both_open(struct copying *c, const char *from, const char *to)
{
    if (!(c->path = lock_resolve(c->is_to_pg ? from : to, c->e)) ||
        (c->lock_fd = lock_take(c->path, c->e)) < 0)
        return false;
    if (!(c->is_to_pg ? file_open_source(c) : (c->sql = sqlite_file_open(c->path, c->e)) != NULL))
        return false;
    return pg_open_side(c, c->is_to_pg ? to : from);
}

static void both_close(struct copying *c)
{
    pg_close(c->pg);
    sql_close(c->sql);
    file_close(&c->lock_fd);
    free(c->path);
}
