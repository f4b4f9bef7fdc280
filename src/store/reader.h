// reader.h - answers questions from a connection of its own, beside the writer and without waiting
// for it.
#pragma once

#include "base/list.h"
#include "store/request.h"
#include "store/db.h"
#include "store/store.h"

// Answers reads; they stay in the list. ctx is a struct db.
void reader_batch(struct list *requests, void *ctx);

// Answers one.
void reader_answer(struct db *db, struct request *r);

// Tells load's callbacks every calendar, then every living job. The numbers in load are not
// touched.
[[nodiscard]] bool reader_load(struct db *db, struct store_load *load, struct err *e);

// A row of a query: of the columns of SQL_JOB_LOAD, borrowed until the next step; of RUN_COLUMNS
// (sql.def), copied into the arena.
struct job_row reader_job(const struct query *q);
void reader_run(const struct query *q, struct arena *arena, struct store_run *to);

// Calls fn with every calendar and freeze, by kind and name. False when that failed.
[[nodiscard]] bool
reader_calendars(struct db *db, void (*fn)(const struct store_calendar *row, void *ctx), void *ctx);
