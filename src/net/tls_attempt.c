// tls_attempt.c - finds a host's addresses, sees which may be connected to, visits them, and gives
// one result.
//
//     begin -> (lookup) -> addresses that may be connected to -> visits -> the worst result
//
// Through a proxy it is the proxy's addresses that are found and visited; the host's are the
// proxy's to find.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_attempt.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/access.h"
#include "net/tls_options.h"

struct tls_attempt {
    struct tls_net *net;
    tls_attempt_done *done;
    void *ctx;
    struct tls_result *result; // the only one, or the one to begin each address's with
    struct loop_timer timer;   // of the lookup
    mono started_at;
    struct dns_query *query;
    struct dns_address *addresses; // that may be connected to
    size_t address_count;
    struct stop { // a visit and what it found
        struct tls_attempt *attempt;
        struct tls_visit *visit; // NULL: not begun, or over
        struct tls_result *result;
    } * stops;
    size_t stop_count;
    size_t visiting;
};

static void attempt_begin(void *ctx);
static void addresses_found(const struct dns_answer *answer, void *ctx);
static bool addresses_admit(struct tls_attempt *a, const struct dns_answer *answer);
static void host_deny(struct tls_attempt *a, const char *host, const char *why);
static void visits_start(struct tls_attempt *a);
static void visit_start(struct stop *stop);
static void visited(struct tls_result *result, void *ctx);
static void results_merge(struct tls_attempt *a);
static void lookup_late(void *ctx);
static void attempt_finish(struct tls_attempt *a);
static void attempt_free(struct tls_attempt *a);

static int limit_or(int ms, int otherwise)
{
    return ms > 0 ? ms : otherwise;
}

static struct tls_result *result_new(void)
{
    struct arena *arena = arena_new(4096);
    struct tls_result *result = arena_alloc(arena, sizeof *result);

    result->arena = result->findings.arena = arena;
    result->code = "internal";
    return result;
}

struct tls_attempt *tls_attempt_start(struct tls_net *net, const struct tls_target *target,
                                      tls_attempt_done *done, void *ctx)
{
    struct tls_attempt *a = mem_alloc(sizeof *a);
    struct tls_target *t;

    *a = (struct tls_attempt){.net = net, .done = done, .ctx = ctx};
    a->result = result_new();
    a->result->checked_at = clock_wall(net->clock);
    a->result->target = *target;
    a->result->findings.policy = tls_target_policy(target);
    t = &a->result->target;
    t->port = tls_target_port(t);
    t->dns_ms = limit_or(t->dns_ms, TLS_DNS_MS);
    t->connect_ms = limit_or(t->connect_ms, TLS_CONNECT_MS);
    t->proxy_ms = limit_or(t->proxy_ms, TLS_PROXY_MS);
    t->starttls_ms = limit_or(t->starttls_ms, TLS_STARTTLS_MS);
    t->handshake_ms = limit_or(t->handshake_ms, TLS_HANDSHAKE_MS);
    t->close_ms = limit_or(t->close_ms, TLS_CLOSE_MS);
    t->total_ms = limit_or(t->total_ms, TLS_TOTAL_MS);
    loop_defer(net->loop, attempt_begin, a);
    return a;
}

void tls_attempt_stop(struct tls_attempt *attempt)
{
    struct tls_result *result = attempt->result;

    attempt_free(attempt);
    arena_free(result->arena);
}

static const struct tls_options *options_of(const struct tls_attempt *a)
{
    static const struct tls_options nothing;

    return a->result->target.options ? a->result->target.options : &nothing;
}

static mono now_of(const struct tls_attempt *a)
{
    return clock_mono(loop_clock(a->net->loop));
}

static mono end_of(const struct tls_attempt *a)
{
    return mono_after_us(a->started_at, a->result->target.total_ms * INT64_C(1000));
}

// Where we connect to ourselves: the target's place, or its proxy.
static struct tls_place place_of(const struct tls_attempt *a)
{
    const struct tls_options *o = options_of(a);

    return o->proxy ? (struct tls_place){o->proxy_host.host, o->proxy_host.port}
                    : tls_target_place(&a->result->target);
}

