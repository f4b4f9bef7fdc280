// rrule_words.c - a sentence for each rule, then the dates that are added and taken out.
//
// A sentence says how often (every 2nd week), which days of that (on Monday and Friday), what they
// must be besides (only in January), the times of day, which of them BYSETPOS keeps, and the
// bounds. Rules are told as they are searched: every 60 minutes is every hour.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rrule_words.h"

#include "time/civil.h"
#include "trigger/names.h"
#include "trigger/phrase.h"
#include "trigger/words_time.h"

#define DATES_MAX 5 // so many dates are listed
#define TIMES_FEW 4 // so many times of a day are listed one by one, by words_time

static void say_rule(const struct rrule *r, const struct recur *rule, struct buf *out);
static void say_bounds(const struct rrule *r, const struct recur *rule, struct buf *out);
static void say_dates(const struct rrule *r, const int64_t *v, size_t len, struct buf *out);
static void say_taken_out(const struct rrule *r, struct buf *out);

void rrule_words(const struct rrule *r, struct buf *out)
{
    const char *separator = "";

    for (size_t i = 0; i < r->rules.len; i++) {
        buf_add_text(out, separator);
        say_rule(r, &r->rules.v[i].rule, out);
        say_bounds(r, &r->rules.v[i].rule, out);
        separator = "; and ";
    }
    if (r->dates.len > 0) {
        buf_add_text(out, r->rules.len > 0 ? "; also " : "");
        buf_add_text(out, r->is_date ? "on " : "at ");
        say_dates(r, r->dates.v, r->dates.len, out);
    }
    say_taken_out(r, out);
}

// ---- lists and dates

// "the last", "the 2nd-last"
static void say_last(int n, struct buf *out)
{
    buf_add_text(out, "the ");
    if (n > 1) {
        phrase_ordinal(n, out);
        buf_add_byte(out, '-');
    }
    buf_add_text(out, "last");
}

// "every week", "every 2nd week"
static void say_every(int64_t n, const char *what, struct buf *out)
{
    buf_add_text(out, "every ");
    if (n > 1) {
        phrase_ordinal(n, out);
        buf_add_byte(out, ' ');
    }
    buf_add_text(out, what);
}

static void say_moment(int64_t local_s, bool is_date, struct buf *out)
{
    struct civil c = civil_at(local_s);

    buf_printf(out, "%04d-%02d-%02d", c.year, c.month, c.day);
    if (!is_date)
        buf_printf(out, " %02d:%02d", c.hour, c.minute);
    if (c.second != 0)
        buf_printf(out, ":%02d", c.second);
}

static void say_month(int month, struct buf *out)
{
    buf_add_text(out, month_full_names[month - 1]);
}

static void say_weekday(int weekday, struct buf *out)
{
    buf_add_text(out, weekday_full_names[weekday]);
}

static void say_weekdays(int weekday, struct buf *out)
{
    buf_printf(out, "%ss", weekday_full_names[weekday]);
}

// ---- days

static int64_t bits_count(const uint64_t *set)
{
    int64_t count = 0;

    for (int i = 0; i < RECUR_WORDS; i++)
        count += __builtin_popcountll(set[i]);
    return count;
}

static bool bit_is_set(const uint64_t *set, int bit)
{
    return set[bit / 64] >> bit % 64 & 1;
}

// "the last day and the 3rd-last day": positions counted from the back.
static void say_backs(struct phrase_join *l, const uint64_t *back, const char *what)
{
    for (int n = 1; n <= RECUR_BITS; n++) {
        if (!bit_is_set(back, RECUR_BITS - n))
            continue;
        phrase_next(l);
        say_last(n, l->out);
        buf_add_text(l->out, what);
    }
}

// "day 1", "days 1 to 3 and 15", "the last day", "day 1, the last day and the 3rd-last day"
static void say_positions(const struct recur_positions *p, struct buf *out)
{
    struct phrase_join l = {.out = out, .left = (int)bits_count(p->back)};

    if (bits_count(p->front) > 0) {
        const char *separator = bits_count(p->front) > 1 ? "days " : "day ";
        int left = 0;

        for (int n = 0; n < RECUR_BITS; n++) // runs
            left += bit_is_set(p->front, n) && (n == 0 || !bit_is_set(p->front, n - 1));
        for (int n = 0; n < RECUR_BITS; n++) {
            int to = n;

            if (!bit_is_set(p->front, n))
                continue;
            while (to + 1 < RECUR_BITS && bit_is_set(p->front, to + 1))
                to++;
            buf_printf(out, to > n ? "%s%d to %d" : "%s%d", separator, n + 1, to + 1);
            separator = --left == 1 && l.left == 0 ? " and " : ", ";
            n = to;
        }
        l.is_begun = true;
    }
    say_backs(&l, p->back, " day");
}

