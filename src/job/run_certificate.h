// run_certificate.h - what a run has found out about a certificate, in short: for metrics and
// alerts. All of it is in the run's result.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

// Texts are empty, numbers and moments 0, where nothing was found out.
struct run_certificate {
    struct str host;
    int port;
    int severity;       // 0 ok, 1 warning, 2 error, 3 critical (net/tls_code.h)
    struct str code;    // "expired"
    struct str message; // one sentence
    bool is_changed;    // another one than before
    bool is_verified;   // nothing is wrong with trust and dates
    struct str subject_cn, issuer_cn, serial, sha256;
    struct str last_sha256; // the one that was seen last, when there is none now; for the tally
    struct str names;       // ",example.org,www.example.org,"
    wall not_before, not_after;
    wall chain_until;       // when the first certificate of the chain that was sent ends
    wall verified_until;    // likewise of the chain to a trusted root
    struct str tls_version; // "TLSv1.3"
    struct str cipher;      // "TLS_AES_256_GCM_SHA384"
    int64_t dns_us, connect_us, tls_us, total_us;
};

struct run_certificates {
    const struct run_certificate *v; // borrowed
    size_t count;
    bool is_partial; // other hosts of the job were not due: what was known of them stays
};
