// content.h - the lines of iCalendar text (RFC 5545, section 3.1): NAME;PARAM=value:value.
//
// Lines end in LF or CR LF; one that begins with a blank goes on with the line before ("folding").
// Columns in complaints are those of the text as it was given.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "trigger/scan.h"

#define CONTENT_PARAMS_MAX 8

struct content {
    struct buf text;      // unfolded
    VEC_OF(size_t) folds; // where in text folds were taken out, ascending
    VEC_OF(size_t) taken; // how many bytes had been taken out up to there
    size_t at;            // of the next line
};

struct content_param {
    struct str name;
    struct str value; // without quotes
    size_t at;        // of the name in content.text
};

struct content_line {
    struct str name; // "": the line has no colon and is all value
    struct content_param params[CONTENT_PARAMS_MAX];
    int param_count;
    size_t at;            // of the line in content.text
    size_t value_at, end; // the value
};

// Unfolds a text, which may be freed afterwards. End it with content_done.
void content_init(struct content *c, struct str text);
void content_done(struct content *c);

// Reads the next line that is not blank into *ret_line; *ret_done: there was none. Errors are
// ERR_INPUT with that field, the column being one of content.text.
[[nodiscard]] bool content_next(struct content *c, const char *key, struct content_line *ret_line,
                                bool *ret_done, struct err *e);

// Turns the column of an error in content.text into the column in the text that was given.
void content_column(const struct content *c, struct err *e);

// The parameter of that name, NULL when there is none.
const struct content_param *content_param(const struct content_line *line, const char *name);
