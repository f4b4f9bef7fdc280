// pattern.c - triggers as patterns, and patterns in another form.
//
// Calendars and elapsed time meet where they are the same set: every 5 minutes of elapsed time are
// local times, as long as all offsets of the zone agree modulo 5 minutes; and every 5 minutes of
// local time are elapsed time, when repeated hours count twice. Days are equal distances only where
// clocks do not change. Each refusal says which of this does not hold.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern.h"

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/kind.h"
#include "trigger/mask.h"
#include "trigger/pattern_bounds.h"
#include "trigger/pattern_own.h"
#include "trigger/words.h"

#define FOLD_US DAY_US // no longer
#define FOREVER (INT64_MAX / 2)
#define HOUR_S 3600
#define WEEK_S (7 * DAY_S)

static int64_t seconds_of(wall at)
{
    return floor_div(at.us, SECOND_US);
}

// A rule that names every day, or one of two that does, is no rule.
static void days_simplify(struct calendar *c)
{
    bool is_day = c->days == CALENDAR_DAYS, is_weekday = c->weekdays == CALENDAR_WEEKDAYS;
    bool is_any = c->is_either && (is_day || is_weekday);

    if (is_day || is_any) {
        c->days = CALENDAR_DAYS;
        c->last = c->nearest = c->last_nearest = 0;
        c->nth = c->nth_is_day ? 0 : c->nth;
    }
    if (is_weekday || is_any) {
        c->weekdays = CALENDAR_WEEKDAYS;
        c->nth = c->nth_is_day ? c->nth : 0;
    }
    c->is_either = c->is_either && !is_any;
}

// Form and what belongs to it, by the kind.
static bool form_set(struct pattern *p, const char *to, struct err *e)
{
    const struct trigger *t = p->trigger;

    if (kind_is_calendar(t)) {
        p->form = PATTERN_CALENDAR;
        p->calendar = t->calendar;
        days_simplify(&p->calendar);
        if (p->calendar.dst == DST_UTC) // in a zone without changes there is nothing to rule
            p->calendar.dst = DST_DEFAULT;
    } else if (t->kind->id == TRIGGER_INTERVAL) {
        p->form = PATTERN_ELAPSED;
        p->anchor = t->start;
        p->every_us = t->every_us;
        if (p->max_runs)
            p->start = p->anchor;
    } else if (trigger_is_once(t)) {
        p->form = PATTERN_MOMENT;
        p->anchor = t->start;
    } else if (t->kind == &rrule_kind) {
        return pattern_of_rrule(p, to, e);
    } else if (t->kind == &iso8601_kind || t->kind == &calendarinterval_kind) {
        return pattern_of_repeat(p, to, e);
    } else {
        return fail(e, ERR_INPUT, "type", "%s has no form for this trigger of type %s", to,
                    t->kind->type);
    }
    return true;
}

bool pattern_make(const struct trigger *t, wall now, const char *to, struct pattern *ret_pattern,
                  struct err *e)
{
    const struct bounds *b = t->bounds;
    struct pattern p = {
        .trigger = t,
        .zone = kind_rule_zone(t),
        .now = now,
        .start = b ? b->start : TRIGGER_BEGINNING,
        .end = b ? b->end : WALL_NEVER,
        .max_runs = b ? b->max_runs : 0,
    };

    if (t->kind->is_relative)
        return fail(e, ERR_INPUT, "type", "%s follows the clock, a trigger of type %s does not", to,
                    t->kind->type);
    if (trigger_next(t, (wall){-1}).us == WALL_NEVER.us) // most languages begin in 1970
        return pattern_no_runs(to, e);
    if (!form_set(&p, to, e))
        return false;
    *ret_pattern = p;
    return true;
}

bool pattern_is_untouched(const struct pattern *p)
{
    struct calendar fixed = p->calendar;
    wall end = p->end.us < kind_horizon().us ? p->end : kind_horizon();
    wall from = {pattern_from(p).us - FOLD_US}; // the times that a change repeats follow it
    struct trigger_dst dst;
    struct dst_touch touch;

    if (p->form != PATTERN_CALENDAR)
        return !kind_next_change(p->trigger, from, end, &dst);
    fixed.dst = DST_DEFAULT;
    fixed.is_elapsed = false;
    return !dst_next_touch(&fixed, p->zone, seconds_of(from), seconds_of(end), &touch);
}

