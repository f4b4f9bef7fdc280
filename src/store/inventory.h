// inventory.h - certificates that were seen, and where: what a store keeps of certificate checks.
//
// A check reports the chain that it was sent (struct store_seen). The store keeps each certificate
// once, and a sighting for each certificate of the chain at that place. At a place - an endpoint at
// one of its addresses - the certificates of the chain that was reported last are current; the
// others are its past. A place that has not been reported for INVENTORY_STALE_US has no current
// certificates any more once the endpoint is seen at another address. Of an endpoint the
// INVENTORY_SIGHTINGS_MAX sightings that are current or were so last are kept, and certificates
// without a sighting are forgotten: servers must not fill the disk.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#define INVENTORY_STALE_US (7 * INT64_C(86400000000))
#define INVENTORY_SIGHTINGS_MAX 100

struct store_certificate {
    struct str sha256; // fingerprint, lower-case hex
    struct str subject, issuer;
    struct str serial; // exact decimal digits; may be empty
    struct str key;    // "EC P-256", "RSA 2048"
    struct str sans;   // JSON array of its names, perhaps only the first ones
    struct str der;    // the certificate itself; of lists not read back
    wall not_before, not_after;

    // read back
    int64_t id; // the cursor of lists
    wall first_seen, last_seen;
    int64_t places; // where it is current
};

// An endpoint, and one of its addresses.
struct store_place {
    struct str host;
    int port;
    struct str starttls; // empty: TLS from the start
    struct str name;     // asked for instead of the host; empty: the host
    struct str address;  // "192.0.2.1:443"
};

struct store_seen {
    struct store_place place;
    struct str status, code; // the verdict
    wall at;
    const struct store_certificate *chain; // as sent, the server's own first
    size_t count;                          // at least 1
};

struct store_sighting {
    struct store_place place;
    struct str sha256;
    int position;            // in the chain: 0 is the server's own
    struct str chain;        // of position 0: fingerprints of the others, with blanks between
    struct str replaced;     // of position 0: what was the server's own before; may be empty
    struct str status, code; // when it was seen last
    wall first_seen;
    wall since; // current from then on, or was the last time
    wall last_seen;
    bool is_current;
};

// A page of certificates by end, then by id.
struct store_certificate_query {
    struct str sha256;   // only this one, with its der; empty: those that meet all of the following
    struct str host;     // sent by this host; empty: any
    struct str issuer;   // in lower case, part of the issuer's name; empty: any
    wall expires_before; // WALL_NEVER: any
    bool is_current;     // only those that are current somewhere
    int64_t after_id;    // the last one of the page before; 0: from the first
    int limit;           // 1 to 1000
};

// total counts all that the query means, whatever the page. Texts live until it returns.
typedef void store_certificates_done(const struct err *err, const struct store_certificate *rows,
                                     size_t count, int64_t total, void *ctx);
typedef void store_sightings_done(const struct err *err, const struct store_sighting *rows,
                                  size_t count, void *ctx);
