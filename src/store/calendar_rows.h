// calendar_rows.h - calendars and freezes in a database: the writer's share. (A load reads them.)
//
// Both return false when the database fails; db_fail has the reason. A refusal is in the request.
#pragma once

#include <stdbool.h>

#include "store/db.h"
#include "store/request.h"

// Carry out a REQUEST_PUT_CALENDAR and a REQUEST_DELETE_CALENDAR, within a transaction.
[[nodiscard]] bool calendar_rows_put(struct db *db, struct request *r);
[[nodiscard]] bool calendar_rows_delete(struct db *db, struct request *r);
