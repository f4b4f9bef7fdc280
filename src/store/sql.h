// sql.h - one connection to SQLite: a driver of db.h, statements by name, errors in words.
//
// A connection belongs to one thread at a time. Statements are prepared when first asked for and
// kept. What SQLite says is turned into what an operator needs: which file, what happened, what to
// do.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/str.h"
#include "store/db.h"

struct sql {
    struct db base; // first: what is written for both databases asks here
    sqlite3 *db;
    char *path;
    int errnum; // errno when sql_do failed: SQLite does not keep it for a failed COMMIT
    sqlite3_stmt *prepared[SQL_COUNT];
};

// Opens the file (making it when create), for reading and writing, or for reading only. NULL with
// *e.
[[nodiscard]] struct sql *sql_open(const char *path, bool is_writer, struct err *e);
void sql_close(struct sql *sql); // accepts NULL

// The statement, reset and ready to be bound. NULL when it cannot be prepared: ask sql_fail for the
// reason.
[[nodiscard]] sqlite3_stmt *sql_get(struct sql *sql, enum sql_name name);

// Binds text or bytes that live until the statement is stepped.
void sql_bind_text(sqlite3_stmt *statement, int index, struct str text);
void sql_bind_blob(sqlite3_stmt *statement, int index, struct str bytes);
struct str sql_column(sqlite3_stmt *statement,
                      int index); // text or bytes, borrowed until the next step

// Steps a statement that yields no rows and resets it. SQLITE_OK or the extended code of what went
// wrong.
int sql_run(sqlite3_stmt *statement);

// The same for a statement without parameters; several in one text (schema) with sql_script.
int sql_do(struct sql *sql, enum sql_name name);
int sql_script(struct sql *sql, const char *text);

// The single number a statement yields (parameters bound already); false when it fails or yields no
// row.
[[nodiscard]] bool sql_number(sqlite3_stmt *statement, int64_t *ret_n);

// Fills *e (ERR_STORE) with what the connection's last failure means for an operator; returns
// false.
bool sql_fail(struct sql *sql, struct err *e);

// Carries what the log holds over into the database, as far as nobody is in the way. ctx is a
// struct sql.
void sql_checkpoint(void *ctx);
