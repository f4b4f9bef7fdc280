// lint_clock.c - what changes of the clocks will do to a schedule in the coming two years.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/lint_check.h"

#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/kind.h"
#include "trigger/phrase.h"

#define YEARS_US (2 * 366 * DAY_US)
#define NIGHTS_MAX 4
#define TEXT_BYTES_MAX 300

// The changes of one sort, in one zone, that touch a trigger.
struct nights {
    struct trigger_dst first;
    int count;
    struct civil dates[NIGHTS_MAX];
};

static void clock_write(int64_t local_s, struct buf *out)
{
    struct civil c = civil_at(local_s);

    iso8601_clock(&c, out);
}

static void night_add(struct nights *n, const struct trigger_dst *dst)
{
    if (n->count == 0)
        n->first = *dst;
    if (n->count < NIGHTS_MAX && dst->zone == n->first.zone)
        n->dates[n->count++] = civil_at(dst->local_s);
}

// "02:30 on 2027-03-28 and 2028-03-26"
static void nights_write(const struct nights *n, const char *between, struct buf *out)
{
    struct phrase_join join = {.out = out, .left = n->count};

    clock_write(n->first.local_s, out);
    buf_add_text(out, between);
    for (int i = 0; i < n->count; i++) {
        phrase_next(&join);
        buf_printf(out, "%04d-%02d-%02d", n->dates[i].year, n->dates[i].month, n->dates[i].day);
    }
}

// "clocks", "clocks in Europe/Berlin" where it is not plain whose
static void clocks_write(const struct lint *l, const struct nights *n, struct buf *out)
{
    buf_add_text(out, "clocks");
    if (n->first.zone != trigger_zone(l->t))
        buf_printf(out, " in %.*s", STR(zone_name(n->first.zone)));
}

static void gap_tell(struct lint *l, const struct nights *n)
{
    const struct zone *zone = n->first.zone;
    struct zone_span span;
    struct buf text;

    buf_init(&text, TEXT_BYTES_MAX);
    clocks_write(l, n, &text);
    buf_add_text(&text, " skip ");
    nights_write(n, " on ", &text);
    buf_add_text(&text,
                 n->first.runs_at.us == WALL_NEVER.us ? ": it does not run" : ": it runs at ");
    if (n->first.runs_at.us != WALL_NEVER.us) {
        zone_span_at(zone, floor_div(n->first.runs_at.us, SECOND_US), &span);
        clock_write(floor_div(n->first.runs_at.us, SECOND_US) + span.offset_s, &text);
    }
    lint_add(l, LINT_DST_GAP, NULL, "%s", buf_text(&text));
    buf_clear(&text);
    zone_span_at(zone, floor_div(n->first.change_at.us, SECOND_US), &span);
    buf_add_text(&text, "a time before ");
    clock_write(span.from + span.before_s, &text);
    buf_add_text(&text, " or from ");
    clock_write(span.from + span.offset_s, &text);
    lint_hint(l, "%s on is never skipped; \"dst\" chooses what happens", buf_text(&text));
    buf_done(&text);
}

static void fold_tell(struct lint *l, const struct nights *n)
{
    struct buf text;

    buf_init(&text, TEXT_BYTES_MAX);
    clocks_write(l, n, &text);
    buf_add_text(&text, " show ");
    nights_write(n, " twice on ", &text);
    lint_add(l, LINT_DST_FOLD, NULL, "%s: it runs %s", buf_text(&text),
             n->first.is_twice ? "both times" : "the first time only");
    buf_done(&text);
}

void lint_dst(struct lint *l)
{
    struct nights gaps = {0}, folds = {0};
    wall at = l->o->now, until = {at.us + YEARS_US};
    struct trigger_dst dst;

    while (trigger_next_dst(l->t, at, until, &dst)) {
        night_add(dst.kind == LOCAL_GAP ? &gaps : &folds, &dst);
        at = dst.change_at;
    }
    if (gaps.count)
        gap_tell(l, &gaps);
    if (folds.count)
        fold_tell(l, &folds);
}

// Elapsed days are no days of the clock where clocks change.
void lint_drift(struct lint *l)
{
    const struct zone *zone = trigger_zone(l->t);
    int64_t from_s = floor_div(l->next.us, SECOND_US), change_s;
    struct zone_span before, after;
    struct buf was, is;

    if (!l->has_pattern || l->pattern.form != PATTERN_ELAPSED ||
        l->pattern.every_us % DAY_US != 0 || l->next.us == WALL_NEVER.us)
        return;
    zone_span_at(zone, from_s, &before);
    change_s = before.to;
    if (change_s >= from_s + YEARS_US / SECOND_US)
        return;
    zone_span_at(zone, change_s, &after);
    if (after.offset_s == before.offset_s)
        return;
    buf_init(&was, 16);
    buf_init(&is, 16);
    clock_write(from_s + before.offset_s, &was);
    clock_write(from_s + after.offset_s, &is);
    lint_add(l, LINT_DRIFT, NULL,
             "it counts elapsed time: %s becomes %s when clocks change in %.*s", buf_text(&was),
             buf_text(&is), STR(zone_name(zone)));
    lint_hint(l, "a cron or calendarinterval trigger keeps the time of day");
    buf_done(&was);
    buf_done(&is);
}
