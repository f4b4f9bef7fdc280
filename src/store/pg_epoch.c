// pg_epoch.c - epochs in PostgreSQL: who is there, and what follows when that changes.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_epoch.h"

#include "job/run.h"

void pg_epoch_low(struct pg *pg)
{
    pg_send(pg_get(pg, PG_EPOCH_LOW));
}

void pg_epoch_settle(struct pg *pg, int64_t node)
{
    struct query *q = pg_get(pg, PG_ORPHAN);

    query_int(q, 1, RUN_ORPHANED);
    query_int(q, 2, run_move_from(RUN_BY_TAKEOVER, RUN_ORPHANED));
    pg_send(q);
    pg_send(pg_get(pg, PG_UNPIN));
    pg_send(pg_get(pg, PG_PIN));
    pg_send(pg_get(pg, PG_EPOCH_ROWS));
    q = pg_get(pg, PG_TELL);
    query_int(q, 1, node);
    pg_send(q);
}

bool pg_epoch_change(struct pg *pg, int64_t node, pg_epoch_fn *change, void *ctx)
{
    struct err why;

    pg_send(db_get(&pg->base, SQL_BEGIN));
    pg_send(pg_get(pg, PG_EPOCH_LOCK));
    pg_epoch_low(pg);
    if (!change || change(pg, ctx)) {
        pg_epoch_settle(pg, node);
        pg_send(db_get(&pg->base, SQL_COMMIT));
        if (pg_sync(pg, NULL, NULL, NULL))
            return true;
    }
    why = pg->trouble; // the rollback must not hide it
    if (pg->conn && pg_script(pg, "ROLLBACK"))
        pg->trouble = why;
    return false;
}
