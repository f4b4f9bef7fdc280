// dns_test.c - lookups with a resolver of our own and simulated time.
// SPDX-License-Identifier: Apache-2.0
#include "net/dns.h"

#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/loop.h"
#include "base/str.h"
#include "unit.h"

static struct sim_clock sim;
static struct loop *loop;
static sem_t entered, gate; // the resolver of "slow.example" says that it has begun, and waits
static atomic_int resolved; // calls of the resolver

struct outcome {
    int calls;
    struct dns_answer answer;
};

static void resolve(const char *host, int port, struct dns_answer *answer)
{
    atomic_fetch_add(&resolved, 1);
    if (strcmp(host, "slow.example") == 0) {
        sem_post(&entered);
        sem_wait(&gate);
    }
    if (strcmp(host, "none.example") == 0) {
        answer->is_not_found = true;
        fail(&answer->error, ERR_UNREACHABLE, "host", "no such name");
        return;
    }
    answer->count = dns_literal("192.0.2.1", port, &answer->addresses[0]);
}

static void on_done(const struct dns_answer *answer, void *ctx)
{
    struct outcome *o = ctx;

    o->calls++;
    o->answer = *answer;
}

static int set_up(void **state)
{
    struct err e;

    (void)state;
    sem_init(&gate, 0, 0);
    sem_init(&entered, 0, 0);
    atomic_store(&resolved, 0);
    sim_clock_init(&sim, (wall){0});
    loop = loop_new(&sim.base, &e);
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    sem_destroy(&gate);
    sem_destroy(&entered);
    return 0;
}

// Turns until the workers have answered; the wait is for their posts, bounded.
static void wait_for(const int *calls, int wanted)
{
    for (int i = 0; i < 1000 && *calls < wanted; i++)
        loop_turn(loop, 100);
    assert_int_equal(*calls, wanted);
}

static void test_found_and_not(void **state)
{
    struct dns *dns = dns_new(loop, &(struct dns_options){.workers = 1, .resolve = resolve});
    struct outcome found = {0}, none = {0};
    struct dns_query *q;
    char text[DNS_TEXT];
    struct err e;

    (void)state;
    assert_true(dns_start(dns, "a.example", 8443, 1000, &q, &e, on_done, &found));
    assert_true(dns_start(dns, "none.example", 443, 1000, &q, &e, on_done, &none));
    assert_int_equal(found.calls, 0);
    wait_for(&none.calls, 1);
    assert_int_equal(found.calls, 1);
    assert_int_equal(found.answer.error.code, ERR_NONE);
    assert_int_equal(found.answer.count, 1);
    assert_string_equal(dns_address_text(&found.answer.addresses[0], text), "192.0.2.1:8443");
    assert_int_equal(none.answer.error.code, ERR_UNREACHABLE);
    assert_true(none.answer.is_not_found);
    dns_free(dns);
}

static void test_a_deadline_ends_the_waiting(void **state)
{
    struct dns *dns = dns_new(loop, &(struct dns_options){.workers = 1, .resolve = resolve});
    struct outcome slow = {0}, behind = {0}, later = {0};
    struct dns_query *q;
    struct err e;

    (void)state;
    assert_true(dns_start(dns, "slow.example", 443, 2000, &q, &e, on_done, &slow));
    assert_true(dns_start(dns, "b.example", 443, 3000, &q, &e, on_done, &behind));
    sem_wait(&entered);
    sim_clock_advance(&sim, 1999999);
    loop_turn(loop, 0);
    assert_int_equal(slow.calls, 0);
    sim_clock_advance(&sim, 1);
    loop_turn(loop, 0);
    assert_int_equal(slow.calls, 1);
    assert_int_equal(slow.answer.error.code, ERR_TIMEOUT);
    assert_non_null(strstr(slow.answer.error.message, "slow.example took longer than 2 s"));
    assert_int_equal((int)slow.answer.took_ms, 2000);
    sim_clock_advance(&sim, 1000000);
    loop_turn(loop, 0);
    assert_int_equal(behind.calls, 1);
    assert_int_equal(behind.answer.error.code, ERR_TIMEOUT);

    sem_post(&gate); // the worker comes back: its late answer is nobody's, the one behind is not
                     // begun
    assert_true(dns_start(dns, "c.example", 443, 3000, &q, &e, on_done, &later));
    wait_for(&later.calls, 1);
    assert_int_equal(slow.calls, 1);
    assert_int_equal(behind.calls, 1);
    assert_int_equal(atomic_load(&resolved), 2);
    dns_free(dns);
}

static void test_cancelled_and_freed(void **state)
{
    struct dns *dns = dns_new(loop, &(struct dns_options){.workers = 1, .resolve = resolve});
    struct outcome slow = {0}, waiting = {0};
    struct dns_query *q, *w;
    struct err e;

    (void)state;
    assert_true(dns_start(dns, "slow.example", 443, 2000, &q, &e, on_done, &slow));
    assert_true(dns_start(dns, "b.example", 443, 2000, &w, &e, on_done, &waiting));
    sem_wait(&entered); // else it would be left out, and the one behind it be done
    dns_cancel(q);
    sim_clock_advance(&sim, 1000000);
    loop_turn(loop, 0);
    sem_post(&gate);
    dns_free(dns); // w is under way still
    sim_clock_advance(&sim, 5000000);
    loop_turn(loop, 0);
    assert_int_equal(slow.calls + waiting.calls, 0);
    dns_free(NULL);
}

static void test_too_long(void **state)
{
    struct dns *dns = dns_new(loop, NULL);
    struct dns_query *q;
    char host[300];
    struct err e;

    (void)state;
    memset(host, 'a', sizeof host);
    host[299] = 0;
    assert_false(dns_start(dns, host, 443, 1, &q, &e, on_done, NULL));
    assert_int_equal(e.code, ERR_INPUT);
    dns_free(dns);
}

static void test_literals(void **state)
{
    struct dns_address a;
    struct dns_answer answer;
    char text[DNS_TEXT];

    (void)state;
    assert_true(dns_literal("2001:db8::1", 443, &a));
    assert_string_equal(dns_address_text(&a, text), "[2001:db8::1]:443");
    assert_int_equal(a.addr.ss_family, AF_INET6);
    assert_true(dns_literal("192.0.2.255", 65535, &a));
    assert_string_equal(dns_address_text(&a, text), "192.0.2.255:65535");
    assert_false(dns_literal("localhost", 443, &a));
    assert_false(dns_literal("127.1", 443, &a));

    dns_resolve("127.0.0.1", 99, &answer); // getaddrinfo reads literals without asking anybody
    assert_int_equal(answer.count, 1);
    assert_string_equal(dns_address_text(&answer.addresses[0], text), "127.0.0.1:99");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_literals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_found_and_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_deadline_ends_the_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled_and_freed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_long, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
