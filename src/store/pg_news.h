// pg_news.h - what the nodes of a PostgreSQL schema have done since it was looked at before, read
// at one moment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/pg.h"
#include "store/pg_node.h"
#include "store/store.h"

// Up to where it has been told.
struct pg_told {
    int64_t epoch, change, calendars;
};

struct pg_news {
    struct store_news news;
    struct store_members members; // when the epoch is another one
    struct pg_told upto;
    bool is_own;   // everything was changed by ourselves
    bool has_more; // jobs have been changed that did not find room: ask again. The epoch waits
    struct arena *arena;
};

#define PG_NEWS_JOBS 5000

// Everything since then. NULL when it failed. End it with pg_news_free.
[[nodiscard]] struct pg_news *pg_news_read(struct pg *pg, const struct pg_told *since,
                                           int64_t self);
// The same where all changes are our own: only up to where.
[[nodiscard]] struct pg_news *pg_news_own(const struct pg_told *upto);
void pg_news_free(struct pg_news *news); // accepts NULL

// The members and where the schema stands, within a transaction of the caller's.
[[nodiscard]] bool pg_news_members(struct pg *pg, struct arena *arena, int64_t self,
                                   struct store_members *ret, struct pg_told *ret_at);

// Tells fn every run that is queued, waiting or orphaned, and those that are running under node
// (NULL: none), by id. What it has kept is told as orphaned.
[[nodiscard]] bool pg_news_alive(struct pg *pg, const struct pg_node *node,
                                 void (*fn)(const struct run *run, void *ctx), void *ctx);

// The nodes as they stand: PG_NODES, or PG_NODES_BY_NAME.
[[nodiscard]] bool pg_news_nodes(struct pg *pg, enum pg_name order, struct arena *arena,
                                 struct store_node **ret, size_t *ret_count);
