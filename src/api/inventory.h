// inventory.h - remembers what certificate checks have seen: what is new goes to the store, and a
// check is told what was there before.
//
// Every check of the server passes here, whoever asked for it. In memory is, for each endpoint, the
// certificate that it showed last at its addresses (TLS_KNOWN_MAX of them), so that "another one
// than before" needs no look into the store. What is as it was is written once a minute at most.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "net/tls_result.h"
#include "net/tls_target.h"
#include "store/store.h"

struct inventory;

enum {
    INVENTORY_CHAIN_BYTES = 256 * 1024, // of certificates of one report; what exceeds it is left
                                        // out
    INVENTORY_WAITING_MAX = 4096,       // reports on their way; more are left out
};

// One that knows nothing yet; no check may pass before inventory_open.
[[nodiscard]] struct inventory *inventory_new(void);
// Reads what is known from the store (borrowed). Fails as the store does.
[[nodiscard]] bool inventory_open(struct inventory *inventory, struct store *store, struct err *e);
void inventory_free(struct inventory *inventory); // after the store is closed; accepts NULL

// As struct tls_watch has them; ctx is the struct inventory.
bool inventory_known(const struct tls_target *target, struct tls_known *ret_known, void *ctx);
void inventory_see(const struct tls_result *result, void *ctx);
