// cron_field.c - cron texts, item by item.
//
// One reader serves compiling and printing: what an item means goes into the calendar, and its
// normal form into `out` when there is one.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/cron_field.h"

#include "base/hash.h"
#include "trigger/names.h"
#include "trigger/scan.h"

#define DAY_LAST_MAX 30 // L-30 is the first of a month of 31 days

static const char *const names[CRON_FIELD_COUNT] = {"second", "minute",  "hour", "day",
                                                    "month",  "weekday", "year"};

// One field being read.
struct reader {
    struct scan scan;
    const struct cron_language *language;
    const struct cron_limits *limits;
    enum cron_field field;
    struct str salt;
    struct calendar *calendar;
    uint64_t bits;   // of this field so far; years go into the calendar at once
    bool is_named;   // the value read last was a name
    bool is_hashed;  // there was an H or a ~
    struct buf *out; // may be NULL
};

static bool field_read(struct reader *r);
static bool item_read(struct reader *r);
static void bits_store(const struct reader *r);

// ---- the text

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool cron_split(struct str text, size_t at, size_t least_count, struct cron_text *ret_text,
                struct err *e)
{
    struct cron_text found = {.text = text};
    size_t count = 0;

    for (; at < text.len; at++) {
        size_t from = at;

        while (at < text.len && !is_blank(text.p[at]))
            at++;
        if (at == from)
            continue;
        if (count == CRON_FIELD_COUNT)
            return fail_at(e, ERR_INPUT, "expr", (int)from + 1, "more than 7 fields");
        found.fields[count].from = from;
        found.fields[count++].to = at;
    }
    if (count < least_count)
        return fail_at(e, ERR_INPUT, "expr", 1, "%zu field%s where %zu are needed", count,
                       count == 1 ? "" : "s", least_count);
    if (count == 5) {
        memmove(&found.fields[CRON_MINUTE], &found.fields[0], 5 * sizeof found.fields[0]);
        found.fields[CRON_SECOND].from = found.fields[CRON_SECOND].to = 0;
    }
    *ret_text = found;
    return true;
}

bool cron_field_is_given(const struct cron_text *text, enum cron_field field)
{
    return text->fields[field].to > text->fields[field].from;
}

char cron_field_first(const struct cron_text *text, enum cron_field field)
{
    return cron_field_is_given(text, field) ? text->text.p[text->fields[field].from] : '\0';
}

static struct reader reader_of(const struct cron_language *language, const struct cron_text *text,
                               enum cron_field field, struct calendar *c, struct err *e)
{
    return (struct reader){
        .scan = {.text = text->text,
                 .at = text->fields[field].from,
                 .end = text->fields[field].to,
                 .key = "expr",
                 .what = names[field],
                 .e = e},
        .language = language,
        .limits = &language->limits[field],
        .field = field,
        .salt = text->salt,
        .calendar = c,
    };
}

bool cron_compile(const struct cron_language *language, const struct cron_text *text,
                  struct calendar *ret_calendar, bool *ret_is_hashed, struct err *e)
{
    struct calendar c;
    bool is_hashed = false;

    calendar_init(&c);
    c.seconds = 1;
    for (enum cron_field field = 0; field < CRON_FIELD_COUNT; field++) {
        if (!cron_field_is_given(text, field))
            continue;
        struct reader r = reader_of(language, text, field, &c, e);

        if (!field_read(&r))
            return false;
        bits_store(&r);
        is_hashed |= r.is_hashed;
        c.is_elapsed |= field <= CRON_HOUR && cron_field_first(text, field) == '*';
    }
    *ret_calendar = c;
    *ret_is_hashed = is_hashed;
    return true;
}

void cron_print(const struct cron_language *language, const struct cron_text *text, struct buf *out)
{
    static const struct {
        enum cron_field field;
        const char *name;
    } order[] = {{CRON_YEAR, "year"},           {CRON_MONTH, "month"}, {CRON_DAY, "day"},
                 {CRON_WEEKDAY, "day_of_week"}, {CRON_HOUR, "hour"},   {CRON_MINUTE, "minute"},
                 {CRON_SECOND, "second"}};
    struct calendar c;
    struct err e;
    const char *separator = "";

    calendar_init(&c);
    for (size_t i = 0; i < CRON_FIELD_COUNT; i++) {
        struct reader r = reader_of(language, text, order[i].field, &c, &e);

        if (!cron_field_is_given(text, order[i].field))
            continue;
        buf_printf(out, "%s%s='%s", separator, order[i].name,
                   text->plus >> order[i].field & 1 ? "+" : "");
        r.out = out;
        (void)field_read(&r);
        buf_add_byte(out, '\'');
        separator = ", ";
    }
}

// ---- a field and its items

