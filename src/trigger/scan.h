// scan.h - reads one field of a schedule from left to right; every complaint knows its column.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

// A field on its own ("61") or inside a longer text ("61 * * * *"). at moves; the rest stays.
struct scan {
    struct str text;  // all of it, for columns
    size_t from;      // of this field in text; may stay 0 when a blank stands before it
    size_t at;        // next byte
    size_t end;       // of this field in text
    const char *key;  // e->field
    const char *what; // the field's name for a person
    struct err *e;
};

// The byte at hand, '\0' at the end.
char scan_peek(const struct scan *s);
bool scan_is_done(const struct scan *s);

// Takes c if it is next.
bool scan_take(struct scan *s, char c);

// Takes decimal digits; false when there is none. Numbers of more than 9 digits come out as
// 999,999,999.
bool scan_digits(struct scan *s, int *ret_n);

// Takes ASCII letters, perhaps none.
struct str scan_letters(struct scan *s);

// ERR_INPUT "WHAT ..." at a byte of the text; false.
bool scan_fail(const struct scan *s, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// As scan_fail, for a part that cannot be read: names the list item around at.
bool scan_fail_item(const struct scan *s, size_t at, const char *would_do);
