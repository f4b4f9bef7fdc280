// pg_read.h - what PostgreSQL is asked in one journey where the reader asks job by job.
#pragma once

#include <stdbool.h>

#include "store/pg.h"
#include "store/request.h"

// Answers a REQUEST_READ_PASTS. False: see the connection's trouble.
[[nodiscard]] bool pg_read_pasts(struct pg *pg, struct request *r);
