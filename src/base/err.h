// err.h - one error type from the parser to the HTTP reply.
//
// The place that knows most writes the message - what was given, what would do - and nobody
// rewrites it on the way up.
#pragma once

#include <stdbool.h>

enum err_code {
    ERR_NONE,
#define X(code, name, http_status, exit_status, sentence) code,
#include "base/err.def"
#undef X
};

struct err {
    enum err_code code;
    char field[96];    // dotted name of the value at fault ("trigger.minute"); may be empty
    int column;        // 1-based column in the text that was parsed; 0: none
    int line;          // 1-based line in the text that was parsed; 0: none
    char message[480]; // one sentence for a person, without a full stop at the end
    char hint[240];    // what to do about it; may be empty
};

// Fills *e and returns false, so that a check reads: return fail(e, ERR_INPUT, "hour", "...", ...).
// field may be NULL. Earlier contents of *e are replaced, but may be among the arguments: a caller
// that knows more may wrap the message. An over-long message is cut at a whole UTF-8 character.
bool fail(struct err *e, enum err_code code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// As fail, for text with columns: column is 1-based.
bool fail_at(struct err *e, enum err_code code, const char *field, int column, const char *format,
             ...) __attribute__((format(printf, 5, 6)));

// Adds what to do about it to an error that fail() made; returns false.
bool fail_hint(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

// As fail, for a failed system call: appends ": " and the words for errnum.
bool fail_errno(struct err *e, enum err_code code, int errnum, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// What err.def says of a code. err_words gives the system's words for an errno, thread-safe, never
// NULL.
const char *err_name(enum err_code code);
const char *err_sentence(enum err_code code);
int err_http_status(enum err_code code);
int err_exit_status(enum err_code code);
const char *err_words(int errnum);
