// tls_match.h - is this the certificate that was asked for: does it name the host (RFC 6125, RFC
// 9525), has it one of the keys that were expected?
//
// Our own reading of names instead of X509_check_host, which accepts the subject's CN and
// "o*.example.org" by default and refuses "a_b.example.org" under "*.example.org": each of the
// three has been somebody's false alarm or missed one.
#pragma once

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/str.h"
#include "net/tls_cert.h"
#include "net/tls_evidence.h"
#include "net/tls_finding.h"

// True when pattern, a dNSName, covers host: equal without regard to the case of ASCII letters, or
// "*.rest" where the star stands for exactly one whole first label and rest has two labels or more.
// A trailing dot of host is ignored.
bool tls_match_name(struct str pattern, struct str host);

// True when one of the certificate's subject alternative names covers host: iPAddress entries for
// an address (is_ip), dNSName entries for a name. The subject's common name never counts.
bool tls_match_certificate(const X509 *certificate, const char *host, bool is_ip);

// Finds hostname_mismatch; true when there is none. leaf is evidence->leaf, as read.
bool tls_match_judge_host(const struct tls_evidence *evidence, const struct tls_cert *leaf,
                          struct tls_findings *findings);

// Finds pin_mismatch and certificate_changed. A pin is met by the leaf's fingerprint or by the
// public key of any certificate in the chain that was built.
void tls_match_judge_pins(const struct tls_evidence *evidence, struct tls_findings *findings);
