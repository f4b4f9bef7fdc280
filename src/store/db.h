// db.h - a connection to a database whose statements are asked for by name (sql.def): what SQLite
// and PostgreSQL have in common.
//
// What is written once for both stores - history, calendars, certificates, alerts, retention - asks
// here; a driver (sql.h, pg.h) carries it out. A connection belongs to one thread at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum sql_name {
#define X(name, text) name,
#include "store/sql.def"
#undef X
    SQL_COUNT
};

enum query_step {
    QUERY_FAILED, // db_fail has the reason
    QUERY_ROW,
    QUERY_DONE,
};

// A statement of a connection, made when first asked for and kept.
struct query {
    struct db *db;
    enum sql_name name;
};

struct db_ops {
    void (*reset)(struct query *q);
    void (*bind_int)(struct query *q, int at, int64_t n);
    void (*bind_text)(struct query *q, int at, struct str text);
    void (*bind_blob)(struct query *q, int at, struct str bytes);
    enum query_step (*step)(struct query *q);
    int64_t (*column_int)(const struct query *q, int at);
    struct str (*column)(const struct query *q, int at);
    bool (*column_is_null)(const struct query *q, int at);
    bool (*send)(struct query *q);
    int64_t (*changes)(struct db *db);
    bool (*fail)(struct db *db, struct err *e);
};

struct db {
    const struct db_ops *ops;
    struct query queries[SQL_COUNT];
};

void db_init(struct db *db, const struct db_ops *ops);

// The statement, reset and ready to be bound. One that cannot be prepared fails at its first step.
struct query *db_get(struct db *db, enum sql_name name);

// Parameters are counted from 1. Text and bytes must live until the query is stepped.
static inline void query_int(struct query *q, int at, int64_t n)
{
    q->db->ops->bind_int(q, at, n);
}

static inline void query_text(struct query *q, int at, struct str text)
{
    q->db->ops->bind_text(q, at, text);
}

static inline void query_blob(struct query *q, int at, struct str bytes)
{
    q->db->ops->bind_blob(q, at, bytes);
}

// The next row, or the end. A query that is left before its end must be reset.
static inline enum query_step query_step(struct query *q)
{
    return q->db->ops->step(q);
}

static inline void query_reset(struct query *q)
{
    q->db->ops->reset(q);
}

// Columns of the row at hand, counted from 0. NULL is 0 or empty. Texts and bytes are borrowed
// until the next step.
static inline int64_t column_int(const struct query *q, int at)
{
    return q->db->ops->column_int(q, at);
}

static inline struct str column_text(const struct query *q, int at)
{
    return q->db->ops->column(q, at);
}

static inline bool column_is_null(const struct query *q, int at)
{
    return q->db->ops->column_is_null(q, at);
}

// Carries out a query that yields no rows that matter, and resets it.
[[nodiscard]] bool query_run(struct query *q);

// The same, but perhaps only together with the query that is asked next: a failure shows there at
// the latest.
[[nodiscard]] bool query_send(struct query *q);

// The number that a query yields first. False when it fails or yields no row.
[[nodiscard]] bool query_number(struct query *q, int64_t *ret_n);

// The same, but no row is no failure: then *ret_n stays as it is.
[[nodiscard]] bool query_number_if(struct query *q, int64_t *ret_n);

// A statement without parameters.
[[nodiscard]] bool db_do(struct db *db, enum sql_name name);

// Rows that the last statement has changed.
static inline int64_t db_changes(struct db *db)
{
    return db->ops->changes(db);
}

// Fills *e (ERR_STORE) with what the connection's last failure means for an operator; returns
// false.
static inline bool db_fail(struct db *db, struct err *e)
{
    return db->ops->fail(db, e);
}
