// http_echo.c - the HTTP server alone, with a handler that tells what it was given: the guard's
// test double.
//
// http_echo [connection_max [address_max [port]]]: listens on 127.0.0.1, a free port by default,
// prints it, serves until SIGTERM. Deadlines are 400 ms for head and body and a second for idling.
// /small answers "ok", /later answers at the end of the turn, /large with a megabyte, anything else
// with a JSON object that describes the request.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_server.h"

enum {
    LARGE_BYTES = 1 << 20
};

static struct loop *loop;

static void describe(struct http_request *r)
{
    struct buf out;
    struct json_write w;
    const struct http_pair *pairs;
    struct str path = {"", 0};

    buf_init(&out, 8 << 20);
    json_write_init(&w, &out);
    json_write_object(&w);
    json_write_key(&w, "method");
    json_write_str(&w, r->method_text);
    json_write_key(&w, "path");
    if (http_request_path(r, &path))
        json_write_str(&w, path);
    else
        json_write_null(&w);
    json_write_key(&w, "query");
    json_write_array(&w);
    for (size_t i = 0, count = http_request_queries(r, &pairs); i < count; i++) {
        json_write_str(&w, pairs[i].name);
        json_write_str(&w, pairs[i].value);
    }
    json_write_array_end(&w);
    json_write_key(&w, "headers");
    json_write_uint(&w, http_request_headers(r, &pairs));
    json_write_key(&w, "body_bytes");
    json_write_uint(&w, r->body.len);
    json_write_key(&w, "body");
    json_write_str(&w, str_cut(r->body, 0, r->body.len < 1000 ? r->body.len : 1000));
    json_write_key(&w, "peer");
    json_write_str(&w, r->peer);
    json_write_object_end(&w);
    http_reply(r, 200, "application/json", &out);
}

static void reply_later(void *ctx)
{
    http_reply_text(ctx, 200, "text/plain", STR_LIT("later"));
}

static void reply_large(struct http_request *r)
{
    struct buf out;

    buf_init(&out, LARGE_BYTES);
    if (buf_reserve(&out, LARGE_BYTES)) {
        memset(out.p, 'x', LARGE_BYTES);
        out.len = LARGE_BYTES;
    }
    http_reply(r, 200, "application/octet-stream", &out);
}

static void handle(struct http_request *r, void *ctx)
{
    (void)ctx;
    if (str_eq(r->path, STR_LIT("/small")))
        http_reply_text(r, 200, "application/json", STR_LIT("{\"ok\":true}"));
    else if (str_eq(r->path, STR_LIT("/later")))
        loop_defer(loop, reply_later, r);
    else if (str_eq(r->path, STR_LIT("/large")))
        reply_large(r);
    else
        describe(r);
}

static void stop(int signo, void *ctx)
{
    (void)signo;
    (void)ctx;
    loop_stop(loop);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct http_server *server;
    static const char *const names[] = {"belfry.example", NULL};
    struct http_server_options options = {
        .host_names = names, .head_ms = 400, .body_ms = 400, .idle_ms = 1000};

    if (argc > 1)
        options.connection_max = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        options.address_max = strtoul(argv[2], NULL, 10);
    if (argc > 3)
        options.port = (int)strtol(argv[3], NULL, 10);
    if (argc > 4)
        options.head_ms = options.body_ms = options.idle_ms = (int)strtol(argv[4], NULL, 10);
    loop = loop_new(clock_real(), &e);
    if (!loop || !loop_signal(loop, SIGTERM, stop, NULL, &e) ||
        !http_server_start(loop, &options, handle, NULL, &server, &e)) {
        fprintf(stderr, "http_echo: %s\n%s\n", e.message, e.hint);
        return 1;
    }
    printf("%d\n", http_server_port(server));
    fflush(stdout);
    loop_run(loop);
    http_server_free(server);
    loop_free(loop);
    return 0;
}
