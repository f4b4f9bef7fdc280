// progress.c - reads what runs say of themselves.
// SPDX-License-Identifier: Apache-2.0
#include "exec/progress.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "base/mem.h"

#define MESSAGE_MAX 1000 // bytes
#define RESULT_MAX 65536

struct progress {
    struct buf line;
    bool is_long; // the line is too long: the rest of it is passed over
    bool is_new;
    json_t *progress, *message, *metrics, *result;
    int64_t ignored;
};

struct progress *progress_new(void)
{
    struct progress *p = mem_alloc(sizeof *p);

    buf_init(&p->line, PROGRESS_LINE_MAX);
    return p;
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    buf_done(&p->line);
    json_decref(p->progress);
    json_decref(p->message);
    json_decref(p->metrics);
    json_decref(p->result);
    free(p);
}

static bool replace(json_t **member, json_t *value)
{
    json_decref(*member);
    *member = json_incref(value);
    return true;
}

static bool is_share(const json_t *value)
{
    return json_is_number(value) && json_number_value(value) >= 0 && json_number_value(value) <= 1;
}

static int depth_of(const json_t *value)
{
    const json_t *item;
    const char *key;
    size_t index;
    int deepest = 0, depth;

    json_array_foreach((json_t *)value, index, item)
    {
        depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach((json_t *)value, key, item)
    {
        depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static bool fits(const json_t *value, size_t max)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    bool ok = text && strlen(text) <= max && depth_of(value) < JSON_WRITE_DEPTH_MAX;

    free(text);
    return ok;
}

// False when a member is not what it should be.
static bool members_take(struct progress *p, json_t *line)
{
    json_t *share = json_object_get(line, "progress"), *message = json_object_get(line, "message");
    json_t *metrics = json_object_get(line, "metrics"), *result = json_object_get(line, "result");
    bool ok = (!share || is_share(share)) &&
              (!message || (json_is_string(message) && fits(message, MESSAGE_MAX))) &&
              (!metrics || (json_is_object(metrics) && fits(metrics, RESULT_MAX))) &&
              (!result || fits(result, RESULT_MAX));

    if (!ok)
        return false;
    if (result)
        (void)replace(&p->result, result);
    p->is_new = (share && replace(&p->progress, share)) || p->is_new;
    p->is_new = (message && replace(&p->message, message)) || p->is_new;
    p->is_new = (metrics && replace(&p->metrics, metrics)) || p->is_new;
    return share || message || metrics || result;
}

static void line_take(struct progress *p)
{
    struct str text = str_trim(buf_str(&p->line));
    json_t *line = NULL;

    if (!p->is_long && text.len > 0)
        line = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    if ((p->is_long || text.len > 0) && (!json_is_object(line) || !members_take(p, line)))
        p->ignored++;
    json_decref(line);
    buf_clear(&p->line);
    p->is_long = false;
}

void progress_add(struct progress *p, struct str bytes)
{
    struct str piece;
    ptrdiff_t newline;

    for (; bytes.len > 0; bytes = str_cut(bytes, piece.len + (newline >= 0), bytes.len)) {
        newline = str_find(bytes, '\n');
        piece = newline < 0 ? bytes : str_cut(bytes, 0, (size_t)newline);
        if (p->line.len + piece.len > PROGRESS_LINE_MAX)
            p->is_long = true;
        else if (piece.len > 0)
            buf_add(&p->line, piece);
        if (newline >= 0)
            line_take(p);
    }
}

void progress_close(struct progress *p)
{
    if (p->line.len > 0 || p->is_long)
        line_take(p);
}

bool progress_is_new(struct progress *p)
{
    bool is_new = p->is_new;

    p->is_new = false;
    return is_new;
}

static void value_write(const json_t *value, struct json_write *w)
{
    const json_t *item;
    const char *key;
    size_t index;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        json_write_object(w);
        json_object_foreach((json_t *)value, key, item)
        {
            json_write_key(w, key);
            value_write(item, w);
        }
        json_write_object_end(w);
        break;
    case JSON_ARRAY:
        json_write_array(w);
        json_array_foreach((json_t *)value, index, item)
        {
            value_write(item, w);
        }
        json_write_array_end(w);
        break;
    case JSON_STRING:
        json_write_str(w, (struct str){json_string_value(value), json_string_length(value)});
        break;
    case JSON_INTEGER:
        json_write_int(w, json_integer_value(value));
        break;
    case JSON_REAL:
        json_write_double(w, json_real_value(value));
        break;
    case JSON_NULL:
        json_write_null(w);
        break;
    default:
        json_write_bool(w, json_is_true(value));
    }
}

// With numbers as they came, which is why this is not the library's own writer.
static struct str json_text(const json_t *value, struct arena *arena)
{
    struct json_write w;
    struct str copy;
    struct buf text;

    buf_init(&text, 2 * RESULT_MAX);
    json_write_init(&w, &text);
    value_write(value, &w);
    copy = text.is_full ? (struct str){0} : arena_copy(arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

struct str progress_json(const struct progress *p, struct arena *arena)
{
    json_t *all = json_object();
    struct str text = {0};

    if (p->progress)
        (void)json_object_set(all, "progress", p->progress);
    if (p->message)
        (void)json_object_set(all, "message", p->message);
    if (p->metrics)
        (void)json_object_set(all, "metrics", p->metrics);
    if (json_object_size(all) > 0)
        text = json_text(all, arena);
    json_decref(all);
    return text;
}

struct str progress_result(const struct progress *p, struct arena *arena)
{
    return p->result ? json_text(p->result, arena) : (struct str){0};
}

struct str progress_warning(const struct progress *p, struct arena *arena)
{
    if (p->ignored == 0)
        return (struct str){0};
    return arena_printf(arena,
                        "%lld line%s on descriptor 3 %s no JSON object with progress, "
                        "message, metrics or result, or longer than 64 KiB",
                        (long long)p->ignored, p->ignored == 1 ? "" : "s",
                        p->ignored == 1 ? "is" : "are");
}
