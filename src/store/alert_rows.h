// alert_rows.h - incidents and deliveries in a database: written by the writer, read by the reader.
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "store/incident.h"
#include "store/db.h"

// Within a transaction. False: the connection knows why.
[[nodiscard]] bool alert_rows_write(struct db *db, const struct alert_write *write);

// Rows and texts are made in the arena.
[[nodiscard]] bool alert_rows_read(struct db *db, const struct alert_query *query,
                                   struct arena *arena, struct alert_page *ret_page);
