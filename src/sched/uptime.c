// uptime.c - when belfry itself was running.
// SPDX-License-Identifier: Apache-2.0
#include "sched/uptime.h"

void uptimes_done(struct uptimes *all)
{
    vec_done(all);
}

void uptimes_add(struct uptimes *all, const struct store_uptime *period)
{
    if (all->len > 0 && all->v[all->len - 1].to.us > period->from.us)
        all->v[all->len - 1].to = period->from;
    vec_push(all, *period);
}

bool uptimes_gap(const struct uptimes *all, wall from, wall upto, struct uptime_gap *ret_gap)
{
    struct uptime_gap best = {0};

    for (size_t i = 1; i < all->len; i++) {
        struct uptime_gap gap = {all->v[i - 1].to, all->v[i].from, all->v[i - 1].is_clean};

        if (gap.to.us < from.us || gap.from.us > upto.us || gap.to.us <= gap.from.us)
            continue;
        if (gap.to.us - gap.from.us > best.to.us - best.from.us)
            best = gap;
    }
    if (best.to.us > best.from.us)
        *ret_gap = best;
    return best.to.us > best.from.us;
}