// "the first Monday", "the last Friday", "the 20th Monday", "the 2nd-last Sunday"
static void say_nth(int n, bool is_back, int weekday, struct buf *out)
{
    static const char *const words[] = {"", "first", "second", "third", "fourth", "fifth"};

    if (is_back) {
        say_last(n, out);
    } else if (n <= 5) {
        buf_printf(out, "the %s", words[n]);
    } else {
        buf_add_text(out, "the ");
        phrase_ordinal(n, out);
    }
    buf_printf(out, " %s", weekday_full_names[weekday]);
}

// Weekdays without and with numbers: "every Tuesday, the first Sunday and the last Sunday".
static void say_named_days(const struct recur *rule, struct buf *out)
{
    struct phrase_join l = {.out = out,
                            .left = __builtin_popcount(rule->weekdays) + bits_count(rule->nth) +
                                    bits_count(rule->nth_back)};

    for (int weekday = 0; weekday < 7; weekday++)
        if (rule->weekdays >> weekday & 1) {
            phrase_next(&l);
            buf_printf(out, "every %s", weekday_full_names[weekday]);
        }
    for (int bit = 0; bit < RECUR_BITS; bit++)
        if (bit_is_set(rule->nth, bit)) {
            phrase_next(&l);
            say_nth(bit / 7 + 1, false, bit % 7, out);
        }
    for (int bit = 0; bit < RECUR_BITS; bit++)
        if (bit_is_set(rule->nth_back, bit)) {
            phrase_next(&l);
            say_nth(bit / 7 + 1, true, bit % 7, out);
        }
}

static bool has_numbers(const struct recur *rule)
{
    return bits_count(rule->nth) + bits_count(rule->nth_back) > 0;
}

// "Mondays and Fridays", "weekdays"
static void say_plural(const struct recur *rule, struct buf *out)
{
    if (rule->weekdays == 0x1f)
        buf_add_text(out, "weekdays");
    else if (rule->weekdays == 0x60)
        buf_add_text(out, "weekends");
    else
        phrase_list(rule->weekdays, say_weekdays, out);
}

// " in week 20 and the last week"
static void say_weeks(const struct recur *rule, struct buf *out)
{
    struct phrase_join l = {.out = out, .left = __builtin_popcountll(rule->weeks_back)};

    buf_add_text(out, " in ");
    if (rule->weeks) {
        buf_add_text(out, __builtin_popcountll(rule->weeks) > 1 ? "weeks " : "week ");
        phrase_list(rule->weeks, phrase_number, out);
        l.is_begun = true;
    }
    for (int n = 1; n <= 53; n++)
        if (rule->weeks_back >> n & 1) {
            phrase_next(&l);
            say_last(n, out);
            buf_add_text(out, " week");
        }
    buf_add_text(out, " of the year");
}

// " of June and July"
static void say_of_months(const struct recur *rule, struct buf *out)
{
    buf_add_text(out, " of ");
    phrase_list(rule->months, say_month, out);
}

// What month days and numbered weekdays are counted in.
static void say_span(const struct recur *rule, bool is_weekday, struct buf *out)
{
    bool is_yearly = rule->freq == RECUR_YEARLY;

    if (is_yearly && recur_has(rule, RECUR_BYMONTH))
        say_of_months(rule, out);
    else if (is_yearly)
        buf_add_text(out, is_weekday ? " of the year" : " of each month");
    else
        buf_add_text(out, " of the month");
}

// Days within a period: what is given of month days, year days and weekdays. The first part says
// which they are, those behind it limit them; is_limited: so does the first.
static void say_days(const struct recur *rule, bool is_limited, struct buf *out)
{
    static const char limit[] = ", only on ";
    const char *on = is_limited ? limit : " on ";

    if (recur_has(rule, RECUR_BYMONTHDAY)) {
        buf_add_text(out, on);
        say_positions(&rule->month_days, out);
        say_span(rule, false, out);
        on = limit;
    }
    if (recur_has(rule, RECUR_BYYEARDAY)) {
        buf_add_text(out, on);
        say_positions(&rule->year_days, out);
        buf_add_text(out, " of the year");
        on = limit;
    }
    if (!recur_has(rule, RECUR_BYDAY))
        return;
    buf_add_text(out, on);
    if (has_numbers(rule)) {
        say_named_days(rule, out);
        say_span(rule, true, out);
    } else if (rule->freq == RECUR_WEEKLY) {
        phrase_list(rule->weekdays, say_weekday, out);
    } else {
        say_plural(rule, out);
    }
}

