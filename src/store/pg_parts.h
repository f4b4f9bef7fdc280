// pg_parts.h - history on PostgreSQL has a table for each day (UTC) of slots, which goes as a whole
// when it is over age.
//
// Three tables are divided so: run_history, run_output and attempt. A day without tables of its own
// is in the rest, and so are the rows that stay when their day goes. Tables are made ahead; what
// has come to the rest by then moves into them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/pg.h"

#define PG_PARTS_SINCE 13 // the schema
#define PG_PARTS_AHEAD 2  // days
#define PG_PARTS_MAX 100  // days in the past for which tables are made

// Where rows end that are removed one by one, when those of slots before `before` are to go: days
// go whole, so only up to the day's beginning, unless little is kept at all.
wall pg_parts_floor(wall now, wall before);

// Makes the tables that are missing up to some days behind now: from the last day that has tables,
// or from the day of `from` when none has. False: see the connection's trouble; what has been made
// stays.
[[nodiscard]] bool pg_parts_make(struct pg *pg, wall from, wall now);

// Removes the days that end before `before`, but for the rows that stay (store_prune_runs): they go
// to the rest. Each is counted in the table pruned, as of job 0. *ret_dropped counts them, also
// when one of them failed.
[[nodiscard]] bool pg_parts_drop(struct pg *pg, wall before, int *ret_dropped);

// Takes what is dead out of the table of runs that are alive.
[[nodiscard]] bool pg_parts_vacuum(struct pg *pg);
