// tls_probe.c - the door between the home loop and the net thread.
//
// A probe crosses twice: start goes over, finish comes back. Cancelling sends a third message,
// which is always answered (acked); the home side frees the probe when the last answer it can
// expect is here: finish, or the ack, which is always posted after finish. So neither side ever
// touches a probe that the other has freed, and there are no locks.
//
// Members are grouped by the thread that may touch them.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_probe.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/dns.h"
#include "net/tls_attempt.h"
#include "net/tls_options.h"
#include "net/tls_trust.h"

struct tls_prober {
    // home thread
    struct loop *home;
    struct list probes; // all that are not freed
    size_t load;
    size_t load_max;
    struct tls_watch watch;
    pthread_t thread;
    struct loop_post quit_post;

    // net thread, after tls_prober_new
    struct tls_net net;
    struct list waiting;
    struct list running;
    size_t running_count;
    size_t running_max;
};

struct tls_probe {
    struct tls_prober *prober;
    struct tls_target target;
    struct tls_known known; // what the watch remembered

    // home thread
    struct list link;
    tls_probe_done *done;
    void *ctx;
    bool is_cancelled;

    // messages: over, over, back, back
    struct loop_post start_post, cancel_post, finish_post, ack_post;

    // net thread; result is the home thread's from finish_post on
    struct list net_link;
    struct tls_attempt *attempt; // NULL while waiting and when finished
    bool is_finished;
    struct tls_result *result; // NULL when it was cancelled in time
};

static void *net_main(void *ctx);
static void net_quit(void *ctx);
static void net_start(void *ctx);
static void net_fill(struct tls_prober *prober);
static void net_cancel(void *ctx);
static void net_attempt_done(struct tls_result *result, void *ctx);
static void net_finish(struct tls_probe *probe, struct tls_result *result);
static void home_finished(void *ctx);
static void home_acked(void *ctx);
static void probe_free(struct tls_probe *probe);

static bool thread_start(struct tls_prober *prober, struct err *e)
{
    sigset_t all, before;
    int errnum;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errnum = pthread_create(&prober->thread, NULL, net_main, prober);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum == 0 || fail_errno(e, ERR_SYSTEM, errnum, "cannot start the net thread");
}

static void net_done(struct tls_prober *prober)
{
    dns_free(prober->net.dns);
    tls_trust_free(prober->net.trust);
    if (prober->net.method)
        BIO_meth_free(prober->net.method);
    prober->net.dns = NULL;
    prober->net.trust = NULL;
    prober->net.method = NULL;
}

bool tls_prober_new(struct loop *home, const struct tls_prober_options *options,
                    struct tls_prober **ret_prober, struct err *e)
{
    static const struct tls_prober_options defaults;
    const struct tls_prober_options *o = options ? options : &defaults;
    struct loop *loop = loop_new(clock_real(), e);
    struct tls_prober *prober;

    if (!loop)
        return false;
    prober = mem_alloc(sizeof *prober);
    prober->home = home;
    prober->watch = o->watch;
    prober->running_max = o->in_flight_max ? o->in_flight_max : 256;
    prober->load_max = prober->running_max + (o->queue_max ? o->queue_max : 10000);
    list_init(&prober->probes);
    list_init(&prober->waiting);
    list_init(&prober->running);
    prober->net.loop = loop;
    prober->net.clock = o->clock ? o->clock : clock_real();
    prober->net.dns = dns_new(loop, &(struct dns_options){.workers = (int)o->dns_workers});
    prober->net.trust = tls_trust_new(o->ca);
    prober->net.access = o->access;
    if (!thread_start(prober, e)) {
        net_done(prober);
        loop_free(loop);
        free(prober);
        return false;
    }
    *ret_prober = prober;
    return true;
}

void tls_prober_free(struct tls_prober *prober)
{
    struct list *link;

    if (!prober)
        return;
    loop_post(prober->net.loop, &prober->quit_post, net_quit, prober);
    pthread_join(prober->thread, NULL);
    loop_free(prober->net.loop);
    while ((link = prober->probes.next) != &prober->probes) {
        struct tls_probe *probe = list_item(link, struct tls_probe, link);

        loop_post_cancel(prober->home, &probe->finish_post);
        loop_post_cancel(prober->home, &probe->ack_post);
        probe_free(probe);
    }
    free(prober);
}

