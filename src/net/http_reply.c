// http_reply.c - what handlers call to answer.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_reply.h"

#include "base/mem.h"
#include "net/http_connection.h"
#include "net/http_output.h"

bool http_request_is_gone(const struct http_request *r)
{
    return r->connection->fd < 0;
}

void http_reply_header(struct http_request *r, const char *name, struct str value)
{
    struct buf *out = &r->connection->work->reply_headers;

    // Whole or not at all: name, ": ", value, CR LF.
    if (!buf_reserve(out, strlen(name) + value.len + 4))
        return;
    buf_add_text(out, name);
    buf_add(out, STR_LIT(": "));
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.p[i];

        buf_add_byte(out, c < ' ' || c == 0x7f ? ' ' : value.p[i]);
    }
    buf_add(out, STR_LIT("\r\n"));
}

void http_reply(struct http_request *r, int status, const char *content_type, struct buf *body)
{
    struct str bytes = {"", 0};
    char *owned = NULL;

    if (body) {
        bytes = buf_str(body);
        owned = body->p;
        *body = (struct buf){.max = body->max};
    }
    http_connection_reply(r, status, content_type, bytes, owned);
}

void http_reply_static(struct http_request *r, int status, const char *content_type,
                       struct str body)
{
    http_connection_reply(r, status, content_type, body, NULL);
}

void http_reply_text(struct http_request *r, int status, const char *content_type, struct str body)
{
    bool is_large = body.len > HTTP_SMALL_BYTES;
    char *copy = is_large ? mem_copy(body.p, body.len) : NULL;

    http_connection_reply(r, status, content_type, is_large ? (struct str){copy, body.len} : body,
                          copy);
}

void http_reply_detail(struct http_request *r, int status, const char *detail)
{
    struct buf body;

    buf_init(&body, 1 << 20);
    http_detail_write(&body, detail);
    http_reply(r, status, "application/json", &body);
}
