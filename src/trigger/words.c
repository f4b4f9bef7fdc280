// words.c - turns masks back into the sentence a person would say.
//
// The sentence has four parts: time of day, days, months with weeks, years. Each says nothing
// when it leaves nothing out, so that "* * * * *" is just "every minute".
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words.h"

#include "base/str.h"
#include "time/duration.h"

#define ALL_60 ((UINT64_C(1) << 60) - 1)
#define ALL_24 ((UINT64_C(1) << 24) - 1)
#define ALL_DAYS 0xfffffffeU
#define ALL_WEEKS ((UINT64_C(1) << 54) - 2)
#define ALL_MONTHS 0x1ffeU
#define ALL_WEEKDAYS 0x7fU
#define TIMES_MAX 4 // so many times of day are listed one by one

static const char *const months[] = {"",        "January",  "February", "March",  "April",
                                     "May",     "June",     "July",     "August", "September",
                                     "October", "November", "December"};
static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
static const char *const ordinals[] = {"first", "second", "third", "fourth", "fifth", "last"};

static void say_time(const struct calendar *c, struct buf *out);
static void say_days(const struct calendar *c, struct buf *out);
static void say_years(const struct calendar *c, struct buf *out);

// Prints one value of a list.
typedef void say_fn(int value, struct buf *out);

static void say_number(int value, struct buf *out)
{
    buf_printf(out, "%d", value);
}

static void say_month(int value, struct buf *out)
{
    buf_add_text(out, months[value]);
}

static void say_weekday(int value, struct buf *out)
{
    buf_printf(out, "%ss", weekdays[value]);
}

// The end of the run of set bits that begins at a bit.
static int run_end(uint64_t mask, int from)
{
    int to = from;

    while (to < 63 && mask >> (to + 1) & 1)
        to++;
    return to;
}

// Are the set bits neighbours?
static bool is_run(uint64_t mask)
{
    return mask >> run_end(mask, __builtin_ctzll(mask)) >> 1 == 0;
}

// "1, 3 to 5 and 9"
static void say_list(uint64_t mask, say_fn *say, struct buf *out)
{
    const char *separator = "";

    while (mask != 0) {
        int from = __builtin_ctzll(mask), to = run_end(mask, from);

        if (to - from == 1)
            to = from; // two neighbours are two items
        mask &= to == 63 ? 0 : ~UINT64_C(0) << (to + 1);
        buf_add_text(out, separator);
        say(from, out);
        if (to > from) {
            buf_add_text(out, " to ");
            say(to, out);
        }
        separator =
            mask != 0 && (mask >> run_end(mask, __builtin_ctzll(mask)) >> 1) == 0 ? " and " : ", ";
        if (mask != 0 && __builtin_popcountll(mask) == 2 &&
            run_end(mask, __builtin_ctzll(mask)) > __builtin_ctzll(mask))
            separator = ", ";
    }
}

// n when the mask is every n-th value from 0 and n divides the span; else 0.
static int step_of(uint64_t mask, int span)
{
    for (int n = 2; n <= span / 2; n++) {
        uint64_t regular = 0;

        if (span % n != 0)
            continue;
        for (int value = 0; value < span; value += n)
            regular |= UINT64_C(1) << value;
        if (mask == regular)
            return n;
    }
    return 0;
}

static bool is_single(uint64_t mask)
{
    return mask != 0 && (mask & (mask - 1)) == 0;
}

void words_calendar(const struct calendar *c, struct buf *out)
{
    say_time(c, out);
    say_days(c, out);
    if (c->months != ALL_MONTHS) {
        buf_add_text(out, " in ");
        say_list(c->months, say_month, out);
    }
    if (c->weeks != ALL_WEEKS) {
        buf_add_text(out, is_single(c->weeks) ? " in ISO week " : " in ISO weeks ");
        say_list(c->weeks, say_number, out);
    }
    say_years(c, out);
}

// ---- time of day

// " from 09:00 to 17:59", " in every 2nd hour", " in hours 9 and 12"
static void say_hours(const struct calendar *c, struct buf *out)
{
    int from = __builtin_ctz(c->hours), step = step_of(c->hours, 24);

    if (c->hours == ALL_24)
        return;
    if (is_run(c->hours)) {
        buf_printf(out, " from %02d:00 to %02d:59", from, run_end(c->hours, from));
    } else if (step) {
        buf_printf(out, " in every %d%s hour", step, step == 2 ? "nd" : step == 3 ? "rd" : "th");
    } else {
        buf_add_text(out, " in hours ");
        say_list(c->hours, say_number, out);
    }
}

