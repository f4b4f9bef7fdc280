// pg_tidy.c - keeps the tables on PostgreSQL in order, on a connection of its own.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_tidy.h"

#include "base/log.h"
#include "store/pg_parts.h"
#include "time/civil.h"

#define PATIENCE_MS 600000
#define AGAIN_US 60000000 // what has failed is tried again
#define DAY_US (DAY_S * INT64_C(1000000))

// A day of many millions of rows takes its time, and nobody waits for it.
static bool session_set_up(struct pg *pg, void *ctx, struct err *e)
{
    (void)ctx;
    return pg_script(pg, "SET statement_timeout = '10min'") || pg_fail(pg, e);
}

bool pg_tidy_init(struct pg_tidy *t, const char *uri, wall now, struct err *e)
{
    t->pg = pg_open(uri, true, e);
    if (!t->pg || !session_set_up(t->pg, NULL, e))
        return false;
    t->pg->on_connect = session_set_up;
    t->pg->patience_ms = PATIENCE_MS;
    t->pg->is_ending = &t->is_ending;
    atomic_store(&t->now, now.us);
    t->swept_at = clock_mono(clock_real());
    return true;
}

void pg_tidy_done(struct pg_tidy *t)
{
    pg_close(t->pg);
}

wall pg_tidy_before(struct pg_tidy *t, wall now, wall before)
{
    wall floor = pg_parts_floor(now, before);

    if (before.us > 0)
        atomic_store(&t->drop_before, floor.us);
    return floor;
}

static bool make(struct pg_tidy *t)
{
    wall now = {atomic_load(&t->now)};
    int64_t today = floor_div(now.us, DAY_US);

    if (today == t->made_on)
        return true;
    if (!pg_parts_make(t->pg, now, now))
        return false;
    t->made_on = today;
    return true;
}

// Days that an earlier belfry has left half removed go with the first.
static bool drop(struct pg_tidy *t)
{
    wall before = {atomic_load(&t->drop_before)};
    int dropped;
    bool ok;

    if (before.us == 0 || before.us == t->dropped_before)
        return true;
    ok = pg_parts_drop(t->pg, before, &dropped);
    if (dropped > 0)
        log_info("history that is over age has been dropped", log_int("days", dropped));
    if (ok)
        t->dropped_before = before.us;
    return ok;
}

static bool sweep(struct pg_tidy *t)
{
    mono now = clock_mono(clock_real());
    int64_t ends = atomic_load(&t->ends), left = ends - t->swept_ends;
    bool is_time = now.us - t->swept_at.us >= PG_TIDY_SWEEP_MS * 1000 && left >= PG_TIDY_ENDS_SOME;

    if (left < PG_TIDY_ENDS && !is_time)
        return true;
    t->swept_ends = ends;
    t->swept_at = now;
    return pg_parts_vacuum(t->pg);
}

void pg_tidy_beat(void *ctx)
{
    struct pg_tidy *t = ctx;
    mono now = clock_mono(clock_real());
    bool ok;

    if (now.us < t->try_at.us || !pg_ready(t->pg))
        return;
    ok = make(t) && drop(t) && sweep(t);
    if (ok) {
        t->has_failed = false;
        return;
    }
    t->try_at = mono_after_us(now, AGAIN_US);
    if (!t->has_failed && t->pg->conn)
        log_warn("the tables could not be put in order; tried again each minute",
                 log_err(&t->pg->trouble));
    t->has_failed = true;
}
