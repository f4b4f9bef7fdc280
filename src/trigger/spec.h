// spec.h - reads the members of a trigger's JSON object: texts, numbers in either form, moments.
//
// null counts as not given everywhere. Errors name the key.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"

#define SPEC_TEXT_MAX 1024 // bytes of one text

// A text, or a whole number as text. Points into the JSON value or at digits: do not copy the
// struct.
struct spec_text {
    struct str s; // p NULL: not given
    char digits[24];
};

// Refuses keys that are not in the list. what: "a trigger of this type".
[[nodiscard]] bool spec_check_keys(const json_t *spec, const char *const *keys, size_t count,
                                   struct err *e);
[[nodiscard]] bool spec_check_keys_of(const char *what, const json_t *spec, const char *const *keys,
                                      size_t count, struct err *e);

[[nodiscard]] bool spec_text(const json_t *spec, const char *key, struct spec_text *ret_text,
                             struct err *e);

// A number, or a number as text ("15", "1.5"), times unit_us, in microseconds; not negative, at
// most max_us. 0 when not given.
[[nodiscard]] bool spec_length(const json_t *spec, const char *key, int64_t unit_us, int64_t max_us,
                               int64_t *ret_us, struct err *e);

// A whole number, or one as text, from 0 to max. *ret_n stays as it is when not given.
[[nodiscard]] bool spec_count(const json_t *spec, const char *key, int64_t max, int64_t *ret_n,
                              struct err *e);

// A date and time, local in zone when it has no offset. *ret_at stays as it is when not given;
// years 2 to 9998.
[[nodiscard]] bool spec_moment(const json_t *spec, const char *key, const struct zone *zone,
                               wall *ret_at, struct err *e);

// As spec_moment, for a value that is there; key is for complaints.
[[nodiscard]] bool spec_moment_value(const json_t *value, const char *key, const struct zone *zone,
                                     wall *ret_at, struct err *e);

// A copy of a text as it was written, but for blanks: none at its ends, one in place of several.
// The caller frees it.
[[nodiscard]] char *spec_one_line(struct str text);