// "at 02:30, 03:30 and 14:00:05"
static void say_times(const struct calendar *c, struct buf *out)
{
    bool has_seconds = c->seconds != 1;
    int left = __builtin_popcountll(c->seconds) * __builtin_popcountll(c->minutes) *
               __builtin_popcount(c->hours);
    const char *separator = "at ";

    for (uint32_t h = c->hours; h != 0; h &= h - 1)
        for (uint64_t m = c->minutes; m != 0; m &= m - 1)
            for (uint64_t s = c->seconds; s != 0; s &= s - 1) {
                buf_printf(out, "%s%02d:%02d", separator, __builtin_ctz(h), __builtin_ctzll(m));
                if (has_seconds)
                    buf_printf(out, ":%02d", __builtin_ctzll(s));
                separator = --left > 1 ? ", " : " and ";
            }
}

static void say_minutes(const struct calendar *c, struct buf *out)
{
    int step = step_of(c->minutes, 60), hour_step = step_of(c->hours, 24);

    if (c->minutes == ALL_60) {
        buf_add_text(out, "every minute");
    } else if (step) {
        buf_printf(out, "every %d minutes", step);
    } else if (c->minutes == 1 && hour_step) {
        buf_printf(out, "every %d hours", hour_step);
        return;
    } else if (c->minutes == 1 && is_run(c->hours)) {
        buf_add_text(out, "every hour");
        if (c->hours != ALL_24)
            buf_printf(out, " from %02d:00 to %02d:00", __builtin_ctz(c->hours),
                       run_end(c->hours, __builtin_ctz(c->hours)));
        return;
    } else {
        buf_add_text(out, is_single(c->minutes) ? "at minute " : "at minutes ");
        say_list(c->minutes, say_number, out);
        if (c->hours == ALL_24)
            buf_add_text(out, " of every hour");
    }
    say_hours(c, out);
}

static void say_seconds(const struct calendar *c, struct buf *out)
{
    int step = step_of(c->seconds, 60);

    if (c->seconds == ALL_60) {
        buf_add_text(out, "every second");
    } else if (step) {
        buf_printf(out, "every %d seconds", step);
    } else {
        buf_add_text(out, is_single(c->seconds) ? "at second " : "at seconds ");
        say_list(c->seconds, say_number, out);
        if (c->minutes == ALL_60)
            buf_add_text(out, " of every minute");
    }
    if (c->minutes != ALL_60) {
        buf_add_text(out, is_single(c->minutes) ? " in minute " : " in minutes ");
        say_list(c->minutes, say_number, out);
    }
    say_hours(c, out);
}

static int time_count(const struct calendar *c)
{
    return __builtin_popcountll(c->seconds) * __builtin_popcountll(c->minutes) *
           __builtin_popcount(c->hours);
}

static void say_time(const struct calendar *c, struct buf *out)
{
    if (time_count(c) <= TIMES_MAX)
        say_times(c, out);
    else if (c->seconds == 1)
        say_minutes(c, out);
    else
        say_seconds(c, out);
}

// ---- days

// Adds "on ..." parts; the first has no "and" in front.
struct parts {
    struct buf *out;
    int count;
};

static void part(struct parts *p)
{
    buf_add_text(p->out, p->count++ ? " and " : " ");
}

static void say_nth(const struct calendar *c, struct parts *p)
{
    for (uint64_t left = c->nth; left != 0; left &= left - 1) {
        int bit = __builtin_ctzll(left);

        part(p);
        buf_printf(p->out, "on the %s %s of the month", ordinals[bit / 7], weekdays[bit % 7]);
    }
}

static void say_month_days(const struct calendar *c, struct parts *p)
{
    if (c->days == ALL_DAYS) {
        part(p);
        buf_add_text(p->out, "every day");
    } else if (c->days) {
        part(p);
        buf_add_text(p->out, is_single(c->days) ? "on day " : "on days ");
        say_list(c->days, say_number, p->out);
        buf_add_text(p->out, " of the month");
    }
    for (uint32_t left = c->last; left != 0; left &= left - 1) {
        int before = __builtin_ctz(left);

        part(p);
        if (before)
            buf_printf(p->out, "%d day%s before the last day of the month", before,
                       before == 1 ? "" : "s");
        else
            buf_add_text(p->out, "on the last day of the month");
    }
    for (uint32_t left = c->nearest; left != 0; left &= left - 1) {
        part(p);
        buf_printf(p->out, "on the working day nearest to day %d of the month",
                   __builtin_ctz(left));
    }
    for (uint32_t left = c->last_nearest; left != 0; left &= left - 1) {
        int before = __builtin_ctz(left);

        part(p);
        if (before)
            buf_printf(p->out,
                       "on the working day nearest to %d day%s before the last day of the month",
                       before, before == 1 ? "" : "s");
        else
            buf_add_text(p->out, "on the last working day of the month");
    }
    if (c->nth_is_day)
        say_nth(c, p);
}

