// tls_ocsp.h - what an OCSP response (RFC 6960) says of a certificate, and whether to believe it.
//
// A response proves something only when it is signed by the issuer, or by one to whom the issuer
// gave that right; when it is about this certificate; and when it is fresh. That a certificate is
// revoked is believed of an old response too: nobody takes it back.
#pragma once

#include "net/tls_evidence.h"
#include "net/tls_finding.h"

enum tls_revocation {
    TLS_REVOCATION_NONE, // nothing is known
    TLS_REVOCATION_GOOD,
    TLS_REVOCATION_REVOKED,
    TLS_REVOCATION_UNKNOWN, // whoever was asked does not know the certificate
};

// Where it is known from.
enum tls_source {
    TLS_SOURCE_NONE, // nobody said anything
    TLS_SOURCE_STAPLE,
    TLS_SOURCE_QUERY,
    TLS_SOURCE_FILE,
};

const char *tls_revocation_name(enum tls_revocation status); // "none", "good", "revoked", "unknown"
const char *tls_source_name(enum tls_source source);         // "staple"..; NULL for NONE

struct tls_ocsp {
    enum tls_source source;
    enum tls_revocation status;
    const char *reason; // of a revocation: "keyCompromise"; NULL: none given
    bool is_signed;     // by one who may
    wall revoked_at;    // WALL_NEVER: not known; so the next two
    wall this_update;
    wall next_update;
};

// Reads a response about evidence->leaf. Finds revoked, ocsp_stale, ocsp_unusable, ocsp_unknown.
void tls_ocsp_judge(const struct tls_evidence *evidence, struct str response,
                    enum tls_source source, struct tls_findings *findings,
                    struct tls_ocsp *ret_ocsp);

// What to send to the issuer's responder about evidence->leaf: DER, in the arena; empty when the
// issuer's certificate is not there.
struct str tls_ocsp_request(const struct tls_evidence *evidence, struct arena *arena);
