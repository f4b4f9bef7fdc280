// crontab.c - the crontab language, item by item.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/crontab.h"

#include "trigger/names.h"
#include "trigger/scan.h"

#define DAY_LAST_MAX 30 // L-30 is the first of a month of 31 days

static const struct limits {
    int min, max;
    const char *name;     // for a person
    const char *str_name; // in str()
    const char *would_do;
} limits[CRONTAB_COUNT] = {
    {0, 59, "second", "second", "write 0-59, 10-20/5, */15 or a list of such"},
    {0, 59, "minute", "minute", "write 0-59, 10-20/5, */15 or a list of such"},
    {0, 23, "hour", "hour", "write 0-23, 8-17, */2 or a list of such"},
    {1, 31, "day", "day", "write 1-31, */2, L, L-3, LW, 15W or a list of such"},
    {1, 12, "month", "month", "write 1-12, jan-dec, */3 or a list of such"},
    {0, 7, "weekday", "day_of_week",
     "write sun-sat, 0-7 (0 and 7 are Sunday), 5L, fri#L, 5#2 or a list of such"},
    {1970, 2199, "year", "year", "write 2026, 2026-2028, */2 or a list of such"},
};

static const struct {
    const char *name, *expr;
} macros[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

// The text and where its fields are.
struct parts {
    struct str text;
    struct {
        size_t from, to;
        bool is_given;
    } field[CRONTAB_COUNT];
};

struct compiler {
    struct scan scan;
    enum crontab_field field;
    const struct limits *limits;
    struct calendar *calendar;
    uint64_t bits;   // of this field so far; years go into the calendar at once
    bool is_named;   // the value read last was a name
    struct buf *out; // may be NULL
};

static bool parts_find(struct str expr, struct parts *ret_parts, struct err *e);
static bool field_compile(const struct parts *parts, enum crontab_field field, struct calendar *c,
                          struct buf *out, struct err *e);

static bool field_starts(const struct parts *parts, enum crontab_field field, char c)
{
    return parts->field[field].is_given && parts->text.p[parts->field[field].from] == c;
}

bool crontab_parse(struct str expr, struct calendar *ret_calendar, struct err *e)
{
    struct parts parts;
    struct calendar c;

    if (!parts_find(expr, &parts, e))
        return false;
    calendar_init(&c);
    c.seconds = 1;
    for (int i = 0; i < CRONTAB_COUNT; i++)
        if (parts.field[i].is_given && !field_compile(&parts, (enum crontab_field)i, &c, NULL, e))
            return false;
    c.is_elapsed = field_starts(&parts, CRONTAB_SECOND, '*') ||
                   field_starts(&parts, CRONTAB_MINUTE, '*') ||
                   field_starts(&parts, CRONTAB_HOUR, '*');
    c.is_either =
        !field_starts(&parts, CRONTAB_DAY, '*') && !field_starts(&parts, CRONTAB_DAY, '?') &&
        !field_starts(&parts, CRONTAB_WEEKDAY, '*') && !field_starts(&parts, CRONTAB_WEEKDAY, '?');
    *ret_calendar = c;
    return true;
}

void crontab_str(struct str expr, struct buf *out)
{
    static const enum crontab_field order[] = {CRONTAB_YEAR,    CRONTAB_MONTH, CRONTAB_DAY,
                                               CRONTAB_WEEKDAY, CRONTAB_HOUR,  CRONTAB_MINUTE,
                                               CRONTAB_SECOND};
    struct parts parts;
    struct calendar c;
    struct err e;
    const char *separator = "";

    if (!parts_find(expr, &parts, &e))
        return;
    calendar_init(&c);
    for (size_t i = 0; i < CRONTAB_COUNT; i++) {
        if (!parts.field[order[i]].is_given)
            continue;
        buf_printf(out, "%s%s='", separator, limits[order[i]].str_name);
        (void)field_compile(&parts, order[i], &c, out, &e);
        buf_add_byte(out, '\'');
        separator = ", ";
    }
}

// ---- the text and its fields

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool macro_find(struct str expr, struct str *ret_expr, struct err *e)
{
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (str_eq_nocase(expr, str_of(macros[i].name))) {
            *ret_expr = str_of(macros[i].expr);
            return true;
        }
    return fail_at(e, ERR_INPUT, "expr", 1, "\"%.*s\" is not a known macro: write %s",
                   (int)(expr.len < 60 ? expr.len : 60), expr.p,
                   "@yearly, @monthly, @weekly, @daily or @hourly");
}

static bool parts_find(struct str expr, struct parts *ret_parts, struct err *e)
{
    struct parts parts = {0};
    struct str trimmed = str_trim(expr);
    size_t from[CRONTAB_COUNT], to[CRONTAB_COUNT], count = 0;

    if (expr.len > 0)
        expr.len = (size_t)(trimmed.p - expr.p) + trimmed.len;
    if (trimmed.len > 0 && trimmed.p[0] == '@' && !macro_find(trimmed, &expr, e))
        return false;

    for (size_t at = 0; at < expr.len;) {
        size_t start = at;

        while (at < expr.len && !is_blank(expr.p[at]))
            at++;
        if (at > start && count == CRONTAB_COUNT)
            return fail_at(e, ERR_INPUT, "expr", (int)start + 1, "more than 7 fields");
        if (at > start) {
            from[count] = start;
            to[count++] = at;
        }
        while (at < expr.len && is_blank(expr.p[at]))
            at++;
    }
    if (count < 5) {
        fail_at(e, ERR_INPUT, "expr", 1, "%zu field%s where 5 are needed", count,
                count == 1 ? "" : "s");
        return fail_hint(e, "write minute hour day month weekday, as in 30 2 * * mon-fri");
    }
    parts.text = expr;
    for (size_t i = 0; i < count; i++) {
        size_t field = i + (count == 5);

        parts.field[field].from = from[i];
        parts.field[field].to = to[i];
        parts.field[field].is_given = true;
    }
    *ret_parts = parts;
    return true;
}

// ---- items

static void value_add(struct compiler *k, int value)
{
    if (k->field == CRONTAB_YEAR)
        calendar_add_year(k->calendar, value);
    else if (k->field == CRONTAB_WEEKDAY)
        k->bits |= UINT64_C(1) << (value + 6) % 7;
    else
        k->bits |= UINT64_C(1) << value;
}

// "/n"; *ret_step stays as it is without one. Steps may be wider than the field.
static bool step_read(struct compiler *k, int *ret_step)
{
    size_t at = k->scan.at + 1;

    if (!scan_take(&k->scan, '/'))
        return true;
    if (!scan_digits(&k->scan, ret_step))
        return scan_fail_item(&k->scan, at, k->limits->would_do);
    return *ret_step > 0 || scan_fail(&k->scan, at, "cannot have a step of 0");
}

static void value_print(const struct compiler *k, int value)
{
    if (k->field == CRONTAB_WEEKDAY)
        buf_add_text(k->out, weekday_names[(value + 6) % 7]);
    else if (k->field == CRONTAB_MONTH && k->is_named)
        buf_add_text(k->out, month_names[value - 1]);
    else
        buf_printf(k->out, "%d", value);
}

// A number or, for months and weekdays, a name.
static bool value_read(struct compiler *k, int *ret_value)
{
    struct scan *s = &k->scan;
    size_t at = s->at;
    int value;

    k->is_named = !scan_digits(s, &value);
    if (!k->is_named) {
        if (value < k->limits->min || value > k->limits->max)
            return scan_fail(s, at, "must be %d-%d, not \"%.*s\"", k->limits->min, k->limits->max,
                             (int)(s->at - at), s->text.p + at);
        *ret_value = value;
        return true;
    }
    struct str name = scan_letters(s);
    if (k->field == CRONTAB_MONTH)
        value = name_month(name);
    else if (k->field == CRONTAB_WEEKDAY)
        value = name_weekday(name) + 1; // sun is 7 for now
    else
        value = 0;
    if (value < 1)
        return scan_fail_item(s, at, k->limits->would_do);
    *ret_value = k->field == CRONTAB_WEEKDAY ? value % 7 : value;
    return true;
}

static void range_print(const struct compiler *k, int from, int to, bool is_range, int step)
{
    if (k->field == CRONTAB_WEEKDAY && from == 0 && to == 7 && is_range) {
        buf_add_byte(k->out, '*'); // no name tells one Sunday from the other
    } else {
        value_print(k, from);
        if (is_range && to != from) {
            buf_add_byte(k->out, '-');
            value_print(k, to);
        }
    }
    if (step)
        buf_printf(k->out, "/%d", step);
}

// "L" or "#n" or "#L" behind a weekday; *ret_done tells whether there was one.
static bool nth_read(struct compiler *k, int weekday, bool *ret_done)
{
    struct scan *s = &k->scan;
    size_t at = s->at;
    int n = CALENDAR_NTH_LAST + 1;

    *ret_done = true;
    if (scan_take(s, '#')) {
        if (!scan_take(s, 'L') && !scan_take(s, 'l') && (!scan_digits(s, &n) || n < 1 || n > 5))
            return scan_fail(s, at + 1, "needs 1-5 or L behind \"#\"");
    } else if (!scan_take(s, 'L') && !scan_take(s, 'l')) {
        *ret_done = false;
        return true;
    }
    weekday = (weekday + 6) % 7;
    k->calendar->nth |= UINT64_C(1) << ((n - 1) * 7 + weekday);
    if (k->out && n <= CALENDAR_NTH_LAST)
        buf_printf(k->out, "%s#%d", weekday_names[weekday], n);
    else if (k->out)
        buf_printf(k->out, "%s#L", weekday_names[weekday]);
    return true;
}

// "frIL": a weekday's name swallows the L behind it.
static void letter_unread(struct compiler *k)
{
    struct scan probe = k->scan;
    struct str word = scan_letters(&probe);

    // Three letters of a name and one more: let the value reader see the name only.
    if (k->field == CRONTAB_WEEKDAY && word.len == 4 && (word.p[3] | 32) == 'l')
        k->scan.end = k->scan.at + 3;
}

static bool range_read(struct compiler *k)
{
    struct scan *s = &k->scan;
    size_t at = s->at, end = s->end;
    int from, to, step = 0;
    bool is_done = false;

    letter_unread(k);
    bool ok = value_read(k, &from);
    s->end = end;
    if (!ok)
        return false;
    to = from;
    if (k->field == CRONTAB_WEEKDAY && !nth_read(k, from, &is_done))
        return false;
    if (is_done)
        return true;
    if (k->field == CRONTAB_DAY && (scan_take(s, 'W') || scan_take(s, 'w'))) {
        k->calendar->nearest |= 1U << from;
        if (k->out)
            buf_printf(k->out, "%dW", from);
        return true;
    }
    bool is_range = scan_take(s, '-');
    if (is_range && !value_read(k, &to))
        return false;
    if (is_range && k->field == CRONTAB_WEEKDAY && to == 0 && from > 0 && k->is_named)
        to = 7; // fri-sun
    if (to < from)
        return scan_fail(s, at, "has a range that runs backwards: \"%.*s\"", (int)(s->at - at),
                         s->text.p + at);
    if (!is_range && scan_peek(s) == '/')
        to = k->limits->max;
    if (!step_read(k, &step))
        return false;
    for (int value = from; value <= to; value += step ? step : 1)
        value_add(k, value);
    if (k->out)
        range_print(k, from, to, is_range, step);
    return true;
}

static bool star_read(struct compiler *k)
{
    bool is_question = k->scan.text.p[k->scan.at - 1] == '?';
    int step = 0;

    if (is_question && scan_peek(&k->scan) == '/')
        return scan_fail(&k->scan, k->scan.at, "cannot have a step behind \"?\"");
    if (!step_read(k, &step))
        return false;
    for (int value = k->limits->min; value <= k->limits->max; value += step ? step : 1)
        value_add(k, value);
    if (k->out && step)
        buf_printf(k->out, "*/%d", step);
    else if (k->out)
        buf_add_byte(k->out, '*');
    return true;
}

// L, LW, L-3
static bool last_day_read(struct compiler *k)
{
    struct scan *s = &k->scan;
    size_t at = s->at;
    int before = 0;

    s->at++;
    if (scan_take(s, 'W') || scan_take(s, 'w')) {
        k->calendar->last_nearest |= 1;
        if (k->out)
            buf_add_text(k->out, "LW");
        return true;
    }
    if (scan_take(s, '-')) {
        if (!scan_digits(s, &before))
            return scan_fail_item(s, at, k->limits->would_do);
        if (before < 1 || before > DAY_LAST_MAX)
            return scan_fail(s, at, "must be L-1 to L-%d, not \"L-%d\"", DAY_LAST_MAX, before);
    }
    k->calendar->last |= 1U << before;
    if (k->out)
        buf_printf(k->out, before ? "L-%d" : "L", before);
    return true;
}

static bool item_read(struct compiler *k)
{
    bool is_day = k->field == CRONTAB_DAY || k->field == CRONTAB_WEEKDAY;

    if (scan_take(&k->scan, '*') || (is_day && scan_take(&k->scan, '?')))
        return star_read(k);
    if (k->field == CRONTAB_DAY && (scan_peek(&k->scan) | 32) == 'l')
        return last_day_read(k);
    return range_read(k);
}

static void bits_store(const struct compiler *k)
{
    struct calendar *c = k->calendar;

    switch (k->field) {
    case CRONTAB_SECOND:
        c->seconds = k->bits;
        break;
    case CRONTAB_MINUTE:
        c->minutes = k->bits;
        break;
    case CRONTAB_HOUR:
        c->hours = (uint32_t)k->bits;
        break;
    case CRONTAB_DAY:
        c->days = (uint32_t)k->bits;
        break;
    case CRONTAB_MONTH:
        c->months = (uint16_t)k->bits;
        break;
    case CRONTAB_WEEKDAY:
        c->weekdays = (uint8_t)k->bits;
        break;
    case CRONTAB_YEAR:
    case CRONTAB_COUNT:
        break;
    }
}

static bool field_compile(const struct parts *parts, enum crontab_field field, struct calendar *c,
                          struct buf *out, struct err *e)
{
    struct compiler k = {
        .scan = {.text = parts->text,
                 .at = parts->field[field].from,
                 .end = parts->field[field].to,
                 .key = "expr",
                 .what = limits[field].name,
                 .e = e},
        .field = field,
        .limits = &limits[field],
        .calendar = c,
        .out = out,
    };
    struct scan *s = &k.scan;

    if (field == CRONTAB_YEAR)
        memset(c->years, 0, sizeof c->years);
    for (;;) {
        if (!item_read(&k))
            return false;
        if (scan_is_done(s))
            break;
        if (!scan_take(s, ','))
            return scan_fail_item(s, s->at, k.limits->would_do);
        if (out)
            buf_add_byte(out, ',');
    }
    bits_store(&k);
    return true;
}