static void say_month_weekdays(const struct recur *rule, struct buf *out)
{
    if (has_numbers(rule))
        say_named_days(rule, out);
    else
        say_plural(rule, out);
}

// "on the last Friday of every month", "on day 15 of June and July"
static void say_monthly(const struct recur *rule, struct buf *out)
{
    bool has_month_days = recur_has(rule, RECUR_BYMONTHDAY);

    buf_add_text(out, "on ");
    if (has_month_days)
        say_positions(&rule->month_days, out);
    else
        say_month_weekdays(rule, out);
    if (rule->interval == 1 && recur_has(rule, RECUR_BYMONTH)) {
        say_of_months(rule, out);
    } else {
        buf_add_text(out, " of ");
        say_every(rule->interval, "month", out);
    }
    if (has_month_days && recur_has(rule, RECUR_BYDAY)) {
        buf_add_text(out, ", only on ");
        say_month_weekdays(rule, out);
    }
}

static bool has_days(const struct recur *rule)
{
    return rule->given & (1U << RECUR_BYDAY | 1U << RECUR_BYMONTHDAY | 1U << RECUR_BYYEARDAY |
                          1U << RECUR_BYWEEKNO);
}

// Months, where days have not been told to be of them.
static void say_months(const struct recur *rule, struct buf *out)
{
    bool is_told = rule->freq == RECUR_YEARLY
                       ? recur_has(rule, RECUR_BYMONTHDAY) || has_numbers(rule)
                       : rule->freq == RECUR_MONTHLY && rule->interval == 1;
    bool is_limit =
        rule->interval > 1 && (rule->freq == RECUR_DAILY || rule->freq == RECUR_MONTHLY);

    if (!recur_has(rule, RECUR_BYMONTH) || is_told)
        return;
    buf_add_text(out, is_limit ? ", only in " : " in ");
    phrase_list(rule->months, say_month, out);
}

// ---- times of day

static void say_times(const struct recur *rule, struct buf *out)
{
    struct calendar c;

    calendar_init(&c);
    c.hours = rule->times.hours;
    c.minutes = rule->times.minutes;
    c.seconds = rule->times.seconds;
    (void)words_time(&c, false, out);
}

// " at minutes 10, 20 and 30"
static void say_numbers(const char *in, const char *what, uint64_t mask, struct buf *out)
{
    buf_printf(out, " %s %s%s ", in, what, mask & (mask - 1) ? "s" : "");
    phrase_list(mask, phrase_number, out);
}

// "every 7 minutes in hours 9 to 16 on Mondays": frequencies below a day, and what limits them.
static void say_units(const struct recur *rule, struct buf *out)
{
    static const char *const units[] = {"second", "minute", "hour"};
    const struct times *t = &rule->times;

    if (rule->interval == 1)
        buf_printf(out, "every %s", units[rule->freq]);
    else
        buf_printf(out, "every %lld %ss", (long long)rule->interval, units[rule->freq]);
    if (t->seconds != TIMES_ALL_60 && t->seconds != 1)
        say_numbers("at", "second", t->seconds, out);
    if (t->minutes != TIMES_ALL_60 && (rule->freq < RECUR_HOURLY || t->minutes != 1))
        say_numbers(rule->freq < RECUR_HOURLY ? "in" : "at", "minute", t->minutes, out);
    if (t->hours != TIMES_ALL_24)
        say_numbers("in", "hour", t->hours, out);
    say_days(rule, false, out);
}

// ---- a rule

// ", only the first and the 2nd-last of each month"
static void say_places(const struct recur *rule, struct buf *out)
{
    static const char *const periods[] = {"second", "minute", "hour", "day",
                                          "week",   "month",  "year"};
    const struct recur_positions *p = &rule->places;
    struct phrase_join l = {.out = out, .left = (int)bits_count(p->front) + bits_count(p->back)};

    if (!recur_has(rule, RECUR_BYSETPOS))
        return;
    buf_add_text(out, ", only ");
    for (int n = 1; n <= RECUR_BITS; n++)
        if (bit_is_set(p->front, n - 1)) {
            phrase_next(&l);
            buf_add_text(out, "the ");
            phrase_ordinal(n, out);
        }
    say_backs(&l, p->back, "");
    buf_printf(out, " of each %s", periods[rule->freq]);
}

