// series.c - finds the next time of a rule without walking there from DTSTART.
//
// Three searches, for three shapes of rule:
//   days     the rule's days and the days of active periods are two rising sequences: whichever is
//            behind leaps to the other until they meet. Times of the day are masks.
//   units    frequencies below a day at an interval that no mask can tell (every 7 minutes), and
//            those with BYSETPOS. Which units of a day are active repeats after some days, so for
//            each such day it is known beforehand whether the rule's times hold one.
//   periods  weeks, months and years with BYSETPOS: times have ranks within their period.
// An interval that divides the next larger unit (every 15 minutes) is turned into masks, one that
// is a multiple of it (every 3,600 seconds) into a higher frequency: then days are searched.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/series.h"

#include <stdlib.h>

#include "base/mem.h"
#include "time/civil.h"
#include "trigger/recur_days.h"

#define PERIOD_STEPS 2 // of counting: a period takes as long as so many times

static void interval_reduce(struct series *s, const struct civil *start);
static void units_init(struct series *s, int64_t start_s);
static bool has_place(const struct series *s);
static int64_t place_next(const struct series *s, int64_t rank, int64_t total);
static void classes_init(struct series *s);
static int64_t in_days(const struct series *s, int64_t from);
static int64_t in_units(const struct series *s, int64_t from, int64_t *steps);
static int64_t in_periods(const struct series *s, int64_t from);

void series_init(struct series *s, const struct recur *rule, int64_t start_s)
{
    struct civil start = civil_at(start_s);

    *s = (struct series){.rule = *rule, .start = start_s};
    s->last = (recur_last_day() + 1) * DAY_S - 1;
    recur_fill(&s->rule, start_s);
    if (!recur_has(rule, RECUR_BYSETPOS))
        interval_reduce(s, &start);
    if (s->rule.freq < RECUR_DAILY ||
        (s->rule.freq == RECUR_DAILY && recur_has(rule, RECUR_BYSETPOS)))
        units_init(s, start_s);
    else
        s->origin = recur_period(&s->rule, floor_div(start_s, DAY_S));
    if (times_count(&s->rule.times) == 0 || !has_place(s))
        s->last = s->start - 1; // it never fires
}

// Can any period be large enough for a place of BYSETPOS?
static bool has_place(const struct series *s)
{
    int64_t days = s->rule.freq == RECUR_YEARLY    ? 7 * 53
                   : s->rule.freq == RECUR_MONTHLY ? 31
                                                   : __builtin_popcount(s->rule.weekdays);

    if (!recur_has(&s->rule, RECUR_BYSETPOS))
        return true;
    if (s->unit_s)
        return place_next(s, 0, times_count(&s->inner)) >= 0;
    return place_next(s, 0, days * times_count(&s->rule.times)) >= 0;
}

void series_done(struct series *s)
{
    free(s->classes);
    s->classes = NULL;
}

int64_t series_next(const struct series *s, int64_t from)
{
    int64_t at, steps = 0;

    if (from < s->start)
        from = s->start;
    if (from > s->last)
        return SERIES_NEVER;
    if (s->unit_s)
        at = in_units(s, from, &steps);
    else if (recur_has(&s->rule, RECUR_BYSETPOS))
        at = in_periods(s, from);
    else
        at = in_days(s, from);
    return at > s->last ? SERIES_NEVER : at;
}

// The distance from a period to the first active one at or after it.
static int64_t to_active(const struct series *s, int64_t period)
{
    int64_t ahead = (period - s->origin) % s->rule.interval;

    return ahead == 0 ? 0 : ahead < 0 ? -ahead : s->rule.interval - ahead;
}

// ---- making the interval simple

// The values of a span (60 seconds, 24 hours) that lie a multiple of every from one of them.
static uint64_t every_mask(int64_t every, int from, int span)
{
    uint64_t mask = 0;

    for (int value = from % (int)every; value < span; value += (int)every)
        mask |= UINT64_C(1) << value;
    return mask;
}