// What is behind a proxy has to be allowed without its address being seen.
static bool is_allowed_behind(const struct tls_attempt *a, const char *host)
{
    enum access_verdict verdict = access_of_name(a->net->access, host);
    struct dns_address literal;

    if (dns_literal(host, 1, &literal))
        return access_of_address(a->net->access, verdict, &literal);
    return verdict == ACCESS_BY_NAME ||
           (verdict == ACCESS_BY_ADDRESS && !access_needs_address(a->net->access));
}

static void attempt_begin(void *ctx)
{
    struct tls_attempt *a = ctx;
    struct tls_result *r = a->result;
    struct tls_place place = place_of(a), goal = tls_target_place(&r->target);
    struct dns_answer literal = {.count = 1};

    a->started_at = now_of(a);
    r->phase = TLS_PHASE_DNS;
    if (access_of_name(a->net->access, place.host) == ACCESS_DENIED) {
        host_deny(a, place.host, "its name");
        return;
    }
    if (options_of(a)->proxy && !is_allowed_behind(a, goal.host)) {
        host_deny(a, goal.host, "its name, and its address behind a proxy cannot be seen");
        return;
    }
    if (dns_literal(place.host, place.port, &literal.addresses[0])) {
        addresses_found(&literal, a);
        return;
    }
    loop_timer_set(a->net->loop, &a->timer, end_of(a), lookup_late, a);
    if (!dns_start(a->net->dns, place.host, place.port, r->target.dns_ms, &a->query, &r->error,
                   addresses_found, a))
        attempt_finish(a);
}

static void dns_timeout(struct tls_attempt *a)
{
    a->result->code = options_of(a)->proxy ? "proxy_timeout" : "dns_timeout";
}

static void lookup_failed(struct tls_attempt *a, const struct dns_answer *answer)
{
    struct tls_result *r = a->result;

    r->error = answer->error;
    r->code = answer->is_not_found ? "dns_not_found" : "dns_failed";
    if (options_of(a)->proxy)
        r->code = "proxy_failed";
    if (answer->error.code == ERR_TIMEOUT)
        dns_timeout(a);
    attempt_finish(a);
}

static void addresses_found(const struct dns_answer *answer, void *ctx)
{
    struct tls_attempt *a = ctx;

    a->query = NULL;
    loop_timer_stop(a->net->loop, &a->timer);
    a->result->phase_ms[TLS_PHASE_DNS] = answer->took_ms;
    if (answer->error.code != ERR_NONE)
        lookup_failed(a, answer);
    else if (addresses_admit(a, answer))
        visits_start(a);
}

// Keeps the addresses of the wanted family that may be connected to. False when the check is over
// because there is none.
static bool addresses_admit(struct tls_attempt *a, const struct dns_answer *answer)
{
    struct tls_result *r = a->result;
    struct tls_place place = place_of(a);
    enum access_verdict verdict = access_of_name(a->net->access, place.host);
    int family = options_of(a)->family;
    size_t denied = 0;
    char text[TLS_TARGET_TEXT];

    a->addresses = arena_array(r->arena, answer->count, sizeof *a->addresses);
    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_address *address = &answer->addresses[i];

        if (family != AF_UNSPEC && address->addr.ss_family != family)
            continue;
        if (access_of_address(a->net->access, verdict, address))
            a->addresses[a->address_count++] = *address;
        else
            denied++;
    }
    if (a->address_count > 0 && (denied == 0 || !options_of(a)->wants_all))
        return true;
    if (denied > 0) {
        host_deny(a, place.host, "its address");
        return false;
    }
    r->code = "dns_not_found";
    fail(&r->error, ERR_UNREACHABLE, "host", "%s has no IPv%d address",
         tls_place_text(&place, text), family == AF_INET6 ? 6 : 4);
    attempt_finish(a);
    return false;
}

static void host_deny(struct tls_attempt *a, const char *host, const char *why)
{
    struct tls_result *r = a->result;

    r->code = "target_denied";
    fail(&r->error, ERR_DENIED, "host", "%s is not among the hosts that may be checked: %s", host,
         why);
    fail_hint(&r->error, "the operator of this server draws the line, with tls-allow and tls-deny");
    attempt_finish(a);
}

// ---- visits ----

static void visits_start(struct tls_attempt *a)
{
    struct tls_result *r = a->result;

    a->stop_count = options_of(a)->wants_all ? a->address_count : 1;
    a->stops = mem_array(a->stop_count, sizeof *a->stops);
    a->visiting = a->stop_count;
    for (size_t i = 0; i < a->stop_count; i++) {
        struct stop *stop = &a->stops[i];

        stop->attempt = a;
        stop->result = r;
        if (options_of(a)->wants_all) {
            struct arena *arena;

            stop->result = result_new();
            arena = stop->result->arena;
            *stop->result = *r;
            stop->result->arena = stop->result->findings.arena = arena;
        }
        visit_start(stop);
    }
}

