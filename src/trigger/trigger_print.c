// trigger_print.c - what a trigger says of itself: APScheduler's text, its spec, plain English.
//
// Apart from trigger.c, which knows every kind: kinds that hold triggers print them with this.
// SPDX-License-Identifier: Apache-2.0
#include "time/iso8601.h"
#include "trigger/kind.h"
#include "trigger/words.h"

void trigger_str(const struct trigger *t, struct buf *out)
{
    t->kind->str(t, out);
}

static void bounds_write(const struct bounds *b, const struct zone *zone, struct json_write *w)
{
    if (b->start.us != TRIGGER_BEGINNING.us)
        kind_write_moment(w, "start_date", b->start, zone);
    if (b->end.us != WALL_NEVER.us)
        kind_write_moment(w, "end_date", b->end, zone);
    if (b->max_runs) {
        json_write_key(w, "max_runs");
        json_write_int(w, b->max_runs);
    }
}

void kind_write_spec(const struct trigger *t, struct json_write *w)
{
    json_write_object(w);
    json_write_key(w, "type");
    json_write_text(w, t->kind->type);
    t->kind->write(t, w);
    if (t->bounds)
        bounds_write(t->bounds, t->zone, w);
    json_write_key(w, "timezone");
    json_write_str(w, zone_name(t->zone));
    if (t->bounds && t->bounds->jitter_s) {
        json_write_key(w, "jitter");
        json_write_int(w, t->bounds->jitter_s);
    }
    if (t->dst != DST_DEFAULT) {
        json_write_key(w, "dst");
        json_write_text(w, dst_names[t->dst]);
    }
    if (t->bounds && t->bounds->exclude)
        exclude_write(t->bounds->exclude, w);
    json_write_object_end(w);
}

void trigger_write(const struct trigger *t, struct buf *out)
{
    struct json_write w;

    json_write_init(&w, out);
    kind_write_spec(t, &w);
}

void trigger_words(const struct trigger *t, struct buf *out)
{
    const struct zone *zone = kind_rule_zone(t);

    t->kind->words(t, out);
    if (t->kind->common & COMMON_DST)
        buf_printf(out, ", %.*s", STR(zone_name(zone)));
    kind_words_bounds(t, out);
}

void kind_words_bounds(const struct trigger *t, struct buf *out)
{
    const struct bounds *b = t->bounds;

    if (b && b->start.us != TRIGGER_BEGINNING.us) {
        buf_add_text(out, ", from ");
        iso8601_named(b->start, t->zone, out);
    }
    if (b && b->end.us != WALL_NEVER.us) {
        buf_add_text(out, ", until ");
        iso8601_named(b->end, t->zone, out);
    }
    if (b && b->max_runs)
        buf_printf(out, ", %d time%s", b->max_runs, b->max_runs == 1 ? "" : "s");
    if (b && b->exclude)
        exclude_words(b->exclude, out);
    if (b && b->jitter_s) {
        buf_add_text(out, ", up to ");
        words_length(b->jitter_s * SECOND_US, out);
        buf_add_text(out, " later");
    }
}

void trigger_time_str(const struct trigger *t, wall at, struct buf *out)
{
    iso8601_python(at, t->zone, out);
}
