// repeat_kind.c - schedules at equal steps of the calendar: ISO 8601 repeating intervals, and
// APScheduler's calendar intervals.
//
// Both are a struct repeat. The one is a text that says everything; the other has its anchor in
// start_date, before which nothing runs.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/mem.h"
#include "time/iso8601.h"
#include "trigger/iso_repeat.h"
#include "trigger/kind.h"
#include "trigger/phrase.h"
#include "trigger/repeat.h"
#include "trigger/spec.h"
#include "trigger/words.h"

#define YEARS_MAX 9000

// ---- what both have in common

static void own_repeat(struct trigger *t, const struct repeat *repeat)
{
    struct repeat *own = mem_alloc(sizeof *own);

    *own = *repeat;
    own->dst = t->dst;
    t->own = own;
}

static wall slot_next(const struct trigger *t, wall after)
{
    if (t->kind->is_anchored && after.us < t->start.us)
        after.us = t->start.us - 1;
    return repeat_next(t->own, after);
}

static wall slot_prev(const struct trigger *t, wall at)
{
    wall slot = repeat_prev(t->own, at);

    return t->kind->is_anchored && slot.us < t->start.us ? WALL_NEVER : slot;
}

static int64_t slots_count(const struct trigger *t, wall after, wall upto, int64_t max,
                           wall *ret_last)
{
    return repeat_count(t->own, after, upto, max, ret_last);
}

static bool touch_next(const struct trigger *t, wall after, wall until, struct trigger_dst *ret_dst)
{
    struct dst_touch touch;

    if (!repeat_next_touch(t->own, floor_div(after.us, SECOND_US), floor_div(until.us, SECOND_US),
                           &touch))
        return false;
    *ret_dst = kind_dst(&touch);
    return true;
}

static void repeat_done(struct trigger *t)
{
    free(t->own);
}

// "every month", "every 1 year and 6 months", "every 1 month, 15 days and 2 hours"; elapsed time is
// never told as days, which are not always as long.
static void say_every(const struct period *every, struct buf *out)
{
    const struct {
        const char *unit;
        int64_t n;
    } parts[] = {{"year", every->months / 12},
                 {"month", every->months % 12},
                 {"day", every->days},
                 {"hour", every->us / HOUR_US},
                 {"minute", every->us % HOUR_US / MINUTE_US}};
    int64_t seconds_us = every->us % MINUTE_US;
    struct phrase_join join = {.out = out, .left = seconds_us != 0};

    if (every->months == 0 && (every->us == 0 || (every->days == 0 && every->us % DAY_US != 0))) {
        words_interval(every->days * DAY_US + every->us, out);
        return;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        join.left += parts[i].n != 0;
    buf_add_text(out, "every ");
    if (join.left == 1 && (every->months == 1 || every->months == 12)) {
        buf_add_text(out, every->months == 1 ? "month" : "year");
        return;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].n != 0) {
            phrase_next(&join);
            buf_printf(out, "%lld %s%s", (long long)parts[i].n, parts[i].unit,
                       parts[i].n == 1 ? "" : "s");
        }
    if (seconds_us != 0) {
        phrase_next(&join);
        words_length(seconds_us, out);
    }
}

// "09:00", "09:00:30", "09:00:00.500000"
static void say_time(const struct civil *c, bool has_seconds, struct buf *out)
{
    buf_printf(out, "%02d:%02d", c->hour, c->minute);
    if (has_seconds || c->second || c->us)
        buf_printf(out, ":%02d", c->second);
    if (c->us)
        buf_printf(out, ".%06d", c->us);
}

// ---- iso8601

static bool iso8601_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                         struct err *e)
{
    struct spec_text expr;
    struct repeat repeat;

    if (!spec_text(spec, "expr", &expr, e))
        return false;
    if (!expr.s.p) {
        fail(e, ERR_INPUT, "expr", "an iso8601 trigger needs its text as \"expr\"");
        return fail_hint(e, "write it as R12/2026-01-31T09:00:00/P1M");
    }
    if (!iso_repeat_parse(expr.s, reader->context->zones, kind_rule_zone(t), &repeat, e))
        return false;
    t->texts = str_own(str_trim(expr.s));
    own_repeat(t, &repeat);
    return true;
}

static void iso8601_str(const struct trigger *t, struct buf *out)
{
    buf_printf(out, "iso8601[%s]", t->texts);
}

