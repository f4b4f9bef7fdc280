// sse_reader.c - takes server-sent events apart, line by line.
// SPDX-License-Identifier: Apache-2.0
#include "cli/sse_reader.h"

void sse_reader_init(struct sse_reader *r, size_t max_bytes, sse_event_fn *fn, void *ctx)
{
    *r = (struct sse_reader){.fn = fn, .ctx = ctx};
    buf_init(&r->line, max_bytes);
    buf_init(&r->name, 256);
    buf_init(&r->id, 256);
    buf_init(&r->data, max_bytes);
}

void sse_reader_done(struct sse_reader *r)
{
    buf_done(&r->line);
    buf_done(&r->name);
    buf_done(&r->id);
    buf_done(&r->data);
}

static void buf_set(struct buf *b, struct str value)
{
    buf_clear(b);
    buf_add(b, value);
}

static bool event_end(struct sse_reader *r)
{
    struct sse_event event = {
        .name = r->name.len > 0 ? buf_str(&r->name) : STR_LIT("message"),
        .id = buf_str(&r->id),
        .data = buf_str(&r->data),
    };
    bool goes_on = !r->has_data || r->data.is_full || r->fn(&event, r->ctx);

    buf_clear(&r->name);
    buf_clear(&r->data);
    r->data.is_full = r->has_data = false;
    return goes_on;
}

static bool line_end(struct sse_reader *r)
{
    struct str value = buf_str(&r->line), field = {"", 0};
    bool is_whole = !r->line.is_full;

    if (value.len == 0 && is_whole)
        return event_end(r);
    (void)str_next(&value, ':', &field); // a comment has an empty one
    if (str_starts(value, STR_LIT(" ")))
        value = str_cut(value, 1, value.len);
    if (str_eq(field, STR_LIT("data"))) {
        if (r->has_data)
            buf_add_byte(&r->data, '\n');
        buf_add(&r->data, value);
        r->has_data = true;
        r->data.is_full = r->data.is_full || !is_whole;
    } else if (str_eq(field, STR_LIT("event"))) {
        buf_set(&r->name, value);
    } else if (str_eq(field, STR_LIT("id"))) {
        buf_set(&r->id, value);
    }
    buf_clear(&r->line);
    r->line.is_full = false;
    return true;
}

bool sse_reader_feed(struct sse_reader *r, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.p[i];
        bool is_second = c == '\n' && r->was_cr;

        r->was_cr = c == '\r';
        if (is_second)
            continue;
        if (c != '\n' && c != '\r')
            buf_add_byte(&r->line, c);
        else if (!line_end(r))
            return false;
    }
    return true;
}
