// tls_result.h - what one certificate check found out.
//
// A bad certificate is a result with full data, never an aborted check: `has_certificate` says
// whether the fields of the certificate are there, `error` why the handshake did not come to its
// end (both may be set: a server that demands a client certificate ends the handshake after it has
// shown its own), `problems` what is wrong with the certificate.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "net/tls_target.h"

struct arena;

enum tls_phase {
    TLS_PHASE_DNS,
    TLS_PHASE_CONNECT,
    TLS_PHASE_PROXY,
    TLS_PHASE_STARTTLS,
    TLS_PHASE_HANDSHAKE,
    TLS_PHASE_CLOSE,
    TLS_PHASE_DONE,
};

// What was found at one of the host's addresses, when each of them was checked.
struct tls_address {
    struct str address; // "192.0.2.1:443"
    const char *code;   // as of a result
    struct str words;   // tls_result_words
    struct str sha256;  // of the certificate; empty when there was none
    wall not_after;     // likewise WALL_NEVER
};

// One thing that is wrong with a certificate. Depth 0 is the server's own, 1 the one that signed
// it, and so on.
struct tls_problem {
    const char *code; // belfry's word, never freed: expired, not_yet_valid, hostname_mismatch,
                      // self_signed, ...
    int openssl;      // X509_V_ERR_... number
    int depth;
    struct str words; // OpenSSL's words, or better ones: "certificate has expired"
};

// The strings live in the result's own arena: they are valid as long as the result is.
struct tls_result {
    struct tls_target target;
    wall checked_at;
    const char *code; // "ok", the code of the first problem ("expired"), or of the failure
                      // ("connect_refused"); tls_result.c lists them all. Never NULL, never freed
    struct err error; // ERR_NONE, ERR_UNREACHABLE, ERR_TLS or ERR_TIMEOUT with message and hint for
                      // a person
    enum tls_phase phase; // how far it came; TLS_PHASE_DONE: the handshake is complete
    bool has_certificate; // the fields from here to `problems` are there; else zero

    struct str subject;      // as python-cryptography prints it:
                             // <Name(C=US,ST=California,O=Example,CN=localhost)>
    struct str subject_line; // as openssl prints it: C = US, ST = California, O = Example, CN =
                             // localhost
    struct str issuer;       // likewise
    struct str issuer_line;
    wall not_before; // WALL_NEVER when the certificate's date cannot be read
    wall not_after;
    int64_t days_left; // whole days until not_after, rounded down: -1 from the first second after
                       // it
    struct str serial; // exact decimal digits, "-" before a negative one; 20 octets are 49 digits
    struct str serial_hex; // lower case, two digits a byte
    struct str sha256;     // fingerprint of the certificate, lower-case hex
    struct str *sans;      // "DNS:example.org", "IP:192.0.2.1", "email:..", "URI:.."; the first 100
    size_t san_count;      // entries in sans
    size_t san_total;      // names in the certificate
    size_t chain_count;    // certificates the server sent
    bool is_verified;      // no problem of trust or dates: chains to a trusted root now (host name
                           // apart)
    bool is_client_cert_asked;    // the server wants to see a certificate of ours
    bool is_host_ok;              // names the host (or address) that was asked for, RFC 6125
    struct tls_problem *problems; // in order of depth, then as found; at most 32
    size_t problem_count;

    struct str address;      // "192.0.2.1:443" or "[::1]:443" that answered last; empty before a
                             // connection was tried
    const char *tls_version; // "TLSv1.3"; NULL before the handshake came that far; never freed
    const char *cipher;      // "TLS_AES_256_GCM_SHA384"; likewise
    struct str alpn;         // the protocol that was agreed on; empty: none
    double phase_ms[TLS_PHASE_DONE]; // durations; 0 for phases that were not reached
    double total_ms;
    struct tls_address *addresses; // of a check of all addresses: each, in the order of the lookup;
    size_t address_count;          // the rest of the result is that of the worst of them

    struct arena *arena; // owns the strings
};

// True when there is a certificate, verified, for this host, and the handshake came to its end:
// exit status 0.
bool tls_result_is_good(const struct tls_result *result);

// One JSON object for storing with a run and for replies. Always all members; those of the
// certificate are null when none was got: code, message, hint, host, port, sni, starttls,
// connect_to, proxy, checked_at, subject, subject_line, issuer, issuer_line, not_before, not_after,
// days_left, serial (a string), serial_hex, sha256, sans, san_count, chain_count, verified,
// host_ok, verify_error (words of the first problem), verify_errors [{code, openssl, depth,
// message}], tls_version, cipher, alpn, client_cert_requested, address, addresses (null, or of a
// check of all: [{address, code, message, sha256, not_after}]), timings_ms {dns, connect, proxy,
// starttls, handshake, close, total}. Times are RFC 3339 in UTC with Z.
void tls_result_write(const struct tls_result *result, struct buf *out);

// One sentence without a full stop, for run records and log lines: "certificate of example.org:443
// is good for 63 days (until 2027-01-25 04:44 UTC)", "certificate of ... is bad: certificate has
// expired (12 days ago)", or the error's message.
void tls_result_words(const struct tls_result *result, struct buf *out);

// How bad it is, for finding the worst of several: 0 good, 1 took too long, 2 no verdict, 3 a bad
// certificate.
int tls_result_rank(const struct tls_result *result);