static bool field_read(struct reader *r)
{
    struct scan *s = &r->scan;

    if (r->field == CRON_YEAR)
        memset(r->calendar->years, 0, sizeof r->calendar->years);
    for (;;) {
        if (!item_read(r))
            return false;
        if (scan_is_done(s))
            return true;
        if (!scan_take(s, ','))
            return scan_fail_item(s, s->at, r->limits->would_do);
        if (r->out)
            buf_add_byte(r->out, ',');
    }
}

static void bits_store(const struct reader *r)
{
    struct calendar *c = r->calendar;

    switch (r->field) {
    case CRON_SECOND:
        c->seconds = r->bits;
        break;
    case CRON_MINUTE:
        c->minutes = r->bits;
        break;
    case CRON_HOUR:
        c->hours = (uint32_t)r->bits;
        break;
    case CRON_DAY:
        c->days = (uint32_t)r->bits;
        break;
    case CRON_MONTH:
        c->months = (uint16_t)r->bits;
        break;
    case CRON_WEEKDAY:
        c->weekdays = (uint8_t)r->bits;
        break;
    case CRON_YEAR:
    case CRON_FIELD_COUNT:
        break;
    }
}

// 0 (Monday) to 6 for a weekday's number, also behind the end of the week.
static int weekday_of(const struct reader *r, int value)
{
    return (value - r->language->sunday + 6) % 7;
}

// from, from + step, ... up to to, which lies behind the field's end when the range wraps.
static void values_add(struct reader *r, int from, int to, int step)
{
    int width = r->limits->max - r->limits->min + 1;

    if (step <= 1 && to <= r->limits->max && r->field < CRON_WEEKDAY) { // what is in most fields
        r->bits |= (UINT64_C(2) << to) - (UINT64_C(1) << from);
        return;
    }
    if (step <= 1 && to - from >= 6 && r->field == CRON_WEEKDAY) {
        r->bits |= CALENDAR_WEEKDAYS;
        return;
    }
    for (int value = from; value <= to; value += step ? step : 1) {
        if (r->field == CRON_YEAR)
            calendar_add_year(r->calendar, value);
        else if (r->field == CRON_WEEKDAY)
            r->bits |= UINT64_C(1) << weekday_of(r, value);
        else
            r->bits |= UINT64_C(1) << (value > r->limits->max ? value - width : value);
    }
}

static void value_print(const struct reader *r, int value)
{
    if (r->field == CRON_WEEKDAY)
        buf_add_text(r->out, weekday_names[weekday_of(r, value)]);
    else if (r->field == CRON_MONTH && r->is_named)
        buf_add_text(r->out, month_names[value - 1]);
    else
        buf_add_number(r->out, (uint64_t)value, 0);
}

// from, from/step, or from-to and from-to/step when is_range
static void item_print(const struct reader *r, int from, int to, bool is_range, int step)
{
    if (!r->out)
        return;
    if (r->field == CRON_WEEKDAY && from == 0 && to == 7 && is_range) {
        buf_add_byte(r->out, '*'); // no name tells one Sunday from the other
    } else {
        value_print(r, from);
        if (is_range && (to != from || step)) {
            buf_add_byte(r->out, '-');
            value_print(r, to);
        }
    }
    if (step)
        buf_printf(r->out, "/%d", step);
}

// A number or, for months and weekdays, a name.
static bool value_read(struct reader *r, int *ret_value)
{
    struct scan *s = &r->scan;
    size_t at = s->at;
    int value = -1;

    r->is_named = !scan_digits(s, &value);
    if (r->is_named) {
        struct str name = scan_letters(s);

        if (r->field == CRON_WEEKDAY && name.len == 4 && (name.p[3] | 32) == 'l') {
            name.len--; // the L of "friL" is not the name's
            s->at--;
        }
        if (r->field == CRON_MONTH)
            value = name_month(name) > 0 ? name_month(name) : -1;
        else if (r->field == CRON_WEEKDAY && name_weekday(name) >= 0)
            value = (name_weekday(name) + 1) % 7 + r->language->sunday;
        if (value < 0)
            return scan_fail_item(s, at, r->limits->would_do);
    } else if (value < r->limits->min || value > r->limits->max) {
        scan_fail(s, at, "must be %d-%d, not \"%.*s\"", r->limits->min, r->limits->max,
                  (int)(s->at - at < 20 ? s->at - at : 20), s->text.p + at);
        return fail_hint(s->e, "%s", r->limits->would_do);
    }
    *ret_value = value;
    return true;
}

