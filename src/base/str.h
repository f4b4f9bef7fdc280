// str.h - a borrowed piece of text: bytes and a length, not NUL-terminated.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p; // may be NULL when len is 0
    size_t len;    // bytes
};

#define STR_LIT(text) ((struct str){(text), sizeof(text) - 1})
#define STR(s) (int)(s).len, (s).p // for "%.*s"

static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

static inline struct str str_cut(struct str s, size_t from, size_t to)
{
    return (struct str){s.p ? s.p + from : NULL, to - from};
}

bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); // ASCII letters only
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_cmp(struct str a, struct str b); // by bytes, shorter first

// s without ASCII blanks (space, tab, CR, LF, VT, FF) at both ends.
struct str str_trim(struct str s);

// Index of the first c in s, or -1.
ptrdiff_t str_find(struct str s, char c);

// Whether a pattern means all of s: * stands for any bytes, ? for any one byte.
bool str_glob(struct str pattern, struct str s);

// Takes the part of *rest before the first sep (or all of it) into *ret_part and moves *rest past
// the separator. False when nothing is left; "a,,b" gives "a", "", "b"; "" gives one empty part,
// after which rest->p is NULL.
bool str_next(struct str *rest, char sep, struct str *ret_part);

// Decimal, optional '-', no blanks, no '+', at least one digit, whole of s; false when malformed or
// outside int64_t.
[[nodiscard]] bool str_to_int(struct str s, int64_t *ret_n);

// True when s is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool str_is_utf8(struct str s);

// Bytes (1 to 4) of the well-formed UTF-8 character that s begins with; 0 when it begins with none.
// s is not empty.
size_t str_utf8_char(struct str s);

// A NUL-terminated copy on the heap; end it with free().
[[nodiscard]] char *str_own(struct str s);
