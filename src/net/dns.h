// dns.h - names to addresses without blocking: getaddrinfo on pool workers, with a deadline.
//
// getaddrinfo cannot be interrupted, so the deadline ends the waiting, not the work: the worker's late answer is thrown
// away. A lookup whose deadline passed while it stood in line is not begun at all. The system's resolver decides (files,
// DNS, order by RFC 6724): belfry sees what every other program on the machine sees.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"

struct dns_query;
struct loop;
struct pool;

enum {
    DNS_ADDRESSES_MAX = 16
}; // more are ignored

struct dns_address {
    struct sockaddr_storage addr;
    socklen_t len;
};

struct dns_answer {
    struct err
        error; // ERR_NONE, ERR_UNREACHABLE (no such name, no address, resolver unwell) or ERR_TIMEOUT
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
