// fields.c - APScheduler's field language, item by item.
//
// Stricter than the original in two places where it drops text silently: a step behind names
// ("mon-fri/2") and letters behind "last" are errors here.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/fields.h"

#include "trigger/names.h"
#include "trigger/scan.h"

const char *const field_names[FIELD_COUNT] = {"year",        "month", "day",    "week",
                                              "day_of_week", "hour",  "minute", "second"};

static const struct limits {
    int min, max;
    const char *would_do;
} limits[FIELD_COUNT] = {
    {1970, 9999, "write 2026, 2026-2028, */2 or a list of such"},
    {1, 12, "write 1-12, jan-dec, */3 or a list of such"},
    {1, 31, "write 1-31, */2, last, 2nd fri, last sun or a list of such"},
    {1, 53, "write 1-53, */2 or a list of such"},
    {0, 6, "write mon-sun, 0-6 (0 is Monday), */2 or a list of such"},
    {0, 23, "write 0-23, 8-17, */2 or a list of such"},
    {0, 59, "write 0-59, 10-20/5, */15 or a list of such"},
    {0, 59, "write 0-59, 10-20/5, */15 or a list of such"},
};

// One field being compiled.
struct compiler {
    struct scan scan;
    enum field field;
    const struct limits *limits;
    struct calendar *calendar;
    uint64_t bits;   // of this field so far; years go into the calendar at once
    struct buf *out; // may be NULL
};

static bool field_compile(enum field field, struct str text, struct calendar *c, struct buf *out,
                          struct err *e);

// What stands in place of fields that were not given.
static void defaults_apply(const struct str *given, struct calendar *c)
{
    int last = -1;

    for (int i = 0; i < FIELD_COUNT; i++)
        if (given[i].p)
            last = i;
    if (last < FIELD_MONTH)
        c->months = 1 << 1;
    if (last < FIELD_DAY)
        c->days = 1 << 1;
    if (last < FIELD_HOUR)
        c->hours = 1;
    if (last < FIELD_MINUTE)
        c->minutes = 1;
    if (last < FIELD_SECOND)
        c->seconds = 1;
    // The others stay "*", and an hour, minute or second of "*" counts elapsed time.
    for (int i = FIELD_HOUR; i < last; i++)
        if (!given[i].p)
            c->is_elapsed = true;
}

bool fields_parse(const struct str *given, struct calendar *ret_calendar, struct buf *texts,
                  struct err *e)
{
    struct calendar c;

    calendar_init(&c);
    c.nth_is_day = true;
    defaults_apply(given, &c);
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (!given[i].p)
            continue;
        if (!field_compile((enum field)i, given[i], &c, texts, e))
            return false;
        if (texts)
            buf_add_byte(texts, '\0');
    }
    *ret_calendar = c;
    return true;
}

static void value_add(struct compiler *k, int value)
{
    if (k->field == FIELD_YEAR)
        calendar_add_year(k->calendar, value);
    else
        k->bits |= UINT64_C(1) << value;
}

static void range_add(struct compiler *k, int from, int to, int step)
{
    if (k->field == FIELD_YEAR && to > CALENDAR_YEAR_MAX)
        to = CALENDAR_YEAR_MAX; // 8,000 years more would change nothing
    for (int value = from; value <= to; value += step)
        value_add(k, value);
}

// "/n" behind a range of that width; ret_step stays as it is without one.
static bool step_read(struct compiler *k, int width, int *ret_step)
{
    size_t at = k->scan.at + 1;

    if (!scan_take(&k->scan, '/'))
        return true;
    if (!scan_digits(&k->scan, ret_step))
        return scan_fail_item(&k->scan, at, k->limits->would_do);
    if (*ret_step == 0)
        return scan_fail(&k->scan, at, "cannot have a step of 0");
    if (*ret_step > width)
        return scan_fail(&k->scan, at, "has a step of %d, but its range spans only %d", *ret_step,
                         width);
    return true;
}

static bool star_read(struct compiler *k)
{
    int step = 0;

    if (!step_read(k, k->limits->max - k->limits->min, &step))
        return false;
    range_add(k, k->limits->min, k->limits->max, step ? step : 1);
    if (k->out && step)
        buf_printf(k->out, "*/%d", step);
    else if (k->out)
        buf_add_byte(k->out, '*');
    return true;
}

static bool out_of_range(const struct compiler *k, size_t at, int value)
{
    return scan_fail(&k->scan, at, "must be %d-%d, not \"%d\"", k->limits->min, k->limits->max,
                     value);
}

// a, a-b, a/n, a-b/n
static bool numbers_read(struct compiler *k)
{
    size_t from_at = k->scan.at, to_at;
    int from = 0, to, step = 0;

    (void)scan_digits(&k->scan, &from);
    if (from < k->limits->min || from > k->limits->max)
        return out_of_range(k, from_at, from);
    to = from;
    to_at = k->scan.at + 1;
    bool is_range = scan_take(&k->scan, '-');
    if (is_range && !scan_digits(&k->scan, &to))
        return scan_fail_item(&k->scan, to_at, k->limits->would_do);
    if (to > k->limits->max)
        return out_of_range(k, to_at, to);
    if (to < from)
        return scan_fail(&k->scan, from_at, "has a range that runs backwards: %d-%d", from, to);
    if (!is_range && scan_peek(&k->scan) == '/')
        to = k->limits->max;
    if (!step_read(k, to - from, &step))
        return false;
    range_add(k, from, to, step ? step : 1);
    if (k->out) {
        buf_printf(k->out, is_range && to != from ? "%d-%d" : "%d", from, to);
        if (step)
            buf_printf(k->out, "/%d", step);
    }
    return true;
}

