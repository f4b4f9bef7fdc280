// dates.c - dates and stretches of them to spans.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/dates.h"

#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/calendar.h"
#include "trigger/scan.h"

enum end_kind {
    END_YEARLY, // 12-25
    END_DAY,    // 2026-12-25
    END_LOCAL,  // 2026-12-25 12:00
    END_FIXED,  // 2026-12-25 12:00Z
};

struct end {
    enum end_kind kind;
    int month, day; // END_YEARLY
    int64_t us;     // the others: local microseconds, END_FIXED: UTC
};

static const char *const end_words[] = {"a day of every year", "a day", "a local time",
                                        "a time with offset"};

static bool not_a_date(const struct scan *s, size_t start)
{
    int len = s->end - start < 60 ? (int)(s->end - start) : 60;

    if (len <= 0)
        return scan_fail(s, start, "is missing here: write 2026-12-25 or 12-25");
    return scan_fail(s, start, "does not understand \"%.*s\": write 2026-12-25 or 12-25", len,
                     s->text.p + start);
}

// Month and day, "12-25"; February has 29 days.
static bool yearly_read(struct scan *s, size_t start, struct end *ret_end)
{
    struct end end = {.kind = END_YEARLY};

    if (!scan_digits(s, &end.month) || !scan_take(s, '-') || !scan_digits(s, &end.day) ||
        !scan_is_done(s))
        return not_a_date(s, start);
    if (end.month < 1 || end.month > 12)
        return scan_fail(s, start, "has no month %d: write month and day, such as 12-25",
                         end.month);
    if (end.day < 1 || end.day > civil_month_days(2000, end.month))
        return scan_fail(s, start, "names day %d of a month that never has one", end.day);
    *ret_end = end;
    return true;
}

static bool full_read(struct scan *s, size_t start, struct end *ret_end)
{
    struct str text = str_cut(s->text, start, s->end);
    struct iso8601 time;

    if (!iso8601_parse(text, s->key, &time, s->e)) {
        if (s->e->column > 0)
            s->e->column += (int)start;
        return false;
    }
    if (time.civil.us != 0)
        return scan_fail(s, start, "must be whole seconds");
    ret_end->us = (civil_seconds(&time.civil) - (time.has_offset ? time.offset_s : 0)) * SECOND_US;
    ret_end->kind = str_find(text, ':') < 0 ? END_DAY : time.has_offset ? END_FIXED : END_LOCAL;
    return true;
}

static bool end_read(struct scan *s, struct end *ret_end)
{
    size_t start;
    int year;

    while (scan_take(s, ' '))
        ;
    while (s->end > s->at && s->text.p[s->end - 1] == ' ')
        s->end--;
    start = s->at;
    if (!scan_digits(s, &year))
        return not_a_date(s, start);
    if (s->at - start >= 4)
        return full_read(s, start, ret_end);
    s->at = start;
    return yearly_read(s, start, ret_end);
}

static void yearly_add(const struct end *first, const struct end *last, const char *why,
                       struct spans *local)
{
    bool is_over = last->month < first->month ||
                   (last->month == first->month && last->day < first->day); // the end of the year

    for (int64_t year = CALENDAR_YEAR_MIN - is_over; year <= CALENDAR_YEAR_MAX; year++) {
        // Where there is no 29 February, it is 1 March to civil_days.
        int64_t from = civil_days(year, first->month, first->day);
        int64_t to = civil_days(year + is_over, last->month, last->day);

        to += last->day <= civil_month_days(year + is_over, last->month);
        if (from < to)
            spans_add(local, from * DAY_US, to * DAY_US, why);
    }
}

// Where ".." begins, or the length of the text.
static size_t dots_find(struct str text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.p[i] == '.' && text.p[i + 1] == '.')
            return i;
    return text.len;
}

// Adds what lies between two ends; s is where the second was read, for complaints.
static bool ends_add(const struct scan *s, size_t start, const struct end *first, struct end last,
                     const char *why, struct spans *local, struct spans *fixed)
{
    if (first->kind != last.kind)
        return scan_fail(s, start, "begins as %s and ends as %s: write both ends alike",
                         end_words[first->kind], end_words[last.kind]);
    if (first->kind == END_YEARLY) {
        yearly_add(first, &last, why, local);
        return true;
    }
    if (first->kind == END_DAY)
        last.us += DAY_US;
    if (last.us <= first->us)
        return scan_fail(s, start, "ends before it begins");
    spans_add(first->kind == END_FIXED ? fixed : local, first->us, last.us, why);
    return true;
}

bool dates_add(struct str text, const char *field, const char *why, struct spans *local,
               struct spans *fixed, struct err *e)
{
    size_t dots = dots_find(text);
    struct scan s = {.text = text, .end = dots, .key = field, .what = "a date", .e = e};
    struct end first, last;

    if (!end_read(&s, &first))
        return false;
    if (dots == text.len && first.kind > END_DAY) {
        scan_fail(&s, 0, "with a time of day is a moment, which has no length");
        return fail_hint(e, "write the end behind it: 2026-12-24 12:00..2026-12-27 06:00");
    }
    last = first;
    if (dots < text.len) {
        s.at = dots + 2;
        s.end = text.len;
        if (!end_read(&s, &last))
            return false;
    }
    return ends_add(&s, dots + 2, &first, last, why, local, fixed);
}

bool dates_between(struct str from, struct str to, const char *why, struct spans *local,
                   struct spans *fixed, struct err *e)
{
    struct scan a = {.text = from, .end = from.len, .key = "from", .what = "a date", .e = e};
    struct scan b = {.text = to, .end = to.len, .key = "to", .what = "a date", .e = e};
    struct end first, last;

    if (!end_read(&a, &first))
        return false;
    if (to.p)
        return end_read(&b, &last) && ends_add(&b, 0, &first, last, why, local, fixed);
    if (first.kind == END_YEARLY)
        return fail(e, ERR_INPUT, "to", "a stretch of every year needs an end");
    spans_add(first.kind == END_FIXED ? fixed : local, first.us, SPANS_NEVER, why);
    return true;
}