static void say_weekdays(const struct calendar *c, struct parts *p)
{
    if (c->weekdays) {
        part(p);
        buf_add_text(p->out, "on ");
        if (c->weekdays == 0x1f)
            buf_add_text(p->out, "weekdays");
        else if (c->weekdays == 0x60)
            buf_add_text(p->out, "weekends");
        else
            say_list(c->weekdays, say_weekday, p->out);
    }
    if (!c->nth_is_day)
        say_nth(c, p);
}

static bool all_days(const struct calendar *c)
{
    return c->days == ALL_DAYS;
}

static void say_days(const struct calendar *c, struct buf *out)
{
    bool any_weekday = c->weekdays == ALL_WEEKDAYS, any_day = all_days(c);
    struct parts days = {.out = out}, week = {.out = out};

    if ((any_day && any_weekday) || (c->is_either && (any_day || any_weekday))) {
        if (time_count(c) <= TIMES_MAX)
            buf_add_text(out, " every day");
        return;
    }
    if (any_weekday) {
        say_month_days(c, &days);
        return;
    }
    if (any_day) {
        say_weekdays(c, &week);
        return;
    }
    say_month_days(c, &days);
    buf_add_text(out, c->is_either ? " or" : ", but only");
    say_weekdays(c, &week);
}

// ---- years

static void say_years(const struct calendar *c, struct buf *out)
{
    const char *separator = " in ";

    for (int year = CALENDAR_YEAR_MIN; year <= CALENDAR_YEAR_MAX; year++) {
        int to = year;

        if (!calendar_has_year(c, year))
            continue;
        while (to < CALENDAR_YEAR_MAX && calendar_has_year(c, to + 1))
            to++;
        if (year == CALENDAR_YEAR_MIN && to == CALENDAR_YEAR_MAX)
            return;
        if (to == CALENDAR_YEAR_MAX && to > year)
            buf_printf(out, "%s%d and later", separator, year);
        else
            buf_printf(out, to > year ? "%s%d to %d" : "%s%d", separator, year, to);
        separator = ", ";
        year = to;
    }
}

// ---- intervals

// "15 seconds", "0.5 seconds"
static void say_rest(int64_t us, struct buf *out)
{
    buf_printf(out, "%lld", (long long)(us / SECOND_US));
    if (us % SECOND_US != 0) {
        buf_printf(out, ".%06lld", (long long)(us % SECOND_US));
        while (out->p[out->len - 1] == '0')
            out->len--;
    }
    buf_add_text(out, us == SECOND_US ? " second" : " seconds");
}

void words_interval(int64_t every_us, struct buf *out)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"week", 7 * DAY_US},
                 {"day", DAY_US},
                 {"hour", HOUR_US},
                 {"minute", MINUTE_US},
                 {"second", SECOND_US}};
    const char *separator = "every ";

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (every_us == units[i].us) {
            buf_printf(out, "every %s", units[i].name);
            return;
        }
    for (size_t i = 0; i < 4; i++) {
        int64_t n = every_us / units[i].us;

        if (n == 0 || (i == 0 && every_us % units[i].us != 0))
            continue;
        every_us -= n * units[i].us;
        buf_printf(out, "%s%lld %s%s", separator, (long long)n, units[i].name, n == 1 ? "" : "s");
        separator = every_us > 0 ? " and " : "";
    }
    if (every_us > 0) {
        buf_add_text(out, separator);
        say_rest(every_us, out);
    }
}

// ---- parts for others

void words_times(const struct calendar *c, struct buf *out)
{
    say_time(c, out);
}

void words_list(uint64_t mask, void (*say)(int value, struct buf *out), struct buf *out)
{
    say_list(mask, say, out);
}

const char *words_month(int month)
{
    return months[month];
}

const char *words_weekday(int weekday)
{
    return weekdays[weekday];
}