static void iso8601_write_expr(const struct trigger *t, struct json_write *w)
{
    json_write_key(w, "expr");
    json_write_text(w, t->texts);
}

// Where it is counted from; with its zone only when the words do not end in that one.
static void say_anchor(const struct trigger *t, struct buf *out)
{
    const struct repeat *r = t->own;
    const struct iso8601 anchor = {.civil = r->anchor};

    if (r->zone != kind_rule_zone(t)) {
        iso8601_named(iso8601_at(&anchor, r->zone), r->zone, out);
        return;
    }
    buf_printf(out, "%04d-%02d-%02d ", r->anchor.year, r->anchor.month, r->anchor.day);
    say_time(&r->anchor, true, out);
}

// "every month from 2026-01-31 09:00:00, 12 times"
static void iso8601_words(const struct trigger *t, struct buf *out)
{
    const struct repeat *r = t->own;
    bool is_backward = r->last == 0 && r->first < 0;
    int64_t count = r->last - r->first + 1;

    if (count == 1) {
        buf_add_text(out, "once at ");
    } else {
        say_every(&r->every, out);
        buf_add_text(out, is_backward ? " up to " : " from ");
    }
    say_anchor(t, out);
    if (count > 1 && count < REPEAT_ENDLESS)
        buf_printf(out, ", %lld times", (long long)count);
}

static const char *const iso8601_keys[] = {"expr", NULL};

const struct kind iso8601_kind = {
    .id = TRIGGER_ISO8601,
    .type = "iso8601",
    .keys = iso8601_keys,
    .common = COMMON_ALL,
    .grain_us = 1,
    .read = iso8601_read,
    .next = slot_next,
    .prev = slot_prev,
    .count = slots_count,
    .next_dst = touch_next,
    .str = iso8601_str,
    .write = iso8601_write_expr,
    .words = iso8601_words,
    .done = repeat_done,
};

// ---- calendarinterval

static bool every_read(const json_t *spec, struct period *ret_every, struct err *e)
{
    static const struct {
        const char *key;
        int months, days;
    } units[] = {{"years", 12, 0}, {"months", 1, 0}, {"weeks", 0, 7}, {"days", 0, 1}};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t n = 0, max = YEARS_MAX * (units[i].months ? 12 / units[i].months : 366);

        if (!spec_count(spec, units[i].key, max, &n, e))
            return false;
        ret_every->months += n * units[i].months;
        ret_every->days += n * units[i].days;
    }
    if (!period_is_zero(ret_every))
        return true;
    fail(e, ERR_INPUT, NULL, "a calendar interval must be longer than 0");
    return fail_hint(e, "give years, months, weeks or days");
}

// The time of day as one text, or as hour, minute and second; the anchor's when neither is given.
static bool time_read(const json_t *spec, struct civil *c, struct err *e)
{
    static const char *const keys[] = {"hour", "minute", "second"};
    int64_t parts[3] = {-1, -1, -1};
    struct spec_text text;
    struct iso8601 day;
    struct err ignored;
    char full[64];

    if (!spec_text(spec, "time", &text, e))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!spec_count(spec, keys[i], i ? 59 : 23, &parts[i], e))
            return false;
        if (text.s.p && parts[i] >= 0)
            return fail(e, ERR_INPUT, keys[i], "%s cannot stand beside time", keys[i]);
    }
    if (text.s.p) {
        snprintf(full, sizeof full, "2000-01-01T%.40s", text.s.p);
        if (text.s.len > 40 || !iso8601_parse(str_of(full), NULL, &day, &ignored) || day.has_offset)
            return fail(e, ERR_INPUT, "time", "time must be a time of day such as 09:00:00");
        day.civil.year = c->year;
        day.civil.month = c->month;
        day.civil.day = c->day;
        *c = day.civil;
    } else if (parts[0] >= 0 || parts[1] >= 0 || parts[2] >= 0) {
        c->hour = (int8_t)(parts[0] < 0 ? 0 : parts[0]);
        c->minute = (int8_t)(parts[1] < 0 ? 0 : parts[1]);
        c->second = (int8_t)(parts[2] < 0 ? 0 : parts[2]);
        c->us = 0;
    }
    return true;
}

static bool month_end_read(const json_t *spec, enum month_end *ret_month_end, struct err *e)
{
    struct spec_text text;

    if (!spec_text(spec, "month_end", &text, e))
        return false;
    *ret_month_end = text.s.p && str_eq(text.s, STR_LIT("last")) ? MONTH_END_LAST : MONTH_END_SKIP;
    if (!text.s.p || *ret_month_end == MONTH_END_LAST || str_eq(text.s, STR_LIT("skip")))
        return true;
    return fail(e, ERR_INPUT, "month_end",
                "month_end must be skip (months without the day are left out) or last");
}

