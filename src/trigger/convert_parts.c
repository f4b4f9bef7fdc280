// convert_parts.c - day rules and fields of the time, for every language with a calendar.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert_parts.h"

#include "time/iso8601.h"
#include "trigger/dst.h"
#include "trigger/kind.h"

#define TEXT_BYTES_MAX 2048

void day_rules_of(const struct calendar *c, struct day_rules *ret_rules)
{
    struct day_rules d = {
        .days = c->days,
        .last = c->last,
        .nearest = c->nearest,
        .last_nearest = c->last_nearest,
        .day_nth = c->nth_is_day ? c->nth : 0,
        .weekdays = c->weekdays,
        .weekday_nth = c->nth_is_day ? 0 : c->nth,
        .has_day = c->days != CALENDAR_DAYS,
        .has_weekday = c->weekdays != CALENDAR_WEEKDAYS,
        .is_either = c->is_either,
    };

    if (d.is_either && !(d.has_day && d.has_weekday))
        d.has_day = d.has_weekday = false;
    *ret_rules = d;
}

bool day_rules_have_month_days(const struct day_rules *d)
{
    return (d->days | d->last | d->nearest | d->last_nearest) != 0;
}

// The nth weekdays that lie on some weekdays.
static uint64_t nth_on(uint64_t nth, uint8_t weekdays)
{
    uint64_t mask = 0;

    for (int group = 0; group <= CALENDAR_NTH_LAST; group++)
        mask |= (uint64_t)weekdays << group * 7;
    return nth & mask;
}

bool day_rules_number_weekdays(struct day_rules *d, const char *to, struct err *e)
{
    if (!d->has_day || d->day_nth == 0)
        return true;
    if (day_rules_have_month_days(d) && d->has_weekday)
        return fail(e, ERR_INPUT, "day",
                    "%s cannot limit both days of the month and numbered weekdays to weekdays", to);
    d->weekday_nth = d->has_weekday ? nth_on(d->day_nth, d->weekdays) : d->day_nth;
    d->day_nth = 0;
    d->weekdays = 0;
    d->has_weekday = true;
    d->has_day = d->is_either = day_rules_have_month_days(d);
    return true;
}

// ---- times

// Lets a field begin with `*` where the language has such a form of it.
static bool star_force(struct time_fields *t, enum time_unit unit)
{
    struct buf scratch;
    bool can;

    buf_init(&scratch, TEXT_BYTES_MAX);
    can = field_text(t->masks[unit], &t->styles[unit], STAR_MUST, &scratch);
    buf_done(&scratch);
    if (can)
        t->stars[unit] = STAR_MUST;
    return can;
}

bool time_fields_of(const struct pattern *p, const char *to, const struct field_style *styles,
                    struct time_fields *ret_fields, struct err *e)
{
    const struct calendar *c = &p->calendar;
    struct time_fields t = {.masks = {c->seconds, c->minutes, c->hours}, .styles = styles};
    bool is_free = c->dst != DST_DEFAULT || pattern_is_untouched(p), has_star = false;

    for (int unit = TIME_SECOND; unit < TIME_UNITS; unit++) {
        t.stars[unit] = is_free || c->is_elapsed ? STAR_FREE : STAR_NEVER;
        has_star |= field_has_star(t.masks[unit], &styles[unit]);
    }
    if (!is_free && c->is_elapsed && !has_star && !star_force(&t, TIME_HOUR) &&
        !star_force(&t, TIME_MINUTE) && !star_force(&t, TIME_SECOND))
        return fail(e, ERR_INPUT, "hour",
                    "%s counts elapsed time only where hour, minute or second begin with *", to);
    *ret_fields = t;
    return true;
}

void time_field_write(const struct time_fields *t, enum time_unit unit, struct buf *out)
{
    (void)field_text(t->masks[unit], &t->styles[unit], t->stars[unit], out);
}

// ---- what all specs have

void convert_moment(json_t *spec, const char *key, wall at, const struct zone *zone)
{
    struct buf text;

    buf_init(&text, 64);
    iso8601_write(at, zone, &text);
    (void)json_object_set_new(spec, key, json_string(buf_text(&text)));
    buf_done(&text);
}

void convert_clock(const struct pattern *p, json_t *common)
{
    uint8_t dst = p->calendar.dst;

    if (p->zone == kind_rule_zone(p->trigger) && p->zone != p->trigger->zone)
        return; // read in UTC
    if (p->zone != p->trigger->zone)
        (void)json_object_set_new(common, "timezone",
                                  json_stringn(zone_name(p->zone).p, zone_name(p->zone).len));
    if (dst == p->trigger->dst)
        return;
    if (pattern_is_untouched(p))
        (void)json_object_del(common, "dst");
    else
        (void)json_object_set_new(common, "dst", json_string(dst_names[dst]));
}
