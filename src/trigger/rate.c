// rate.c - counts slots, or calculates them.
//
// A calendar's days repeat after 28 years (but for one leap day in four centuries), and each of
// them has the same times, so its rate is exact, like that of equal steps. What has no such form is
// counted: all slots of some years when they are few; else those in short spans spread over the
// years, so that nights and weekends have their share; or, where they come in bursts, those of some
// whole days. What calendars leave is sampled as long as there is time.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rate.h"

#include <math.h>

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/combination.h"
#include "trigger/exclude_slots.h"
#include "trigger/fraction.h"
#include "trigger/kind.h"
#include "trigger/mask.h"
#include "trigger/pattern.h"

#define CYCLE_YEARS 28
#define YEAR_DAYS 365.25
#define COUNT_MAX 1024                 // slots counted one by one
#define HARD_SLOTS 8                   // the same where each takes a long search
#define EASY_SLOTS 32                  // they are no such slots if so many are found ...
#define EASY_STEPS 1000                // ... in so many steps
#define SPANS 256                      // of a sample,
#define EASY_SPANS 4096                // among calendars, as long as there is time
#define SPAN_SLOTS 8                   // in a span, about
#define SPAN_SLOTS_MAX 32              // counted in one
#define HITS_MIN 16                    // fewer spans with slots say little
#define DAYS 32                        // of a sample of whole days
#define HOUR_SLOTS 64                  // counted one by one within an hour
#define MINUTES 3                      // of an hour with more of them
#define SAMPLE_YEARS 4                 // of what fires often enough ...
#define SAMPLE_SLOTS 32                // ... to be counted so many times in them
#define END_GAP_US (60 * 366 * DAY_US) // no schedule pauses longer than that, but for an end
#define FEW 20                         // so many slots are said as their number alone
#define NEAR_INTEGER 1e-6
#define NEAR 0.1 // so near to a whole number will do, where it is only about
#define MANY 5   // and from here on any number
#define SOME 2.5 // the same for times a year

static int year_of(wall at)
{
    return civil_at(floor_div(at.us, SECOND_US)).year;
}

// The slots of a year that a calendar has in its mask.
static int64_t year_slots(const struct calendar *c, int year)
{
    int64_t days = 0;

    for (uint32_t months = c->months; months != 0; months &= months - 1)
        days += mask_count(calendar_month(c, year, mask_first(months)));
    return days * mask_count(c->seconds) * mask_count(c->minutes) * mask_count(c->hours);
}

// The first year of a calendar from a moment on, its last year, and those left out between them.
static int years_find(const struct calendar *c, wall now, int *ret_last, int *ret_gaps)
{
    int first = year_of(now), last = CALENDAR_YEAR_MAX, gaps = 0;

    first = first < CALENDAR_YEAR_MIN ? CALENDAR_YEAR_MIN : first;
    while (first < CALENDAR_YEAR_MAX && !calendar_has_year(c, first))
        first++;
    while (last > first && !calendar_has_year(c, last))
        last--;
    for (int year = first; year <= last; year++)
        gaps += !calendar_has_year(c, year);
    *ret_last = last;
    *ret_gaps = gaps;
    return first;
}

// A calendar's rate while it lasts; false when its years have no pattern to rely on.
static bool calendar_rate(const struct calendar *c, wall now, struct rate *rate)
{
    int last, gaps, first = years_find(c, now, &last, &gaps);
    int64_t slots = 0, days = 0;

    if (gaps && rate->total != RATE_ENDLESS)
        return false;
    if (gaps == 0)
        last = first + CYCLE_YEARS - 1;
    for (int year = first; year <= last; year++) {
        days += civil_is_leap(year) ? 366 : 365;
        if (gaps == 0 || calendar_has_year(c, year))
            slots += year_slots(c, year);
    }
    rate->per_day = (double)slots / (double)days;
    rate->is_exact = gaps == 0;
    return true;
}

// A calendar with fractions has the same slots in each of its minutes.
static bool fractions_rate(const struct fractions *f, wall now, struct rate *rate)
{
    struct calendar c = f->calendar;
    double slots = 0;

    for (int i = 0; i < f->count; i++)
        slots += (f->steps[i].to_us - f->steps[i].from_us) / f->steps[i].step_us + 1;
    c.seconds = 1;
    if (!calendar_rate(&c, now, rate))
        return false;
    rate->per_day *= slots;
    rate->is_exact = rate->is_exact && f->count == 1; // several steps may meet
    return true;
}