// "/n"; *ret_step stays as it is without one.
static bool step_read(struct reader *r, int *ret_step)
{
    size_t at = r->scan.at + 1;

    if (!scan_take(&r->scan, '/'))
        return true;
    if (!scan_digits(&r->scan, ret_step))
        return scan_fail_item(&r->scan, at, r->limits->would_do);
    if (*ret_step == 0)
        return scan_fail(&r->scan, at, "cannot have a step of 0");
    if (r->language->steps_fit && *ret_step > r->limits->max) {
        scan_fail(&r->scan, at, "cannot have a step of more than %d", r->limits->max);
        return fail_hint(r->scan.e, "such a step never leads to a second %s: leave it out",
                         r->scan.what);
    }
    return true;
}

static bool is_letter(const struct reader *r, char lower)
{
    return (scan_peek(&r->scan) | 32) == lower;
}

static bool letter_take(struct reader *r, char lower)
{
    if (!is_letter(r, lower))
        return false;
    r->scan.at++;
    return true;
}

// ---- items with a sign of their own

static bool star_read(struct reader *r)
{
    int step = 0;

    r->scan.at++;
    if (!step_read(r, &step))
        return false;
    values_add(r, r->limits->min, r->limits->max, step);
    if (r->out)
        buf_printf(r->out, step ? "*/%d" : "*", step);
    return true;
}

static bool question_read(struct reader *r)
{
    struct scan *s = &r->scan;
    char before = s->at > 0 ? s->text.p[s->at - 1] : ' ';

    s->at++;
    if (scan_peek(s) == '/')
        return scan_fail(s, s->at, "cannot have a step behind \"?\"");
    if (r->language->question_rule && (!is_blank(before) || !scan_is_done(s)))
        return scan_fail(s, s->at - 1, "cannot have anything beside \"?\"");
    values_add(r, r->limits->min, r->limits->max, 0);
    if (r->out)
        buf_add_byte(r->out, r->language->question_rule ? '?' : '*');
    return true;
}

// "/5" is "0/5".
static bool bare_step_read(struct reader *r)
{
    int step = 0;

    if (!step_read(r, &step))
        return false;
    values_add(r, r->limits->min, r->limits->max, step);
    item_print(r, r->limits->min, r->limits->max, false, step);
    return true;
}

// L, L-3, LW, L-3W
static bool last_day_read(struct reader *r)
{
    struct scan *s = &r->scan;
    size_t at = s->at++;
    int before = 0;

    if (scan_take(s, '-')) {
        if (!scan_digits(s, &before))
            return scan_fail_item(s, at, r->limits->would_do);
        if (before < r->language->last_min || before > DAY_LAST_MAX)
            return scan_fail(s, at, "must be L-1 to L-%d, not \"L-%d\"", DAY_LAST_MAX, before);
    }
    bool is_nearest = letter_take(r, 'w');
    *(is_nearest ? &r->calendar->last_nearest : &r->calendar->last) |= 1U << before;
    if (r->out) {
        buf_printf(r->out, before ? "L-%d" : "L", before);
        buf_add_text(r->out, is_nearest ? "W" : "");
    }
    return true;
}

// L as a weekday: the last of the week.
static bool last_weekday_read(struct reader *r)
{
    r->scan.at++;
    values_add(r, r->limits->max, r->limits->max, 0);
    item_print(r, r->limits->max, r->limits->max, false, 0);
    return true;
}

// ---- ranges

static bool backwards(const struct reader *r, size_t at, int from, int to)
{
    const struct scan *s = &r->scan;

    scan_fail(s, at, "has a range that runs backwards: \"%.*s\"", (int)(s->at - at),
              s->text.p + at);
    if (r->field == CRON_YEAR)
        return fail_hint(s->e, "write the earlier year first");
    return fail_hint(s->e, "write %d-%d,%d-%d", from, r->limits->max, r->limits->min, to);
}

// The value behind "-" or "~". A range of weekdays may end in sun.
static bool end_read(struct reader *r, int from, int *ret_to)
{
    int to;

    if (!value_read(r, &to))
        return false;
    *ret_to = to == 0 && from > 0 && r->field == CRON_WEEKDAY && r->is_named ? 7 : to;
    return true;
}

// The rest of from-to, and a step. The end of a range that wraps lies behind the field's.
static bool range_read(struct reader *r, size_t at, int from)
{
    int to, end, step = 0;

    r->scan.at++;
    if (!end_read(r, from, &to))
        return false;
    end = to;
    if (to < from && (!r->language->wraps || r->field == CRON_YEAR))
        return backwards(r, at, from, to);
    if (to < from)
        end += r->limits->max - r->limits->min + 1;
    if (!step_read(r, &step))
        return false;
    values_add(r, from, end, step);
    item_print(r, from, to, true, step);
    return true;
}

