// dial_test.c - races to addresses that listen, refuse or keep quiet, on a simulated clock.
// SPDX-License-Identifier: Apache-2.0
#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "unit.h"

// What an address does: 127.0.0.N or ::1 of one port.
enum nature {
    LISTENS,
    REFUSES,
    QUIET, // its queue is full: no answer to a SYN
};

struct place {
    enum nature nature;
    int fd, fillers[4];
};

static struct sim_clock sim;
static struct loop *loop;
static int port;
static struct place places[4];
static struct dns_address addresses[4];
static struct dial_end last;
static int calls;

static int tcp_open(const struct dns_address *address, int backlog)
{
    int fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_return_code(bind(fd, (const struct sockaddr *)&address->addr, address->len), 0);
    assert_return_code(listen(fd, backlog), 0);
    return fd;
}

static void place_open(size_t i, enum nature nature)
{
    struct place *p = &places[i];

    p->nature = nature;
    p->fd = nature == REFUSES ? -1 : tcp_open(&addresses[i], nature == QUIET ? 0 : 100);
    for (size_t n = 0; n < COUNT(p->fillers) && nature == QUIET; n++) {
        p->fillers[n] = socket(addresses[i].addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(p->fillers[n], (struct sockaddr *)&addresses[i].addr, addresses[i].len);
    }
}

static void place_close(struct place *p)
{
    for (size_t n = 0; n < COUNT(p->fillers) && p->nature == QUIET; n++)
        close(p->fillers[n]);
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static int set_up(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct err e;

    (void)state;
    sim_clock_init(&sim, (wall){0});
    loop = loop_new(&sim.base, &e);
    assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_return_code(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    port = ntohs(at.sin_port);
    close(fd);
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void on_done(const struct dial_end *end, void *ctx)
{
    (void)ctx;
    last = *end;
    calls++;
}

// Lets what the kernel has to say come in; time stands still.
static void settle(void)
{
    for (int i = 0; i < 4; i++)
        loop_turn(loop, i == 0 ? 5 : 0);
}

static struct dial *begin(size_t count, int64_t until_ms)
{
    struct dial_options o = {.addresses = addresses,
                             .count = count,
                             .attempt_ms = 1000,
                             .until = mono_after_us(loop_now(loop), until_ms * 1000)};

    calls = 0;
    return dial_start(loop, &o, on_done, NULL);
}

static const struct {
    const char *name;
    const char *hosts[4];
    enum nature natures[4];
    int64_t wait_ms; // simulated time that passes
    int fd;          // 1: connects, -1: fails, 0: still under way
    size_t index;
    int errnum;
} cases[] = {
    {"the only one", {"127.0.0.1"}, {LISTENS}, 0, 1, 0, 0},
    {"nobody there", {"127.0.0.1"}, {REFUSES}, 0, -1, 0, ECONNREFUSED},
    {"the next one at once", {"127.0.0.2", "127.0.0.1"}, {REFUSES, LISTENS}, 0, 1, 1, 0},
    {"quiet: not yet", {"127.0.0.2", "127.0.0.1"}, {QUIET, LISTENS}, 200, 0, 0, 0},
    {"quiet: the next after a while", {"127.0.0.2", "127.0.0.1"}, {QUIET, LISTENS}, 251, 1, 1, 0},
    {"never an answer", {"127.0.0.2"}, {QUIET}, 1001, -1, 0, ETIMEDOUT},
    {"refused says more than no way",
     {"255.255.255.255", "127.0.0.1"},
     {REFUSES, REFUSES},
     0,
     -1,
     1,
     ECONNREFUSED},
    {"whichever comes first",
     {"127.0.0.1", "255.255.255.255"},
     {REFUSES, REFUSES},
     0,
     -1,
     0,
     ECONNREFUSED},
    {"families take turns",
     {"127.0.0.2", "127.0.0.3", "::1"},
     {QUIET, QUIET, LISTENS},
     251,
     1,
     2,
     0},
};

static void test_races(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t count = 0;
        struct dial *d;

        for (; count < 4 && cases[i].hosts[count]; count++) {
            assert_true(dns_literal(cases[i].hosts[count], port, &addresses[count]));
            place_open(count, cases[i].natures[count]);
        }
        d = begin(count, 5000);
        assert_int_equal(calls, 0);
        settle();
        for (int64_t ms = 0; ms < cases[i].wait_ms; ms += 50) {
            sim_clock_advance(&sim, 50 * 1000);
            settle();
        }
        if (calls != (cases[i].fd != 0) || (calls && (last.fd >= 0) != (cases[i].fd > 0)))
            fail_msg("%s: %d calls, fd %d", cases[i].name, calls, last.fd);
        if (calls) {
            assert_int_equal(last.index, cases[i].index);
            assert_int_equal(last.errnum, cases[i].errnum);
        } else {
            dial_stop(d);
        }
        if (calls && last.fd >= 0)
            close(last.fd);
        for (size_t n = 0; n < count; n++)
            place_close(&places[n]);
    }
}

static void test_the_end_of_everything(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(dns_literal(i ? "127.0.0.3" : "127.0.0.2", port, &addresses[i]));
        place_open(i, QUIET);
    }
    begin(2, 300);
    settle();
    assert_int_equal(calls, 0);
    sim_clock_advance(&sim, 299 * 1000);
    settle();
    assert_int_equal(calls, 0);
    sim_clock_advance(&sim, 1000);
    settle();
    assert_int_equal(calls, 1);
    assert_int_equal(last.fd, -1);
    assert_int_equal(last.errnum, ETIMEDOUT);
    dial_stop(NULL);
    place_close(&places[0]);
    place_close(&places[1]);
}

// An address that cannot even be tried: the end is told from the loop all the same.
static void test_never_from_within(void **state)
{
    (void)state;
    assert_true(dns_literal("127.0.0.1", port, &addresses[0]));
    addresses[0].addr.ss_family = AF_UNIX;
    begin(1, 1000);
    assert_int_equal(calls, 0);
    settle();
    assert_int_equal(calls, 1);
    assert_int_equal(last.fd, -1);
    assert_int_not_equal(last.errnum, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_races, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_end_of_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_from_within, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
