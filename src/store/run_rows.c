// run_rows.c - an array of runs as a table that SQL reads: a virtual table, made anew for each
// statement.
// SPDX-License-Identifier: Apache-2.0
#include "store/run_rows.h"

#include <stdlib.h>

#include "base/mem.h"

// X(column, its value in the run r); beside these there is message, which is text.
#define COLUMNS                         \
    X(id, r->id)                        \
    X(job_id, r->job_id)                \
    X(scheduled_at, r->scheduled_at.us) \
    X(origin, r->origin)                \
    X(job_version, r->job_version)      \
    X(state, r->state)                  \
    X(attempt, r->attempt)              \
    X(queued_at, r->queued_at.us)       \
    X(started_at, r->started_at.us)     \
    X(try_at, r->try_at.us)             \
    X(finished_at, r->finished_at.us)   \
    X(missed, r->missed)                \
    X(missed_from, r->missed_from.us)   \
    X(reason, r->reason)                \
    X(exit_code, r->exit_code)          \
    X(signal, r->signal)

enum column {
#define X(name, value) COLUMN_##name,
    COLUMNS
#undef X
        COLUMN_message,
    COLUMN_rows, // the argument
};

static const char *const declaration = "CREATE TABLE run_rows("
#define X(name, value) #name ","
    COLUMNS
#undef X
                                       "message, rows HIDDEN)";

struct cursor {
    sqlite3_vtab_cursor base; // first
    struct run_rows *rows;
};

static int table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **ret, char **error)
{
    (void)aux;
    (void)argc;
    (void)argv;
    (void)error;
    *ret = mem_alloc(sizeof **ret);
    return sqlite3_declare_vtab(db, declaration);
}

static int table_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

// There is one way to read the table: with its argument.
static int table_plan(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != COLUMN_rows || !info->aConstraint[i].usable ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
    struct cursor *c = mem_alloc(sizeof *c);

    (void)table;
    *ret = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static void unwanted_skip(struct run_rows *rows)
{
    while (rows->at < rows->count && !rows->wanted[rows->at])
        rows->at++;
}

static int cursor_filter(sqlite3_vtab_cursor *cursor, int plan, const char *plan_text, int argc,
                         sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)cursor;

    (void)plan;
    (void)plan_text;
    (void)argc;
    c->rows = sqlite3_value_pointer(argv[0], RUN_ROWS);
    if (!c->rows)
        return SQLITE_MISUSE;
    c->rows->at = 0;
    unwanted_skip(c->rows);
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *cursor)
{
    struct run_rows *rows = ((struct cursor *)cursor)->rows;

    rows->at++;
    unwanted_skip(rows);
    return SQLITE_OK;
}

static int cursor_is_at_end(sqlite3_vtab_cursor *cursor)
{
    const struct run_rows *rows = ((struct cursor *)cursor)->rows;

    return rows->at == rows->count;
}

static int cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *to, int column)
{
    const struct run_rows *rows = ((struct cursor *)cursor)->rows;
    const struct run *r = &rows->runs[rows->at];

    switch (column) {
#define X(name, value)                   \
    case COLUMN_##name:                  \
        sqlite3_result_int64(to, value); \
        break;
        COLUMNS
#undef X
    case COLUMN_message:
        sqlite3_result_text64(to, r->message.p ? r->message.p : "", r->message.len, SQLITE_STATIC,
                              SQLITE_UTF8);
        break;
    default: // the argument is not read back
        break;
    }
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((struct cursor *)cursor)->rows->at;
    return SQLITE_OK;
}

int run_rows_register(sqlite3 *db)
{
    static const sqlite3_module module = {
        .xConnect = table_connect,
        .xDisconnect = table_disconnect,
        .xBestIndex = table_plan,
        .xOpen = cursor_open,
        .xClose = cursor_close,
        .xFilter = cursor_filter,
        .xNext = cursor_next,
        .xEof = cursor_is_at_end,
        .xColumn = cursor_column,
        .xRowid = cursor_rowid,
    };

    return sqlite3_create_module(db, "run_rows", &module, NULL);
}
