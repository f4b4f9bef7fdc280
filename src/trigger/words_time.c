// words_time.c - says which times of day three masks mean.
//
// From the most natural to the most general: a few times are listed; times of one distance within
// a few spans of hours are "every ... from ... to ..."; what is left is said unit by unit, the
// inner one first: "at seconds 0 and 7 of minute 5 of hours 9 to 17".
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words_time.h"

#include "trigger/mask.h"
#include "trigger/phrase.h"

#define TIMES_MAX 4 // so many times of day are listed one by one
#define SPANS_MAX 3 // so many spans of hours are listed
#define HOUR_S 3600

// Times of one distance, hour for hour.
struct pace {
    int every_s; // 1 to HOUR_S
    int first_s; // of the hour
    int last_s;
};

// "02:30" or "02:30:05"
static void say_clock(int seconds, bool has_seconds, struct buf *out)
{
    buf_printf(out, "%02d:%02d", seconds / HOUR_S, seconds / 60 % 60);
    if (has_seconds)
        buf_printf(out, ":%02d", seconds % 60);
}

static bool has_seconds(const struct calendar *c)
{
    return c->seconds != 1;
}

static int time_count(const struct calendar *c)
{
    return mask_count(c->seconds) * mask_count(c->minutes) * mask_count(c->hours);
}

// "at 02:30, 03:30 and 14:00"
static void say_times(const struct calendar *c, struct buf *out)
{
    struct phrase_join join = {.out = out, .left = time_count(c)};

    buf_add_text(out, "at ");
    for (uint64_t h = c->hours; h != 0; h &= h - 1)
        for (uint64_t m = c->minutes; m != 0; m &= m - 1)
            for (uint64_t s = c->seconds; s != 0; s &= s - 1) {
                phrase_next(&join);
                say_clock(mask_first(h) * HOUR_S + mask_first(m) * 60 + mask_first(s),
                          has_seconds(c), out);
            }
}

// "every second", "every 5 minutes"
static void say_every(int n, const char *unit, struct buf *out)
{
    if (n == 1)
        buf_printf(out, "every %s", unit);
    else
        buf_printf(out, "every %d %ss", n, unit);
}

static void say_pace(int every_s, struct buf *out)
{
    if (every_s % HOUR_S == 0)
        say_every(every_s / HOUR_S, "hour", out);
    else if (every_s % 60 == 0)
        say_every(every_s / 60, "minute", out);
    else
        say_every(every_s, "second", out);
}

// n when the values are all n apart and so is the first from the last across the end; 60 for a
// single one. Else 0.
static int tile_of(uint64_t mask)
{
    int step = mask_is_single(mask) ? 60 : mask_step(mask);

    return step != 0 && mask_last(mask) + step == mask_first(mask) + 60 ? step : 0;
}

// Whether minutes and seconds make times of one distance from hour to hour.
static bool pace_find(const struct calendar *c, struct pace *ret_pace)
{
    int seconds = tile_of(c->seconds), minutes = tile_of(c->minutes);
    bool is_dense = c->minutes == CALENDAR_MINUTES;

    *ret_pace = (struct pace){
        .every_s = is_dense ? seconds : minutes * 60,
        .first_s = mask_first(c->minutes) * 60 + mask_first(c->seconds),
        .last_s = mask_last(c->minutes) * 60 + mask_last(c->seconds),
    };
    return seconds != 0 && minutes != 0 && (is_dense || mask_is_single(c->seconds));
}

// " from 09:00 to 11:55 and from 14:00 to 17:55". A span that crosses midnight comes last.
static void say_spans(const struct calendar *c, const struct pace *pace, bool is_wrapped,
                      struct buf *out)
{
    uint64_t left = c->hours;
    int night_end = is_wrapped ? mask_run_end(left, 0) : -1;
    struct phrase_join join = {.out = out, .left = mask_run_count(left) - is_wrapped};

    if (is_wrapped)
        left &= ~mask_range(0, night_end);
    buf_add_byte(out, ' ');
    while (left != 0) {
        int from = mask_first(left), to = mask_run_end(left, from);

        left &= ~mask_range(from, to);
        phrase_next(&join);
        buf_add_text(out, "from ");
        say_clock(from * HOUR_S + pace->first_s, has_seconds(c), out);
        buf_add_text(out, " to ");
        say_clock((to == 23 && is_wrapped ? night_end : to) * HOUR_S + pace->last_s, has_seconds(c),
                  out);
    }
}

// "at minute 15 of every hour", "at second 5 of every minute": the first value is not 0.
static void say_phase(const struct calendar *c, const struct pace *pace, struct buf *out)
{
    if (pace->every_s == HOUR_S && c->seconds == 1)
        buf_printf(out, "at minute %d of every hour", pace->first_s / 60);
    else if (pace->every_s == 60)
        buf_printf(out, "at second %d of every minute", pace->first_s);
    else {
        say_pace(pace->every_s, out);
        say_spans(c, pace, false, out);
    }
}

