// tls.c - certificate checks a second, and what one costs, beside the second post's Python function
// and, where tools/setup has unpacked it, blackbox_exporter.
//
// Two server processes on one core answer full handshakes, with a chain of two below the root, all
// ECDSA; the checker has the other core to itself. belfry and blackbox_exporter verify the chain
// and the name, Python does not.
// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/loop.h"
#include "net/tls_probe.h"

#include "../test/unit/net/tls_fixture.h"

enum {
    SERVERS = 2,
    CHECKS = 3000,
    HOSTS = 10000, // for the memory that a long list takes
};

static struct loop *home;
static struct tls_prober *prober;
static struct tls_target target;
static int started, finished, wanted;
static int64_t took_us[HOSTS], began_us[HOSTS];
static char ca[] = "/tmp/belfry-bench-XXXXXX";

static int64_t now_us(void)
{
    return clock_mono(clock_real()).us;
}

static int64_t cpu_us(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * INT64_C(1000000) + r.ru_utime.tv_usec +
           r.ru_stime.tv_usec;
}

static void pin(int core)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(core, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

static int listen_on(int *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        abort();
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static pid_t server_start(int listener, const struct fixture_cert *leaf,
                          const struct fixture_cert *above)
{
    pid_t pid = fork();
    SSL_CTX *context;

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin(0);
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, leaf->x509);
    SSL_CTX_use_PrivateKey(context, leaf->key);
    SSL_CTX_add1_chain_cert(context, above->x509);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        SSL *ssl = SSL_new(context);
        char byte;

        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            (void)SSL_read(ssl, &byte, 1);
        SSL_free(ssl);
        close(fd);
    }
}

static void next_start(void);

static void on_done(const struct tls_result *r, void *ctx)
{
    int64_t i = (intptr_t)ctx;

    if (!tls_result_is_good(r)) {
        fprintf(stderr, "not good: %s %s\n", r->code, r->error.message);
        exit(1);
    }
    took_us[i] = now_us() - began_us[i];
    finished++;
    if (finished == wanted)
        loop_stop(home);
    else
        next_start();
}

static void next_start(void)
{
    struct err e;
    intptr_t i = started;

    if (started == wanted)
        return;
    started++;
    began_us[i] = now_us();
    if (!tls_probe_start(prober, &target, NULL, &e, on_done, (void *)i))
        abort();
}

static long rss_kib(void)
{
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void on_stalled(const struct tls_result *r, void *ctx)
{
    (void)ctx;
    if (strcmp(r->code, "handshake_timeout") != 0)
        fprintf(stderr, "stalled: %s\n", r->code);
    if (++finished == wanted)
        loop_stop(home);
}

static void on_half_time(void *ctx)
{
    *(long *)ctx = rss_kib();
}

// A thousand servers that accept and say nothing, all at once.
static void stall(void)
{
    struct tls_target silent = target;
    struct loop_timer timer = {0};
    long before = rss_kib(), during = 0;
    int64_t start = now_us();
    int listener = listen_on(&silent.port);
    struct err e;

    finished = 0;
    wanted = 1000;
    silent.handshake_ms = 2000;
    for (int i = 0; i < wanted; i++)
        if (!tls_probe_start(prober, &silent, NULL, &e, on_stalled, NULL))
            abort();
    loop_timer_set(home, &timer, (mono){start + 1500000}, on_half_time, &during);
    loop_run(home);
    printf("tls: %d silent servers, limit 2 s: all ended after %.2f s, %ld KiB each\n", wanted,
           (double)(now_us() - start) / 1e6, (during - before) / wanted);
    close(listener);
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double rate_of(int in_flight, int count, double *ret_cpu_us)
{
    int64_t start = now_us(), cpu = cpu_us();

    started = finished = 0;
    wanted = count;
    for (int i = 0; i < in_flight; i++)
        next_start();
    loop_run(home);
    *ret_cpu_us = (double)(cpu_us() - cpu) / count;
    qsort(took_us, (size_t)count, sizeof *took_us, by_size);
    return count * 1e6 / (double)(now_us() - start);
}

// Asks a peer, a program that prints its rate and its CPU us a check, to do the same.
static void beside(const char *name, const char *command, double rate, double cpu)
{
    double peer_rate = 0, peer_cpu = 0;
    FILE *peer = popen(command, "r");

    if (peer && fscanf(peer, "%lf %lf", &peer_rate, &peer_cpu) == 2)
        printf("     %s %.0f checks/s, %.0f us: we do %.1f times the rate at %.2f of the CPU\n",
               name, peer_rate, peer_cpu, rate / peer_rate, cpu / peer_cpu);
    if (peer)
        pclose(peer);
}

static void compare(int in_flight)
{
    char command[256];
    double cpu;
    double rate = rate_of(in_flight, CHECKS, &cpu);

    printf("tls: %d in flight: belfry %.0f checks/s, %.0f us CPU a check, p99 %.1f ms\n", in_flight,
           rate, cpu, (double)took_us[CHECKS * 99 / 100] / 1000);
    fflush(stdout);
    if (in_flight <= 64) { // a thread each
        snprintf(command, sizeof command, "/usr/bin/python3 bench/peer_tls.py %d %d %d",
                 target.port, CHECKS / 5, in_flight);
        beside("Python", command, rate, cpu);
    }
    snprintf(command, sizeof command, "/usr/bin/python3 bench/peer_blackbox.py %d %d %d %s",
             target.port, CHECKS / 2, in_flight, ca);
    beside("blackbox_exporter", command, rate, cpu);
}

static void long_list(void)
{
    long before = rss_kib();
    double cpu, rate = rate_of(256, HOSTS, &cpu);

    printf("tls: %d hosts, 256 in flight: %.0f checks/s, %ld KiB more than before\n", HOSTS, rate,
           rss_kib() - before);
}

int main(void)
{
    struct tls_prober_options options = {.ca = ca, .in_flight_max = 1000};
    struct fixture_cert root = fixture_make(&(struct fixture_options){
        .cn = "Bench", .is_ca = true, .start_days = -1, .end_days = 9999});
    struct fixture_cert above = fixture_make(&(struct fixture_options){
        .cn = "Above", .is_ca = true, .issuer = &root, .start_days = -1, .end_days = 9999});
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "IP:127.0.0.1", .issuer = &above, .start_days = -1, .end_days = 9999});
    pid_t servers[SERVERS];
    struct err e;
    double cpu;
    int listener;
    long rss;

    fixture_write(&root, ca);
    target = (struct tls_target){.host = "127.0.0.1", .is_ip = true};
    listener = listen_on(&target.port);
    for (int i = 0; i < SERVERS; i++)
        servers[i] = server_start(listener, &leaf, &above);
    pin(1);
    rss = rss_kib();
    home = loop_new(clock_real(), &e);
    if (!home || !tls_prober_new(home, &options, &prober, &e))
        abort();
    printf("tls: a prober that has checked nothing yet: %ld KiB", rss_kib() - rss);
    (void)rate_of(1, 50, &cpu);
    printf("; after 50 checks: %ld KiB\n", rss_kib() - rss);
    compare(1);
    compare(64);
    stall(); // before others have grown the heap
    compare(1000);
    long_list();
    tls_prober_free(prober);
    loop_free(home);
    for (int i = 0; i < SERVERS; i++) {
        kill(servers[i], SIGKILL);
        waitpid(servers[i], NULL, 0);
    }
    unlink(ca);
    fixture_free(&root);
    fixture_free(&above);
    fixture_free(&leaf);
    return 0;
}
