// http_work.c - takes and gives back the memory of requests under way.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_work.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
    SPARE_MAX = 128,
    ARENA_BYTES = 4096,
    REPLY_HEADERS_MAX_BYTES = 64 << 10,
    OUTPUT_KEPT_BYTES = 32 << 10
};

static void work_free(struct http_work *w)
{
    arena_free(w->arena);
    http_output_done(&w->output);
    buf_done(&w->reply_headers);
    buf_done(&w->body);
    http_parser_free(w->parser);
    free(w);
}

void http_works_init(struct http_works *works, size_t input_size, size_t body_max_bytes)
{
    *works = (struct http_works){.input_size = input_size, .body_max_bytes = body_max_bytes};
}

void http_works_done(struct http_works *works)
{
    while (works->spare) {
        struct http_work *w = works->spare;

        works->spare = w->next;
        work_free(w);
    }
    works->spare_count = 0;
}

struct http_work *http_work_take(struct http_works *works)
{
    struct http_work *w = works->spare;

    if (w) {
        works->spare = w->next;
        works->spare_count--;
        return w;
    }
    w = mem_alloc(sizeof *w + works->input_size);
    w->input_size = works->input_size;
    w->arena = arena_new(ARENA_BYTES);
    w->parser = http_parser_new();
    http_output_init(&w->output);
    buf_init(&w->reply_headers, REPLY_HEADERS_MAX_BYTES);
    buf_init(&w->body, works->body_max_bytes);
    return w;
}

void http_work_give(struct http_works *works, struct http_work *w)
{
    if (!w)
        return;
    http_work_reset(w);
    if (works->spare_count >= SPARE_MAX) {
        work_free(w);
        return;
    }
    if (!http_output_is_empty(&w->output) || w->output.small.cap > OUTPUT_KEPT_BYTES) {
        http_output_done(&w->output);
        http_output_init(&w->output);
    }
    w->from = w->to = 0;
    w->next = works->spare;
    works->spare = w;
    works->spare_count++;
}

void http_work_reset(struct http_work *w)
{
    arena_reset(w->arena);
    buf_clear(&w->reply_headers);
    buf_done(&w->body);
    http_parser_reset(w->parser);
    w->head = (struct http_head){0};
    w->framing = (struct http_framing){0};
    w->request = (struct http_request){0};
}
