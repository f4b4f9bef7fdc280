// tls_attempt_test.c - one check on the net thread's side: addresses, rules, visits, and the talk
// before TLS, against sockets on loopback.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_attempt.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/loop.h"
#include "net/access.h"
#include "net/tls_options.h"
#include "net/tls_trust.h"
#include "unit.h"

static struct loop *loop;
static struct tls_net net;
static int listener, port;

// What a check ended with.
struct outcome {
    int calls;
    char code[32], message[480], addresses[200];
    enum tls_phase phase;
    double phase_ms[TLS_PHASE_DONE];
};

static void resolve_two(const char *host, int number, struct dns_answer *answer)
{
    (void)host;
    answer->count = 2;
    assert_true(dns_literal("127.0.0.2", number, &answer->addresses[0]));
    assert_true(dns_literal("127.0.0.1", number, &answer->addresses[1]));
}

static int set_up(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct err e;

    (void)state;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_return_code(bind(listener, (struct sockaddr *)&at, sizeof at), errno);
    assert_return_code(listen(listener, 100), errno);
    assert_return_code(getsockname(listener, (struct sockaddr *)&at, &n), errno);
    port = ntohs(at.sin_port);
    loop = loop_new(clock_real(), &e);
    assert_non_null(loop);
    net = (struct tls_net){
        .loop = loop,
        .clock = clock_real(),
        .dns = dns_new(loop, &(struct dns_options){.workers = 1, .resolve = resolve_two}),
        .trust = tls_trust_new(NULL),
    };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dns_free(net.dns);
    tls_trust_free(net.trust);
    if (net.method)
        BIO_meth_free(net.method);
    loop_free(loop);
    close(listener);
    return 0;
}

static void outcome_set(const struct tls_result *r, void *ctx)
{
    struct outcome *o = ctx;

    o->calls++;
    o->phase = r->phase;
    memcpy(o->phase_ms, r->phase_ms, sizeof o->phase_ms);
    snprintf(o->code, sizeof o->code, "%s", r->code);
    snprintf(o->message, sizeof o->message, "%s", r->error.message);
    o->addresses[0] = '\0';
    for (size_t i = 0; i < r->address_count; i++) {
        size_t n = strlen(o->addresses);

        snprintf(o->addresses + n, sizeof o->addresses - n, "%.*s=%s ",
                 (int)str_find(r->addresses[i].address, ':'), r->addresses[i].address.p,
                 r->addresses[i].code);
    }
}

static void visit_done(struct tls_result *r, void *ctx)
{
    outcome_set(r, ctx);
}

static void attempt_done(struct tls_result *r, void *ctx)
{
    outcome_set(r, ctx);
    tls_result_free(r);
}

static void wait_for(const struct outcome *o)
{
    for (int i = 0; i < 4000 && o->calls == 0; i++)
        loop_turn(loop, 20);
    assert_int_equal(o->calls, 1);
}

static struct tls_options *options_of(const char *const *texts)
{
    struct tls_options *o = tls_options_new();
    struct err e;

    for (; *texts; texts++)
        if (!tls_options_add(o, str_of(*texts), &e))
            fail_msg("%s: %s", *texts, e.message);
    return o;
}

#define OPTIONS(...) options_of((const char *const[]){__VA_ARGS__, NULL})

static void check(const char *host, const struct tls_options *options, struct outcome *o)
{
    struct tls_target target = {
        .port = port, .handshake_ms = 30, .starttls_ms = 30, .proxy_ms = 30};

    snprintf(target.host, sizeof target.host, "%s", host);
    target.options = options;
    *o = (struct outcome){0};
    tls_attempt_start(&net, &target, attempt_done, o);
    assert_int_equal(o->calls, 0);
    wait_for(o);
    tls_options_drop(options);
}