// Moments that are spread evenly over a span, but never in step with a day or a week.
static wall moment_spread(wall from, wall to, int i)
{
    const double golden = 0.61803398874989485;

    return (wall){from.us + (int64_t)(fmod(i * golden, 1) * (double)(to.us - from.us))};
}

// From the slots in such spans, as long as some slots take where they are dense. False when few
// spans had any, or some had more than are counted: the slots come in bursts.
static bool spans_sample(const struct trigger *t, wall from, wall to, double span_us,
                         struct rate *rate)
{
    int64_t slots = 0;
    int hits = 0, full = 0;

    for (int i = 0; i < SPANS; i++) {
        wall at = moment_spread(from, to, i);
        int64_t n = trigger_count(t, at, (wall){at.us + (int64_t)span_us}, SPAN_SLOTS_MAX, NULL);

        slots += n;
        hits += n > 0;
        full += n == SPAN_SLOTS_MAX;
    }
    rate->per_day = (double)slots * DAY_US / (span_us * SPANS);
    return hits >= HITS_MIN && full == 0;
}

// The slots of an hour; where they are many, by some of its minutes.
static double hour_slots(const struct trigger *t, wall hour, int seed)
{
    int64_t n = trigger_count(t, hour, (wall){hour.us + HOUR_US}, HOUR_SLOTS, NULL);
    double sum = 0;

    if (n < HOUR_SLOTS)
        return (double)n;
    for (int i = 0; i < MINUTES; i++) {
        wall at = moment_spread(hour, (wall){hour.us + HOUR_US - MINUTE_US}, seed * MINUTES + i);
        wall last;

        n = trigger_count(t, at, (wall){at.us + MINUTE_US}, HOUR_SLOTS, &last);
        sum += n < HOUR_SLOTS ? (double)n : (double)n * MINUTE_US / (double)(last.us - at.us);
    }
    return sum * 60 / MINUTES;
}

// From the slots of some days, for what comes in bursts. A day is chosen as the next with a slot,
// so that one behind a long pause is chosen that much more often, and counts that much less.
static double days_sample(const struct trigger *t, wall from, wall to)
{
    double sum = 0;

    for (int i = 0; i < DAYS; i++) {
        wall slot = trigger_next(t, moment_spread(from, to, i));

        if (slot.us == WALL_NEVER.us)
            continue;
        int64_t day = floor_div(slot.us, DAY_US);
        wall before = trigger_prev(t, (wall){day * DAY_US - 1});
        int64_t pause = day - floor_div(before.us == WALL_NEVER.us ? from.us : before.us, DAY_US);

        for (int hour = 0; hour < 24; hour++)
            sum += hour_slots(t, (wall){day * DAY_US + hour * HOUR_US - 1}, i * 24 + hour) /
                   (double)(pause > 1 ? pause : 1);
    }
    return sum / DAYS;
}

// How many slots may be counted: few of those that are sought among several triggers and hard to
// find.
static int64_t count_max(const struct trigger *t, wall at)
{
    struct search search;

    if (t->kind->id != TRIGGER_AND && t->kind->id != TRIGGER_OR)
        return COUNT_MAX;
    search_begin(&search, t, EASY_STEPS);
    for (int i = 0; i < EASY_SLOTS && at.us != WALL_NEVER.us; i++)
        at = search_next(&search, at);
    return search.is_exhausted ? HARD_SLOTS : COUNT_MAX;
}

// Of n slots in all.
static double few_rate(int64_t n, wall first, wall last)
{
    return n < 2 ? (double)n / (CYCLE_YEARS * YEAR_DAYS)
                 : (double)(n - 1) * DAY_US / (double)(last.us - first.us);
}

static void counted_rate(const struct trigger *t, wall now, struct rate *rate)
{
    const int years[] = {SAMPLE_YEARS, CYCLE_YEARS, CALENDAR_YEAR_MAX - CALENDAR_YEAR_MIN};
    wall first = trigger_next(t, now), last, until = now;
    int64_t n = 0, max = count_max(t, now);

    for (int i = 0; i < 3 && n < SAMPLE_SLOTS && n < max; i++) {
        until.us = now.us + years[i] * 366 * DAY_US;
        n = trigger_count(t, now, until, max, &last);
    }
    rate->per_day = few_rate(n, first, last);
    if (n < COUNT_MAX)
        return;
    until = trigger_prev(t, until);
    if (!spans_sample(t, first, until, (double)(last.us - first.us) / COUNT_MAX * SPAN_SLOTS, rate))
        rate->per_day = days_sample(t, first, until);
}

