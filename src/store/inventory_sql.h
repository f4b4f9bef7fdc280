// inventory_sql.h - the inventory of certificates in SQLite: the writer's and the reader's share.
//
// All return false when SQLite fails; sql_fail has the reason.
#pragma once

#include <stdbool.h>

#include "store/request.h"
#include "store/sql.h"

// Carries out a REQUEST_SEE, within the writer's transaction.
[[nodiscard]] bool inventory_write(struct sql *sql, struct request *r);

// Answer a REQUEST_READ_CERTIFICATES and a REQUEST_READ_SIGHTINGS.
[[nodiscard]] bool inventory_read(struct sql *sql, struct request *r);
[[nodiscard]] bool inventory_read_sightings(struct sql *sql, struct request *r);

// As store_load_sightings.
[[nodiscard]] bool inventory_load(struct sql *sql,
                                  void (*on_sighting)(const struct store_sighting *row, void *ctx),
                                  void *ctx);
