// template.c - texts with {{names}} in them.
// SPDX-License-Identifier: Apache-2.0
#include "alert/template.h"

#include <stdlib.h>

#include "base/json_write.h"

#define OPEN STR_LIT("{{")
#define CLOSE STR_LIT("}}")

static ptrdiff_t find(struct str text, size_t from, struct str what)
{
    for (size_t i = from; i + what.len <= text.len; i++)
        if (str_starts(str_cut(text, i, text.len), what))
            return (ptrdiff_t)i;
    return -1;
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
              s.p[i] == '_'))
            return false;
    return s.len > 0;
}

bool template_check(struct str text, struct err *e)
{
    size_t at = 0;
    ptrdiff_t open;

    while ((open = find(text, at, OPEN)) >= 0) {
        ptrdiff_t close = find(text, (size_t)open + 2, CLOSE);

        if (close < 0)
            return fail_at(e, ERR_INPUT, "body", (int)open + 1, "{{ without }}");
        if (!is_name(str_trim(str_cut(text, (size_t)open + 2, (size_t)close))))
            return fail_at(e, ERR_INPUT, "body", (int)open + 1,
                           "between {{ and }} stands a name, such as title");
        at = (size_t)close + 2;
    }
    return true;
}

// A text as JSON has it, without the quotes around it.
static void escaped(struct str text, struct buf *out)
{
    struct json_write w;
    struct buf json;

    buf_init(&json, 6 * text.len + 16);
    json_write_init(&w, &json);
    json_write_str(&w, text);
    buf_add(out, str_cut(buf_str(&json), 1, json.len - 1));
    buf_done(&json);
}

static void value_add(struct str name, const json_t *event, bool is_json, struct buf *out)
{
    const json_t *value =
        str_eq(name, STR_LIT("everything")) ? event : json_object_getn(event, name.p, name.len);
    struct str text = {json_string_value(value), json_string_length(value)};
    char *dump;

    if (!value || json_is_null(value))
        return;
    if (json_is_string(value) && is_json) {
        escaped(text, out);
    } else if (json_is_string(value)) {
        buf_add(out, text);
    } else {
        dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        buf_add_text(out, dump);
        free(dump);
    }
}

void template_fill(struct str text, const json_t *event, bool is_json, struct buf *out)
{
    size_t at = 0;
    ptrdiff_t open, close;

    while ((open = find(text, at, OPEN)) >= 0 &&
           (close = find(text, (size_t)open + 2, CLOSE)) >= 0) {
        buf_add(out, str_cut(text, at, (size_t)open));
        value_add(str_trim(str_cut(text, (size_t)open + 2, (size_t)close)), event, is_json, out);
        at = (size_t)close + 2;
    }
    buf_add(out, str_cut(text, at, text.len));
}
