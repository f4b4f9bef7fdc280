// convert_repeat.c - schedules as intervals, dates, and ISO 8601 repeating intervals.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert_parts.h"
#include "trigger/convert_write.h"

#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/exclude_slots.h"
#include "trigger/kind.h"

#define TEXT_BYTES_MAX 200
#define MOMENTS_MAX 100
#define COUNT_MAX 10000 // runs until an end that are counted one by one

// "1.5", seconds that are not whole
static void fraction_write(int64_t us, struct buf *out)
{
    buf_printf(out, "%lld.%06lld", (long long)(us / SECOND_US), (long long)(us % SECOND_US));
    while (out->p[out->len - 1] == '0')
        out->len--;
}

// The members of an interval of that length: days to seconds, without those that are 0.
static void length_set(json_t *spec, int64_t us)
{
    static const struct {
        const char *key;
        int64_t us;
    } units[] = {
        {"days", DAY_US}, {"hours", HOUR_US}, {"minutes", MINUTE_US}, {"seconds", SECOND_US}};
    struct buf fraction;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t n = us / units[i].us;

        us -= n * units[i].us;
        if (i == 3 && us != 0) {
            buf_init(&fraction, 40);
            fraction_write(n * SECOND_US + us, &fraction);
            (void)json_object_set_new(spec, units[i].key, json_string(buf_text(&fraction)));
            buf_done(&fraction);
        } else if (n != 0) {
            (void)json_object_set_new(spec, units[i].key, json_integer(n));
        }
    }
}

bool convert_interval(struct pattern *p, json_t *spec, json_t *common, struct err *e)
{
    if (!pattern_to_elapsed(p, "interval", e))
        return false;
    (void)json_object_del(common, "dst"); // it follows no clock
    length_set(spec, p->every_us);
    convert_moment(spec, "start_date", p->anchor, p->trigger->zone);
    p->start = TRIGGER_BEGINNING;
    return true;
}

// Those to come; MOMENTS_MAX + 1 of them when they are more, or take too long to find.
static size_t moments_find(const struct trigger *t, wall now, wall *ret_moments)
{
    int work = EXCLUDE_WORK_MAX;

    if (kind_exclude(t))
        (void)kind_count(t, now, kind_horizon(), MOMENTS_MAX + 1, &work, NULL);
    return work > 0 ? trigger_between(t, now, kind_horizon(), MOMENTS_MAX + 1, ret_moments)
                    : MOMENTS_MAX + 1;
}

bool convert_date(const struct trigger *t, wall now, json_t *spec, json_t *common, struct err *e)
{
    wall moments[MOMENTS_MAX + 1];
    size_t count = moments_find(t, now, moments);
    json_t *list;

    if (trigger_is_once(t) && count == 0) { // a date stays one when it has passed
        moments[0] = t->start;
        count = 1;
    }
    if (count == 0)
        return fail(e, ERR_INPUT, "type", "date is a moment to come, this schedule has none");
    if (count > MOMENTS_MAX)
        return fail(e, ERR_INPUT, "type", "date lists %d moments at most, this schedule has more",
                    MOMENTS_MAX);
    (void)json_object_del(common, "dst");
    if (json_object_get(common, "jitter"))
        return fail(e, ERR_INPUT, "jitter", "date has no jitter");
    if (count == 1) {
        convert_moment(spec, "run_date", moments[0], t->zone);
        return true;
    }
    list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_object();

        convert_moment(one, "at", moments[i], t->zone);
        (void)json_array_append(list, json_object_get(one, "at"));
        json_decref(one);
    }
    (void)json_object_set_new(spec, "run_dates", list);
    return true;
}

// ---- ISO 8601

// "PT1H30M", "PT0.5S"
static void elapsed_write(int64_t us, struct buf *out)
{
    int64_t hours = us / HOUR_US, minutes = us / MINUTE_US % 60;

    us %= MINUTE_US;
    buf_add_text(out, "PT");
    if (hours)
        buf_printf(out, "%lldH", (long long)hours);
    if (minutes)
        buf_printf(out, "%lldM", (long long)minutes);
    if (us % SECOND_US != 0) {
        fraction_write(us, out);
        buf_add_byte(out, 'S');
    } else if (us != 0) {
        buf_printf(out, "%lldS", (long long)(us / SECOND_US));
    }
}

// "P1D", "P2W", "P1M", "P1Y"
static void steps_write(const struct pattern *p, struct buf *out)
{
    if (p->months)
        buf_printf(out, p->months % 12 ? "P%dM" : "P%dY",
                   p->months % 12 ? p->months : p->months / 12);
    else
        buf_printf(out, p->days % 7 ? "P%dD" : "P%dW", p->days % 7 ? p->days : p->days / 7);
}

