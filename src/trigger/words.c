// words.c - turns masks back into the sentence a person would say.
//
// The sentence has four parts: time of day (words_time.c), days with months, weeks, years. Each
// says nothing when it leaves nothing out, so that "* * * * *" is just "every minute". Different
// sets of local times have different sentences: what is said is exact.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words.h"

#include "base/str.h"
#include "time/duration.h"
#include "trigger/mask.h"
#include "trigger/names.h"
#include "trigger/phrase.h"
#include "trigger/words_time.h"

#define WORKING_DAYS 0x1fU
#define WEEKEND 0x60U

static const char *const nths[] = {"first", "second", "third", "fourth", "fifth", "last"};

static void say_days(const struct calendar *c, bool is_list, struct buf *out);
static void say_weeks(const struct calendar *c, struct buf *out);
static void say_years(const struct calendar *c, struct buf *out);

void words_calendar(const struct calendar *c, struct buf *out)
{
    bool is_list = words_time(c, calendar_is_daily(c), out);

    say_days(c, is_list, out);
    say_weeks(c, out);
    say_years(c, out);
}

// ---- days

static bool any_day(const struct calendar *c)
{
    return c->days == CALENDAR_DAYS;
}

static bool any_weekday(const struct calendar *c)
{
    return c->weekdays == CALENDAR_WEEKDAYS;
}

static bool is_day_free(const struct calendar *c)
{
    return (any_day(c) && any_weekday(c)) || (c->is_either && (any_day(c) || any_weekday(c)));
}

static void say_month(int value, struct buf *out)
{
    buf_add_text(out, month_full_names[value - 1]);
}

static void say_weekday(int value, struct buf *out)
{
    buf_printf(out, "%ss", weekday_full_names[value]);
}

// "January and June to August", "every 2nd month from January to November"
static void say_months(const struct calendar *c, struct buf *out)
{
    if (phrase_is_steps(c->months)) {
        buf_add_text(out, "every ");
        phrase_ordinal(mask_step(c->months), out);
        buf_printf(out, " month from %s to %s", month_full_names[mask_first(c->months) - 1],
                   month_full_names[mask_last(c->months) - 1]);
        return;
    }
    phrase_cycle(c->months, 1, 12, say_month, out);
}

// "the last day", "the 3rd day before the last day"
static void say_last(int before, struct buf *out)
{
    if (before) {
        buf_add_text(out, "the ");
        phrase_ordinal(before, out);
        buf_add_text(out, " day before ");
    }
    buf_add_text(out, "the last day");
}

static void say_nths(const struct calendar *c, struct phrase_join *j)
{
    for (uint64_t left = c->nth; left != 0; left &= left - 1) {
        int bit = mask_first(left);

        phrase_next(j);
        buf_printf(j->out, "the %s %s", nths[bit / 7], weekday_full_names[bit % 7]);
    }
}

static bool has_month_days(const struct calendar *c)
{
    return (c->days | c->last | c->nearest | c->last_nearest) != 0 || (c->nth_is_day && c->nth);
}

// "day 1, the last day and the second Friday", all within a month
static void say_month_days(const struct calendar *c, struct buf *out)
{
    struct phrase_join join = {
        .out = out,
        .left = (c->days != 0) + mask_count(c->last) + mask_count(c->nearest) +
                mask_count(c->last_nearest) + (c->nth_is_day ? mask_count(c->nth) : 0),
    };

    if (c->days) {
        phrase_next(&join);
        phrase_units(c->days, "day", out);
    }
    for (uint32_t left = c->last; left != 0; left &= left - 1) {
        phrase_next(&join);
        say_last(mask_first(left), out);
    }
    for (uint32_t left = c->nearest; left != 0; left &= left - 1) {
        phrase_next(&join);
        buf_printf(out, "the working day nearest to day %d", mask_first(left));
    }
    for (uint32_t left = c->last_nearest; left != 0; left &= left - 1) {
        phrase_next(&join);
        if (mask_first(left) == 0) {
            buf_add_text(out, "the last working day");
            continue;
        }
        buf_add_text(out, "the working day nearest to ");
        say_last(mask_first(left), out);
    }
    if (c->nth_is_day)
        say_nths(c, &join);
}

void words_weekdays(const struct calendar *c, struct buf *out)
{
    struct phrase_join join = {
        .out = out,
        .left = (c->weekdays != 0) + (c->nth_is_day ? 0 : mask_count(c->nth)),
    };

    if (c->weekdays) {
        phrase_next(&join);
        if (c->weekdays == WORKING_DAYS)
            buf_add_text(out, "weekdays");
        else if (c->weekdays == WEEKEND)
            buf_add_text(out, "weekends");
        else
            phrase_cycle(c->weekdays, 0, 7, say_weekday, out);
    }
    if (!c->nth_is_day)
        say_nths(c, &join);
}

// " of the month", or the months themselves where all before it hangs on months.
static void say_of_month(const struct calendar *c, bool is_named, struct buf *out)
{
    buf_add_text(out, " of ");
    if (is_named)
        say_months(c, out);
    else
        buf_add_text(out, "the month");
}

// One day of one month, such as 1 January?
static bool is_date(const struct calendar *c)
{
    return mask_is_single(c->days) && mask_is_single(c->months) &&
           (c->last | c->nearest | c->last_nearest) == 0 && !(c->nth_is_day && c->nth);
}

