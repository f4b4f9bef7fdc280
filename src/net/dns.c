// dns.c - getaddrinfo on pool workers; whoever asked is answered by a deadline, whatever the worker
// does.
//
// A query has two ends: the asker is answered (or goes away), and the worker returns. Whichever
// comes second frees it. `is_settled` says that the asker is done with; the worker reads it only to
// skip work nobody waits for.
// SPDX-License-Identifier: Apache-2.0
#include "net/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"

struct dns {
    struct loop *loop;
    struct pool *pool; // NULL until the first query
    int workers;
    dns_resolve_fn *resolve;
    struct list queries; // all that are not freed
};

struct dns_query {
    struct list link;
    struct dns *dns;
    dns_done *done;
    void *ctx;
    struct loop_timer timer;
    mono started_at;
    int timeout_ms;
    int port;
    atomic_bool is_settled;
    struct dns_answer answer; // the worker's until it returns
    char host[256];
};

static void query_work(void *ctx);
static void query_worked(bool has_run, void *ctx);
static void query_expired(void *ctx);
static void query_settle(struct dns_query *q);

struct dns *dns_new(struct loop *loop, const struct dns_options *options)
{
    struct dns *dns = mem_alloc(sizeof *dns);

    dns->loop = loop;
    dns->workers = options && options->workers ? options->workers : 4;
    dns->resolve = options && options->resolve ? options->resolve : dns_resolve;
    list_init(&dns->queries);
    return dns;
}

void dns_free(struct dns *dns)
{
    if (!dns)
        return;
    for (struct list *l = dns->queries.next; l != &dns->queries; l = l->next)
        query_settle(list_item(l, struct dns_query, link));
    pool_free(dns->pool); // calls query_worked for each, which frees it
    free(dns);
}

bool dns_start(struct dns *dns, const char *host, int port, int timeout_ms,
               struct dns_query **ret_query, struct err *e, dns_done *done, void *ctx)
{
    struct dns_query *q;

    if (strlen(host) >= sizeof q->host)
        return fail(e, ERR_INPUT, "host", "the host is too long");
    if (!dns->pool && !(dns->pool = pool_new(dns->loop, dns->workers, e)))
        return false;

    q = mem_alloc(sizeof *q);
    q->dns = dns;
    q->done = done;
    q->ctx = ctx;
    q->port = port;
    q->timeout_ms = timeout_ms;
    q->started_at = clock_mono(loop_clock(dns->loop));
    snprintf(q->host, sizeof q->host, "%s", host);
    if (!pool_run(dns->pool, query_work, query_worked, q)) {
        free(q);
        return fail(e, ERR_BUSY, NULL, "too many name lookups are waiting already");
    }
    list_push(&dns->queries, &q->link);
    loop_timer_set(dns->loop, &q->timer, mono_after_us(q->started_at, timeout_ms * INT64_C(1000)),
                   query_expired, q);
    *ret_query = q;
    return true;
}

void dns_cancel(struct dns_query *query)
{
    query_settle(query);
}

// On a worker.
static void query_work(void *ctx)
{
    struct dns_query *q = ctx;

    if (!atomic_load(&q->is_settled))
        q->dns->resolve(q->host, q->port, &q->answer);
}

static void query_settle(struct dns_query *q)
{
    atomic_store(&q->is_settled, true);
    loop_timer_stop(q->dns->loop, &q->timer);
}

static double query_age_ms(const struct dns_query *q)
{
    return (double)(clock_mono(loop_clock(q->dns->loop)).us - q->started_at.us) / 1000;
}

static void query_worked(bool has_run, void *ctx)
{
    struct dns_query *q = ctx;

    if (has_run && !atomic_load(&q->is_settled)) {
        query_settle(q);
        q->answer.took_ms = query_age_ms(q);
        q->done(&q->answer, q->ctx);
    }
    list_remove(&q->link);
    free(q);
}

static void query_expired(void *ctx)
{
    struct dns_query *q = ctx;
    struct dns_answer answer = {.took_ms = query_age_ms(q)};

    query_settle(q);
    fail(&answer.error, ERR_TIMEOUT, "host", "looking up %s took longer than %g s", q->host,
         q->timeout_ms / 1000.0);
    fail_hint(&answer.error, "the name servers in /etc/resolv.conf may be slow or unreachable");
    q->done(&answer, q->ctx);
}

const char *dns_address_text(const struct dns_address *address, char out[DNS_TEXT])
{
    const struct sockaddr *any = (const struct sockaddr *)&address->addr;
    char ip[INET6_ADDRSTRLEN] = "?";

    if (any->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)any;

        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        snprintf(out, DNS_TEXT, "%s:%d", ip, ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)any;

        inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof ip);
        snprintf(out, DNS_TEXT, "[%s]:%d", ip, ntohs(in6->sin6_port));
    }
    return out;
}

bool dns_literal(const char *host, int port, struct dns_address *ret_address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct dns_address address = {0};

    if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
        address.len = sizeof in;
        memcpy(&address.addr, &in, sizeof in);
    } else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
        address.len = sizeof in6;
        memcpy(&address.addr, &in6, sizeof in6);
    } else {
        return false;
    }
    *ret_address = address;
    return true;
}

static void error_set(const char *host, int code, int errnum, struct dns_answer *answer)
{
    struct err *e = &answer->error;

    answer->is_not_found = code == EAI_NONAME || code == EAI_NODATA;
    if (answer->is_not_found) {
        fail(e, ERR_UNREACHABLE, "host", "there is no address for the name %s", host);
        fail_hint(e, "check the spelling, and that this machine's name servers know the name");
    } else if (code == EAI_AGAIN) {
        fail(e, ERR_UNREACHABLE, "host", "the name servers did not answer for %s", host);
        fail_hint(e, "check this machine's network and /etc/resolv.conf");
    } else if (code == EAI_SYSTEM) {
        fail_errno(e, ERR_UNREACHABLE, errnum, "cannot look up %s", host);
    } else {
        fail(e, ERR_UNREACHABLE, "host", "cannot look up %s: %s", host, gai_strerror(code));
    }
}

void dns_resolve(const char *host, int port, struct dns_answer *ret_answer)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[8];
    int code;

    *ret_answer = (struct dns_answer){0};
    snprintf(service, sizeof service, "%u", (unsigned)port & 0xffff);
    code = getaddrinfo(host, service, &hints, &list);
    if (code != 0) {
        error_set(host, code, errno, ret_answer);
        return;
    }
    for (struct addrinfo *a = list; a && ret_answer->count < DNS_ADDRESSES_MAX; a = a->ai_next) {
        struct dns_address *address = &ret_answer->addresses[ret_answer->count];

        if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
            continue;
        memcpy(&address->addr, a->ai_addr, a->ai_addrlen);
        address->len = a->ai_addrlen;
        ret_answer->count++;
    }
    freeaddrinfo(list);
    if (ret_answer->count == 0)
        error_set(host, EAI_NONAME, 0, ret_answer);
}
