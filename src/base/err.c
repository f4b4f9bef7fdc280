// err.c - fills and describes struct err; the tables come from err.def.
// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

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
#define X(code, name, http_status, exit_status, sentence) [code] = {name, sentence, http_status, exit_status},
#include "base/err.def"
#undef X
};

static void text_fill(char *to, size_t size, const char *format, va_list args);
static void err_start(struct err *e, enum err_code code, const char *field);

bool fail(struct err *e, enum err_code code, const char *field, const char *format, ...)
{
    va_list args;

    err_start(e, code, field);
    va_start(args, format);
    text_fill(e->message, sizeof e->message, format, args);
    va_end(args);
    return false;
}

bool fail_at(struct err *e, enum err_code code, const char *field, int column, const char *format, ...)
{
    va_list args;

    err_start(e, code, field);
    e->column = column;
    va_start(args, format);
    text_fill(e->message, sizeof e->message, format, args);
    va_end(args);
    return false;
}

bool fail_hint(struct err *e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_fill(e->hint, sizeof e->hint, format, args);
    va_end(args);
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

static void err_start(struct err *e, enum err_code code, const char *field)
{
    *e = (struct err){.code = code};
    if (field)
        snprintf(e->field, sizeof e->field, "%s", field);
}

// Prints into to[size]; when the text is too long, cuts it before the UTF-8 character that does not fit.
static void text_fill(char *to, size_t size, const char *format, va_list args)
{
    int n = vsnprintf(to, size, format, args);

    if (n < 0 || (size_t)n < size)
        return;
    size_t end = size - 1;
    while (end > 0 && ((unsigned char)to[end - 1] & 0xc0) == 0x80)
        end--;
    if (end > 0 && ((unsigned char)to[end - 1] & 0xc0) == 0xc0)
        end--;
    to[end] = '\0';
}