static void say_days(const struct calendar *c, bool is_list, struct buf *out)
{
    bool is_free = is_day_free(c), has_days = !is_free && !any_day(c) && has_month_days(c);
    bool has_weekdays = !is_free && !any_weekday(c);
    bool has_nth = has_weekdays && !c->nth_is_day && c->nth;
    bool has_months = c->months != CALENDAR_MONTHS;
    // "of January" in place of "of the month": only where every day said hangs on the month.
    bool is_named = has_months && (has_days ? !has_weekdays : has_nth && !c->weekdays);

    if (is_free && is_list)
        buf_add_text(out, " every day");
    if (has_days && is_named && is_date(c)) {
        buf_printf(out, " on %d %s", mask_first(c->days),
                   month_full_names[mask_first(c->months) - 1]);
    } else if (has_days) {
        buf_add_text(out, " on ");
        say_month_days(c, out);
        say_of_month(c, is_named, out);
    }
    if (has_weekdays) {
        buf_add_text(out, !has_days ? " on " : c->is_either ? " or on " : ", but only on ");
        words_weekdays(c, out);
        if (has_nth)
            say_of_month(c, is_named, out);
    }
    if (has_months && !is_named) {
        buf_add_text(out, has_days && has_weekdays ? ", only in " : " in ");
        say_months(c, out);
    }
}

static void say_weeks(const struct calendar *c, struct buf *out)
{
    if (c->weeks == CALENDAR_WEEKS)
        return;
    buf_add_text(out, " in ");
    phrase_units(c->weeks, "ISO week", out);
}

// ---- years

// The end of the run of years that begins with one. Two neighbours are two items.
static int years_end(const struct calendar *c, int from)
{
    int to = from;

    while (calendar_has_year(c, to + 1))
        to++;
    return to - from == 1 && to < CALENDAR_YEAR_MAX ? from : to;
}

// The year after one that is in the set; beyond CALENDAR_YEAR_MAX when there is none.
static int year_after(const struct calendar *c, int year)
{
    do
        year++;
    while (year <= CALENDAR_YEAR_MAX && !calendar_has_year(c, year));
    return year;
}

// The distance between years that are all equally far apart, 0 when they are not.
static int years_step(const struct calendar *c, int first, int *ret_last)
{
    int step = year_after(c, first) - first, last = first, count = 1;

    for (; last + step <= CALENDAR_YEAR_MAX; last += step, count++)
        if (year_after(c, last) != last + step)
            break;
    *ret_last = last;
    return count >= PHRASE_STEPS_MIN && step > 1 && year_after(c, last) > CALENDAR_YEAR_MAX ? step
                                                                                            : 0;
}

static void say_year_list(const struct calendar *c, int first, struct buf *out)
{
    struct phrase_join join = {.out = out};

    for (int year = first; year <= CALENDAR_YEAR_MAX; year = year_after(c, years_end(c, year)))
        join.left++;
    for (int year = first; year <= CALENDAR_YEAR_MAX; year = year_after(c, years_end(c, year))) {
        int to = years_end(c, year);

        phrase_next(&join);
        if (to == CALENDAR_YEAR_MAX && to > year)
            buf_printf(out, "%d and later", year);
        else if (to > year)
            buf_printf(out, "%d to %d", year, to);
        else
            buf_printf(out, "%d", year);
    }
}

static void say_years(const struct calendar *c, struct buf *out)
{
    int first = year_after(c, CALENDAR_YEAR_MIN - 1), last;

    if (calendar_has_all_years(c))
        return;
    buf_add_text(out, " in ");
    int step = years_step(c, first, &last);
    if (step == 0) {
        say_year_list(c, first, out);
        return;
    }
    buf_add_text(out, "every ");
    phrase_ordinal(step, out);
    buf_printf(out, " year from %d", first);
    if (last + step <= CALENDAR_YEAR_MAX)
        buf_printf(out, " to %d", last);
}

// ---- lengths of time

static const struct {
    const char *name;
    int64_t us;
} units[] = {{"week", 7 * DAY_US},
             {"day", DAY_US},
             {"hour", HOUR_US},
             {"minute", MINUTE_US},
             {"second", SECOND_US}};

// "15 seconds", "0.5 seconds"
static void say_seconds(int64_t us, struct buf *out)
{
    buf_printf(out, "%lld", (long long)(us / SECOND_US));
    if (us % SECOND_US != 0) {
        buf_printf(out, ".%06lld", (long long)(us % SECOND_US));
        while (out->p[out->len - 1] == '0')
            out->len--;
    }
    buf_add_text(out, us == SECOND_US ? " second" : " seconds");
}

// "1 day, 2 hours and 0.5 seconds"
static void say_parts(int64_t us, struct buf *out)
{
    struct phrase_join join = {.out = out};

    for (int pass = 0; pass < 2; pass++) {
        int64_t rest = us;

        for (size_t i = 1; i < 4; i++) {
            int64_t n = rest / units[i].us;

            rest -= n * units[i].us;
            if (n == 0)
                continue;
            if (pass == 0) {
                join.left++;
                continue;
            }
            phrase_next(&join);
            buf_printf(out, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
        }
        if (rest != 0 && pass == 0) {
            join.left++;
        } else if (rest != 0) {
            phrase_next(&join);
            say_seconds(rest, out);
        }
    }
}

// "90 minutes" and "36 hours" are easier to grasp than their parts; "1000 minutes" are not.
#define UNITS_MAX 99

void words_length(int64_t us, struct buf *out)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t n = us / units[i].us;

        if (n == 0 || us % units[i].us != 0 || n > UNITS_MAX)
            continue;
        buf_printf(out, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
        return;
    }
    say_parts(us, out);
}

void words_interval(int64_t every_us, struct buf *out)
{
    buf_add_text(out, "every ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (every_us == units[i].us) {
            buf_add_text(out, units[i].name);
            return;
        }
    words_length(every_us, out);
}
