// tls_finding.h - what a certificate check has found, everything and each thing once.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "net/tls_code.h"

struct arena;
struct tls_policy;

enum {
    TLS_FINDINGS_MAX = 48,
    TLS_FINDING_WORDS = 800, // bytes; longer ones are cut
    TLS_DEPTH_NONE = -1,     // not of a certificate: of the connection
};

struct tls_finding {
    enum tls_code code;
    enum tls_severity severity;
    int depth;        // 0: the server's own certificate, 1: the one that signed it...
    int openssl;      // X509_V_ERR_..., 0: our own
    struct str words; // one sentence for a person, without a full stop
};

// Zero but arena and policy (both borrowed) is an empty list.
struct tls_findings {
    struct arena *arena;
    const struct tls_policy *policy;
    struct tls_finding *v; // room for TLS_FINDINGS_MAX, made for the first one
    size_t len;
};

// Adds a finding as bad as the policy and tls_code.def say. One that is there already (code and
// depth) is kept as it is; what exceeds the room is dropped. NULL when it was not added.
struct tls_finding *tls_finding_add(struct tls_findings *findings, enum tls_code code, int depth,
                                    const char *format, ...) __attribute__((format(printf, 4, 5)));

// The same, as bad as severity where the policy says nothing.
struct tls_finding *tls_finding_add_as(struct tls_findings *findings, enum tls_code code,
                                       enum tls_severity severity, int depth, const char *format,
                                       ...) __attribute__((format(printf, 5, 6)));

bool tls_findings_have(const struct tls_findings *findings, enum tls_code code);

// Brings the worst to the front; those that are as bad keep their order.
void tls_findings_sort(struct tls_findings *findings);

// How bad the worst is; TLS_OK when there is none.
enum tls_severity tls_findings_worst(const struct tls_findings *findings);