// Names of months and weekdays, alone or as a range.
static int name_read(struct compiler *k)
{
    struct str name = scan_letters(&k->scan);

    return k->field == FIELD_MONTH ? name_month(name) : name_weekday(name);
}

static bool names_read(struct compiler *k)
{
    const char *const *names = k->field == FIELD_MONTH ? month_names : weekday_names;
    int least = k->field == FIELD_MONTH ? 1 : 0;
    size_t at = k->scan.at;
    int from = name_read(k), to = from;

    if (from < least)
        return scan_fail_item(&k->scan, at, k->limits->would_do);
    if (scan_take(&k->scan, '-')) {
        size_t to_at = k->scan.at;

        to = name_read(k);
        if (to < least)
            return scan_fail_item(&k->scan, to_at, k->limits->would_do);
    }
    if (scan_peek(&k->scan) == '/')
        return scan_fail(&k->scan, k->scan.at, "cannot have a step behind names; write numbers");
    if (to < from)
        return scan_fail(&k->scan, at, "has a range that runs backwards: %s-%s",
                         names[from - least], names[to - least]);
    range_add(k, from, to, 1);
    if (k->out && to != from)
        buf_printf(k->out, "%s-%s", names[from - least], names[to - least]);
    else if (k->out)
        buf_add_text(k->out, names[from - least]);
    return true;
}

// "last", "last sun", "2nd fri"
static bool position_read(struct compiler *k)
{
    static const char *const positions[] = {"1st", "2nd", "3rd", "4th", "5th", "last"};
    struct scan *s = &k->scan;
    size_t start = s->at;
    int position = 0, weekday;

    while (!scan_is_done(s) && scan_peek(s) != ' ' && scan_peek(s) != ',')
        s->at++;
    struct str word = str_cut(s->text, start, s->at);
    while (position < 6 && !str_eq_nocase(word, str_of(positions[position])))
        position++;
    if (position == 6)
        return scan_fail_item(s, start, k->limits->would_do);
    while (scan_take(s, ' '))
        ;
    if (position == CALENDAR_NTH_LAST && (scan_is_done(s) || scan_peek(s) == ',')) {
        k->calendar->last |= 1;
        if (k->out)
            buf_add_text(k->out, "last");
        return true;
    }
    size_t at = s->at;
    weekday = name_weekday(scan_letters(s));
    if (weekday < 0)
        return scan_fail_item(s, at, k->limits->would_do);
    k->calendar->nth |= UINT64_C(1) << (position * 7 + weekday);
    if (k->out)
        buf_printf(k->out, "%s %s", positions[position], weekday_names[weekday]);
    return true;
}

static bool item_read(struct compiler *k)
{
    struct scan probe = k->scan;
    char c = scan_peek(&k->scan);
    int n;

    if (scan_take(&k->scan, '*'))
        return star_read(k);
    if (scan_digits(&probe, &n)) {
        // "1st mon" begins with a digit as well.
        char next = scan_peek(&probe);
        bool is_word = (next | 32) >= 'a' && (next | 32) <= 'z';

        return k->field == FIELD_DAY && is_word ? position_read(k) : numbers_read(k);
    }
    if ((c | 32) >= 'a' && (c | 32) <= 'z') {
        if (k->field == FIELD_MONTH || k->field == FIELD_DAY_OF_WEEK)
            return names_read(k);
        if (k->field == FIELD_DAY)
            return position_read(k);
    }
    return scan_fail_item(&k->scan, k->scan.at, k->limits->would_do);
}

static void bits_store(const struct compiler *k)
{
    struct calendar *c = k->calendar;

    switch (k->field) {
    case FIELD_MONTH:
        c->months = (uint16_t)k->bits;
        break;
    case FIELD_DAY:
        c->days = (uint32_t)k->bits;
        break;
    case FIELD_WEEK:
        c->weeks = k->bits;
        break;
    case FIELD_DAY_OF_WEEK:
        c->weekdays = (uint8_t)k->bits;
        break;
    case FIELD_HOUR:
        c->hours = (uint32_t)k->bits;
        break;
    case FIELD_MINUTE:
        c->minutes = k->bits;
        break;
    case FIELD_SECOND:
        c->seconds = k->bits;
        break;
    case FIELD_YEAR:
    case FIELD_COUNT:
        break;
    }
}

static bool field_compile(enum field field, struct str text, struct calendar *c, struct buf *out,
                          struct err *e)
{
    struct compiler k = {
        .scan = {.text = text,
                 .end = text.len,
                 .key = field_names[field],
                 .what = field_names[field],
                 .e = e},
        .field = field,
        .limits = &limits[field],
        .calendar = c,
        .out = out,
    };
    struct scan *s = &k.scan;

    if (field == FIELD_YEAR)
        memset(c->years, 0, sizeof c->years);
    while (s->end > 0 && text.p[s->end - 1] == ' ')
        s->end--;
    while (scan_take(s, ' '))
        ;
    if (scan_is_done(s))
        return scan_fail(s, 0, "is empty: %s", k.limits->would_do);
    if (field >= FIELD_HOUR && scan_peek(s) == '*')
        c->is_elapsed = true;
    for (;;) {
        if (!item_read(&k))
            return false;
        while (scan_take(s, ' '))
            ;
        if (scan_is_done(s))
            break;
        if (!scan_take(s, ','))
            return scan_fail_item(s, s->at, k.limits->would_do);
        while (scan_take(s, ' '))
            ;
        if (out)
            buf_add_byte(out, ',');
    }
    bits_store(&k);
    return true;
}