// 127.0.0.2 refuses; 127.0.0.1 accepts and says nothing.
static void test_first_or_all(void **state)
{
    struct outcome o;

    (void)state;
    check("two.example", NULL, &o);
    assert_string_equal(o.code, "handshake_timeout");
    assert_string_equal(o.addresses, "");
    check("two.example", OPTIONS("addresses=all"), &o);
    assert_string_equal(o.code, "connect_refused"); // no verdict is worse than none yet
    assert_string_equal(o.addresses, "127.0.0.2=connect_refused 127.0.0.1=handshake_timeout ");
    check("two.example", OPTIONS("family=6"), &o);
    assert_string_equal(o.code, "dns_not_found");
    assert_non_null(strstr(o.message, "two.example:"));
    assert_non_null(strstr(o.message, "has no IPv6 address"));
}

static void test_whom_to_connect_to(void **state)
{
    static const struct {
        const char *allow, *deny, *host, *options[3], *code;
    } cases[] = {
        {"", "two.example", "two.example", {0}, "target_denied"},
        {"", "127.0.0.2", "two.example", {0}, "handshake_timeout"},
        {"", "127.0.0.0/8", "two.example", {0}, "target_denied"},
        {"", "127.0.0.0/8", "127.0.0.1", {0}, "target_denied"},
        {"", "127.0.0.2", "two.example", {"addresses=all"}, "target_denied"},
        {"127.0.0.1", "", "two.example", {0}, "handshake_timeout"},
        {"other.example", "", "two.example", {0}, "target_denied"},
        {"", "two.example", "x.example", {"connect_to=two.example"}, "target_denied"},
        {"", "x.example", "x.example", {"connect_to=127.0.0.1"}, "handshake_timeout"},
        {"", "192.0.2.0/24", "x.example", {"proxy=http://two.example:9"}, "target_denied"},
        {"", "192.0.2.0/24", "192.0.2.1", {"proxy=http://two.example:9"}, "target_denied"},
        {"", "192.0.2.0/24", "192.0.3.1", {"proxy=http://127.0.0.2:9"}, "proxy_failed"},
        {"", "x.example", "x.example", {"proxy=http://127.0.0.2:9"}, "target_denied"},
        {"", "y.example", "x.example", {"proxy=http://127.0.0.2:9"}, "proxy_failed"},
        {"x.example,127.0.0.0/8", "", "x.example", {"proxy=http://127.0.0.2:9"}, "proxy_failed"},
        {"x.example", "", "x.example", {"proxy=http://127.0.0.2:9"}, "target_denied"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct access *access;
        struct outcome o;
        struct err e;

        assert_true(access_parse(str_of(cases[i].allow), str_of(cases[i].deny), &access, &e));
        net.access = access;
        check(cases[i].host, options_of(cases[i].options), &o);
        if (strcmp(o.code, cases[i].code) != 0)
            fail_msg("%zu: %s: %s", i, o.code, o.message);
        net.access = NULL;
        access_free(access);
    }
}

// A check whose server says text as soon as it is connected to, and may hang up then.
static void talk(const char *text, bool hangs_up, const struct tls_options *options,
                 struct outcome *o)
{
    struct tls_target target = {.host = "127.0.0.1",
                                .is_ip = true,
                                .port = port,
                                .starttls_ms = 50,
                                .proxy_ms = 50,
                                .handshake_ms = 50};
    int fd = -1;

    target.options = options;
    *o = (struct outcome){0};
    while ((fd = accept(listener, NULL, NULL)) >= 0) // those of earlier checks
        close(fd);
    tls_attempt_start(&net, &target, attempt_done, o);
    for (int i = 0; i < 20000 && fd < 0; i++) {
        loop_turn(loop, 5);
        fd = accept(listener, NULL, NULL);
    }
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    if (hangs_up)
        shutdown(fd, SHUT_RDWR);
    wait_for(o);
    close(fd);
    tls_options_drop(options);
}

static void test_talk(void **state)
{
    static const struct {
        const char *text;
        bool hangs_up;
        const char *option, *code;
        enum tls_phase phase;
    } cases[] = {
        {"", false, "starttls=smtp", "starttls_timeout", TLS_PHASE_STARTTLS},
        {"220 mx", false, "starttls=smtp", "starttls_timeout", TLS_PHASE_STARTTLS},
        {"220 mx", true, "starttls=smtp", "connection_closed", TLS_PHASE_STARTTLS},
        {"554 no\r\n", false, "starttls=smtp", "starttls_refused", TLS_PHASE_STARTTLS},
        {"HTTP/1.1\r\n", false, "starttls=smtp", "protocol_error", TLS_PHASE_STARTTLS},
        {"Sx", false, "starttls=postgres", "starttls_injection", TLS_PHASE_STARTTLS},
        {"S", false, "starttls=postgres", "handshake_timeout", TLS_PHASE_HANDSHAKE},
        {"+OK\r\n+OK\r\n", false, "starttls=pop3", "handshake_timeout", TLS_PHASE_HANDSHAKE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outcome o;

        talk(cases[i].text, cases[i].hangs_up, OPTIONS(cases[i].option), &o);
        if (strcmp(o.code, cases[i].code) != 0)
            fail_msg("%zu: %s: %s", i, o.code, o.message);
        assert_int_equal(o.phase, cases[i].phase);
        assert_true(o.phase_ms[TLS_PHASE_STARTTLS] > 0);
    }
}

static void test_talk_with_a_proxy(void **state)
{
    char proxy[64];
    struct outcome o;

    (void)state;
    snprintf(proxy, sizeof proxy, "proxy=http://127.0.0.1:%d", port);
    talk("", false, OPTIONS(proxy), &o);
    assert_string_equal(o.code, "proxy_timeout");
    talk("HTTP/1.1 403 No\r\n", false, OPTIONS(proxy), &o);
    assert_string_equal(o.code, "proxy_failed");
    talk("HTTP/1.1 2", true, OPTIONS(proxy), &o);
    assert_string_equal(o.code, "proxy_failed");
    talk("HTTP/1.1 200 OK\r\n\r\n", false, OPTIONS(proxy), &o);
    assert_string_equal(o.code, "handshake_timeout");
    assert_true(o.phase_ms[TLS_PHASE_PROXY] > 0);
    talk("HTTP/1.1 200 OK\r\n\r\n554 no\r\n", false, OPTIONS(proxy, "starttls=smtp"), &o);
    assert_string_equal(o.code, "starttls_refused");
    talk("", false, OPTIONS(proxy, "proxy_auth=/nonexistent"), &o);
    assert_string_equal(o.code, "file_unreadable");
}

static void test_stopped_on_the_way(void **state)
{
    struct tls_options *options = OPTIONS("starttls=smtp", "addresses=all");
    struct tls_target target = {.host = "two.example", .port = port, .options = options};
    struct outcome o = {0};

    (void)state;
    for (int turns = 0; turns < 6; turns++) {
        struct tls_attempt *a = tls_attempt_start(&net, &target, attempt_done, &o);

        for (int i = 0; i < turns; i++)
            loop_turn(loop, 2);
        tls_attempt_stop(a);
    }
    assert_int_equal(o.calls, 0);
    tls_options_drop(options);
}

// A visit by itself, as an attempt makes one.
static void test_a_visit(void **state)
{
    struct tls_result result = {
        .arena = arena_new(1024),
        .code = "internal",
        .target = {.host = "a.example", .port = port, .connect_ms = 1000, .handshake_ms = 30},
    };
    struct dns_address address;
    struct tls_visit_options options = {
        .net = &net, .result = &result, .addresses = &address, .count = 1};
    struct outcome o = {0};

    (void)state;
    result.findings.arena = result.arena;
    assert_true(dns_literal("127.0.0.1", port, &address));
    options.until = mono_after_us(clock_mono(clock_real()), 5000000);
    tls_visit_stop(tls_visit_start(&options, visit_done, &o));
    (void)!tls_visit_start(&options, visit_done, &o);
    assert_int_equal(o.calls, 0);
    wait_for(&o);
    assert_string_equal(o.code, "handshake_timeout");
    assert_int_equal(result.status, TLS_ERROR);
    tls_visit_stop(NULL);
    arena_free(result.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_or_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whom_to_connect_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_talk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_talk_with_a_proxy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped_on_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_visit, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
