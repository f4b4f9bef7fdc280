// tls_cert.h - reads one X.509 certificate into the fields of a result.
#pragma once

#include <openssl/x509.h>

#include "net/tls_result.h"

// Fills subject, issuer, dates, days_left (as of result->checked_at), serial, fingerprint and
// names, and sets has_certificate. Strings go into result->arena. Each is bounded, whatever the
// certificate holds: what is longer than a certificate's name has any right to be is cut.
void tls_cert_read(const X509 *certificate, struct tls_result *result);

// Whole days from now until then, rounded down: 0 during the last 24 hours, -1 from the first
// moment after.
int64_t tls_cert_days(wall then, wall now);

// A moment of a certificate; WALL_NEVER when it is malformed.
wall tls_cert_time(const ASN1_TIME *time);

// Exact digits of a serial number: decimal and lower-case hex, both with "-" when it is negative.
// Serials of more than 64 octets (RFC 5280 allows 20) have no decimal form here and the first 64
// octets as hex.
void tls_cert_serial(const ASN1_INTEGER *serial, struct buf *decimal, struct buf *hex);