// What H or ~ stands for between from and to, with a step if there is one.
static bool hashed_add(struct reader *r, size_t at, int from, int to)
{
    struct hash_key key = {CRON_HASH_KEY, r->field};
    int step = 0;

    if (r->field == CRON_YEAR)
        return scan_fail(&r->scan, at, "cannot be left to H or ~: write the years");
    if (to < from && !backwards(r, at, from, to))
        return fail_hint(r->scan.e, "write the lesser end first");
    if (!step_read(r, &step))
        return false;
    int width = step && step <= to - from ? step : to - from + 1;
    from += (int)(hash_str(&key, r->salt) % (uint64_t)width);
    if (!step || from + step > to) {
        to = from;
        step = 0;
    }
    r->is_hashed = true;
    values_add(r, from, to, step);
    item_print(r, from, to, true, step);
    return true;
}

// H, H/15, H(0-29), H(0-29)/10
static bool hash_read(struct reader *r)
{
    struct scan *s = &r->scan;
    size_t at = s->at++;
    int from = r->limits->min, to = r->limits->hash_max;

    if (scan_take(s, '(')) {
        if (!value_read(r, &from))
            return false;
        if (!scan_take(s, '-'))
            return scan_fail_item(s, s->at, r->limits->would_do);
        if (!end_read(r, from, &to))
            return false;
        if (!scan_take(s, ')'))
            return scan_fail_item(s, s->at, r->limits->would_do);
    }
    return hashed_add(r, at, from, to);
}

// The rest of 6~15, 6~ (to the end of the field), ~15 (from its beginning) or ~
static bool tilde_read(struct reader *r, size_t at, int from)
{
    int to = from > r->limits->hash_max ? r->limits->max : r->limits->hash_max;

    r->scan.at++;
    char next = scan_peek(&r->scan);
    if (next != '\0' && next != ',' && next != '/' && !end_read(r, from, &to))
        return false;
    return hashed_add(r, at, from, to);
}

// ---- values and what may follow one

// "L" or "#n" or "#L" behind a weekday; *ret_done tells whether there was one.
static bool nth_read(struct reader *r, int value, bool *ret_done)
{
    struct scan *s = &r->scan;
    size_t at = s->at;
    int n = CALENDAR_NTH_LAST + 1, weekday = weekday_of(r, value);
    bool has_last = !r->language->weekday_l;

    *ret_done = true;
    if (scan_take(s, '#')) {
        if (!(has_last && letter_take(r, 'l')) && (!scan_digits(s, &n) || n < 1 || n > 5))
            return scan_fail(s, at + 1, "needs 1-5%s behind \"#\"", has_last ? " or L" : "");
    } else if (!letter_take(r, 'l')) {
        *ret_done = false;
        return true;
    }
    r->calendar->nth |= UINT64_C(1) << ((n - 1) * 7 + weekday);
    if (r->out && n <= CALENDAR_NTH_LAST)
        buf_printf(r->out, "%s#%d", weekday_names[weekday], n);
    else if (r->out)
        buf_printf(r->out, has_last ? "%s#L" : "%sL", weekday_names[weekday]);
    return true;
}

static bool nearest_add(struct reader *r, int day)
{
    r->calendar->nearest |= 1U << day;
    if (r->out)
        buf_printf(r->out, "%dW", day);
    return true;
}

// a, a/n, and a with more behind it
static bool value_item_read(struct reader *r)
{
    struct scan *s = &r->scan;
    size_t at = s->at;
    int from, step = 0;
    bool is_done = false;

    if (!value_read(r, &from) || (r->field == CRON_WEEKDAY && !nth_read(r, from, &is_done)))
        return false;
    if (is_done)
        return true;
    if (r->field == CRON_DAY && letter_take(r, 'w'))
        return nearest_add(r, from);
    if (scan_peek(s) == '-')
        return range_read(r, at, from);
    if (scan_peek(s) == '~' && r->language->has_hash)
        return tilde_read(r, at, from);
    if (!step_read(r, &step))
        return false;
    values_add(r, from, step ? r->limits->max : from, step);
    item_print(r, from, from, false, step);
    return true;
}

static bool item_read(struct reader *r)
{
    const struct cron_language *l = r->language;
    bool is_day = r->field == CRON_DAY || r->field == CRON_WEEKDAY;
    char c = scan_peek(&r->scan);

    r->is_named = false;
    if (c == '*')
        return star_read(r);
    if (c == '?' && is_day)
        return question_read(r);
    if (c == '/' && l->steps_fit)
        return bare_step_read(r);
    if (c == '~' && l->has_hash)
        return tilde_read(r, r->scan.at, r->limits->min);
    if (is_letter(r, 'h') && l->has_hash)
        return hash_read(r);
    if (is_letter(r, 'l') && r->field == CRON_DAY)
        return last_day_read(r);
    if (is_letter(r, 'l') && r->field == CRON_WEEKDAY && l->weekday_l)
        return last_weekday_read(r);
    return value_item_read(r);
}
