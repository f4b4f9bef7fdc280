// err.c - fills and describes struct err; the tables come from err.def.
// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct err_row {
    const char *name;
    const char *sentence;
    int http_status;
    int exit_status;
};

static const struct err_row rows[] = {
    [ERR_NONE] = {"ok", "Nothing failed.", 200, 0},
#define X(code, name, http_status, exit_status, sentence) \
    [code] = {name, sentence, http_status, exit_status},
#include "base/err.def"
#undef X
};

static void text_fill(char *to, size_t size, const char *format, va_list args);
static struct err err_make(enum err_code code, const char *field);

// A new error is made aside and copied, because field and the arguments may point into the old one.
bool fail(struct err *e, enum err_code code, const char *field, const char *format, ...)
{
    struct err made = err_make(code, field);
    va_list args;

    va_start(args, format);
    text_fill(made.message, sizeof made.message, format, args);
    va_end(args);
    *e = made;
    return false;
}

bool fail_at(struct err *e, enum err_code code, const char *field, int column, const char *format,
             ...)
{
    struct err made = err_make(code, field);
    va_list args;

    made.column = column;
    va_start(args, format);
    text_fill(made.message, sizeof made.message, format, args);
    va_end(args);
    *e = made;
    return false;
}

bool fail_hint(struct err *e, const char *format, ...)
{
    char hint[sizeof e->hint];
    va_list args;

    va_start(args, format);
    text_fill(hint, sizeof hint, format, args);
    va_end(args);
    memcpy(e->hint, hint, strlen(hint) + 1);
    return false;
}

bool fail_errno(struct err *e, enum err_code code, int errnum, const char *format, ...)
{
    char text[sizeof e->message];
    va_list args;

    va_start(args, format);
    text_fill(text, sizeof text, format, args);
    va_end(args);
    return fail(e, code, NULL, "%s: %s", text, err_words(errnum));
}

const char *err_name(enum err_code code)
{
    return rows[code].name;
}

const char *err_sentence(enum err_code code)
{
    return rows[code].sentence;
}

int err_http_status(enum err_code code)
{
    return rows[code].http_status;
}

int err_exit_status(enum err_code code)
{
    return rows[code].exit_status;
}

const char *err_words(int errnum)
{
    const char *words = strerrordesc_np(errnum);

    return words ? words : "unknown error";
}

static struct err err_make(enum err_code code, const char *field)
{
    struct err made = {.code = code};

    if (field)
        snprintf(made.field, sizeof made.field, "%s", field);
    return made;
}

// Prints into to[size]; when the text is too long, cuts it before the UTF-8 character that does not
// fit.
static void text_fill(char *to, size_t size, const char *format, va_list args)
{
    int n = vsnprintf(to, size, format, args);

    if (n < 0)
        to[0] = '\0';
    if (n < 0 || (size_t)n < size)
        return;
    size_t last = size - 1; // where the last character begins
    while (last > 0 && ((unsigned char)to[last - 1] & 0xc0) == 0x80)
        last--;
    last -= last > 0;
    struct str tail = {to + last, size - 1 - last};
    if (str_utf8_char(tail) != tail.len)
        to[last] = '\0';
}
