// listing.h - a list of the API as a person or a program wants it: table, wide, json, ndjson, csv,
// name.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/typed.h"

enum form {
    FORM_TABLE,
    FORM_WIDE, // a table with every column
    FORM_JSON, // the API's reply as it came
    FORM_NDJSON,
    FORM_CSV,
    FORM_NAME,
    FORM_COUNT
};

// What -o says, else $BELFRY_OUTPUT, else table. ERR_USAGE for another word.
[[nodiscard]] bool form_read(const struct typed *typed, enum form *ret_form, struct err *e);

// A column of the table. write adds the cell's text; nothing means that there is none.
struct listing_column {
    struct table_column column;
    bool is_wide; // only in the wide table
    void (*write)(const json_t *item, const struct screen *screen, struct buf *out,
                  enum tone *ret_tone);
};

struct listing {
    const char *items; // the reply's member with the list
    const char *name;  // the item's member that FORM_NAME prints
    const struct listing_column *columns;
    size_t count;
};

// Writes the list of a reply in form. --fields NAME,NAME picks members of the items, --no-headers
// leaves the titles out; for a table and CSV. ERR_USAGE for a field that no item has.
[[nodiscard]] bool listing_write(const struct listing *listing, const struct typed *typed,
                                 enum form form, const struct screen *screen, const json_t *reply,
                                 struct buf *out, struct err *e);

// Members of an item: a text ("" when it is none), a moment (false when it is none).
const char *item_text(const json_t *item, const char *key);
[[nodiscard]] bool item_moment(const json_t *item, const char *key, wall *ret_at);

// What keeps a coming slot from being run: "freeze audit", "paused", ...; "": nothing does.
const char *item_held(const json_t *slot);
