// kind.c - what several kinds of schedule have in common.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/kind.h"

#include <stdlib.h>

#include "time/civil.h"
#include "time/iso8601.h"
#include "trigger/words.h"

wall kind_horizon(void)
{
    return (wall){civil_days(CALENDAR_YEAR_MAX + 1, 1, 1) * DAY_US - 1};
}

void kind_write_moment(struct json_write *w, const char *key, wall at, const struct zone *zone)
{
    struct buf text;

    buf_init(&text, 64);
    iso8601_write(at, zone, &text);
    json_write_key(w, key);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

const struct zone *kind_rule_zone(const struct trigger *t)
{
    return t->bounds && t->bounds->rule_zone ? t->bounds->rule_zone : t->zone;
}

const struct exclude *kind_exclude(const struct trigger *t)
{
    return t->bounds ? t->bounds->exclude : NULL;
}

struct trigger *trigger_share(struct trigger *t)
{
    t->shared++;
    return t;
}

void trigger_free(struct trigger *t)
{
    if (!t || t->shared-- > 0)
        return;
    if (t->kind->done)
        t->kind->done(t);
    if (t->bounds)
        exclude_free(t->bounds->exclude);
    free(t->bounds);
    free(t->texts);
    free(t);
}

bool kind_is_calendar(const struct trigger *t)
{
    return t->kind->next == kind_calendar_next;
}

wall kind_calendar_next(const struct trigger *t, wall after)
{
    int64_t at = dst_next(&t->calendar, kind_rule_zone(t), floor_div(after.us, SECOND_US));

    return at == DST_NEVER ? WALL_NEVER : (wall){at * SECOND_US};
}

struct trigger_dst kind_dst(const struct dst_touch *touch)
{
    return (struct trigger_dst){
        .kind = touch->kind,
        .change_at = {touch->change_at * SECOND_US},
        .local_s = touch->local_s,
        .runs_at = touch->runs_at == DST_NEVER ? WALL_NEVER : (wall){touch->runs_at * SECOND_US},
        .is_twice = touch->is_twice,
    };
}

bool kind_next_dst(const struct trigger *t, const struct calendar *c, wall after, wall until,
                   struct trigger_dst *ret_dst)
{
    struct dst_touch touch;

    if (t->dst == DST_UTC || !dst_next_touch(c, t->zone, floor_div(after.us, SECOND_US),
                                             floor_div(until.us, SECOND_US), &touch))
        return false;
    *ret_dst = kind_dst(&touch);
    return true;
}

bool kind_calendar_next_dst(const struct trigger *t, wall after, wall until,
                            struct trigger_dst *ret_dst)
{
    return kind_next_dst(t, &t->calendar, after, until, ret_dst);
}

void kind_calendar_words(const struct trigger *t, struct buf *out)
{
    words_calendar(&t->calendar, out);
}
