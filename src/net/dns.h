// dns.h - names to addresses without blocking: getaddrinfo on pool workers, with a deadline.
//
// getaddrinfo cannot be interrupted, so the deadline ends the waiting, not the work: the worker's
// late answer is thrown away. A lookup whose deadline passed while it stood in line is not begun at
// all. The system's resolver decides (files, DNS, order by RFC 6724): belfry sees what every other
// program on the machine sees.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"

struct dns;
struct dns_query;
struct loop;

enum {
    DNS_ADDRESSES_MAX = 16
}; // more are ignored

struct dns_address {
    struct sockaddr_storage addr;
    socklen_t len;
};

struct dns_answer {
    struct err error;  // ERR_NONE, ERR_UNREACHABLE (no such name, no address, resolver unwell) or
                       // ERR_TIMEOUT
    bool is_not_found; // the name does not exist, as opposed to "could not ask"
    double took_ms;
    size_t count;
    struct dns_address addresses[DNS_ADDRESSES_MAX]; // in the order to try, port filled in
};

// Text of an address: "192.0.2.1:443" or "[::1]:443".
enum {
    DNS_TEXT = 64
};
const char *dns_address_text(const struct dns_address *address, char out[DNS_TEXT]);

// True and the address when host is an IPv4 or IPv6 literal: then there is nothing to look up.
bool dns_literal(const char *host, int port, struct dns_address *ret_address);

// What a worker calls instead of getaddrinfo, for tests: fills *ret_answer but took_ms.
typedef void dns_resolve_fn(const char *host, int port, struct dns_answer *ret_answer);

struct dns_options {
    int workers;             // threads; 0: 4. Started by the first lookup
    dns_resolve_fn *resolve; // NULL: dns_resolve
};

// All functions below are for the loop's thread. loop is borrowed; options may be NULL.
struct dns *dns_new(struct loop *loop, const struct dns_options *options);

// Forgets all queries (no done is called), waits for the getaddrinfo calls that are running. NULL
// is fine.
void dns_free(struct dns *dns);

// Looks host up. done is called exactly once from the loop, never from within this call, unless the
// query is cancelled first; *answer is valid during done only. ret_query is valid until then. Fails
// with ERR_SYSTEM or ERR_BUSY.
typedef void dns_done(const struct dns_answer *answer, void *ctx);
[[nodiscard]] bool dns_start(struct dns *dns, const char *host, int port, int timeout_ms,
                             struct dns_query **ret_query, struct err *e, dns_done *done,
                             void *ctx);
void dns_cancel(struct dns_query *query);

// getaddrinfo, blocking: for workers.
void dns_resolve(const char *host, int port, struct dns_answer *ret_answer);