// Do all offsets of the zone agree modulo some seconds, from a moment on?
static bool offsets_agree(const struct zone *zone, int64_t from_s, int64_t modulo_s)
{
    struct zone_span span;
    int64_t first;

    zone_span_at(zone, from_s, &span);
    first = span.offset_s;
    while (span.to < FOREVER && span.to < seconds_of(kind_horizon())) {
        zone_span_at(zone, span.to, &span);
        if ((span.offset_s - first) % modulo_s != 0)
            return false;
    }
    return true;
}

// ---- elapsed time as local times

static bool not_equal(const struct pattern *p, const char *to, const char *why, struct err *e)
{
    struct buf every;

    buf_init(&every, 200);
    words_interval(p->every_us, &every);
    fail(e, ERR_INPUT, "type", "%s cannot say \"%.*s\": %s", to, STR(buf_str(&every)), why);
    buf_done(&every);
    return false;
}

// The values of a unit that lie every so many from one on, as bits; all of them when every is 1.
static uint64_t values(int64_t first, int64_t every, int64_t count)
{
    uint64_t mask = 0;

    for (int64_t value = first % every; value < count; value += every)
        mask |= UINT64_C(1) << value;
    return mask;
}

// every_s divides the week, and more than that below a week.
static void elapsed_masks(struct calendar *c, int64_t local_s, int64_t every_s)
{
    int64_t of_week = local_s - floor_div(local_s, WEEK_S) * WEEK_S; // 1970 began on a Thursday
    int64_t second = of_week % 60, minute = of_week / 60 % 60, hour = of_week / HOUR_S % 24;

    calendar_init(c);
    c->is_elapsed = true;
    if (every_s < 60) {
        c->seconds = values(second, every_s, 60);
        return;
    }
    c->seconds = UINT64_C(1) << second;
    if (every_s < HOUR_S) {
        c->minutes = values(minute, every_s / 60, 60);
        return;
    }
    c->minutes = UINT64_C(1) << minute;
    if (every_s < DAY_S) {
        c->hours = (uint32_t)values(hour, every_s / HOUR_S, 24);
        return;
    }
    c->hours = 1U << hour;
    if (every_s == WEEK_S)
        c->weekdays = (uint8_t)(1 << civil_weekday(of_week / DAY_S));
}

static bool elapsed_to_calendar(struct pattern *p, const char *to, struct err *e)
{
    int64_t every_s = p->every_us / SECOND_US, from_s = seconds_of(pattern_from(p));
    struct zone_span span;

    if (p->every_us % SECOND_US != 0 || p->anchor.us % SECOND_US != 0)
        return not_equal(p, to, "it has no fractions of a second", e);
    if (!(every_s < 60 ? 60 % every_s == 0
          : every_s < HOUR_S
              ? every_s % 60 == 0 && HOUR_S % every_s == 0
              : every_s == WEEK_S || (every_s % HOUR_S == 0 && DAY_S % every_s == 0)))
        return not_equal(p, to,
                         every_s < 60       ? "that does not divide the minute"
                         : every_s < HOUR_S ? "that does not divide the hour"
                         : every_s < DAY_S  ? "that does not divide the day"
                                           : "only every day and every week are days by a calendar",
                         e);
    if (!offsets_agree(p->zone, from_s, every_s)) {
        not_equal(p, to, "as elapsed time that moves on the clock when clocks change", e);
        return fail_hint(e, "zone %.*s has such changes, UTC has none", STR(zone_name(p->zone)));
    }
    zone_span_at(p->zone, from_s, &span);
    elapsed_masks(&p->calendar, seconds_of(p->anchor) + span.offset_s, every_s);
    p->form = PATTERN_CALENDAR;
    if (p->anchor.us > p->now.us || p->max_runs)
        p->start = p->anchor;
    return true;
}