// Can a trigger end, so that its slots are worth counting? What has a pattern does so only by its
// bounds or years.
static bool may_end(const struct trigger *t, const struct pattern *p)
{
    if (t->bounds && t->bounds->last.us != WALL_NEVER.us)
        return true;
    if (!p || p->form == PATTERN_MOMENT || p->end.us != WALL_NEVER.us)
        return true;
    return p->form == PATTERN_CALENDAR && !calendar_has_year(&p->calendar, CALENDAR_YEAR_MAX);
}

// The number of slots to come, when there is a last one near enough; else RATE_ENDLESS. What goes
// on until shortly before the horizon would go on for ever.
static int64_t total_of(const struct trigger *t, const struct pattern *p, wall now)
{
    int64_t n, max;
    wall last;

    if (!may_end(t, p))
        return RATE_ENDLESS;
    max = count_max(t, now);
    n = trigger_count(t, now, kind_horizon(), max, &last);
    if (n == max)
        return RATE_ENDLESS;
    return trigger_is_once(t) || (t->bounds && t->bounds->last.us != WALL_NEVER.us) ||
                   last.us < kind_horizon().us - END_GAP_US
               ? n
               : RATE_ENDLESS;
}

// From spans that would hold some slots without the calendars.
static double calendars_sample(const struct trigger *t, wall now, wall first)
{
    struct bounds bounds;
    struct trigger plain;
    int work = 2 * EXCLUDE_WORK_MAX;
    int64_t slots = 0;
    struct rate most;
    int spans = 0;

    kind_without_calendars(t, &plain, &bounds);
    rate_find(&plain, now, &most);
    if (most.per_day <= 0)
        return 0;
    double span_us = SPAN_SLOTS * DAY_US / most.per_day, far_us = SAMPLE_YEARS * 366.0 * DAY_US;
    double end_us =
        fmin((double)first.us + fmax(far_us, SPAN_SLOTS * span_us), (double)kind_horizon().us);

    end_us = fmin(end_us, (double)bounds.last.us) - span_us;
    wall to = end_us > (double)first.us ? (wall){(int64_t)end_us} : first;

    for (; spans < EASY_SPANS; spans++) {
        wall at = moment_spread(first, to, spans);
        int64_t n =
            kind_count(t, at, (wall){at.us + (int64_t)span_us}, SPAN_SLOTS_MAX, &work, NULL);

        if (work == 0)
            break;
        slots += n;
    }
    return spans > 0 ? (double)slots * DAY_US / (span_us * spans) : 0;
}

// What calendars leave of a trigger: counted when that is soon done, else sampled.
static void calendars_rate(const struct trigger *t, wall now, struct rate *rate)
{
    wall first = trigger_next(t, now), last;
    int work = EXCLUDE_WORK_MAX;
    int64_t n = kind_count(t, now, kind_horizon(), COUNT_MAX, &work, &last);
    bool is_near = t->bounds->last.us != WALL_NEVER.us ||
                   (last.us != WALL_NEVER.us && last.us < kind_horizon().us - END_GAP_US);

    if (first.us == WALL_NEVER.us || (n < COUNT_MAX && work > 0 && is_near))
        rate->total = n;
    rate->is_exact = rate->total == 0;
    if (rate->total != 0 && (n == COUNT_MAX || work == 0))
        rate->per_day = calendars_sample(t, now, first);
    if (rate->per_day <= 0)
        rate->per_day = few_rate(n, first, last);
}

// By arithmetic; false when the pattern has none.
static bool pattern_rate(const struct pattern *p, wall now, struct rate *rate)
{
    struct pattern as_calendar = *p;
    struct err ignored;

    if (p->form == PATTERN_ELAPSED)
        rate->per_day = (double)DAY_US / (double)p->every_us;
    else if (p->form == PATTERN_STEPS && p->days)
        rate->per_day = 1.0 / p->days;
    else if (p->form == PATTERN_STEPS && (p->cuts_months || civil_at(p->anchor_s).day <= 28))
        rate->per_day = 12 / (p->months * YEAR_DAYS);
    else
        return p->form != PATTERN_MOMENT && pattern_to_calendar(&as_calendar, "", &ignored) &&
               calendar_rate(&as_calendar.calendar, now, rate);
    rate->is_exact = true;
    return true;
}