static void visit_start(struct stop *stop)
{
    struct tls_attempt *a = stop->attempt;
    bool wants_all = options_of(a)->wants_all;
    struct tls_visit_options options = {
        .net = a->net,
        .result = stop->result,
        .addresses = wants_all ? &a->addresses[stop - a->stops] : a->addresses,
        .count = wants_all ? 1 : a->address_count,
        .until = end_of(a),
    };

    stop->visit = tls_visit_start(&options, visited, stop);
}

static void visited(struct tls_result *result, void *ctx)
{
    struct stop *stop = ctx;
    struct tls_attempt *a = stop->attempt;

    (void)result;
    stop->visit = NULL;
    if (--a->visiting > 0)
        return;
    if (options_of(a)->wants_all)
        results_merge(a);
    attempt_finish(a);
}

// Of equally bad ones the certificate that ends first.
static bool is_worse(const struct tls_result *x, const struct tls_result *y)
{
    if (x->status != y->status)
        return x->status > y->status;
    return x->leaf && y->leaf && x->leaf->not_after.us < y->leaf->not_after.us;
}

static void address_write(const struct tls_result *from, struct arena *arena,
                          struct tls_address *ret)
{
    struct buf words;

    buf_init(&words, 1000);
    tls_result_words(from, &words);
    *ret = (struct tls_address){
        .address = arena_copy(arena, from->address),
        .status = from->status,
        .code = from->code,
        .words = arena_copy(arena, buf_str(&words)),
        .sha256 = from->leaf ? arena_copy(arena, from->leaf->sha256) : (struct str){0},
        .not_after = from->leaf ? from->leaf->not_after : WALL_NEVER,
    };
    buf_done(&words);
}

// The worst result becomes the attempt's, with a line for each.
static void results_merge(struct tls_attempt *a)
{
    size_t worst = 0;
    struct tls_result *r;

    for (size_t i = 1; i < a->stop_count; i++)
        if (is_worse(a->stops[i].result, a->stops[worst].result))
            worst = i;
    r = a->stops[worst].result;
    r->addresses = arena_array(r->arena, a->stop_count, sizeof *r->addresses);
    r->address_count = a->stop_count;
    r->each = arena_array(r->arena, a->stop_count, sizeof *r->each);
    for (size_t i = 0; i < a->stop_count; i++) {
        address_write(a->stops[i].result, r->arena, &r->addresses[i]);
        r->each[i] = a->stops[i].result;
        a->stops[i].result = r; // which holds them from now on
    }
    arena_free(a->result->arena);
    a->result = r;
}

// ---- the end ----

static void lookup_late(void *ctx)
{
    struct tls_attempt *a = ctx;
    struct tls_result *r = a->result;
    struct tls_place place = place_of(a);
    double seconds = (double)(now_of(a).us - a->started_at.us) / 1e6;

    dns_timeout(a);
    fail(&r->error, ERR_TIMEOUT, "host", "looking up %s took longer than %.3g s", place.host,
         seconds);
    fail_hint(&r->error, "the name servers in /etc/resolv.conf may be slow or unreachable");
    attempt_finish(a);
}

static void attempt_finish(struct tls_attempt *a)
{
    struct tls_result *r = a->result;
    tls_attempt_done *done = a->done;
    void *ctx = a->ctx;

    r->total_ms = (double)(now_of(a).us - a->started_at.us) / 1000;
    if (a->stop_count == 0) // it did not come to a visit
        tls_result_conclude(r);
    attempt_free(a);
    done(r, ctx);
}

static void attempt_free(struct tls_attempt *a)
{
    loop_defer_cancel(a->net->loop, attempt_begin, a);
    loop_timer_stop(a->net->loop, &a->timer);
    if (a->query)
        dns_cancel(a->query);
    for (size_t i = 0; i < a->stop_count; i++) {
        struct stop *stop = &a->stops[i];

        tls_visit_stop(stop->visit);
        if (stop->result != a->result)
            arena_free(stop->result->arena);
    }
    free(a->stops);
    free(a);
}