static struct civil local_of(wall at, const struct zone *zone)
{
    int64_t utc_s = floor_div(at.us, SECOND_US);
    struct zone_span span;

    zone_span_at(zone, utc_s, &span);
    struct civil c = civil_at(utc_s + span.offset_s);
    c.us = (int32_t)(at.us - utc_s * SECOND_US);
    return c;
}

static bool calendar_interval_read(const json_t *spec, const struct kind_reader *reader,
                                   struct trigger *t, struct err *e)
{
    struct repeat repeat = {.zone = kind_rule_zone(t), .last = REPEAT_ENDLESS};
    struct iso8601 today = {.civil = local_of(reader->context->now, repeat.zone)};

    // Without start_date today is the anchor, from its midnight on.
    today.civil.hour = today.civil.minute = today.civil.second = 0;
    today.civil.us = 0;
    t->start = iso8601_at(&today, repeat.zone);
    if (!every_read(spec, &repeat.every, e) ||
        !spec_moment(spec, "start_date", t->zone, &t->start, e))
        return false;
    repeat.anchor = local_of(t->start, repeat.zone);
    if (!time_read(spec, &repeat.anchor, e) || !month_end_read(spec, &repeat.month_end, e))
        return false;
    own_repeat(t, &repeat);
    return true;
}

// The units that are printed, and how many of each there are.
static const char *const unit_keys[] = {"years", "months", "days"};

#define UNITS 3

static int64_t unit_count(const struct repeat *r, int unit)
{
    return unit == 0 ? r->every.months / 12 : unit == 1 ? r->every.months % 12 : r->every.days;
}

static void calendar_interval_str(const struct trigger *t, struct buf *out)
{
    const struct repeat *r = t->own;

    buf_add_text(out, "calendarinterval[");
    for (int i = 0; i < UNITS; i++)
        if (unit_count(r, i))
            buf_printf(out, "%s=%lld, ", unit_keys[i], (long long)unit_count(r, i));
    buf_add_text(out, "time='");
    say_time(&r->anchor, true, out);
    buf_add_text(out, r->month_end == MONTH_END_LAST ? "', month_end='last']" : "']");
}

static void calendar_interval_write(const struct trigger *t, struct json_write *w)
{
    const struct repeat *r = t->own;
    struct buf text;

    for (int i = 0; i < UNITS; i++)
        if (unit_count(r, i)) {
            json_write_key(w, unit_keys[i]);
            json_write_int(w, unit_count(r, i));
        }
    buf_init(&text, 40);
    say_time(&r->anchor, true, &text);
    json_write_key(w, "time");
    json_write_str(w, buf_str(&text));
    buf_done(&text);
    if (r->month_end == MONTH_END_LAST) {
        json_write_key(w, "month_end");
        json_write_text(w, "last");
    }
    kind_write_moment(w, "start_date", t->start, t->zone);
}

// "every month at 09:00, counted from 2026-01-31, leaving out months without that day"
static void calendar_interval_words(const struct trigger *t, struct buf *out)
{
    const struct repeat *r = t->own;

    say_every(&r->every, out);
    buf_add_text(out, " at ");
    say_time(&r->anchor, false, out);
    buf_printf(out, ", counted from %04d-%02d-%02d", r->anchor.year, r->anchor.month,
               r->anchor.day);
    if (r->every.months && r->anchor.day > 28)
        buf_add_text(out, r->month_end == MONTH_END_LAST ? ", or the last day of shorter months"
                                                         : ", leaving out months without that day");
}

static const char *const calendar_interval_keys[] = {
    "years", "months", "weeks", "days", "time", "hour", "minute", "second", "month_end", NULL};

const struct kind calendarinterval_kind = {
    .id = TRIGGER_CALENDARINTERVAL,
    .type = "calendarinterval",
    .keys = calendar_interval_keys,
    .common = COMMON_ALL,
    .is_anchored = true,
    .grain_us = 1,
    .read = calendar_interval_read,
    .next = slot_next,
    .prev = slot_prev,
    .next_dst = touch_next,
    .str = calendar_interval_str,
    .write = calendar_interval_write,
    .words = calendar_interval_words,
    .done = repeat_done,
};