// Puts the interval of a frequency with `span` periods in the next higher one into a mask, or
// rises by one frequency. False when it can do neither.
static bool interval_fold(struct recur *rule, uint64_t *mask, int value, int span)
{
    if (rule->interval % span == 0) {
        *mask &= UINT64_C(1) << value;
        rule->interval /= span;
    } else if (span % rule->interval == 0) {
        *mask &= every_mask(rule->interval, value, span);
        rule->interval = 1;
    } else {
        return false;
    }
    rule->freq++;
    return true;
}

static void interval_reduce(struct series *s, const struct civil *start)
{
    struct recur *rule = &s->rule;
    uint64_t hours = rule->times.hours;

    if ((rule->freq == RECUR_SECONDLY &&
         !interval_fold(rule, &rule->times.seconds, start->second, 60)) ||
        (rule->freq == RECUR_MINUTELY &&
         !interval_fold(rule, &rule->times.minutes, start->minute, 60)))
        return;
    if (rule->freq == RECUR_HOURLY && interval_fold(rule, &hours, start->hour, 24))
        rule->times.hours = (uint32_t)hours;
}

// ---- days

static int64_t day_next(const struct series *s, int64_t day)
{
    const struct recur *rule = &s->rule;

    if (rule->interval == 1)
        return recur_day_next(rule, day);
    for (;;) {
        int64_t period = recur_period(rule, day), ahead = to_active(s, period);

        if (ahead != 0)
            day = recur_period_start(rule, period + ahead);
        int64_t found = recur_day_next(rule, day);
        if (found == RECUR_NEVER || found == day)
            return found;
        day = found;
    }
}

static int64_t in_days(const struct series *s, int64_t from)
{
    int64_t day = floor_div(from, DAY_S), found = day_next(s, day);

    if (found == day) {
        int32_t second = times_next(&s->rule.times, (int32_t)(from - day * DAY_S));

        if (second >= 0)
            return day * DAY_S + second;
        found = day_next(s, day + 1);
    }
    return found == RECUR_NEVER ? SERIES_NEVER : found * DAY_S + times_next(&s->rule.times, 0);
}

// ---- places: what BYSETPOS keeps of a period's times, by their ranks

// The least kept rank at or after one, -1 when there is none.
static int64_t place_next(const struct series *s, int64_t rank, int64_t total)
{
    if (recur_has(&s->rule, RECUR_BYSETPOS))
        return recur_position(&s->rule.places, rank, total);
    return rank < total ? rank : -1;
}

// Takes the kept ranks in [from, to); the rank that was the last one left to be taken, else -1.
static int64_t places_count(const struct series *s, int64_t from, int64_t to, int64_t total,
                            struct series_tally *t)
{
    if (!recur_has(&s->rule, RECUR_BYSETPOS)) {
        int64_t taken = to - from < t->left ? to - from : t->left;

        t->left -= taken;
        return t->left == 0 ? from + taken - 1 : -1;
    }
    for (;;) {
        from = place_next(s, from, total);
        t->steps++;
        if (from < 0 || from >= to)
            return -1;
        if (--t->left == 0)
            return from;
        from++;
    }
}

// ---- units

static int64_t unit_of(const struct series *s, int64_t at)
{
    return floor_div(at, s->unit_s);
}