bool tls_probe_start(struct tls_prober *prober, const struct tls_target *target,
                     struct tls_probe **ret_probe, struct err *e, tls_probe_done *done, void *ctx)
{
    struct tls_probe *probe;

    if (target->host[0] == '\0')
        return fail(e, ERR_INPUT, "host", "a host is missing: write HOST or HOST:PORT");
    if (prober->load >= prober->load_max) {
        fail(e, ERR_BUSY, NULL, "%zu certificate checks are waiting already", prober->load);
        return fail_hint(e, "try again when some of them are done");
    }
    probe = mem_alloc(sizeof *probe);
    probe->prober = prober;
    probe->target = *target;
    probe->target.options = tls_options_hold(target->options);
    if (prober->watch.known && prober->watch.known(target, &probe->known, prober->watch.ctx))
        probe->target.known = &probe->known;
    probe->done = done;
    probe->ctx = ctx;
    list_push(&prober->probes, &probe->link);
    prober->load++;
    loop_post(prober->net.loop, &probe->start_post, net_start, probe);
    if (ret_probe)
        *ret_probe = probe;
    return true;
}

void tls_probe_cancel(struct tls_probe *probe)
{
    assert(!probe->is_cancelled);
    probe->is_cancelled = true;
    probe->prober->load--;
    loop_post(probe->prober->net.loop, &probe->cancel_post, net_cancel, probe);
}

size_t tls_prober_load(const struct tls_prober *prober)
{
    return prober->load;
}

static void home_finished(void *ctx)
{
    struct tls_probe *probe = ctx;

    if (probe->is_cancelled)
        return; // the ack is on its way, and frees
    probe->prober->load--;
    if (probe->prober->watch.seen)
        probe->prober->watch.seen(probe->result, probe->prober->watch.ctx);
    probe->done(probe->result, probe->ctx);
    probe_free(probe);
}

static void home_acked(void *ctx)
{
    probe_free(ctx);
}

static void probe_free(struct tls_probe *probe)
{
    list_remove(&probe->link);
    tls_result_free(probe->result);
    tls_options_drop(probe->target.options);
    free(probe);
}

// ---- from here on: the net thread ----

static void *net_main(void *ctx)
{
    struct tls_prober *prober = ctx;

    loop_run(prober->net.loop);
    return NULL;
}

static void net_quit(void *ctx)
{
    struct tls_prober *prober = ctx;
    struct list *link;

    while ((link = list_pop(&prober->running))) {
        struct tls_probe *probe = list_item(link, struct tls_probe, net_link);

        tls_attempt_stop(probe->attempt);
        probe->attempt = NULL;
    }
    net_done(prober);
    loop_stop(prober->net.loop);
}

static void net_start(void *ctx)
{
    struct tls_probe *probe = ctx;

    list_push(&probe->prober->waiting, &probe->net_link);
    net_fill(probe->prober);
}

static void net_fill(struct tls_prober *prober)
{
    struct list *link;

    while (prober->running_count < prober->running_max && (link = list_pop(&prober->waiting))) {
        struct tls_probe *probe = list_item(link, struct tls_probe, net_link);

        list_push(&prober->running, &probe->net_link);
        prober->running_count++;
        probe->attempt = tls_attempt_start(&prober->net, &probe->target, net_attempt_done, probe);
    }
}

static void net_attempt_done(struct tls_result *result, void *ctx)
{
    struct tls_probe *probe = ctx;
    struct tls_prober *prober = probe->prober;

    probe->attempt = NULL;
    prober->running_count--;
    net_finish(probe, result); // from here on the home thread may free the probe
    net_fill(prober);
}

static void net_finish(struct tls_probe *probe, struct tls_result *result)
{
    list_remove(&probe->net_link);
    probe->is_finished = true;
    probe->result = result;
    loop_post(probe->prober->home, &probe->finish_post, home_finished, probe);
}

static void net_cancel(void *ctx)
{
    struct tls_probe *probe = ctx;
    struct tls_prober *prober = probe->prober;

    if (probe->attempt) {
        tls_attempt_stop(probe->attempt);
        probe->attempt = NULL;
        prober->running_count--;
    }
    if (!probe->is_finished)
        list_remove(&probe->net_link);
    loop_post(prober->home, &probe->ack_post, home_acked, probe);
    net_fill(prober);
}
