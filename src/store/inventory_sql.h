// inventory_sql.h - the inventory of certificates in a database: the writer's and the reader's
// share.
//
// All return false when the database fails; db_fail has the reason.
#pragma once

#include <stdbool.h>

#include "store/request.h"
#include "store/db.h"

// Carries out a REQUEST_SEE, within the writer's transaction.
[[nodiscard]] bool inventory_write(struct db *db, struct request *r);

// Answer a REQUEST_READ_CERTIFICATES and a REQUEST_READ_SIGHTINGS.
[[nodiscard]] bool inventory_read(struct db *db, struct request *r);
[[nodiscard]] bool inventory_read_sightings(struct db *db, struct request *r);

// As store_load_sightings.
[[nodiscard]] bool inventory_load(struct db *db,
                                  void (*on_sighting)(const struct store_sighting *row, void *ctx),
                                  void *ctx);
