// pg_read.c - what PostgreSQL is asked in one journey where the reader asks job by job.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_read.h"

#include "store/past.h"

static struct query *pasts_query(struct pg *pg, const struct request *r, struct pg_array *ids)
{
    struct query *q = pg_get(pg, PG_PASTS);

    for (size_t i = 0; i < r->count; i++)
        pg_array_int(ids, r->pasts[i].job_id);
    pg_bind(q, 1, PG_INT8_ARRAY, pg_array_str(ids));
    query_int(q, 2, STORE_PAST_RUNS);
    return q;
}

// Rows come job by job; of a job about which enough is known the rest is passed over.
bool pg_read_pasts(struct pg *pg, struct request *r)
{
    struct pg_array ids;
    enum query_step step;
    int64_t known = 0;

    pg_array_init(&ids, PG_INT8);
    struct query *q = pasts_query(pg, r, &ids);

    while ((step = query_step(q)) == QUERY_ROW) {
        int64_t n = column_int(q, 0);
        const struct run run = {
            .id = column_int(q, 1),
            .scheduled_at = {column_int(q, 2)},
            .state = (enum run_state)column_int(q, 3),
            .started_at = {column_int(q, 4)},
            .finished_at = {column_int(q, 5)},
            .exit_code = (int)column_int(q, 6),
        };

        if (n != known && !past_add(&r->pasts[n - 1], &run))
            known = n;
    }
    query_reset(q);
    pg_array_done(&ids);
    return step == QUERY_DONE;
}
