// request_fuzz.c - bytes of strangers against the HTTP server, whole and in pieces.
//
// The first byte says how the rest is cut into sends (0: one). Whatever comes, the handler sees
// only what the guard allows, every request is answered once, and cutting the same bytes elsewhere
// gives the same requests.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "net/http_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t request_count;
    uint64_t sum; // over what the handler was given
};

static struct sim_clock sim;
static struct loop *loop;

static void seen_add(struct seen *seen, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        seen->sum = (seen->sum ^ (unsigned char)s.p[i]) * 1099511628211u;
    seen->sum = (seen->sum ^ s.len) * 1099511628211u;
}

static void check(bool is_held)
{
    if (!is_held)
        abort();
}

static void handle(struct http_request *r, void *ctx)
{
    struct seen *seen = ctx;
    const struct http_pair *pairs;
    struct str path = {"", 0};
    size_t host_count = 0;

    seen->request_count++;
    seen_add(seen, r->method_text);
    seen_add(seen, r->body);
    check(r->path.len > 0 && (r->path.p[0] == '/' || str_eq(r->path, STR_LIT("*"))));
    if (http_request_path(r, &path))
        check(str_is_utf8(path) && str_find(path, '\0') < 0);
    for (size_t i = 0, count = http_request_queries(r, &pairs); i < count; i++)
        seen_add(seen, pairs[i].value);
    for (size_t i = 0, count = http_request_headers(r, &pairs); i < count; i++) {
        host_count += str_eq_nocase(pairs[i].name, STR_LIT("host"));
        for (size_t j = 0; j < pairs[i].value.len; j++)
            check((unsigned char)pairs[i].value.p[j] >= ' ' || pairs[i].value.p[j] == '\t');
        seen_add(seen, pairs[i].value);
        http_reply_header(r, "x-echo", pairs[i].value);
    }
    check(host_count <= 1);
    http_reply_text(r, 200, NULL, path);
}

static void turn(int fd)
{
    char scratch[4096];

    for (int i = 0; i < 100 && loop_turn(loop, 0) > 0; i++)
        while (recv(fd, scratch, sizeof scratch, MSG_DONTWAIT) > 0)
            ;
}

static struct seen serve(struct str bytes, size_t step)
{
    struct http_server_options options = {
        .head_max_bytes = 2000, .target_max_bytes = 500, .body_max_bytes = 8000};
    struct seen seen = {0};
    struct http_server *server = http_server_new(loop, &options, handle, &seen);
    int fds[2];

    check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    http_server_adopt(server, fds[0]);
    while (bytes.len > 0) {
        size_t n = bytes.len < step ? bytes.len : step;
        ssize_t sent = send(fds[1], bytes.p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent <= 0)
            break;
        turn(fds[1]);
        bytes = str_cut(bytes, (size_t)sent, bytes.len);
    }
    sim_clock_advance(&sim, 100000000);
    turn(fds[1]);
    sim_clock_advance(&sim, 100000000);
    turn(fds[1]);
    check(http_server_connection_count(server) == 0 && http_server_request_count(server) == 0);
    http_server_free(server);
    close(fds[1]);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e;

    if (!loop) {
        sim_clock_init(&sim, (wall){0});
        loop = loop_new(&sim.base, &e);
        check(loop != NULL);
    }
    if (size < 1 || size > 30000)
        return 0;
    struct str bytes = {(const char *)data + 1, size - 1};
    struct seen whole = serve(bytes, bytes.len + 1);
    struct seen cut = serve(bytes, data[0] % 64 + bytes.len / 100 + 1);
    check(whole.request_count == cut.request_count && whole.sum == cut.sum);
    return 0;
}