static void say_period(const struct recur *rule, struct buf *out)
{
    bool is_plain = rule->freq == RECUR_DAILY && rule->interval == 1;
    size_t start = out->len;

    if (rule->freq == RECUR_MONTHLY) {
        say_monthly(rule, out);
        return;
    }
    if (!is_plain)
        say_every(rule->interval,
                  rule->freq == RECUR_DAILY    ? "day"
                  : rule->freq == RECUR_WEEKLY ? "week"
                                               : "year",
                  out);
    say_days(rule, rule->freq == RECUR_DAILY && rule->interval > 1, out);
    if (recur_has(rule, RECUR_BYWEEKNO))
        say_weeks(rule, out);
    if (rule->week_start != 0 &&
        (recur_has(rule, RECUR_BYWEEKNO) || (rule->freq == RECUR_WEEKLY && rule->interval > 1)))
        buf_printf(out, " (weeks begin on %s)", weekday_full_names[rule->week_start]);
    if (is_plain && out->len > start) { // no blank in front
        memmove(out->p + start, out->p + start + 1, out->len - start - 1);
        out->len--;
    }
}

static void say_rule(const struct rrule *r, const struct recur *rule, struct buf *out)
{
    static const uint16_t days =
        1U << RECUR_BYDAY | 1U << RECUR_BYMONTHDAY | 1U << RECUR_BYYEARDAY | 1U << RECUR_BYMONTH;
    bool is_plain = rule->freq == RECUR_DAILY && rule->interval == 1;

    if (rule->freq < RECUR_DAILY) {
        say_units(rule, out);
        say_months(rule, out);
    } else if (is_plain && r->is_date && !(rule->given & days)) {
        buf_add_text(out, "every day");
    } else if (is_plain && !has_days(rule) && !r->is_date) {
        say_times(rule, out);
        say_months(rule, out);
        if (times_count(&rule->times) <= TIMES_FEW && !(rule->given & days))
            buf_add_text(out, " every day");
    } else {
        say_period(rule, out);
        say_months(rule, out);
        if (!r->is_date) {
            buf_add_byte(out, ' ');
            say_times(rule, out);
        }
    }
    say_places(rule, out);
}

static void say_bounds(const struct rrule *r, const struct recur *rule, struct buf *out)
{
    buf_add_text(out, ", from ");
    if (rule->freq < RECUR_DAILY)
        say_moment(r->start_s, false, out);
    else
        say_moment(floor_div(r->start_s, DAY_S) * DAY_S, true, out);
    if (recur_has(rule, RECUR_COUNT))
        buf_printf(out, ", %lld time%s", (long long)rule->count, rule->count == 1 ? "" : "s");
    if (recur_has(rule, RECUR_UNTIL)) {
        buf_add_text(out, ", until ");
        say_moment(rule->until.local_s, rule->until.is_date, out);
        if (rule->until.is_utc)
            buf_add_text(out, " UTC");
    }
}

// ---- a set

// Up to DATES_MAX dates, seconds UTC, as the zone shows them.
static void say_dates(const struct rrule *r, const int64_t *v, size_t len, struct buf *out)
{
    size_t shown = len > DATES_MAX ? DATES_MAX : len;
    struct phrase_join l = {.out = out, .left = (int)(shown + (len > shown))};

    for (size_t i = 0; i < shown; i++) {
        struct zone_span span;

        phrase_next(&l);
        zone_span_at(r->zone, v[i], &span);
        say_moment(v[i] + span.offset_s, r->is_date && (v[i] + span.offset_s) % DAY_S == 0, out);
    }
    if (len > shown) {
        phrase_next(&l);
        buf_printf(out, "%zu more", len - shown);
    }
}

static void say_taken_out(const struct rrule *r, struct buf *out)
{
    size_t shown = r->exdays.len > DATES_MAX ? DATES_MAX : r->exdays.len;
    struct phrase_join l = {.out = out, .left = (int)(shown + (r->exdays.len > shown))};

    for (size_t i = 0; i < r->exrules.len; i++) {
        buf_add_text(out, "; except ");
        say_rule(r, &r->exrules.v[i].rule, out);
        say_bounds(r, &r->exrules.v[i].rule, out);
    }
    if (r->exdates.len > 0) {
        buf_add_text(out, ", except ");
        say_dates(r, r->exdates.v, r->exdates.len, out);
    }
    if (r->exdays.len == 0)
        return;
    buf_add_text(out, ", except on ");
    for (size_t i = 0; i < shown; i++) {
        phrase_next(&l);
        say_moment(r->exdays.v[i] * DAY_S, true, out);
    }
    if (r->exdays.len > shown) {
        phrase_next(&l);
        buf_printf(out, "%zu more days", r->exdays.len - shown);
    }
}
