// probe_fuzz.c - a certificate check as a whole, against a server that says anything: it ends, and
// tells what it found in JSON of bounded length.
//
// The first byte chooses the dialogue before TLS, the second into what pieces the rest is cut.
// Bytes ff fe are not sent: the server waits there until it has heard something, or for some turns.
// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/loop.h"
#include "net/dns.h"
#include "net/tls_attempt.h"
#include "net/tls_options.h"
#include "net/tls_trust.h"

enum {
    TOLD_MAX = 1 << 20,
    TURNS_MAX = 2000,
    LIMIT_MS = 400,
    WAIT_TURNS = 5,
};

static struct tls_net net;
static int listener = -1, port;

static void check(bool is_true)
{
    if (!is_true)
        abort();
}

static void set_up(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct err e;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    check(bind(listener, (struct sockaddr *)&at, n) == 0 && listen(listener, 8) == 0 &&
          getsockname(listener, (struct sockaddr *)&at, &n) == 0);
    port = ntohs(at.sin_port);
    net.clock = clock_real();
    net.loop = loop_new(net.clock, &e);
    net.trust = tls_trust_new(NULL);
    net.dns = dns_new(net.loop, &(struct dns_options){.workers = 1});
    check(net.loop);
}

// What has been told; also whether anything has.
static bool is_told;

static void told(struct tls_result *result, void *ctx)
{
    struct buf json;
    json_t *value;

    (void)ctx;
    buf_init(&json, TOLD_MAX);
    tls_result_write(result, &json);
    check(!json.is_full);
    value = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    check(value);
    check(result->leaf || result->status == TLS_ERROR);
    json_decref(value);
    buf_done(&json);
    tls_result_free(result);
    is_told = true;
}

struct server {
    int fd; // -1: nobody has come yet
    struct str text;
    size_t piece;
    int waiting; // turns that it waits to hear something
};

static bool hears(int fd)
{
    char heard[4096];
    bool is_any = false;

    while (recv(fd, heard, sizeof heard, MSG_DONTWAIT) > 0)
        is_any = true;
    return is_any;
}

// Says the next piece and, after the last one, hangs up.
static void say(struct server *s)
{
    const char *pause = memmem(s->text.p, s->text.len, "\xff\xfe", 2);
    size_t n = pause ? (size_t)(pause - s->text.p) : s->text.len;
    ssize_t sent;

    if (hears(s->fd))
        s->waiting = 0;
    if (s->waiting > 0) {
        s->waiting--;
        return;
    }
    if (pause == s->text.p && pause) {
        s->text = str_cut(s->text, 2, s->text.len);
        s->waiting = WAIT_TURNS;
        return;
    }
    n = n < s->piece ? n : s->piece;
    sent = n > 0 ? send(s->fd, s->text.p, n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    s->text = str_cut(s->text, sent > 0 ? (size_t)sent : 0, sent < 0 ? 0 : s->text.len);
    if (s->text.len == 0)
        shutdown(s->fd, SHUT_WR);
}

static void serve(struct str text, size_t piece)
{
    struct server s = {-1, text, piece, 0};

    is_told = false;
    for (int i = 0; i < TURNS_MAX && !is_told; i++) {
        if (s.fd < 0)
            s.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (s.fd >= 0)
            say(&s);
        loop_turn(net.loop, 1);
    }
    check(is_told);
    if (s.fd >= 0)
        close(s.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tls_options *options;
    struct tls_target target;
    struct err e;

    if (size < 2)
        return 0;
    if (listener < 0)
        set_up();
    check(tls_target_parse(STR_LIT("127.0.0.1"), &target, &e));
    options = tls_options_new();
    options->starttls = (enum starttls)(data[0] % STARTTLS_COUNT);
    target.port = port;
    target.options = options;
    target.total_ms = LIMIT_MS;
    check(tls_attempt_start(&net, &target, told, NULL));
    serve((struct str){(const char *)data + 2, size - 2}, data[1] < 128 ? 1 << 16 : data[1] - 127u);
    tls_options_drop(options);
    return 0;
}
