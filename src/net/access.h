// access.h - which hosts may be connected to: lists of names and networks, allowed and denied.
//
// Whoever may start checks can make this machine connect to places that he cannot reach himself.
// An operator draws the line by name and by address; what counts is the address that a name was
// found to have, looked at before each connection.
//
// A denied name or address is never connected to. When anything is allowed at all, a host is
// allowed by its name or by its address; otherwise everything is that is not denied. IPv4 addresses
// inside of IPv6 ones (::ffff:192.0.2.1) count as IPv4.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "net/dns.h"

struct access;

enum access_verdict {
    ACCESS_DENIED,
    ACCESS_BY_NAME,    // allowed, unless its address is denied
    ACCESS_BY_ADDRESS, // the address decides
};

// Reads two lists whose entries stand between commas or blanks: a name ("example.org"), all names
// below one ("*.example.org"), an address, a network ("10.0.0.0/8", "2001:db8::/32"). Both empty: a
// list that denies nothing. Fails with ERR_INPUT or ERR_LIMIT, whose
// field is allow or deny.
[[nodiscard]] bool access_parse(struct str allow, struct str deny, struct access **ret_access,
                                struct err *e);
void access_free(struct access *access); // NULL is fine

// What the name (or IP literal) says by itself. access may be NULL: everything is allowed.
enum access_verdict access_of_name(const struct access *access, const char *host);

// Whether this address of a host with that verdict may be connected to.
bool access_of_address(const struct access *access, enum access_verdict verdict,
                       const struct dns_address *address);

// Whether any rule is about addresses: then a host whose address cannot be seen (behind a proxy)
// must not be connected to, unless its name is allowed.
bool access_needs_address(const struct access *access);
