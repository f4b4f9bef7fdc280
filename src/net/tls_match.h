// tls_match.h - does a certificate name the host that was asked for? (RFC 6125, RFC 9525)
//
// Our own reading instead of X509_check_host, which accepts the subject's CN and "o*.example.org"
// by default and refuses "a_b.example.org" under "*.example.org": each of the three has been
// somebody's false alarm or missed one.
#pragma once

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/str.h"

// True when pattern, a dNSName, covers host: equal without regard to the case of ASCII letters, or
// "*.rest" where the star stands for exactly one whole first label and rest has two labels or more.
// A trailing dot of host is ignored.
bool tls_match_name(struct str pattern, struct str host);

// True when one of the certificate's subject alternative names covers host: iPAddress entries for
// an address (is_ip), dNSName entries for a name. The subject's common name never counts.
bool tls_match_certificate(const X509 *certificate, const char *host, bool is_ip);
