// tls_cert.h - what is written in a certificate, as text and numbers.
//
// Each part is bounded, whatever the certificate holds: what is longer than a certificate's part
// has any right to be is cut, what is more numerous is counted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

struct arena;

enum {
    TLS_SANS_MAX = 100,       // names listed of the server's own certificate,
    TLS_CHAIN_SANS_MAX = 10,  // and of those above it
    TLS_CERT_URIS_MAX = 4,    // of each kind
    TLS_CERT_URI_MAX = 512,   // bytes; longer ones are left out
    TLS_CERT_NAME_MAX = 2048, // bytes of a subject or issuer
};

struct tls_texts {
    struct str v[TLS_CERT_URIS_MAX];
    size_t len;
};

// Strings are in the arena that was given.
struct tls_cert {
    struct str subject; // as openssl prints it: C = US, O = Example, CN = localhost
    struct str issuer;
    struct str serial;     // exact decimal digits, "-" before a negative one; 20 octets are 49
    struct str serial_hex; // lower case, two digits an octet
    wall not_before;       // WALL_NEVER when it cannot be read
    wall not_after;
    struct str sha256;      // fingerprint, lower-case hex
    struct str spki_sha256; // of the public key with its algorithm
    struct str key_type;    // RSA, EC, Ed25519, ..
    int key_bits;
    struct str curve;     // P-256, ..; empty: none
    struct str signature; // sha256WithRSAEncryption, ecdsa-with-SHA256, ..
    struct str digest;    // SHA256, ..; empty: part of the signature
    struct str *sans;     // "DNS:example.org", "IP:192.0.2.1", "email:..", "URI:..": the first ones
    size_t san_count;     // of them
    size_t san_total;     // names in the certificate
    bool is_ca;
    bool is_self_signed;
    bool is_must_staple;         // demands an OCSP staple, RFC 7633
    int path_length;             // -1: no limit
    uint32_t key_usage;          // OpenSSL's KU_ bits; UINT32_MAX: not restricted
    uint32_t extended_key_usage; // XKU_ bits; UINT32_MAX: not restricted
    struct tls_texts ocsp, issuers, crls;
    size_t sct_count; // within the certificate
    struct str der;   // the certificate itself
};

// What the bits of usages are called; both end with a NULL name.
struct tls_usage {
    uint32_t bit;
    const char *name; // as RFC 5280 has it
};
extern const struct tls_usage tls_key_usages[], tls_extended_key_usages[];

struct tls_cert_reading {
    struct arena *arena; // of the strings
    EVP_MD_CTX *sha256;  // of tls_cert_hasher; borrowed
    size_t sans_max;     // names that are listed
};

// Reads one certificate.
void tls_cert_read(X509 *certificate, const struct tls_cert_reading *reading,
                   struct tls_cert *ret_cert);

// The same from DER; false when it is no certificate.
[[nodiscard]] bool tls_cert_parse(struct str der, const struct tls_cert_reading *reading,
                                  struct tls_cert *ret_cert);

// What makes fingerprints, for as many as are wanted: to look SHA-256 up costs more than the
// fingerprint of a certificate. End it with EVP_MD_CTX_free.
[[nodiscard]] EVP_MD_CTX *tls_cert_hasher(void);

// The fingerprint of bytes in lower-case hex.
struct str tls_cert_sha256(EVP_MD_CTX *hasher, struct str bytes, struct arena *arena);

// Whole days from now until then, rounded down: 0 during the last 24 hours, -1 from the first
// moment after.
int64_t tls_cert_days(wall then, wall now);

// A moment of a certificate; WALL_NEVER when it is malformed.
wall tls_cert_time(const ASN1_TIME *time);

// Exact digits of a serial number: decimal and lower-case hex, both with "-" when it is negative.
// Serials of more than 64 octets (RFC 5280 allows 20) have no decimal form here and the first 64
// octets as hex.
void tls_cert_serial(const ASN1_INTEGER *serial, struct buf *decimal, struct buf *hex);

// Whether the server must staple an OCSP response to it (RFC 7633).
bool tls_cert_is_must_staple(const X509 *certificate);

// Where its revocation lists are.
void tls_cert_crls(const X509 *certificate, struct arena *arena, struct tls_texts *ret_uris);

// "RSA", "EC", "DSA", "Ed25519"..; "?" when it is not known. curve of EC keys: "P-256".
const char *tls_key_type(const EVP_PKEY *key);
struct str tls_key_curve(const EVP_PKEY *key, struct arena *arena);