// The first local time; with its offset, where the zone always has the same.
static void anchor_write(struct pattern *p, struct buf *out)
{
    struct civil c = civil_at(p->anchor_s);
    struct str name = zone_name(p->zone);

    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
               c.second);
    bool is_utc = str_eq(name, STR_LIT("UTC"));

    if (!is_utc && name.p[0] != '+' && name.p[0] != '-')
        return;
    buf_add(out, is_utc ? STR_LIT("Z") : name);
    p->zone = kind_rule_zone(p->trigger); // which need not say it any more
}

static wall anchor_of(const struct pattern *p)
{
    struct zone_local local;

    if (p->form == PATTERN_ELAPSED)
        return p->anchor;
    zone_from_local(p->zone, p->anchor_s, &local);
    return (wall){local.first * SECOND_US};
}

// Does each local time from the first on run once, until the end?
static bool is_one_run_each(const struct pattern *p)
{
    struct trigger_dst dst = {.change_at = {anchor_of(p).us - 1}};
    wall end = p->end.us < kind_horizon().us ? p->end : kind_horizon();

    if (kind_exclude(p->trigger)) // the text counts what calendars take away
        return false;
    if (p->form == PATTERN_ELAPSED)
        return true;
    while (kind_next_change(p->trigger, dst.change_at, end, &dst))
        if (dst.runs_at.us == WALL_NEVER.us || dst.is_twice)
            return false;
    return true;
}

// The number of runs from the anchor on, where there is an end: in the text, so that it says all.
static int64_t runs_take(struct pattern *p)
{
    int64_t n;

    if ((!p->max_runs && p->end.us == WALL_NEVER.us) || !is_one_run_each(p))
        return 0;
    n = trigger_count(p->trigger, (wall){anchor_of(p).us - 1}, p->end, COUNT_MAX + 1, NULL);
    if (n == 0 || n > COUNT_MAX)
        return 0;
    p->max_runs = 0;
    p->end = WALL_NEVER;
    return n;
}

// Days, weeks or months where local times have them, else elapsed time.
static bool iso8601_pattern(struct pattern *p, struct err *e)
{
    struct pattern as_steps = *p, as_elapsed = *p;
    struct err why;

    if (p->form == PATTERN_MOMENT)
        return fail(e, ERR_INPUT, "type", "iso8601 repeats, this schedule does not");
    if (p->form != PATTERN_ELAPSED && pattern_to_steps(&as_steps, "iso8601", &why)) {
        *p = as_steps;
        return true;
    }
    if (pattern_to_elapsed(&as_elapsed, "iso8601", e)) {
        *p = as_elapsed;
        return true;
    }
    if (p->form == PATTERN_CALENDAR && pattern_is_one_time(p))
        *e = why;
    return false;
}

bool convert_iso8601(struct pattern *p, json_t *spec, json_t *common, struct err *e)
{
    struct zone_span span;
    int64_t runs = 0;
    struct buf text;

    if (!iso8601_pattern(p, e))
        return false;
    if (p->form == PATTERN_STEPS && p->months && !p->cuts_months &&
        civil_at(p->anchor_s).day > 28 && (p->months % 12 != 0 || civil_at(p->anchor_s).month == 2))
        return fail(e, ERR_INPUT, "type",
                    "iso8601 cuts day %d to the end of shorter months, this schedule leaves it out",
                    civil_at(p->anchor_s).day);
    if (p->start.us <= anchor_of(p).us) { // else what lies before it is cut off
        runs = runs_take(p);
        p->start = p->max_runs ? p->start : TRIGGER_BEGINNING;
    }
    buf_init(&text, TEXT_BYTES_MAX);
    buf_add_byte(&text, 'R');
    if (runs)
        buf_printf(&text, "%lld", (long long)runs);
    buf_add_byte(&text, '/');
    if (p->form == PATTERN_ELAPSED) {
        zone_span_at(p->trigger->zone, floor_div(p->anchor.us, SECOND_US), &span);
        iso8601_write(p->anchor, span.offset_s % 60 ? NULL : p->trigger->zone, &text);
        buf_add_byte(&text, '/');
        elapsed_write(p->every_us, &text);
        (void)json_object_del(common, "dst");
    } else {
        anchor_write(p, &text);
        buf_add_byte(&text, '/');
        steps_write(p, &text);
        convert_clock(p, common);
    }
    (void)json_object_set_new(spec, "expr", json_string(buf_text(&text)));
    buf_done(&text);
    return true;
}
