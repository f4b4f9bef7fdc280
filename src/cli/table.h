// table.h - rows of cells as a table that fits where it is shown.
//
// A column has a rank: when a terminal is too narrow, the columns of the highest rank leave first,
// one by one; rank 0 stays. Then the widest cells of columns that may be cut lose what is too much,
// with "…" for it. For a pipe nothing leaves and nothing is cut.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/screen.h"

struct table_column {
    const char *title;
    int rank;
    bool is_right;  // aligned to the right
    bool may_break; // may be cut, down to TABLE_CUT_MIN columns
};

enum {
    TABLE_COLUMNS_MAX = 24,
    TABLE_CUT_MIN = 8,
    TABLE_GAP = 2
};

struct table_cell {
    struct str text;
    enum tone tone;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct table_cell *cells; // row by row
    size_t row_count, row_room;
    struct arena *arena;
};

// columns is borrowed. End it with table_done.
void table_init(struct table *t, const struct table_column *columns, size_t count);
void table_done(struct table *t);

// A new row of empty cells; to be filled with table_set.
void table_row(struct table *t);

// The cell of the last row in that column; text is copied, line breaks and other control
// characters become blanks.
void table_set(struct table *t, size_t column, struct str text, enum tone tone);

void table_write(const struct table *t, const struct screen *screen, bool has_titles,
                 struct buf *out);
