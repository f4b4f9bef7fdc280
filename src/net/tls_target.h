// tls_target.h - whose certificate is to be looked at, and for how long: HOST[:PORT] and the limits
// of each phase.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "net/starttls.h"

struct tls_options;
struct tls_policy;

enum {
    TLS_HOST_MAX = 253, // longest host name (RFC 1035) in bytes, without a trailing dot
    TLS_PORT_DEFAULT = 443,
    TLS_KNOWN_MAX = 4, // certificates of a target that are remembered
    TLS_DNS_MS = 5000, // what a limit of 0 in struct tls_target stands for
    TLS_CONNECT_MS = 5000,
    TLS_PROXY_MS = 5000,
    TLS_STARTTLS_MS = 10000,
    TLS_HANDSHAKE_MS = 10000,
    TLS_CLOSE_MS = 1000,
    TLS_TOTAL_MS = 20000,
};

// The certificates that were seen at a target before, the newest first.
struct tls_known {
    size_t count; // 0: it was never looked at
    unsigned char sha256[TLS_KNOWN_MAX][32];
};

// A value: copy it freely. Zeroed limits and port mean the defaults.
struct tls_target {
    char host[TLS_HOST_MAX + 1]; // name or bare IP literal ("::1", without brackets), no trailing
                                 // dot, as it was written; international names in their xn-- form
    int port;                    // 1..65535; 0: see tls_target_port
    bool is_ip; // host is an IPv4 or IPv6 literal: no lookup, no SNI, the certificate must name the
                // address
    int dns_ms; // limits of the phases, each counted from the phase's beginning;
    int connect_ms; // connect: for each address of the host
    int proxy_ms;
    int starttls_ms;
    int handshake_ms;
    int close_ms; // only where the server's last word is waited for
    int total_ms; // all phases together, counted from the lookup (not from waiting for a free
                  // place)
    const struct tls_options *options; // how to get there and what to offer; NULL: nothing special.
                                       // Borrowed
    const struct tls_known *known;     // NULL: nobody remembers. Borrowed
};

// Reads "host", "host:port", "192.0.2.1", "192.0.2.1:8443", "::1", "[::1]" or "[::1]:8443" into
// *ret_target, all else 0. Refuses with ERR_INPUT, field "host", and the column: blanks, control
// characters, an empty host or port, a port outside 1..65535, user:password@, URLs (the hint gives
// what to write instead), labels of more than 63 bytes, names of more than 253. A trailing dot is
// dropped. Underscores are let through. International names, in UTF-8, become their xn-- form
// (IDNA 2008, as UTS 46 has it, nontransitional).
[[nodiscard]] bool tls_target_parse(struct str text, struct tls_target *ret_target, struct err *e);

// What is expected of the certificate; never NULL, borrowed from the options.
const struct tls_policy *tls_target_policy(const struct tls_target *target);

// What is spoken before TLS: the options' protocol, or, when they leave it to the port, the port's.
enum starttls tls_target_starttls(const struct tls_target *target);

// The port given, or else the usual one of the options' STARTTLS protocol, or 443.
int tls_target_port(const struct tls_target *target);

// The name (or IP literal) asked for in the handshake and looked for in the certificate: that of
// the options, or else host.
const char *tls_target_name(const struct tls_target *target, bool *ret_is_ip);

// Where to connect, or to have a proxy connect: the options' connect_to, or else host; port is the
// target's when connect_to has none. host is borrowed from target.
struct tls_place {
    const char *host;
    int port;
};
struct tls_place tls_target_place(const struct tls_target *target);

// "host:port", with brackets around an IPv6 literal, into out (room for 262 bytes is enough);
// returns out.
enum {
    TLS_TARGET_TEXT = TLS_HOST_MAX + 9
};
const char *tls_target_text(const struct tls_target *target, char out[TLS_TARGET_TEXT]);
const char *tls_place_text(const struct tls_place *place, char out[TLS_TARGET_TEXT]);
