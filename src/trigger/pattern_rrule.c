// pattern_rrule.c - recurrence rules as patterns, as far as they are one plain rule.
//
// A rule whose every period counts names days and times that masks can name; one of several periods
// is steps, when it names one time in each. What rules do when clocks change is dst.h's skip.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern_own.h"

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/kind.h"
#include "trigger/mask.h"
#include "trigger/recur_days.h"
#include "trigger/rrule.h"

#define MONTH_DAYS 31
#define NTH_FRONT_MAX 5

static bool bit_is_set(const uint64_t *set, int bit)
{
    return set[bit / 64] >> bit % 64 & 1;
}

static bool has_any(const uint64_t *set, int from, int to)
{
    for (int bit = from; bit < to; bit++)
        if (bit_is_set(set, bit))
            return true;
    return false;
}

static bool cannot(const char *to, const char *what, struct err *e)
{
    return fail(e, ERR_INPUT, "expr", "%s cannot say %s", to, what);
}

// ---- every period

static void month_days_set(const struct recur *rule, struct calendar *c)
{
    c->days = 0;
    for (int n = 1; n <= MONTH_DAYS; n++) {
        c->days |= (uint32_t)bit_is_set(rule->month_days.front, n - 1) << n;
        c->last |= (uint32_t)bit_is_set(rule->month_days.back, RECUR_BITS - n) << (n - 1);
    }
}

// Numbers of weekdays count within a month here: in monthly rules, and in yearly ones with months.
static bool weekdays_set(const struct recur *rule, const char *to, struct calendar *c,
                         struct err *e)
{
    bool has_front = has_any(rule->nth, 0, RECUR_BITS),
         has_back = has_any(rule->nth_back, 0, RECUR_BITS);

    c->weekdays = rule->weekdays;
    if ((has_front || has_back) && rule->freq == RECUR_YEARLY && !recur_has(rule, RECUR_BYMONTH))
        return cannot(to, "weekdays by their number in the year", e);
    if (has_any(rule->nth, NTH_FRONT_MAX * 7, RECUR_BITS) || has_any(rule->nth_back, 7, RECUR_BITS))
        return cannot(to, "weekdays counted from the month's end, but for the last", e);
    for (int bit = 0; bit < NTH_FRONT_MAX * 7; bit++)
        c->nth |= (uint64_t)bit_is_set(rule->nth, bit) << bit;
    for (int weekday = 0; weekday < 7; weekday++)
        c->nth |= (uint64_t)bit_is_set(rule->nth_back, weekday)
                  << (CALENDAR_NTH_LAST * 7 + weekday);
    return true;
}

static bool calendar_set(const struct recur *rule, const char *to, struct calendar *c,
                         struct err *e)
{
    if (recur_has(rule, RECUR_BYYEARDAY))
        return cannot(to, "days by their number in the year", e);
    if (recur_has(rule, RECUR_BYWEEKNO) && (rule->weeks_back || rule->week_start != 0))
        return cannot(to, "weeks but those that begin on Monday, counted from the year's beginning",
                      e);
    c->hours = rule->times.hours;
    c->minutes = rule->times.minutes;
    c->seconds = rule->times.seconds;
    if (recur_has(rule, RECUR_BYMONTH))
        c->months = rule->months;
    if (recur_has(rule, RECUR_BYWEEKNO))
        c->weeks = rule->weeks;
    if (recur_has(rule, RECUR_BYMONTHDAY))
        month_days_set(rule, c);
    return !recur_has(rule, RECUR_BYDAY) || weekdays_set(rule, to, c, e);
}

// ---- some periods

static bool has_one_time(const struct recur *rule)
{
    return times_count(&rule->times) == 1;
}

// The one day of the month that a rule names; 0: it names others.
static int month_day(const struct recur *rule)
{
    struct calendar c = {0};

    month_days_set(rule, &c);
    return mask_is_single(c.days) && c.last == 0 ? mask_first(c.days) : 0;
}

static bool is_given_only(const struct recur *rule, uint16_t parts)
{
    const uint16_t days = 1U << RECUR_BYDAY | 1U << RECUR_BYMONTHDAY | 1U << RECUR_BYYEARDAY |
                          1U << RECUR_BYWEEKNO | 1U << RECUR_BYMONTH;

    return (rule->given & days & ~parts) == 0;
}

