// tls_result.h - what one certificate check found out.
//
// A bad certificate is a result with full data, never an aborted check: `leaf` says what was seen,
// `error` why the handshake did not come to its end (both may be there: a server that demands a
// client certificate ends the handshake after it has shown its own), `findings` everything that is
// to be said about either.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "net/tls_cert.h"
#include "net/tls_channel.h"
#include "net/tls_crl.h"
#include "net/tls_finding.h"
#include "net/tls_ocsp.h"
#include "net/tls_target.h"

struct arena;
struct json_write;

enum {
    TLS_CHAIN_MAX = 20, // certificates that are listed; the others are counted
};

enum tls_phase {
    TLS_PHASE_DNS,
    TLS_PHASE_CONNECT,
    TLS_PHASE_PROXY,
    TLS_PHASE_STARTTLS,
    TLS_PHASE_HANDSHAKE,
    TLS_PHASE_CLOSE,
    TLS_PHASE_REVOCATION,
    TLS_PHASE_DONE,
};

// What was found at one of the host's addresses, when each of them was checked.
struct tls_address {
    struct str address; // "192.0.2.1:443"
    enum tls_severity status;
    const char *code;  // as of a result
    struct str words;  // tls_result_words
    struct str sha256; // of the certificate; empty when there was none
    wall not_after;    // likewise WALL_NEVER
};

// Whose word makes the chain trusted.
enum tls_anchor {
    TLS_ANCHOR_NONE, // it is not
    TLS_ANCHOR_SYSTEM,
    TLS_ANCHOR_CUSTOM, // certificates that were given
};

// Signed certificate timestamps (RFC 6962), by the way they came.
struct tls_scts {
    size_t embedded, in_handshake, in_ocsp;
};

// The strings live in the result's own arena: they are valid as long as the result is.
struct tls_result {
    struct tls_target target;
    const char *file; // of a check of a file, whose target is empty; NULL: of a server
    wall checked_at;
    enum tls_severity status; // the worst of the findings
    const char *code;         // of the worst finding, "ok" when none is worse than that; while the
                              // check is under way: of its failure. Never NULL, never freed
    struct err error;         // ERR_NONE, ERR_UNREACHABLE, ERR_TLS, ERR_DENIED or ERR_TIMEOUT, with
                              // message and hint for a person
    enum tls_phase phase;     // how far it came; TLS_PHASE_DONE: the handshake is complete
    struct tls_findings findings; // the worst first

    const struct tls_cert *leaf; // the server's certificate, in chain; NULL: none was got, and the
                                 // members from here to `crl` are zero
    struct str subject_repr;     // of the leaf, as python-cryptography prints it:
                                 // <Name(C=US,ST=California,O=Example,CN=localhost)>
    struct tls_cert *chain;      // as sent, at most TLS_CHAIN_MAX
    size_t chain_count;
    size_t chain_total;   // certificates that were sent
    struct str *verified; // fingerprints of the chain that was built, from the leaf up
    size_t verified_count;
    wall verified_until;    // when the first of them ends; WALL_NEVER: not known
    enum tls_anchor anchor; // who is trusted for it
    bool is_verified;       // nothing is wrong with trust and dates (host name apart)
    bool is_host_asked;     // false: of a file, without a name to compare
    bool is_host_ok;        // names the host (or address) that was asked for, RFC 6125
    bool is_changed;        // another one than before
    struct tls_scts scts;
    struct tls_ocsp ocsp;
    struct tls_crl crl;

    struct tls_channel channel; // what was negotiated
    struct str address;         // "192.0.2.1:443" or "[::1]:443" that answered last; empty before a
                                // connection was tried
    struct str alpn;            // the protocol that was agreed on; empty: none
    double phase_ms[TLS_PHASE_DONE]; // durations; 0 for phases that were not reached
    double total_ms;
    struct tls_address *addresses; // of a check of all addresses: each, in the order of the lookup;
    size_t address_count;          // the rest of the result is that of the worst of them
    struct tls_result **each;      // likewise, what was found at each; this one in its place

    struct arena *arena; // owns the strings
};

// Frees the result, and those of each address. Accepts NULL.
void tls_result_free(struct tls_result *result);

// Whether nothing is critical or failed: exit status 0.
bool tls_result_is_good(const struct tls_result *result);

// Ends a check: makes its error a finding, puts the worst first, and sets status and code.
void tls_result_conclude(struct tls_result *result);

// One JSON object for storing with a run and for replies. Always all members; docs/certificates.md
// describes them. Times are RFC 3339 in UTC with Z.
void tls_result_write(const struct tls_result *result, struct buf *out);

// The same in short, for lists: host, port, starttls, status, code, message, address, subject,
// issuer, sha256, not_after, days_left, and the codes of what is worse than ok.
void tls_result_write_short(const struct tls_result *result, struct json_write *w);

// not_before, not_after, days_left, seconds_left and percent_left, into an open object; WALL_NEVER:
// not known.
void tls_result_write_dates(wall from, wall to, wall now, struct json_write *w);

// The members of one certificate, into an open object.
void tls_result_write_certificate(const struct tls_cert *certificate, wall now,
                                  struct json_write *w);

// From when on it is a warning that the leaf expires; WALL_NEVER: there is none, or it has no
// dates.
wall tls_result_warning_at(const struct tls_result *result);

// One sentence without a full stop, for run records and log lines: "certificate of example.org:443
// is good for 63 days (until 2027-01-25 04:44 UTC)", "certificate of ... is bad: ...", or the
// error's message.
void tls_result_words(const struct tls_result *result, struct buf *out);

// What was checked: "example.org:443", or the name of the file. Borrowed from result, or out.
const char *tls_result_subject(const struct tls_result *result, char out[TLS_TARGET_TEXT]);

// Whole days until the leaf ends, rounded down: -1 from the first second after it. leaf is there.
int64_t tls_result_days(const struct tls_result *result);

// A certificate as PEM.
void tls_result_pem_der(struct str der, struct buf *out);

// The certificates that were sent, at most count of them, as PEM.
void tls_result_pem(const struct tls_result *result, size_t count, struct buf *out);