// Without counting; false when it must be counted.
static bool known_rate(const struct trigger *t, const struct pattern *p, wall now,
                       struct rate *rate)
{
    bool has_fractions = t->kind->id == TRIGGER_ONCALENDAR && !kind_is_calendar(t);

    return has_fractions ? fractions_rate(t->own, now, rate) : p && pattern_rate(p, now, rate);
}

void rate_find(const struct trigger *t, wall now, struct rate *ret_rate)
{
    struct rate rate = {.total = RATE_ENDLESS};
    struct pattern pattern, *p = &pattern;
    struct err ignored;

    if (trigger_is_relative(t)) {
        *ret_rate = rate;
        return;
    }
    if (kind_exclude(t)) {
        calendars_rate(t, now, &rate);
        *ret_rate = rate;
        return;
    }
    if (!pattern_make(t, now, "", p, &ignored))
        p = NULL;
    rate.total = trigger_next(t, now).us == WALL_NEVER.us ? 0 : total_of(t, p, now);
    if (rate.total == 0)
        rate.is_exact = true;
    else if (!known_rate(t, p, now, &rate))
        counted_rate(t, now, &rate);
    *ret_rate = rate;
}

// ---- words

// "86,400", to two digits when it is about.
static void say_number(double n, bool is_exact, struct buf *out)
{
    int64_t whole = llround(n), unit = 1;

    while (!is_exact && whole / unit >= 100)
        unit *= 10;
    whole = (whole + unit / 2) / unit * unit;
    if (whole >= 1000000)
        buf_printf(out, "%lld,%03lld,%03lld", (long long)whole / 1000000,
                   (long long)whole / 1000 % 1000, (long long)whole % 1000);
    else if (whole >= 10000)
        buf_printf(out, "%lld,%03lld", (long long)whole / 1000, (long long)whole % 1000);
    else
        buf_printf(out, "%lld", (long long)whole);
}

static void say_times(double n, bool is_exact, const char *unit, struct buf *out)
{
    if (!is_exact)
        buf_add_text(out, "about ");
    if (llround(n) == 1) {
        buf_printf(out, "once%s", unit);
    } else if (llround(n) == 2) {
        buf_printf(out, "twice%s", unit);
    } else {
        say_number(n, is_exact, out);
        buf_printf(out, " times%s", unit);
    }
}

static bool is_whole(double n)
{
    return n > 0.5 && fabs(n - (double)llround(n)) < NEAR_INTEGER * n;
}

static void say_average(const struct rate *rate, struct buf *out)
{
    static const struct {
        double days;
        const char *name;
    } units[] = {
        {1, " a day"}, {7, " a week"}, {YEAR_DAYS / 12, " a month"}, {YEAR_DAYS, " a year"}};
    double years = 1 / (rate->per_day * YEAR_DAYS);

    for (int i = 0; i < 4 && rate->is_exact; i++)
        if (is_whole(rate->per_day * units[i].days)) {
            say_times(rate->per_day * units[i].days, true, units[i].name, out);
            return;
        }
    for (int i = 0; i < 4; i++) {
        double n = rate->per_day * units[i].days;
        bool is_near = fabs(n - (double)llround(n)) <= NEAR * n;

        if (i == 2 || n < 1 - NEAR || (!is_near && n < (i == 3 ? SOME : MANY)))
            continue;
        say_times(n, false, units[i].name, out);
        return;
    }
    buf_printf(out, "%sonce in ", rate->is_exact && is_whole(years) ? "" : "about ");
    if (years < 2 - NEAR)
        buf_printf(out, "%lld months", llround(years * 12));
    else
        buf_printf(out, "%lld years", llround(years));
}

void rate_words(const struct rate *rate, struct buf *out)
{
    if (rate->total == 0)
        buf_add_text(out, "never again");
    else if (rate->total != RATE_ENDLESS && rate->total <= FEW)
        say_times((double)rate->total, true, "", out);
    else if (rate->per_day > 0)
        say_average(rate, out);
    if (rate->total > FEW) {
        buf_add_text(out, ", ");
        say_times((double)rate->total, true, " in all", out);
    }
}
