// tls_probe_test.c - messages between the home loop and the net thread, against sockets on
// loopback.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_probe.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/loop.h"
#include "net/dns.h"
#include "net/tls_attempt.h"
#include "net/tls_trust.h"
#include "unit.h"

static struct loop *home;

struct outcome {
    int calls;
    enum err_code code;
    char word[32];
    char message[480];
};

// A port of 127.0.0.1: that accepts and says nothing (fd is the listener), or that nobody listens
// to (fd -1).
struct port {
    int fd;
    int number;
};

static struct port port_open(bool is_listening)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct port p = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    assert_return_code(bind(p.fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_return_code(getsockname(p.fd, (struct sockaddr *)&at, &n), 0);
    p.number = ntohs(at.sin_port);
    if (is_listening) {
        assert_return_code(listen(p.fd, 1000), 0);
    } else {
        close(p.fd);
        p.fd = -1;
    }
    return p;
}

static struct tls_target target_of(const struct port *p, int timeout_ms)
{
    return (struct tls_target){
        .host = "127.0.0.1", .is_ip = true, .port = p->number, .handshake_ms = timeout_ms};
}

static void on_done(const struct tls_result *r, void *ctx)
{
    struct outcome *o = ctx;

    o->calls++;
    o->code = r->error.code;
    snprintf(o->word, sizeof o->word, "%s", r->code);
    snprintf(o->message, sizeof o->message, "%s", r->error.message);
}

static void wait_for(const int *calls, int wanted)
{
    for (int i = 0; i < 1000 && *calls < wanted; i++)
        loop_turn(home, 100);
    assert_int_equal(*calls, wanted);
}

static int set_up(void **state)
{
    struct err e;

    (void)state;
    home = loop_new(clock_real(), &e);
    return home ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(home);
    return 0;
}

static struct tls_prober *prober_open(size_t in_flight, size_t queue)
{
    struct tls_prober_options options = {.in_flight_max = in_flight, .queue_max = queue};
    struct tls_prober *prober;
    struct err e;

    assert_true(tls_prober_new(home, &options, &prober, &e));
    return prober;
}

static void test_refused(void **state)
{
    struct port nobody = port_open(false);
    struct tls_prober *prober = prober_open(0, 0);
    struct tls_target target = target_of(&nobody, 0);
    struct tls_probe *probe;
    struct outcome o = {0};
    struct err e;

    (void)state;
    assert_true(tls_probe_start(prober, &target, &probe, &e, on_done, &o));
    assert_int_equal(tls_prober_load(prober), 1);
    assert_int_equal(o.calls, 0);
    wait_for(&o.calls, 1);
    assert_int_equal(o.code, ERR_UNREACHABLE);
    assert_string_equal(o.word, "connect_refused");
    assert_non_null(strstr(o.message, "refuses connections (at 127.0.0.1:"));
    assert_int_equal(tls_prober_load(prober), 0);
    tls_prober_free(prober);
    tls_prober_free(NULL);
}

static void test_silence_times_out(void **state)
{
    struct port silent = port_open(true);
    struct tls_prober *prober = prober_open(0, 0);
    struct tls_target target = target_of(&silent, 20);
    struct outcome o = {0};
    struct err e;

    (void)state;
    assert_true(tls_probe_start(prober, &target, NULL, &e, on_done, &o));
    wait_for(&o.calls, 1);
    assert_int_equal(o.code, ERR_TIMEOUT);
    assert_string_equal(o.word, "handshake_timeout");
    tls_prober_free(prober);
    close(silent.fd);
}

static void test_bounded_queue(void **state)
{
    struct port silent = port_open(true);
    struct tls_prober *prober = prober_open(2, 3);
    struct tls_target target = target_of(&silent, 10);
    struct tls_target nobody = {0};
    struct outcome o = {0};
    struct err e;

    (void)state;
    assert_false(tls_probe_start(prober, &nobody, NULL, &e, on_done, &o));
    assert_int_equal(e.code, ERR_INPUT);
    for (int i = 0; i < 5; i++)
        assert_true(tls_probe_start(prober, &target, NULL, &e, on_done, &o));
    assert_false(tls_probe_start(prober, &target, NULL, &e, on_done, &o));
    assert_int_equal(e.code, ERR_BUSY);
    wait_for(&o.calls, 5);
    assert_true(tls_probe_start(prober, &target, NULL, &e, on_done, &o));
    wait_for(&o.calls, 6);
    tls_prober_free(prober);
    close(silent.fd);
}

// At every moment of a probe's life: waiting, running, finished but not yet told.
static void test_cancel(void **state)
{
    struct port silent = port_open(true);
    struct tls_prober *prober = prober_open(4, 0);
    struct tls_target target = target_of(&silent, 3);
    struct tls_probe *probes[64];
    struct outcome o = {0};
    struct err e;

    (void)state;
    for (int i = 0; i < 64; i++)
        assert_true(tls_probe_start(prober, &target, &probes[i], &e, on_done, &o));
    for (int i = 0; i < 64; i += 2)
        tls_probe_cancel(probes[i]);
    assert_int_equal(tls_prober_load(prober), 32);
    wait_for(&o.calls, 32);
    for (int i = 0; i < 20; i++) { // the moment of the cancel drifts through that of the time-out
        struct timespec a, b;

        assert_true(tls_probe_start(prober, &target, &probes[0], &e, on_done, &o));
        clock_gettime(CLOCK_MONOTONIC, &a);
        do
            clock_gettime(CLOCK_MONOTONIC, &b);
        while ((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec < 2500000 + i * 100000);
        tls_probe_cancel(probes[0]);
        loop_turn(home, 0);
    }
    assert_int_equal(o.calls, 32);
    assert_int_equal(tls_prober_load(prober), 0);
    tls_prober_free(prober);
    close(silent.fd);
}

static void test_free_in_the_middle(void **state)
{
    struct port silent = port_open(true);
    struct port nobody = port_open(false);
    struct tls_prober *prober = prober_open(8, 0);
    struct tls_target slow = target_of(&silent, 10000);
    struct tls_target quick = target_of(&nobody, 0);
    struct tls_probe *probe;
    struct outcome o = {0};
    struct err e;

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_true(tls_probe_start(prober, &quick, NULL, &e, on_done, &o));
        assert_true(tls_probe_start(prober, &slow, &probe, &e, on_done, &o));
    }
    tls_probe_cancel(probe);
    tls_prober_free(prober);
    loop_turn(home, 0);
    assert_int_equal(o.calls, 0);
    close(silent.fd);
}

static void attempt_done(struct tls_result *r, void *ctx)
{
    on_done(r, ctx);
    arena_free(r->arena);
}

static void resolve_two(const char *host, int port, struct dns_answer *answer)
{
    (void)host;
    answer->count = 2;
    assert_true(dns_literal("127.0.0.2", port, &answer->addresses[0]));
    assert_true(dns_literal("127.0.0.1", port, &answer->addresses[1]));
}

// Nobody listens on 127.0.0.2, so the second address is taken, which then says nothing.
static void test_next_address(void **state)
{
    struct port silent = port_open(true);
    struct tls_net net = {
        .loop = home,
        .clock = clock_real(),
        .dns = dns_new(home, &(struct dns_options){.workers = 1, .resolve = resolve_two}),
        .trust = tls_trust_new("/dev/null"),
    };
    struct tls_target target = {.host = "two.example", .port = silent.number};
    struct outcome o = {0}, never = {0};
    struct tls_attempt *stopped;

    (void)state;
    tls_attempt_start(&net, &target, attempt_done, &o);
    stopped = tls_attempt_start(&net, &target, attempt_done, &never);
    tls_attempt_stop(stopped);
    wait_for(&o.calls, 1);
    assert_int_equal(o.code, ERR_TLS); // it connected; /dev/null has no roots
    assert_non_null(strstr(o.message, "CA file"));
    assert_int_equal(never.calls, 0);
    dns_free(net.dns);
    tls_trust_free(net.trust);
    close(silent.fd);
}

// 127.0.0.2 has no room for another connection: it does not answer, and the next address has its
// turn.
static void test_an_address_that_is_full(void **state)
{
    struct port silent = port_open(true);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1),
                             .sin_port = htons((uint16_t)silent.number)};
    struct tls_net net = {
        .loop = home,
        .clock = clock_real(),
        .dns = dns_new(home, &(struct dns_options){.workers = 1, .resolve = resolve_two}),
        .trust = tls_trust_new("/dev/null"),
    };
    struct tls_target target = {
        .host = "two.example", .port = silent.number, .connect_ms = 20, .total_ms = 5000};
    int full = socket(AF_INET, SOCK_STREAM, 0), fillers[4];
    struct outcome o = {0};

    (void)state;
    assert_return_code(bind(full, (struct sockaddr *)&at, sizeof at), 0);
    assert_return_code(listen(full, 0), 0);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&at, sizeof at);
    }
    tls_attempt_start(&net, &target, attempt_done, &o);
    wait_for(&o.calls, 1);
    assert_non_null(strstr(o.message, "CA file")); // the second one connected

    target.total_ms = 150; // too short for the second one to be tried
    target.connect_ms = 5000;
    o.calls = 0;
    tls_attempt_start(&net, &target, attempt_done, &o);
    wait_for(&o.calls, 1);
    assert_string_equal(o.word, "connect_timeout");
    assert_int_equal(o.code, ERR_TIMEOUT);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(full);
    close(silent.fd);
    dns_free(net.dns);
    tls_trust_free(net.trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence_times_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounded_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_free_in_the_middle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_next_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_address_that_is_full, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
