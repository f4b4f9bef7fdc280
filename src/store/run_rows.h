// run_rows.h - an array of runs as a table that SQL reads: run_rows(?1), the array bound as a
// pointer.
//
// So a claim is one statement, whatever is in it: SQLite takes half the time of a statement for
// each row.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <sqlite3.h>

#include "job/run.h"

// What is bound: sqlite3_bind_pointer(statement, n, rows, RUN_ROWS, NULL). It must live until the
// statement is reset.
struct run_rows {
    const struct run *runs;
    const bool *wanted; // the table has runs[i] where wanted[i]
    size_t count;
    size_t at; // the row that SQL reads now; tells which one a statement has stumbled over
};

#define RUN_ROWS "run_rows"

// Makes the table known to a connection. SQLITE_OK, or the code of what went wrong.
[[nodiscard]] int run_rows_register(sqlite3 *db);