static void units_init(struct series *s, int64_t start_s)
{
    const struct times *t = &s->rule.times;
    enum recur_freq freq = s->rule.freq;

    s->unit_s = freq == RECUR_DAILY      ? DAY_S
                : freq == RECUR_HOURLY   ? 3600
                : freq == RECUR_MINUTELY ? 60
                                         : 1;
    s->origin = unit_of(s, start_s);
    s->outer = s->inner = *t;
    if (freq == RECUR_DAILY)
        s->outer.hours = 1;
    else
        s->inner.hours = 1;
    if (freq >= RECUR_HOURLY)
        s->outer.minutes = 1;
    else
        s->inner.minutes = 1;
    if (freq >= RECUR_MINUTELY)
        s->outer.seconds = 1;
    else
        s->inner.seconds = 1;
    classes_init(s);
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

// For each of class_count days whether an active unit begins with a time of outer. All of them
// together look at each unit of a day once at most.
static void classes_init(struct series *s)
{
    int64_t units = DAY_S / s->unit_s, every = s->rule.interval;
    uint64_t any = 0;

    if (every == 1 || every >= units)
        return;
    s->class_count = (int32_t)(every / gcd(every, units));
    s->classes = mem_array((size_t)(s->class_count + 63) / 64, sizeof *s->classes);
    for (int64_t day = 0; day < s->class_count; day++) {
        int64_t unit = to_active(s, day * units);

        while (unit < units && times_next(&s->outer, (int32_t)unit * s->unit_s) != unit * s->unit_s)
            unit += every;
        if (unit < units)
            s->classes[day / 64] |= UINT64_C(1) << day % 64;
        any |= s->classes[day / 64];
    }
    if (any == 0)
        s->last = s->start - 1;
}

// The first day at or after one whose class has an active unit. There is one.
static int64_t class_next(const struct series *s, int64_t day)
{
    int64_t class = day - floor_div(day, s->class_count) * s->class_count, base = day - class;

    for (;; class = (class / 64 + 1) * 64) {
        if (class >= s->class_count) {
            class = 0;
            base += s->class_count;
        }
        uint64_t left = s->classes[class / 64] >> class % 64;
        if (left != 0)
            return base + class + __builtin_ctzll(left);
    }
}

// The least unit at or after one that is active and begins with a time of outer on a day of the
// rule; SERIES_NEVER when there is none. Counts its steps.
static int64_t unit_next(const struct series *s, int64_t unit, int64_t *steps)
{
    int64_t units = DAY_S / s->unit_s, end = (recur_last_day() + 1) * units;

    for (;; ++*steps) {
        unit += to_active(s, unit);
        if (unit >= end)
            return SERIES_NEVER;
        int64_t day = floor_div(unit, units), first = day * units;
        int32_t from = (int32_t)(unit - first) * s->unit_s;
        int32_t second = times_next(&s->outer, from);

        if (s->rule.interval >= units && second != from) {
            unit++; // at most one a day: the next active one is days away
            continue;
        }
        int64_t found = s->classes ? class_next(s, day) : day;
        if (found == day)
            found = recur_day_next(&s->rule, day);
        if (found == RECUR_NEVER)
            return SERIES_NEVER;
        if (found > day)
            unit = found * units;
        else if (second < 0)
            unit = first + units;
        else if (second > from)
            unit = first + second / s->unit_s;
        else
            return unit;
    }
}

// The least kept time of a unit at or after a second of it, -1 when there is none.
static int32_t in_unit(const struct series *s, int32_t from)
{
    if (!recur_has(&s->rule, RECUR_BYSETPOS))
        return times_next(&s->inner, from);
    int64_t rank = place_next(s, times_rank(&s->inner, from), times_count(&s->inner));

    return rank < 0 ? -1 : times_at(&s->inner, (int32_t)rank);
}

static int64_t in_units(const struct series *s, int64_t from, int64_t *steps)
{
    int64_t here = unit_of(s, from), unit = unit_next(s, here, steps);
    int32_t second = 0;

    if (unit == here) {
        second = in_unit(s, (int32_t)(from - here * s->unit_s));
        if (second >= 0 && second < s->unit_s)
            return here * s->unit_s + second;
        unit = unit_next(s, here + 1, steps);
    }
    return unit == SERIES_NEVER ? SERIES_NEVER : unit * s->unit_s + in_unit(s, 0);
}

// ---- periods

// A week, month or year: its days, and how many times it has before BYSETPOS.
struct period {
    int64_t number, first, end;
    int64_t total;
};

static struct period period_of(const struct series *s, int64_t number)
{
    struct period p = {.number = number,
                       .first = recur_period_start(&s->rule, number),
                       .end = recur_period_start(&s->rule, number + 1)};

    p.total = recur_day_count(&s->rule, p.first, p.end) * times_count(&s->rule.times);
    return p;
}

// How many of a period's times lie before a local second.
static int64_t period_rank(const struct series *s, const struct period *p, int64_t at)
{
    int64_t day = floor_div(at, DAY_S), before;

    if (day < p->first)
        return 0;
    if (day >= p->end)
        return p->total;
    before = recur_day_count(&s->rule, p->first, day) * times_count(&s->rule.times);
    if (recur_day_count(&s->rule, day, day + 1) == 0)
        return before;
    return before + times_rank(&s->rule.times, (int32_t)(at - day * DAY_S));
}

static int64_t period_at(const struct series *s, const struct period *p, int64_t rank)
{
    int32_t a_day = times_count(&s->rule.times);

    return recur_day_at(&s->rule, p->first, rank / a_day) * DAY_S +
           times_at(&s->rule.times, (int32_t)(rank % a_day));
}

static int64_t in_periods(const struct series *s, int64_t from)
{
    for (;;) {
        int64_t day = day_next(s, floor_div(from, DAY_S));

        if (day == RECUR_NEVER)
            return SERIES_NEVER;
        if (day * DAY_S > from)
            from = day * DAY_S;
        struct period p = period_of(s, recur_period(&s->rule, day));
        int64_t rank = place_next(s, period_rank(s, &p, from), p.total);

        if (rank >= 0)
            return period_at(s, &p, rank);
        from = p.end * DAY_S;
    }
}

// ---- membership

bool series_has(const struct series *s, int64_t at)
{
    int64_t day = floor_div(at, DAY_S), unit;
    int32_t second = (int32_t)(at - day * DAY_S), start;

    if (at < s->start || at > s->last || recur_day_count(&s->rule, day, day + 1) == 0)
        return false;
    if (s->unit_s) {
        unit = unit_of(s, at);
        start = second / s->unit_s * s->unit_s;
        return to_active(s, unit) == 0 && times_next(&s->outer, start) == start &&
               in_unit(s, second - start) == second - start;
    }
    if (to_active(s, recur_period(&s->rule, day)) != 0 ||
        times_next(&s->rule.times, second) != second)
        return false;
    if (!recur_has(&s->rule, RECUR_BYSETPOS))
        return true;
    struct period p = period_of(s, recur_period(&s->rule, day));
    int64_t rank = period_rank(s, &p, at);

    return place_next(s, rank, p.total) == rank;
}

// ---- counting

// The rule's days of a month that lie in active periods, as bits 1-31. first: of the month.
static uint32_t active_days(const struct series *s, int64_t first)
{
    struct civil date = civil_date(first);
    uint32_t days = recur_days(&s->rule, date.year, date.month), active = 0;

    if (s->rule.interval == 1)
        return days;
    for (; days != 0; days &= days - 1) {
        int64_t day = first + __builtin_ctz(days) - 1;

        if (to_active(s, recur_period(&s->rule, day)) == 0)
            active |= days & -days;
    }
    return active;
}

// Month by month.
static void count_days(const struct series *s, int64_t from, int64_t to, struct series_tally *tally)
{
    const struct times *t = &s->rule.times;
    int64_t last = floor_div(to, DAY_S), a_day = times_count(t), day = floor_div(from, DAY_S);

    while ((day = day_next(s, day)) <= last) {
        struct civil date = civil_date(day);
        int64_t first = day - date.day + 1, end = first + civil_month_days(date.year, date.month);
        uint32_t days = active_days(s, first) & ~0U << date.day;
        int64_t skipped = day * DAY_S < from ? times_rank(t, (int32_t)(from - day * DAY_S)) : 0;

        if (last < end)
            days &= (uint32_t)((UINT64_C(2) << (last - first + 1)) - 1);
        int64_t count = __builtin_popcount(days) * a_day - skipped;
        if (last < end && days >> (last - first + 1) & 1)
            count -= a_day - times_rank(t, (int32_t)(to - last * DAY_S));
        if (count >= tally->left) {
            int64_t rank = skipped + tally->left - 1;

            for (; rank >= a_day; rank -= a_day)
                days &= days - 1;
            tally->at = (first + __builtin_ctz(days) - 1) * DAY_S + times_at(t, (int32_t)rank);
            tally->left = 0;
            return;
        }
        tally->left -= count;
        day = end;
    }
}

// Has every unit at the interval its times, whatever the day and the hour?
static bool is_regular(const struct series *s)
{
    static const uint16_t limits =
        1U << RECUR_BYMONTH | 1U << RECUR_BYMONTHDAY | 1U << RECUR_BYYEARDAY | 1U << RECUR_BYDAY;

    return !(s->rule.given & limits) && times_count(&s->outer) == DAY_S / s->unit_s;
}

// Kept times of a unit before a second of it.
static int64_t kept_before(const struct series *s, int64_t second)
{
    struct series_tally tally = {.left = INT64_MAX};

    places_count(s, 0, times_rank(&s->inner, (int32_t)second), times_count(&s->inner), &tally);
    return INT64_MAX - tally.left;
}

// How many times of a regular series lie before a local second, counted from DTSTART's unit on.
static int64_t regular_rank(const struct series *s, int64_t at, int64_t a_unit)
{
    int64_t unit = unit_of(s, at), ahead = to_active(s, unit);
    int64_t rank = (unit + ahead - s->origin) / s->rule.interval * a_unit;

    return ahead == 0 ? rank + kept_before(s, at - unit * s->unit_s) : rank;
}

static void count_regular(const struct series *s, int64_t from, int64_t to,
                          struct series_tally *tally)
{
    int64_t total = times_count(&s->inner);
    int64_t a_unit = kept_before(s, s->unit_s);
    int64_t low = regular_rank(s, from, a_unit), high = regular_rank(s, to, a_unit);

    if (high - low < tally->left) {
        tally->left -= high - low;
        return;
    }
    low += tally->left - 1;
    struct series_tally of_unit = {.left = low % a_unit + 1};

    tally->at = (s->origin + low / a_unit * s->rule.interval) * s->unit_s +
                times_at(&s->inner, (int32_t)places_count(s, 0, total, total, &of_unit));
    tally->left = 0;
}

static bool count_units(const struct series *s, int64_t from, int64_t to,
                        struct series_tally *tally)
{
    for (; tally->steps < SERIES_STEPS_MAX; tally->steps++, from++) {
        from = in_units(s, from, &tally->steps);
        if (from >= to || from > s->last)
            return true;
        tally->at = from;
        if (--tally->left == 0)
            return true;
    }
    return false;
}

static bool count_periods(const struct series *s, int64_t from, int64_t to,
                          struct series_tally *tally)
{
    for (; tally->steps < SERIES_STEPS_MAX; tally->steps += PERIOD_STEPS) {
        int64_t day = day_next(s, floor_div(from, DAY_S));

        if (day == RECUR_NEVER || day * DAY_S >= to)
            return true;
        struct period p = period_of(s, recur_period(&s->rule, day));
        int64_t rank =
            places_count(s, period_rank(s, &p, from), period_rank(s, &p, to), p.total, tally);

        if (rank >= 0) {
            tally->at = period_at(s, &p, rank);
            return true;
        }
        from = p.end * DAY_S;
    }
    return false;
}

bool series_count(const struct series *s, int64_t from, int64_t to, struct series_tally *t)
{
    if (from < s->start)
        from = s->start;
    if (to > s->last + 1)
        to = s->last + 1;
    if (from >= to || t->left == 0)
        return true;
    if (s->unit_s == 0 && recur_has(&s->rule, RECUR_BYSETPOS))
        return count_periods(s, from, to, t);
    if (s->unit_s && !is_regular(s))
        return count_units(s, from, to, t);
    if (s->unit_s)
        count_regular(s, from, to, t);
    else
        count_days(s, from, to, t);
    return true;
}
