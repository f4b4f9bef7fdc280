// copy.h - all that a store holds from a SQLite file into a PostgreSQL schema, or back.
//
// Nobody may hold either of them meanwhile; the target must be empty. All of it is one transaction
// there, which is ended only when each table holds as many rows as its source, with the same sum:
// so it is wholly there and right, or it is not there.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define COPY_TABLES_MAX 32

struct copy_table {
    const char *name;
    int64_t rows;
    uint64_t sum; // of all values of all rows, whatever their order
};

struct copy_report {
    struct copy_table tables[COPY_TABLES_MAX];
    size_t count;
};

// from and to: one is a path, the other the URL of a PostgreSQL database. ERR_USAGE when it is
// otherwise, ERR_BUSY when a belfry holds one of them, ERR_STORE when the source is of another
// schema than this program's, the target holds something, or what was read back differs.
[[nodiscard]] bool copy(const char *from, const char *to, struct copy_report *ret, struct err *e);