static bool moment_to_calendar(struct pattern *p, const char *to, struct err *e)
{
    struct calendar *c = &p->calendar;
    struct zone_span span;
    struct civil at;

    if (p->anchor.us % SECOND_US != 0)
        return fail(e, ERR_INPUT, "run_date", "%s has no fractions of a second", to);
    zone_span_at(p->zone, seconds_of(p->anchor), &span);
    at = civil_at(seconds_of(p->anchor) + span.offset_s);
    if (at.year < CALENDAR_YEAR_MIN || at.year > CALENDAR_YEAR_MAX)
        return fail(e, ERR_INPUT, "run_date", "%s has the years %d to %d only", to,
                    CALENDAR_YEAR_MIN, CALENDAR_YEAR_MAX);
    calendar_init(c);
    memset(c->years, 0, sizeof c->years);
    calendar_add_year(c, at.year);
    c->months = (uint16_t)(1 << at.month);
    c->days = 1U << at.day;
    c->hours = 1U << at.hour;
    c->minutes = UINT64_C(1) << at.minute;
    c->seconds = UINT64_C(1) << at.second;
    if (dst_next(c, p->zone, seconds_of(p->anchor) - 1) != seconds_of(p->anchor))
        return fail(e, ERR_INPUT, "run_date",
                    "%s means the first of the two moments at which clocks show this time", to);
    p->form = PATTERN_CALENDAR;
    return true;
}

// ---- steps as local times

// The years of every so many from one on.
static void years_set(struct calendar *c, int first, int every)
{
    memset(c->years, 0, sizeof c->years);
    if (first < CALENDAR_YEAR_MIN)
        first = CALENDAR_YEAR_MIN + (every - (CALENDAR_YEAR_MIN - first) % every) % every;
    for (int year = first; year <= CALENDAR_YEAR_MAX; year += every)
        calendar_add_year(c, year);
}

static bool months_to_calendar(struct pattern *p, const struct civil *at, const char *to,
                               struct err *e)
{
    struct calendar *c = &p->calendar;
    bool is_last = p->cuts_months && at->day == 31;

    if (p->months < 12 ? 12 % p->months != 0 : p->months % 12 != 0)
        return fail(e, ERR_INPUT, "type",
                    "%s cannot say every %d months: that is no whole number "
                    "of times a year",
                    to, p->months);
    if (p->cuts_months && at->day > 28 && !is_last)
        return fail(e, ERR_INPUT, "type",
                    "%s cannot say day %d, or the last day of months that are shorter", to,
                    at->day);
    if (is_last) {
        c->days = 0;
        c->last = 1;
    } else {
        c->days = 1U << at->day;
    }
    if (p->months >= 12) {
        c->months = (uint16_t)(1 << at->month);
        years_set(c, at->year, p->months / 12);
    } else {
        c->months = 0;
        for (int month = (at->month - 1) % p->months + 1; month <= 12; month += p->months)
            c->months |= (uint16_t)(1 << month);
    }
    return true;
}

static bool steps_to_calendar(struct pattern *p, const char *to, struct err *e)
{
    struct calendar *c = &p->calendar;
    struct civil at = civil_at(p->anchor_s);
    struct zone_local local;
    uint8_t dst = c->dst;

    calendar_init(c);
    c->dst = dst;
    c->hours = 1U << at.hour;
    c->minutes = UINT64_C(1) << at.minute;
    c->seconds = UINT64_C(1) << at.second;
    if (p->days == 7)
        c->weekdays = (uint8_t)(1 << civil_weekday(floor_div(p->anchor_s, DAY_S)));
    else if (p->days > 1)
        return fail(e, ERR_INPUT, "type", "%s cannot count every %d days", to, p->days);
    if (p->months && !months_to_calendar(p, &at, to, e))
        return false;
    zone_from_local(p->zone, p->anchor_s, &local);
    if (local.first > seconds_of(p->now) && local.first > seconds_of(p->start))
        p->start = (wall){local.first * SECOND_US};
    p->form = PATTERN_CALENDAR;
    return true;
}

