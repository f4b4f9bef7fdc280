// pattern_bounds.c - the bounds of a trigger around its pattern.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern_bounds.h"

#include "trigger/kind.h"

wall pattern_from(const struct pattern *p)
{
    return p->max_runs || p->start.us > p->now.us ? p->start : p->now;
}

wall pattern_next(const struct pattern *p, wall after)
{
    const struct trigger *t = p->trigger;
    wall slot;

    if (t->bounds && after.us < t->bounds->start.us)
        after.us = t->bounds->start.us - 1;
    slot = t->kind->next(t, after);
    return slot.us > p->end.us ? WALL_NEVER : slot;
}

bool pattern_no_runs(const char *to, struct err *e)
{
    return fail(e, ERR_INPUT, "type", "%s begins with a run to come, this schedule has none", to);
}
