// value.c - writes a value of the API in words, not in JSON.
// SPDX-License-Identifier: Apache-2.0
#include "cli/value.h"

#include <stdlib.h>
#include <string.h>

bool value_is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           ((json_is_array(value) || json_is_object(value)) && json_array_size(value) == 0 &&
            json_object_size(value) == 0);
}

// Whether a text in a list needs no quotes to be seen as one.
static bool is_one_word(const json_t *value)
{
    const char *text = json_string_value(value);

    return !text || (text[0] && !strpbrk(text, " \t\n"));
}

void value_write(const json_t *value, struct buf *out)
{
    const char *key, *gap = "";
    json_t *inner;
    size_t i;

    if (json_is_string(value)) {
        buf_add_text(out, json_string_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, inner)
        {
            bool is_plain = is_one_word(inner);

            buf_add_text(out, i > 0 ? " " : "");
            buf_add_text(out, is_plain ? "" : "'");
            value_write(inner, out);
            buf_add_text(out, is_plain ? "" : "'");
        }
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, inner)
        {
            if (value_is_empty(inner))
                continue;
            buf_printf(out, "%s%s ", gap, key);
            value_write(inner, out);
            gap = ", ";
        }
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY);

        buf_add_text(out, text);
        free(text);
    }
}
