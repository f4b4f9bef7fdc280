// tls_evidence.h - what the judges of a certificate look at.
//
// Filled by whoever got hold of the certificates, from a server or a file. All borrowed; OpenSSL's
// objects may gain caches while they are judged.
#pragma once

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/tls_policy.h"

struct arena;
struct tls_known;

enum {
    TLS_DEPTH_MAX = 32, // certificates of a chain that are looked at
};

struct tls_evidence {
    X509 *leaf;
    STACK_OF(X509) * presented; // as sent, the leaf in its place; at least the leaf
    STACK_OF(X509) * verified;  // the chain that OpenSSL built, from the leaf up, as far as it came
    bool is_trusted;            // verified ends at a certificate that is trusted
    bool is_file;               // of a file: what would be sent with it is not known
    bool is_custom;             // trusted are certificates that were given, not the system's
    const char *host;           // must be named; NULL: anybody may be
    bool is_ip;                 // host is an address
    wall now;
    const struct tls_policy *policy;
    const struct tls_known *known; // what was seen there before; NULL: nobody remembers
};

// The certificate at depth of the chain that was built, the leaf at 0; NULL beyond it.
X509 *tls_evidence_at(const struct tls_evidence *evidence, int depth);

// How sentences call it: "the certificate", "the certificate of Some CA in its chain".
const char *tls_evidence_whose(const struct tls_evidence *evidence, int depth, struct arena *arena);
