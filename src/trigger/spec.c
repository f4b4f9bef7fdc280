// spec.c - reads the members of a trigger's JSON object.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/spec.h"

#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"

bool spec_check_keys(const json_t *spec, const char *const *keys, size_t count, struct err *e)
{
    return spec_check_keys_of("a trigger of this type", spec, keys, count, e);
}

bool spec_check_keys_of(const char *what, const json_t *spec, const char *const *keys, size_t count,
                        struct err *e)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)spec, key, value)
    {
        size_t i = 0;

        while (i < count && strcmp(key, keys[i]) != 0)
            i++;
        if (i < count)
            continue;
        const char *near = suggest_find(str_of(key), keys, count);

        fail(e, ERR_INPUT, key, "%s has no \"%.80s\"", what, key);
        return near ? fail_hint(e, "did you mean \"%s\"?", near) : false;
    }
    return true;
}

bool spec_text(const json_t *spec, const char *key, struct spec_text *ret_text, struct err *e)
{
    const json_t *value = json_object_get(spec, key);

    ret_text->s = (struct str){NULL, 0};
    if (!value || json_is_null(value))
        return true;
    if (json_is_integer(value)) {
        snprintf(ret_text->digits, sizeof ret_text->digits, "%lld",
                 (long long)json_integer_value(value));
        ret_text->s = str_of(ret_text->digits);
        return true;
    }
    if (!json_is_string(value))
        return fail(e, ERR_INPUT, key, "%s must be text or a whole number", key);
    if (json_string_length(value) > SPEC_TEXT_MAX)
        return fail(e, ERR_INPUT, key, "%s is longer than %d bytes", key, SPEC_TEXT_MAX);
    ret_text->s = (struct str){json_string_value(value), json_string_length(value)};
    return true;
}

static bool bad_length(const char *key, struct err *e)
{
    return fail(e, ERR_INPUT, key, "%s must be a number that is not negative, such as 5 or 1.5",
                key);
}

// Digits with at most one point among them.
static bool is_decimal(struct str s)
{
    int digits = 0, points = 0;

    for (size_t i = 0; i < s.len; i++) {
        digits += s.p[i] >= '0' && s.p[i] <= '9';
        points += s.p[i] == '.';
    }
    return digits > 0 && points <= 1 && (size_t)(digits + points) == s.len;
}

// The number a value means, in microseconds of unit_us; negative when it means none.
static long double length_of(const json_t *value, int64_t unit_us)
{
    if (json_is_integer(value))
        return (long double)json_integer_value(value) * unit_us;
    if (json_is_real(value))
        return (long double)json_real_value(value) * unit_us;
    if (!json_is_string(value))
        return -1;

    struct str text = str_trim((struct str){json_string_value(value), json_string_length(value)});
    int64_t us;
    struct err ignored;

    // A bare decimal number is a duration in seconds; read exactly, then scaled.
    if (!is_decimal(text) || text.p[0] == '.' || text.p[text.len - 1] == '.' ||
        !duration_parse(text, NULL, &us, &ignored))
        return -1;
    return (long double)us * (unit_us / SECOND_US);
}

bool spec_length(const json_t *spec, const char *key, int64_t unit_us, int64_t max_us,
                 int64_t *ret_us, struct err *e)
{
    const json_t *value = json_object_get(spec, key);

    *ret_us = 0;
    if (!value || json_is_null(value))
        return true;

    long double us = length_of(value, unit_us);
    if (!(us >= 0))
        return bad_length(key, e);
    if (us > max_us)
        return fail(e, ERR_INPUT, key, "%s is too large: at most %lld", key,
                    (long long)(max_us / unit_us));
    *ret_us = (int64_t)llrintl(us);
    return true;
}

bool spec_count(const json_t *spec, const char *key, int64_t max, int64_t *ret_n, struct err *e)
{
    struct spec_text text;
    int64_t n;

    if (!spec_text(spec, key, &text, e))
        return false;
    if (!text.s.p)
        return true;
    if (!str_to_int(str_trim(text.s), &n) || n < 0 || n > max)
        return fail(e, ERR_INPUT, key, "%s must be a whole number from 0 to %lld", key,
                    (long long)max);
    *ret_n = n;
    return true;
}

bool spec_moment(const json_t *spec, const char *key, const struct zone *zone, wall *ret_at,
                 struct err *e)
{
    const json_t *value = json_object_get(spec, key);

    return !value || json_is_null(value) || spec_moment_value(value, key, zone, ret_at, e);
}

bool spec_moment_value(const json_t *value, const char *key, const struct zone *zone, wall *ret_at,
                       struct err *e)
{
    wall at;

    if (!json_is_string(value))
        return fail(e, ERR_INPUT, key, "%s must be text such as 2026-11-22 04:49:33", key);
    if (!iso8601_moment((struct str){json_string_value(value), json_string_length(value)}, zone,
                        key, &at, e))
        return false;
    if (at.us < civil_days(2, 1, 1) * DAY_US || at.us >= civil_days(9999, 1, 1) * DAY_US)
        return fail(e, ERR_INPUT, key, "%s must lie within the years 2 to 9998", key);
    *ret_at = at;
    return true;
}

// Single spaces only, as most texts are written.
static bool is_one_line(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] == '\t' || (text.p[i] == ' ' && i > 0 && text.p[i - 1] == ' '))
            return false;
    return true;
}

char *spec_one_line(struct str text)
{
    struct buf line;
    bool blank = false;
    char *copy;

    text = str_trim(text);
    if (is_one_line(text))
        return str_own(text);
    buf_init(&line, SPEC_TEXT_MAX);
    for (size_t i = 0; i < text.len; i++) {
        bool is_blank = text.p[i] == ' ' || text.p[i] == '\t';

        if (!is_blank || !blank)
            buf_add_byte(&line, is_blank ? ' ' : text.p[i]);
        blank = is_blank;
    }
    copy = str_own(buf_str(&line));
    buf_done(&line);
    return copy;
}