bool pattern_to_calendar(struct pattern *p, const char *to, struct err *e)
{
    switch (p->form) {
    case PATTERN_ELAPSED:
        return elapsed_to_calendar(p, to, e);
    case PATTERN_STEPS:
        return steps_to_calendar(p, to, e);
    case PATTERN_MOMENT:
        return moment_to_calendar(p, to, e);
    case PATTERN_CALENDAR:
        break;
    }
    return true;
}

// ---- local times as elapsed time

// The distance of times that lie equally far apart day by day, in seconds; 0 for others.
static int64_t distance(const struct calendar *c)
{
    int second = mask_step(c->seconds), minute = mask_step(c->minutes), hour = mask_step(c->hours);
    bool is_dense = c->minutes == CALENDAR_MINUTES, is_dense_hour = c->hours == CALENDAR_HOURS;

    if (second)
        return second == mask_first(c->seconds) + 60 - mask_last(c->seconds) && is_dense &&
                       is_dense_hour
                   ? second
                   : 0;
    if (!mask_is_single(c->seconds))
        return 0;
    if (minute)
        return minute == mask_first(c->minutes) + 60 - mask_last(c->minutes) && is_dense_hour
                   ? minute * 60
                   : 0;
    if (!mask_is_single(c->minutes))
        return 0;
    if (hour)
        return hour == mask_first(c->hours) + 24 - mask_last(c->hours) ? hour * HOUR_S : 0;
    return mask_is_single(c->hours) ? DAY_S : 0;
}

static bool calendar_to_elapsed(struct pattern *p, const char *to, struct err *e)
{
    const struct calendar *c = &p->calendar;
    int64_t every_s = distance(c);
    bool is_weekly =
        every_s == DAY_S && mask_is_single(c->weekdays) && c->nth == 0 && !c->is_either;
    struct calendar every_day = *c;

    if (is_weekly) {
        every_s = WEEK_S;
        every_day.weekdays = CALENDAR_WEEKDAYS;
    }
    if (every_s == 0 || !calendar_is_daily(&every_day))
        return fail(e, ERR_INPUT, "type", "%s needs runs that are all equally far apart", to);
    if (!offsets_agree(p->zone, seconds_of(pattern_from(p)), every_s) ||
        (!pattern_is_untouched(p) && !(c->is_elapsed && c->dst == DST_DEFAULT))) {
        fail(e, ERR_INPUT, "type", "%s counts elapsed time, this schedule keeps to the clock", to);
        return fail_hint(e, "they differ when clocks change in %.*s", STR(zone_name(p->zone)));
    }
    p->form = PATTERN_ELAPSED;
    p->every_us = every_s * SECOND_US;
    p->anchor = pattern_next(p, (wall){pattern_from(p).us - 1});
    if (p->anchor.us == WALL_NEVER.us)
        return pattern_no_runs(to, e);
    if (!p->max_runs)
        p->start = TRIGGER_BEGINNING;
    return true;
}

bool pattern_to_elapsed(struct pattern *p, const char *to, struct err *e)
{
    if (p->form == PATTERN_CALENDAR)
        return calendar_to_elapsed(p, to, e);
    if (p->form == PATTERN_ELAPSED)
        return true;
    if (p->form == PATTERN_MOMENT)
        return fail(e, ERR_INPUT, "type", "%s repeats, this schedule does not", to);
    return fail(e, ERR_INPUT, "type", "%s counts elapsed time, this schedule counts %s", to,
                p->months ? "months" : "days");
}

// ---- local times as steps

static int month_step(uint32_t months)
{
    int step = mask_is_single(months) ? 12 : mask_step(months);

    return step && step == mask_first(months) + 12 - mask_last(months) ? step : 0;
}

