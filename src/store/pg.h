// pg.h - one connection to PostgreSQL: a driver of db.h, statements by name, many of them in one
// journey; errors in words.
//
// A statement is prepared on the server when it is first needed. Those that are sent (pg_send)
// travel together with pg_sync and are answered in their order: n requests cost one round trip. No
// wait is longer than PG_DEADLINE_MS. A connection that is lost stays lost until pg_ready, which
// makes it anew: so nobody goes on in the middle of a transaction that is gone.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "store/db.h"
#include "store/pg_value.h"

enum pg_name { // behind those of sql.def, which come first
    PG_FIRST = SQL_COUNT - 1,
#define X(name, text) name,
#include "store/pg.def"
#undef X
    PG_COUNT
};

#define PG_PARAMS_MAX 48
#define PG_CONNECT_MS 5000
#define PG_STATEMENT_MS 10000 // PostgreSQL gives up
#define PG_LOCK_MS 2000       // what a stranger may keep us waiting
#define PG_DEADLINE_MS 13000  // we do

// Of a statement: whether the server knows it, what is bound, what came back.
struct pg_statement {
    bool is_prepared, is_sent;
    int param_count;
    Oid types[PG_PARAMS_MAX];
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX];
    int64_t numbers[PG_PARAMS_MAX]; // as they travel
    char *cleaned[PG_PARAMS_MAX];   // texts that PostgreSQL would not take as they were
    PGresult *result;
    int row;
};

struct pg {
    struct db base;
    PGconn *conn; // NULL: lost
    char *uri;
    char *name;     // for people: without what is secret
    bool is_writer; // else it may read only
    // Whether a new connection may be used; false with *e. NULL: it may.
    bool (*on_connect)(struct pg *pg, void *ctx, struct err *e);
    void *ctx;
    int64_t patience_ms;          // so long a journey may take: PG_DEADLINE_MS, unless changed
    const atomic_bool *is_ending; // then it is waited for no more; NULL: it never is
    struct err trouble;           // why the last statement failed, or the connection
    char sqlstate[6];             // of that; empty: none came
    bool is_lost_for_good;        // another has taken over: see trouble
    mono try_at;                  // no new connection before
    int64_t backoff_us;
    int64_t changes;
    struct query queries[PG_COUNT - SQL_COUNT]; // of pg.def
    struct pg_statement statements[PG_COUNT];
    VEC_OF(int) travelling; // statements that were sent, n as n and its preparation as -1 - n
};

// A result of a statement that was sent: at counts them from 0. True: it is kept, and whoever keeps
// it ends it with PQclear.
typedef bool pg_on_result(size_t at, PGresult *result, void *ctx);

// Makes a connection. NULL with ERR_STORE. uri is copied: whatever libpq understands.
[[nodiscard]] struct pg *pg_open(const char *uri, bool is_writer, struct err *e);
void pg_close(struct pg *pg); // accepts NULL

// Whether there is a connection that works, as far as can be seen; makes a new one when it is time
// to try again (at once at first, then less and less often, after 2 s at most). False: see trouble.
[[nodiscard]] bool pg_ready(struct pg *pg);

// What db.h's db_get is for statements of pg.def, for binding and stepping alike.
struct query *pg_get(struct pg *pg, enum pg_name name);

// Binds an array in PostgreSQL's own form (pg_value.h), which must live until it is sent.
void pg_bind(struct query *q, int at, Oid type, struct str bytes);

// Sends a statement as it is bound; what was bound may go.
void pg_send(struct query *q);

// Waits for the answers to all that was sent. False when one failed: those behind it were not
// carried out, and *ret_failed (may be NULL) counts those before it.
[[nodiscard]] bool pg_sync(struct pg *pg, pg_on_result *on_result, void *ctx, size_t *ret_failed);

// One statement that has no name, with arrays as its parameters: its result, which the caller ends
// with PQclear; NULL when it failed.
[[nodiscard]] PGresult *pg_ask(struct pg *pg, const char *text, struct pg_array *arrays,
                               size_t count);

// Statements without parameters, in one text and one transaction; not while one is open.
[[nodiscard]] bool pg_script(struct pg *pg, const char *text);

// Numbers, texts and bytes of a result, as db.h's columns.
int64_t pg_int(const PGresult *result, int row, int column);
struct str pg_text(const PGresult *result, int row, int column);

// Fills *e with trouble; returns false.
bool pg_fail(struct pg *pg, struct err *e);
