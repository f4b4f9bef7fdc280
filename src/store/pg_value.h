// pg_value.h - values as PostgreSQL's binary format has them: arrays, and texts that it takes.
//
// An array of n rows a column is how one statement is told n rows: unnest puts them together again.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

// Types as PostgreSQL numbers them, and those of arrays of them.
enum pg_type {
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_BYTEA_ARRAY = 1001,
    PG_TEXT_ARRAY = 1009,
    PG_INT8_ARRAY = 1016,
};

struct pg_array {
    struct buf bytes;
    enum pg_type element;
    int32_t count;
};

void pg_array_init(struct pg_array *a, enum pg_type element); // PG_INT8, PG_TEXT or PG_BYTEA
void pg_array_done(struct pg_array *a);
void pg_array_clear(struct pg_array *a); // empties, keeps the memory

void pg_array_int(struct pg_array *a, int64_t n);
void pg_array_text(struct pg_array *a, struct str text); // made such that PostgreSQL takes it
void pg_array_blob(struct pg_array *a, struct str bytes);

// The whole, borrowed until the array changes; and its type.
struct str pg_array_str(struct pg_array *a);
enum pg_type pg_array_type(const struct pg_array *a);

// Whether PostgreSQL takes a text: UTF-8 without NUL.
bool pg_value_is_text(struct str text);

// Adds the text with U+FFFD for each byte that it would not take.
void pg_value_clean(struct str text, struct buf *to);
