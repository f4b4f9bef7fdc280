// dial.c - races connections to the addresses of a host.
//
// One timer serves all: it is set to whatever comes first of the next start, the end of an
// address's time, and the end of everything.
// SPDX-License-Identifier: Apache-2.0
#include "net/dial.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"

// One address on its way.
struct racer {
    struct dial *dial;
    size_t index; // in addresses
    int fd;       // -1: not started, or over
    struct loop_fd *watch;
    mono started_at;
};

struct dial {
    struct loop *loop;
    struct dial_options options;
    dial_done *done;
    void *ctx;
    struct loop_timer timer;
    struct dial_end failure; // that says most so far; errnum 0: none yet
    size_t started;          // racers that have had their start
    size_t running;
    mono next_at; // start of the next one, if nobody fails before
    struct racer racers[];
};

static void order_set(struct dial *d);
static void racers_start(struct dial *d);
static bool racer_start(struct racer *r);
static void racer_ready(int fd, uint32_t events, void *ctx);
static void racer_fail(struct racer *r, int errnum);
static void racer_close(struct racer *r);
static void dial_turn(void *ctx);
static void dial_finish(struct dial *d, const struct dial_end *end);

static mono now_of(const struct dial *d)
{
    return clock_mono(loop_clock(d->loop));
}

struct dial *dial_start(struct loop *loop, const struct dial_options *options, dial_done *done,
                        void *ctx)
{
    struct dial *d = mem_alloc(sizeof *d + options->count * sizeof *d->racers);

    assert(options->count > 0 && options->count <= DNS_ADDRESSES_MAX);
    d->loop = loop;
    d->options = *options;
    d->options.delay_ms = options->delay_ms ? options->delay_ms : DIAL_DELAY_MS;
    d->done = done;
    d->ctx = ctx;
    order_set(d);
    racers_start(d);
    return d;
}

void dial_stop(struct dial *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->started; i++)
        racer_close(&d->racers[i]);
    loop_timer_stop(d->loop, &d->timer);
    free(d);
}

// The first address, then the first of another family, and so on: RFC 8305, 4.
static void order_set(struct dial *d)
{
    const struct dns_address *addresses = d->options.addresses;
    bool is_taken[DNS_ADDRESSES_MAX] = {0};
    int last = AF_UNSPEC;

    for (size_t n = 0; n < d->options.count; n++) {
        size_t pick = d->options.count;

        for (size_t i = d->options.count; i-- > 0;)
            if (!is_taken[i] && (pick == d->options.count || addresses[i].addr.ss_family != last ||
                                 addresses[pick].addr.ss_family == last))
                pick = i;
        is_taken[pick] = true;
        last = addresses[pick].addr.ss_family;
        d->racers[n] = (struct racer){.dial = d, .index = pick, .fd = -1};
    }
}

static mono earlier(mono a, mono b)
{
    return a.us < b.us ? a : b;
}

// Starts whoever is due, and sets the timer to what comes next.
static void racers_start(struct dial *d)
{
    mono now = now_of(d), wake = d->options.until;

    while (d->started < d->options.count && (d->running == 0 || now.us >= d->next_at.us)) {
        d->next_at = mono_after_us(now, d->options.delay_ms * INT64_C(1000));
        d->running += racer_start(&d->racers[d->started++]);
    }
    if (d->started < d->options.count)
        wake = earlier(wake, d->next_at);
    for (size_t i = 0; i < d->started; i++)
        if (d->racers[i].fd >= 0)
            wake = earlier(wake, mono_after_us(d->racers[i].started_at,
                                               d->options.attempt_ms * INT64_C(1000)));
    loop_timer_set(d->loop, &d->timer, d->running > 0 ? wake : now, dial_turn, d);
}

// False, with the failure noted, when it does not even begin.
static bool racer_start(struct racer *r)
{
    struct dial *d = r->dial;
    const struct dns_address *address = &d->options.addresses[r->index];
    int on = 1;

    r->started_at = now_of(d);
    r->fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (r->fd < 0) {
        racer_fail(r, errno);
        return false;
    }
    (void)setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(r->fd, (const struct sockaddr *)&address->addr, address->len) == 0 ||
        errno == EINPROGRESS) {
        r->watch = loop_add(d->loop, r->fd, EPOLLOUT, racer_ready, r);
        if (r->watch)
            return true;
    }
    racer_fail(r, errno);
    return false;
}

static double racer_ms(const struct racer *r)
{
    return (double)(now_of(r->dial).us - r->started_at.us) / 1000;
}

static void racer_ready(int fd, uint32_t events, void *ctx)
{
    struct racer *r = ctx;
    struct dial *d = r->dial;
    int errnum = 0;
    socklen_t n = sizeof errnum;

    (void)events;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &n) != 0)
        errnum = errno;
    if (errnum == 0) {
        struct dial_end end = {.fd = fd, .index = r->index, .took_ms = racer_ms(r)};

        loop_remove(d->loop, r->watch);
        r->watch = NULL;
        r->fd = -1;
        dial_finish(d, &end);
        return;
    }
    racer_fail(r, errnum);
    d->running--;
    racers_start(d);
}

static bool says_little(int errnum)
{
    return errnum != ECONNREFUSED && errnum != ETIMEDOUT;
}

// Of several failures the one that says most is kept: "no route" (often just IPv6) says least.
static void racer_fail(struct racer *r, int errnum)
{
    struct dial_end *kept = &r->dial->failure;

    racer_close(r);
    if (kept->errnum == 0 || (says_little(kept->errnum) && !says_little(errnum)))
        *kept = (struct dial_end){-1, r->index, errnum, racer_ms(r)};
}

static void racer_close(struct racer *r)
{
    loop_remove(r->dial->loop, r->watch);
    r->watch = NULL;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

static void dial_turn(void *ctx)
{
    struct dial *d = ctx;
    mono now = now_of(d);
    bool is_late = now.us >= d->options.until.us;

    for (size_t i = 0; i < d->started; i++) {
        struct racer *r = &d->racers[i];
        bool is_due = now.us - r->started_at.us >= d->options.attempt_ms * INT64_C(1000);

        if (r->fd >= 0 && (is_due || is_late)) {
            racer_fail(r, ETIMEDOUT);
            d->running--;
        }
    }
    if (d->running == 0 && (is_late || d->started == d->options.count)) {
        struct dial_end end = d->failure;

        dial_finish(d, &end);
        return;
    }
    racers_start(d);
}

static void dial_finish(struct dial *d, const struct dial_end *end)
{
    dial_done *done = d->done;
    void *ctx = d->ctx;

    dial_stop(d);
    done(end, ctx);
}
