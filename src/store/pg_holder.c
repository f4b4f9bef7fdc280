// pg_holder.c - one belfry a schema: a session's advisory lock.
// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL notices at once that a process of the same machine was killed, and after some seconds
// that a machine is gone (the keepalives of pg.c). Until then the dead holder has the lock.
#include "store/pg_holder.h"

#include <inttypes.h>
#include <poll.h>

#include "base/str.h"

#define WAIT_TRIES 30 // together three seconds
#define WAIT_MS 100

static bool fail_held(struct pg *pg, struct err *e)
{
    struct query *q = pg_get(pg, PG_HOLDER), *node = pg_get(pg, PG_HOLDER_NAME);
    int64_t session = 0;
    struct str from = STR_LIT("somewhere"), name = STR_LIT("unknown");

    if (query_step(q) == QUERY_ROW) {
        session = column_int(q, 0);
        from = column_text(q, 1);
    }
    if (query_step(node) == QUERY_ROW)
        name = column_text(node, 0);
    fail(e, ERR_BUSY, NULL,
         "\"%s\" is in use by another belfry (node %.*s, from %.*s, session %" PRId64 ")", pg->name,
         STR(name), STR(from), session);
    return fail_hint(e, "stop that one first, or give this one a database or a schema of its own");
}

// Ends the session that was ours, if it is it that has the lock.
static void own_end(struct pg *pg, int64_t own_session)
{
    struct query *q = pg_get(pg, PG_HOLDER);
    int64_t session = 0;

    if (!query_number_if(q, &session) || session != own_session)
        return;
    q = pg_get(pg, PG_END_SESSION);
    query_int(q, 1, own_session);
    (void)query_run(q);
}

bool pg_holder_take(struct pg *pg, int64_t own_session, int64_t *ret_session, struct err *e)
{
    int64_t is_ours = 0;

    for (int i = 0; i < WAIT_TRIES && !is_ours; i++) {
        if (i > 0)
            (void)poll(NULL, 0, WAIT_MS);
        if (!query_number(pg_get(pg, PG_LOCK), &is_ours))
            return pg_fail(pg, e);
        if (!is_ours && own_session)
            own_end(pg, own_session);
    }
    if (!is_ours)
        return fail_held(pg, e);
    return query_number(pg_get(pg, PG_SESSION), ret_session) || pg_fail(pg, e);
}