// Every so many hours, where they are equally far apart. False: they are not.
static bool say_hour_steps(const struct calendar *c, const struct pace *pace, struct buf *out)
{
    int step = mask_step(c->hours), first = mask_first(c->hours), last = mask_last(c->hours);

    if (step < 2)
        return false;
    say_every(step, "hour", out);
    if (first == 0 && last + step == 24 && pace->first_s == 0)
        return true;
    buf_add_text(out, " from ");
    say_clock(first * HOUR_S + pace->first_s, has_seconds(c), out);
    buf_add_text(out, " to ");
    say_clock(last * HOUR_S + pace->last_s, has_seconds(c), out);
    return true;
}

// "every 5 minutes from 09:00 to 17:55". False, and nothing said, where this has no simple form.
static bool say_paced(const struct calendar *c, bool is_every_day, struct buf *out)
{
    bool is_wrapped =
        is_every_day && c->hours != CALENDAR_HOURS && (c->hours & 1) && (c->hours >> 23 & 1);
    bool is_hourly;
    struct pace pace;

    if (!pace_find(c, &pace))
        return false;
    if (c->hours == CALENDAR_HOURS) {
        if (pace.first_s != 0)
            say_phase(c, &pace, out);
        else
            say_pace(pace.every_s, out);
        return true;
    }
    is_hourly = pace.every_s == HOUR_S;
    if (is_hourly && say_hour_steps(c, &pace, out))
        return true;
    // An hour on its own is no span of hours.
    if (mask_run_count(c->hours) - is_wrapped > SPANS_MAX ||
        (is_hourly && (c->hours & ~(c->hours << 1) & ~(c->hours >> 1)) != 0))
        return false;
    say_pace(pace.every_s, out);
    say_spans(c, &pace, is_wrapped, out);
    return true;
}

// Within a single hour: "every 7 minutes from 02:00 to 02:56". False where minutes and seconds are
// not equally far apart.
static bool say_in_hour(const struct calendar *c, struct buf *out)
{
    int step = mask_step(c->minutes), tile = tile_of(c->seconds), hour = mask_first(c->hours);

    if (!mask_is_single(c->hours))
        return false;
    if (mask_is_single(c->seconds) && step != 0)
        say_pace(step * 60, out);
    else if (tile != 0 && (step == 1 || mask_is_single(c->minutes)))
        say_pace(tile, out);
    else if (mask_is_single(c->minutes) && mask_step(c->seconds) != 0)
        say_pace(mask_step(c->seconds), out);
    else
        return false;
    buf_add_text(out, " from ");
    say_clock(hour * HOUR_S + mask_first(c->minutes) * 60 + mask_first(c->seconds), has_seconds(c),
              out);
    buf_add_text(out, " to ");
    say_clock(hour * HOUR_S + mask_last(c->minutes) * 60 + mask_last(c->seconds), has_seconds(c),
              out);
    return true;
}

// The innermost unit: "at minutes 0 and 35 of", "every 7 minutes from minute 0 to 56 of", "every 5
// minutes in".
static void say_inner(uint64_t mask, const char *unit, struct buf *out)
{
    int step = mask_step(mask), tile = tile_of(mask);

    if (mask == CALENDAR_MINUTES || (tile > 1 && tile <= 30 && mask_first(mask) == 0)) {
        say_every(step, unit, out);
        buf_add_text(out, " in ");
    } else if (mask_count(mask) >= PHRASE_STEPS_MIN && step != 0) {
        say_every(step, unit, out);
        buf_printf(out, " from %s %d to %d of ", unit, mask_first(mask), mask_last(mask));
    } else {
        buf_add_text(out, "at ");
        phrase_units(mask, unit, out);
        buf_add_text(out, " of ");
    }
}

static void say_outer(uint64_t mask, uint64_t all, const char *unit, struct buf *out)
{
    if (mask == all)
        buf_printf(out, "every %s", unit);
    else
        phrase_units(mask, unit, out);
}

static void say_units(const struct calendar *c, struct buf *out)
{
    if (c->seconds == 1) {
        say_inner(c->minutes, "minute", out);
    } else {
        say_inner(c->seconds, "second", out);
        say_outer(c->minutes, CALENDAR_MINUTES, "minute", out);
        if (c->minutes == CALENDAR_MINUTES && c->hours == CALENDAR_HOURS)
            return;
        buf_add_text(out, " of ");
    }
    say_outer(c->hours, CALENDAR_HOURS, "hour", out);
}

bool words_time(const struct calendar *c, bool is_every_day, struct buf *out)
{
    if (time_count(c) <= TIMES_MAX) {
        say_times(c, out);
        return true;
    }
    if (!say_paced(c, is_every_day, out) && !say_in_hour(c, out))
        say_units(c, out);
    return false;
}
