// reader.h - answers questions from a connection of its own, beside the writer and without waiting
// for it.
#pragma once

#include "base/list.h"
#include "store/request.h"
#include "store/db.h"
#include "store/store.h"

// Answers reads; they stay in the list. ctx is a struct db.
void reader_batch(struct list *requests, void *ctx);

// Tells load's callbacks every calendar, then every living job. The numbers in load are not
// touched.
[[nodiscard]] bool reader_load(struct db *db, struct store_load *load, struct err *e);