// One time in each period, so that they are steps.
static bool steps_set(const struct series *s, struct pattern *p)
{
    const struct recur *rule = &s->rule;

    if (!has_one_time(rule) || rule->interval > INT16_MAX)
        return false;
    p->form = PATTERN_STEPS;
    p->anchor_s = series_next(s, s->start);
    switch (rule->freq) {
    case RECUR_DAILY:
        p->days = (int32_t)rule->interval;
        return is_given_only(rule, 0);
    case RECUR_WEEKLY:
        p->days = 7 * (int32_t)rule->interval;
        return is_given_only(rule, 1U << RECUR_BYDAY) && mask_is_single(rule->weekdays);
    case RECUR_MONTHLY:
        p->months = (int32_t)rule->interval;
        return is_given_only(rule, 1U << RECUR_BYMONTHDAY) && month_day(rule);
    case RECUR_YEARLY:
        p->months = 12 * (int32_t)rule->interval;
        return is_given_only(rule, 1U << RECUR_BYMONTHDAY | 1U << RECUR_BYMONTH) &&
               month_day(rule) && mask_is_single(rule->months);
    default:
        return false;
    }
}

// Every so many seconds, minutes or hours, where local time is elapsed time.
static bool elapsed_set(const struct series *s, const struct rrule *r, struct pattern *p)
{
    static const int64_t units_us[] = {SECOND_US, MINUTE_US, HOUR_US};
    const struct recur *rule = &s->rule;
    struct zone_local local;
    struct zone_span span;

    zone_from_local(r->zone, s->start, &local);
    zone_span_at(r->zone, local.first, &span);
    if (rule->freq > RECUR_HOURLY || !is_given_only(rule, 0) || span.to < INT64_MAX / 2 ||
        (rule->given & (1U << RECUR_BYHOUR | 1U << RECUR_BYMINUTE | 1U << RECUR_BYSECOND)))
        return false;
    p->form = PATTERN_ELAPSED;
    p->anchor = (wall){local.first * SECOND_US};
    p->every_us = rule->interval * units_us[rule->freq];
    return true;
}

// ---- a set

// No run is later than that of the last local time.
static void end_set(const struct rrule *r, int64_t last_s, struct pattern *p)
{
    bool is_moved = r->policy == DST_SHIFT || r->policy == DST_BOTH;
    struct zone_local local;
    int64_t end_us;

    zone_from_local(r->zone, last_s, &local);
    if (local.kind == LOCAL_GAP)
        end_us = is_moved                ? local.second * SECOND_US
                 : r->policy == DST_SKIP ? local.first * SECOND_US - 1
                                         : local.first * SECOND_US;
    else
        end_us = (r->policy == DST_BOTH ? local.second : local.first) * SECOND_US;
    p->end = end_us < p->end.us ? (wall){end_us} : p->end;
}

static bool rule_set(const struct rrule *r, struct pattern *p, const char *to, struct err *e)
{
    const struct series *s = &r->rules.v[0];

    p->zone = r->zone;
    calendar_init(&p->calendar);
    p->calendar.dst = (uint8_t)(r->policy == DST_UTC ? DST_DEFAULT : r->policy);
    if (recur_has(&s->rule, RECUR_BYSETPOS))
        return cannot(to, "places among the runs of a period (BYSETPOS)", e);
    if (s->last < (recur_last_day() + 1) * DAY_S - 1)
        end_set(r, s->last, p);
    if (s->rule.interval == 1 && s->rule.freq >= RECUR_DAILY) {
        p->form = PATTERN_CALENDAR;
        return calendar_set(&s->rule, to, &p->calendar, e);
    }
    if (elapsed_set(s, r, p) || steps_set(s, p))
        return true;
    return cannot(to, "some days or times of every so many weeks, months or years", e);
}

bool pattern_of_rrule(struct pattern *p, const char *to, struct err *e)
{
    const struct rrule *r = p->trigger->own;
    wall first = p->trigger->kind->next(p->trigger, TRIGGER_BEGINNING);

    if (r->exrules.len + r->exdates.len + r->exdays.len > 0)
        return cannot(to, "single dates that are left out", e);
    if (r->rules.len == 0 && r->dates.len == 1) {
        p->form = PATTERN_MOMENT;
        p->anchor = first;
        return true;
    }
    if (r->rules.len != 1 || r->dates.len > 0)
        return cannot(to, "several rules or dates together", e);
    if (first.us > p->now.us || p->max_runs)
        p->start = first.us > p->start.us ? first : p->start;
    return rule_set(r, p, to, e);
}