// Which days: every one, one of the week, or one of the month. False for others.
static bool step_find(const struct calendar *c, struct pattern *p)
{
    struct calendar dates = *c;

    p->months = p->days = 0;
    if (c->nth || c->nearest || c->last_nearest || c->is_either)
        return false;
    if (mask_is_single(c->weekdays) && c->days == CALENDAR_DAYS) {
        p->days = 7;
        dates.weekdays = CALENDAR_WEEKDAYS;
    } else if (c->days == CALENDAR_DAYS) {
        p->days = 1;
    } else if ((mask_is_single(c->days) && c->last == 0) || (c->days == 0 && c->last == 1)) {
        p->months = month_step(c->months);
        dates.days = CALENDAR_DAYS;
        dates.months = CALENDAR_MONTHS;
    }
    return calendar_is_daily(&dates) && (p->months || p->days);
}

int64_t pattern_first_local(const struct pattern *p)
{
    wall from = pattern_from(p);
    struct zone_local local;
    struct zone_span span;
    int64_t first;

    if (trigger_next(p->trigger, (wall){from.us - 1}).us == WALL_NEVER.us)
        return CALENDAR_NEVER;
    zone_span_at(p->zone, seconds_of(from), &span);
    first = calendar_next(&p->calendar, seconds_of(from) + span.offset_s);
    zone_from_local(p->zone, first, &local);
    // Clocks show it a second time, which is not meant.
    if (local.kind == LOCAL_FOLD && local.first < seconds_of(p->start))
        first = calendar_next(&p->calendar, first + 1);
    return first;
}

// Months are counted from an anchor whose day is cut to the length of each: the last day of every
// month is day 31 of one that has it. Earlier runs do not matter, unless there is a start.
static bool last_day_anchor(struct pattern *p)
{
    bool is_open = p->start.us == TRIGGER_BEGINNING.us && !p->max_runs;

    for (int back = 0; back < 12; back += p->months) {
        struct civil at = civil_at(p->anchor_s);
        int64_t month = (int64_t)at.year * 12 + at.month - 1 - back;
        int length = civil_month_days(floor_div(month, 12), (int)(month % 12) + 1);

        if (length == 31 || (p->months % 12 == 0 && length == 30)) {
            p->anchor_s += (civil_days(floor_div(month, 12), (int)(month % 12) + 1, length) -
                            civil_days(at.year, at.month, at.day)) *
                           DAY_S;
            return true;
        }
        if (!is_open)
            return false;
    }
    return false;
}

bool pattern_is_one_time(const struct pattern *p)
{
    const struct calendar *c = &p->calendar;

    return mask_is_single(c->seconds) && mask_is_single(c->minutes) && mask_is_single(c->hours);
}

static bool calendar_to_steps(struct pattern *p, const char *to, struct err *e)
{
    const struct calendar *c = &p->calendar;

    if (!pattern_is_one_time(p))
        return fail(e, ERR_INPUT, "type", "%s has one time of day", to);
    if (!step_find(c, p))
        return fail(e, ERR_INPUT, "type",
                    "%s counts days, weeks or months; these days are not equally far apart", to);
    if (c->is_elapsed && c->dst == DST_DEFAULT && !pattern_is_untouched(p))
        return fail(e, ERR_INPUT, "type",
                    "%s keeps to the clock, this schedule runs twice when clocks go back", to);
    p->anchor_s = pattern_first_local(p);
    if (p->anchor_s == CALENDAR_NEVER)
        return pattern_no_runs(to, e);
    p->cuts_months = true;
    if (p->months && c->days > 1U << 28 &&
        !(p->months % 12 == 0 && civil_at(p->anchor_s).month != 2))
        return fail(e, ERR_INPUT, "type",
                    "%s cuts day %d to the end of shorter months, this schedule leaves it out", to,
                    mask_first(c->days));
    if (p->months && c->last && !last_day_anchor(p))
        return fail(e, ERR_INPUT, "type", "%s has no last day of the month from there on", to);
    p->form = PATTERN_STEPS;
    if (!p->max_runs)
        p->start = TRIGGER_BEGINNING;
    return true;
}

bool pattern_to_steps(struct pattern *p, const char *to, struct err *e)
{
    if (p->form == PATTERN_CALENDAR)
        return calendar_to_steps(p, to, e);
    if (p->form == PATTERN_STEPS)
        return true;
    return fail(e, ERR_INPUT, "type", "%s counts days, weeks or months", to);
}
