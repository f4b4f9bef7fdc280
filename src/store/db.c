// db.c - a connection to a database whose statements are asked for by name.
// SPDX-License-Identifier: Apache-2.0
#include "store/db.h"

void db_init(struct db *db, const struct db_ops *ops)
{
    db->ops = ops;
    for (int i = 0; i < SQL_COUNT; i++)
        db->queries[i] = (struct query){db, (enum sql_name)i};
}

struct query *db_get(struct db *db, enum sql_name name)
{
    struct query *q = &db->queries[name];

    query_reset(q);
    return q;
}

bool query_run(struct query *q)
{
    enum query_step step = query_step(q);

    query_reset(q);
    return step != QUERY_FAILED;
}

bool query_send(struct query *q)
{
    return q->db->ops->send ? q->db->ops->send(q) : query_run(q);
}

bool query_number(struct query *q, int64_t *ret_n)
{
    bool ok = query_step(q) == QUERY_ROW;

    if (ok)
        *ret_n = column_int(q, 0);
    query_reset(q);
    return ok;
}

bool query_number_if(struct query *q, int64_t *ret_n)
{
    enum query_step step = query_step(q);

    if (step == QUERY_ROW)
        *ret_n = column_int(q, 0);
    query_reset(q);
    return step != QUERY_FAILED;
}

bool db_do(struct db *db, enum sql_name name)
{
    return query_run(db_get(db, name));
}
