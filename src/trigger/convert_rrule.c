// convert_rrule.c - schedules as recurrence rules of RFC 5545.
//
// Rules begin at DTSTART: the first time from now on, or the schedule's own start. They leave out
// times that clocks skip and mean repeated ones once, which is dst.h's skip: where a schedule does
// otherwise and a change touches it, its spec says so by "dst". Days that one rule cannot name
// together, or times that count twice, are said in UTC or in two rules, whose union it is.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert_parts.h"
#include "trigger/convert_write.h"

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/kind.h"
#include "trigger/mask.h"
#include "trigger/pattern_bounds.h"

#define NAME "rrule"
#define TEXT_BYTES_MAX 8192
#define START_YEAR_MIN 1600 // rrule_read.c has rules that begin in it, somewhere on Earth

static const char *const weekday_codes[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

// "20260131T090000"
static void stamp_write(int64_t local_s, struct buf *out)
{
    struct civil c = civil_at(local_s);

    buf_printf(out, "%04d%02d%02dT%02d%02d%02d", c.year, c.month, c.day, c.hour, c.minute,
               c.second);
}

// NULL stands for UTC.
static bool is_utc(const struct zone *zone)
{
    return !zone || str_eq(zone_name(zone), STR_LIT("UTC"));
}

// A start in a zone that has no name, but an offset, is local in the trigger's.
static void start_write(int64_t local_s, const struct zone *zone, json_t *common, struct buf *out)
{
    struct str name = is_utc(zone) ? STR_LIT("UTC") : zone_name(zone);
    bool is_named = !is_utc(zone) && name.p[0] != '+' && name.p[0] != '-';

    (void)json_object_set_new(common, "timezone", json_stringn(name.p, name.len));
    buf_add_text(out, "DTSTART");
    if (is_named)
        buf_printf(out, ";TZID=%.*s", STR(name));
    buf_add_byte(out, ':');
    stamp_write(local_s, out);
    if (is_utc(zone))
        buf_add_byte(out, 'Z');
}

// ---- bounds and clocks

// What a rule says itself of the bounds; the rest stay members beside it.
enum bound_text {
    BOUND_NONE,
    BOUND_UNTIL,
    BOUND_COUNT,
};

static enum bound_text bound_choose(const struct pattern *p, size_t rule_count)
{
    bool has_end = p->end.us != WALL_NEVER.us;

    if (has_end && !p->max_runs)
        return BOUND_UNTIL;
    // COUNT counts local times, max_runs runs.
    return p->max_runs && !has_end && rule_count == 1 && !kind_exclude(p->trigger) &&
                   (p->form == PATTERN_ELAPSED || pattern_is_untouched(p))
               ? BOUND_COUNT
               : BOUND_NONE;
}

static void bound_write(const struct pattern *p, enum bound_text bound, struct buf *out)
{
    if (bound == BOUND_COUNT)
        buf_printf(out, ";COUNT=%lld", (long long)p->max_runs);
    if (bound != BOUND_UNTIL)
        return;
    buf_add_text(out, ";UNTIL=");
    stamp_write(floor_div(p->end.us, SECOND_US), out);
    buf_add_byte(out, 'Z');
}

static void bound_take(struct pattern *p, enum bound_text bound)
{
    if (bound == BOUND_NONE && p->max_runs)
        return; // counted from start_date
    p->start = TRIGGER_BEGINNING;
    p->end = WALL_NEVER;
    p->max_runs = 0;
}

// Hourly schedules that count elapsed time are the same in UTC, where clocks do not change.
static bool to_utc(struct pattern *p)
{
    struct calendar *c = &p->calendar;
    struct zone_span span;
    struct pattern probe = *p;
    struct err e;

    zone_span_at(p->zone, floor_div(pattern_from(p).us, SECOND_US), &span);
    probe.calendar.minutes = 1;
    probe.calendar.seconds = 1;
    if (c->hours != CALENDAR_HOURS || !calendar_is_daily(c) || span.offset_s % 3600 != 0 ||
        !pattern_to_elapsed(&probe, NAME, &e))
        return false;
    p->zone = NULL;
    return true;
}

// Does a gap of more than three hours swallow a time of the schedule?
static bool loses_days(const struct pattern *p)
{
    wall at = pattern_from(p);
    struct trigger_dst dst;

    for (; kind_next_change(p->trigger, at, kind_horizon(), &dst); at = dst.change_at)
        if (dst.kind == LOCAL_GAP && dst.runs_at.us == WALL_NEVER.us)
            return true;
    return false;
}

// Says by "dst" what rules do not mean of themselves.
static bool clock_choose(struct pattern *p, json_t *common, struct err *e)
{
    const struct calendar *c = &p->calendar;

    if (p->zone != p->trigger->zone || c->dst == DST_SKIP)
        (void)json_object_del(common, "dst");
    if (c->dst != DST_DEFAULT || pattern_is_untouched(p))
        return true;
    if (c->is_elapsed)
        return to_utc(p) ||
               fail(e, ERR_INPUT, "type", NAME " means a time that clocks show twice only once");
    if (loses_days(p))
        return fail(e, ERR_INPUT, "type",
                    NAME " has no rule for times that a gap of more than three hours swallows");
    (void)json_object_set_new(common, "dst", json_string(dst_names[DST_FIRST]));
    return true;
}

// ---- rules of a calendar

#define RULES_MAX 4

// The days of one rule: those that all of its lists name. An empty list names all.
struct rule {
    uint32_t days, last;
    uint8_t weekdays;
    uint64_t nth;
    int place; // BYSETPOS among the working days of the month; 0: none
};

struct rules {
    struct rule v[RULES_MAX];
    size_t count;
};

static void rule_add(struct rules *r, struct rule rule)
{
    r->v[r->count++] = rule;
}

// The first and the last working day of the month are places among them. Nothing else that is
// nearest to a day is.
static bool working_days_add(const struct pattern *p, const struct day_rules *d, struct rules *r,
                             struct err *e)
{
    if ((d->nearest | d->last_nearest) == 0)
        return true;
    if ((d->nearest & ~2U) || (d->last_nearest & ~1U) || !pattern_is_one_time(p) ||
        (d->has_weekday && !d->is_either))
        return fail(e, ERR_INPUT, "day", NAME " has no working day nearest to a day");
    if (d->nearest)
        rule_add(r, (struct rule){.weekdays = 0x1f, .place = 1});
    if (d->last_nearest)
        rule_add(r, (struct rule){.weekdays = 0x1f, .place = -1});
    return true;
}

static bool rules_make(const struct pattern *p, struct rules *r, struct err *e)
{
    struct day_rules d;
    bool is_both;

    day_rules_of(&p->calendar, &d);
    is_both = d.has_day && d.has_weekday && !d.is_either;
    r->count = 0;
    if (d.has_day && (d.days | d.last))
        rule_add(r, (struct rule){.days = d.days,
                                  .last = d.last,
                                  .weekdays = is_both ? d.weekdays : 0,
                                  .nth = is_both ? d.weekday_nth : 0});
    if (d.has_day && d.day_nth) {
        uint64_t all = 0;

        for (int group = 0; group <= CALENDAR_NTH_LAST; group++)
            all |= (uint64_t)(is_both ? d.weekdays : CALENDAR_WEEKDAYS) << group * 7;
        if (d.day_nth & all)
            rule_add(r, (struct rule){.nth = d.day_nth & all});
    }
    if (d.has_day && !working_days_add(p, &d, r, e))
        return false;
    if (d.has_weekday && !is_both)
        rule_add(r, (struct rule){.weekdays = d.weekdays, .nth = d.weekday_nth});
    if (!d.has_day && !d.has_weekday)
        rule_add(r, (struct rule){0});
    return true;
}

static void numbers_write(const char *part, uint64_t mask, struct buf *out)
{
    buf_printf(out, ";%s=", part);
    for (; mask != 0; mask &= mask - 1)
        buf_printf(out, mask & (mask - 1) ? "%d," : "%d", mask_first(mask));
}

static void by_days_write(const struct rule *r, struct buf *out)
{
    const char *separator = ";BYMONTHDAY=";

    for (uint32_t left = r->days; left != 0; left &= left - 1, separator = ",")
        buf_printf(out, "%s%d", separator, mask_first(left));
    for (uint32_t left = r->last; left != 0; left &= left - 1, separator = ",")
        buf_printf(out, "%s-%d", separator, mask_first(left) + 1);
    separator = ";BYDAY=";
    for (uint32_t left = r->weekdays; left != 0; left &= left - 1, separator = ",")
        buf_printf(out, "%s%s", separator, weekday_codes[mask_first(left)]);
    for (uint64_t left = r->nth; left != 0; left &= left - 1, separator = ",") {
        int bit = mask_first(left);

        buf_printf(out, "%s%d%s", separator, bit / 7 == CALENDAR_NTH_LAST ? -1 : bit / 7 + 1,
                   weekday_codes[bit % 7]);
    }
    if (r->place)
        buf_printf(out, ";BYSETPOS=%d", r->place);
}

// Lists of hours, minutes and seconds. The least frequency that they do not limit is the rule's;
// a single value is DTSTART's.
static const char *times_write(const struct calendar *c, const char *freq, bool is_plain,
                               struct buf *out)
{
    bool has_seconds = c->seconds != CALENDAR_SECONDS, has_minutes = c->minutes != CALENDAR_MINUTES;
    bool has_hours = c->hours != CALENDAR_HOURS || !is_plain;

    if (!has_hours)
        freq = has_minutes ? "HOURLY" : has_seconds ? "MINUTELY" : "SECONDLY";
    has_minutes |= has_hours;
    has_seconds |= has_minutes;
    if (has_hours && !mask_is_single(c->hours))
        numbers_write("BYHOUR", c->hours, out);
    if (has_minutes && !mask_is_single(c->minutes))
        numbers_write("BYMINUTE", c->minutes, out);
    if (has_seconds && !mask_is_single(c->seconds))
        numbers_write("BYSECOND", c->seconds, out);
    return freq;
}

static void rule_write(const struct calendar *c, const struct rule *r, struct buf *out)
{
    bool has_weeks = c->weeks != CALENDAR_WEEKS;
    bool is_plain = !has_weeks && (r->days | r->last) == 0 && r->nth == 0 && r->place == 0;
    const char *freq = has_weeks     ? "YEARLY"
                       : !is_plain   ? "MONTHLY"
                       : r->weekdays ? "WEEKLY"
                                     : "DAILY";
    struct buf times;

    buf_init(&times, TEXT_BYTES_MAX);
    freq = times_write(c, freq, is_plain, &times);
    buf_printf(out, "\nRRULE:FREQ=%s", freq);
    if (c->months != CALENDAR_MONTHS)
        numbers_write("BYMONTH", c->months, out);
    if (has_weeks)
        numbers_write("BYWEEKNO", c->weeks, out);
    if (has_weeks && r->weekdays == 0)
        buf_add_text(out, ";BYDAY=MO,TU,WE,TH,FR,SA,SU");
    by_days_write(r, out);
    buf_add(out, buf_str(&times));
    buf_done(&times);
}

// Years without a gap are bounds.
static bool years_bound(struct pattern *p, struct err *e)
{
    struct calendar *c = &p->calendar;
    int first = CALENDAR_YEAR_MIN, last = CALENDAR_YEAR_MAX;
    struct zone_local at;

    while (!calendar_has_year(c, first))
        first++;
    while (!calendar_has_year(c, last))
        last--;
    for (int year = first; year <= last; year++)
        if (!calendar_has_year(c, year))
            return fail(e, ERR_INPUT, "year", NAME " has no list of years");
    if (last < CALENDAR_YEAR_MAX) {
        zone_from_local(p->zone, civil_days(last + 1, 1, 1) * DAY_S, &at);
        if ((at.first - 1) * SECOND_US < p->end.us)
            p->end = (wall){(at.first - 1) * SECOND_US};
    }
    return true;
}

static bool calendar_write(struct pattern *p, json_t *common, struct buf *out, struct err *e)
{
    const struct calendar *c = &p->calendar;
    enum bound_text bound;
    struct rules rules;
    int64_t start_s;

    if (!rules_make(p, &rules, e) || !years_bound(p, e))
        return false;
    if (c->weeks != CALENDAR_WEEKS && c->nth)
        return fail(e, ERR_INPUT, "week", NAME " has no numbered weekdays beside ISO weeks");
    start_s = pattern_first_local(p);
    if (start_s == CALENDAR_NEVER)
        return pattern_no_runs(NAME, e);
    bound = bound_choose(p, rules.count);
    if (!clock_choose(p, common, e))
        return false;
    if (!p->zone)
        start_s = floor_div(pattern_next(p, (wall){pattern_from(p).us - 1}).us, SECOND_US);
    start_write(start_s, p->zone, common, out);
    for (size_t i = 0; i < rules.count; i++) {
        rule_write(c, &rules.v[i], out);
        bound_write(p, bound, out);
    }
    bound_take(p, bound);
    return true;
}

// ---- elapsed time, steps, moments

static bool elapsed_write(struct pattern *p, json_t *common, struct buf *out, struct err *e)
{
    static const struct {
        const char *freq;
        int64_t us;
    } units[] = {{"WEEKLY", 7 * DAY_US},
                 {"DAILY", DAY_US},
                 {"HOURLY", HOUR_US},
                 {"MINUTELY", MINUTE_US},
                 {"SECONDLY", SECOND_US}};
    enum bound_text bound = bound_choose(p, 1);
    size_t i = 0;

    if (p->every_us % SECOND_US != 0 || p->anchor.us % SECOND_US != 0)
        return fail(e, ERR_INPUT, "seconds", NAME " has no fractions of a second");
    while (p->every_us % units[i].us != 0)
        i++;
    start_write(p->anchor.us / SECOND_US, NULL, common, out);
    buf_printf(out, "\nRRULE:FREQ=%s", units[i].freq);
    if (p->every_us != units[i].us)
        buf_printf(out, ";INTERVAL=%lld", (long long)(p->every_us / units[i].us));
    bound_write(p, bound, out);
    bound_take(p, bound);
    if (p->max_runs)
        p->start = p->anchor; // from where they are counted
    return true;
}

static bool moment_write(struct pattern *p, json_t *common, struct buf *out, struct err *e)
{
    if (p->anchor.us % SECOND_US != 0)
        return fail(e, ERR_INPUT, "run_date", NAME " has no fractions of a second");
    start_write(p->anchor.us / SECOND_US, NULL, common, out);
    buf_add_text(out, "\nRRULE:FREQ=DAILY;COUNT=1");
    return true;
}

// "FREQ=WEEKLY;INTERVAL=2"
static void steps_rule_write(const struct pattern *p, struct buf *out)
{
    static const struct {
        const char *freq;
        int days, months;
    } units[] = {{"YEARLY", 0, 12}, {"MONTHLY", 0, 1}, {"WEEKLY", 7, 0}, {"DAILY", 1, 0}};
    int month = civil_at(p->anchor_s).month, every = 0;
    size_t i = 0;

    for (; every == 0; i += every == 0)
        if (p->months && units[i].months && p->months % units[i].months == 0)
            every = p->months / units[i].months;
        else if (p->days && units[i].days && p->days % units[i].days == 0)
            every = p->days / units[i].days;
    buf_printf(out, "\nRRULE:FREQ=%s", units[i].freq);
    if (every != 1)
        buf_printf(out, ";INTERVAL=%d", every);
    if (p->months && p->cuts_months && civil_at(p->anchor_s).day == 31)
        buf_printf(out, p->months % 12 ? ";BYMONTHDAY=-1" : ";BYMONTH=%d;BYMONTHDAY=-1", month);
}

static bool steps_write(struct pattern *p, json_t *common, struct buf *out, struct err *e)
{
    int day = civil_at(p->anchor_s).day;
    struct zone_local local;
    enum bound_text bound;
    wall start;

    if (p->months && p->cuts_months && day > 28 && day != 31)
        return fail(e, ERR_INPUT, "type",
                    NAME " cannot say day %d, or the last day of months that are shorter", day);
    zone_from_local(p->zone, p->anchor_s, &local);
    start = p->start.us > local.first * SECOND_US ? p->start : TRIGGER_BEGINNING;
    bound = p->max_runs && start.us != TRIGGER_BEGINNING.us ? BOUND_NONE : bound_choose(p, 1);
    if (!clock_choose(p, common, e))
        return false;
    start_write(p->anchor_s, p->zone, common, out);
    steps_rule_write(p, out);
    bound_write(p, bound, out);
    bound_take(p, bound);
    if (start.us != TRIGGER_BEGINNING.us)
        p->start = start; // the first time is not a run yet
    return true;
}

// Times of one distance within the day are rather counted than listed.
static void elapsed_prefer(struct pattern *p)
{
    struct pattern as_elapsed = *p;
    struct err e;

    if (p->form == PATTERN_CALENDAR && pattern_to_elapsed(&as_elapsed, NAME, &e) &&
        as_elapsed.every_us < DAY_US)
        *p = as_elapsed;
}

// Rules begin in certain years.
static bool start_check(const struct pattern *p, struct err *e)
{
    int64_t start_s = p->form == PATTERN_STEPS ? p->anchor_s : floor_div(p->anchor.us, SECOND_US);

    if (p->form == PATTERN_CALENDAR || start_s >= civil_days(START_YEAR_MIN + 1, 1, 1) * DAY_S)
        return true;
    return fail(e, ERR_INPUT, "start_date", NAME " begins after the year %d", START_YEAR_MIN);
}

bool convert_rrule(struct pattern *p, json_t *spec, json_t *common, struct err *e)
{
    struct buf out;
    bool ok;

    elapsed_prefer(p);
    if (!start_check(p, e))
        return false;
    buf_init(&out, TEXT_BYTES_MAX);
    ok = p->form == PATTERN_ELAPSED    ? elapsed_write(p, common, &out, e)
         : p->form == PATTERN_MOMENT   ? moment_write(p, common, &out, e)
         : p->form == PATTERN_CALENDAR ? calendar_write(p, common, &out, e)
                                       : steps_write(p, common, &out, e);
    if (ok)
        (void)json_object_set_new(spec, "expr", json_string(buf_text(&out)));
    buf_done(&out);
    return ok;
}
