// oncalendar.c - systemd's calendar events, word by word and part by part.
//
// Blanks, `-`, `~` and `:` never stand inside an item, so a text is cut into words and these into
// parts before anything is read. A part is `*` or a list, whose items add their values to a mask.
// Seconds are counted in microseconds; their steps are kept beside the mask when one of them does
// not fall on whole seconds.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/oncalendar.h"

#include "base/suggest.h"
#include "time/civil.h"
#include "time/duration.h"
#include "trigger/names.h"
#include "trigger/scan.h"

#define WORDS_MAX 4                    // weekdays, date, time, zone
#define ITEMS_MAX 241                  // of one list
#define STEP_MAX 2147483647            // of a range, in the part's unit
#define MOMENT_MAX INT64_C(7258118399) // the last second of 2199
#define ORDER "write weekdays, date, time and zone in this order, as in Mon..Fri *-*-* 09:00 UTC"

enum part {
    PART_YEAR,
    PART_MONTH,
    PART_DAY,
    PART_DAY_BACK, // counts from the month's end
    PART_HOUR,
    PART_MINUTE,
    PART_SECOND,
};

static const struct limits {
    int min, max;
    const char *name;
    const char *would_do;
    const char *every; // what people mean by */n
} limits[] = {
    {CALENDAR_YEAR_MIN, CALENDAR_YEAR_MAX, "year",
     "write *, 2026, 2026..2028, 2026/2 or a list of such", "1970"},
    {1, 12, "month", "write *, 1-12 such as 07, 4..9, 1/3 or a list of such", "1"},
    {1, 31, "day", "write *, 1-31 such as 07, 1..7, 1/2 or a list of such", "1"},
    {1, 28, "day behind \"~\"", "write 1 for the last day, 2..4, 7/1 or a list of such", "28"},
    {0, 23, "hour", "write *, 0-23 such as 07, 8..17, 0/2 or a list of such", "0"},
    {0, 59, "minute", "write *, 0-59 such as 07, 0..30, 0/15 or a list of such", "0"},
    {0, 59, "second", "write *, 0-59 such as 07, 12.5, 0..30, 0/15 or a list of such", "0"},
};

static const struct {
    const char *name, *expr;
} shorthands[] = {
    {"minutely", "*-*-* *:*:00"},
    {"hourly", "*-*-* *:00:00"},
    {"daily", "*-*-* 00:00:00"},
    {"weekly", "Mon *-*-* 00:00:00"},
    {"monthly", "*-*-01 00:00:00"},
    {"quarterly", "*-01,04,07,10-01 00:00:00"},
    {"semiannually", "*-01,07-01 00:00:00"},
    {"semi-annually", "*-01,07-01 00:00:00"},
    {"biannually", "*-01,07-01 00:00:00"},
    {"bi-annually", "*-01,07-01 00:00:00"},
    {"yearly", "*-01-01 00:00:00"},
    {"annually", "*-01-01 00:00:00"},
    {"anually", "*-01-01 00:00:00"}, // so in systemd
};

#define SHORTHANDS (sizeof shorthands / sizeof *shorthands)

// Bytes from..to of the text.
struct span {
    size_t from, to;
};

struct reader {
    struct str text;
    struct span words[WORDS_MAX];
    int count; // of words
    int next;  // the word to read
    struct span zone;
    bool has_zone;
    struct oncalendar out;
    struct fraction *steps; // of the seconds
    int step_count;
    bool is_fine; // a step leaves whole seconds
    bool is_moment;
    struct err *e;
};

// One part while it is read.
struct compiler {
    struct scan scan;
    enum part part;
    const struct limits *limits;
    int64_t unit; // of its numbers
    uint64_t bits;
    struct reader *reader;
};

struct item {
    int64_t from, to, step;
};

static bool words_find(struct reader *r);
static bool zone_take(struct reader *r, struct span *ret_zone);
static bool shorthand_take(struct reader *r);
static bool weekdays_read(struct reader *r);
static bool date_read(struct reader *r);
static bool time_read(struct reader *r);
static bool part_read(struct reader *r, enum part part, struct span span);
static bool word_fail(const struct reader *r, struct span word, const char *why, const char *hint);

bool oncalendar_parse(struct str expr, struct oncalendar *ret_parsed, struct err *e)
{
    struct fraction steps[ITEMS_MAX];
    struct reader r = {.text = expr, .steps = steps, .e = e};
    struct calendar *c = &r.out.calendar;

    calendar_init(c);
    c->seconds = c->minutes = c->hours = 1;
    if (!words_find(&r))
        return false;
    r.has_zone = zone_take(&r, &r.zone);
    if (r.has_zone && str_eq(str_cut(expr, r.zone.from, r.zone.to), STR_LIT("Z")))
        return word_fail(&r, r.zone, "is not the name of a zone", "write UTC");
    if (!shorthand_take(&r) || !weekdays_read(&r) || !date_read(&r) || !time_read(&r))
        return false;
    if (r.next < r.count)
        return word_fail(&r, r.words[r.next], "has no place here", ORDER);
    if (r.is_fine)
        r.out.fractions = fractions_new(c, steps, r.step_count);
    *ret_parsed = r.out;
    return true;
}

// ---- words

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool word_fail(const struct reader *r, struct span word, const char *why, const char *hint)
{
    size_t length = word.to - word.from < 60 ? word.to - word.from : 60;

    fail_at(r->e, ERR_INPUT, "expr", (int)word.from + 1, "\"%.*s\" %s", (int)length,
            r->text.p + word.from, why);
    return fail_hint(r->e, "%s", hint);
}

static bool word_has(const struct reader *r, struct span word, char c)
{
    return str_find(str_cut(r->text, word.from, word.to), c) >= 0;
}

static bool words_find(struct reader *r)
{
    struct str trimmed = str_trim(r->text);
    size_t at = trimmed.len > 0 ? (size_t)(trimmed.p - r->text.p) : 0, end = at + trimmed.len;

    while (at < end) {
        size_t start = at;

        while (at < end && r->text.p[at] != ' ')
            at++;
        if (r->count == WORDS_MAX) {
            fail_at(r->e, ERR_INPUT, "expr", (int)start + 1, "more than %d words", WORDS_MAX);
            return fail_hint(r->e, ORDER);
        }
        r->words[r->count++] = (struct span){start, at};
        while (at < end && r->text.p[at] == ' ')
            at++;
    }
    if (r->count > 0)
        return true;
    fail_at(r->e, ERR_INPUT, "expr", 1, "a calendar event needs weekdays, a date or a time");
    return fail_hint(r->e, "write daily, Mon..Fri 09:00 or *-*-01 02:30:00");
}

// A last word that begins with a letter is a zone, unless it is all there is.
static bool zone_take(struct reader *r, struct span *ret_zone)
{
    struct span word = r->words[r->count - 1];

    if (r->count < 2 || !is_letter(r->text.p[word.from]))
        return false;
    r->count--;
    *ret_zone = word;
    return true;
}

static bool is_utc(struct str zone)
{
    return str_eq_nocase(zone, STR_LIT("UTC"));
}

struct str oncalendar_zone(struct str expr, size_t *ret_at)
{
    struct err ignored;
    struct reader r = {.text = expr, .e = &ignored};
    struct span zone;

    if (!words_find(&r))
        return (struct str){NULL, 0};
    if (zone_take(&r, &zone)) {
        struct str name = str_cut(expr, zone.from, zone.to);

        *ret_at = zone.from;
        return is_utc(name) ? STR_LIT("UTC") : name;
    }
    *ret_at = r.words[r.count - 1].from;
    return expr.p[*ret_at] == '@' ? STR_LIT("UTC") : (struct str){NULL, 0};
}

static bool shorthand_take(struct reader *r)
{
    struct str word = str_cut(r->text, r->words[0].from, r->words[0].to);

    for (size_t i = 0; i < SHORTHANDS && r->count == 1; i++)
        if (str_eq_nocase(word, str_of(shorthands[i].name))) {
            r->text = str_of(shorthands[i].expr);
            r->count = 0;
            return words_find(r);
        }
    return true;
}

// Cuts a word at the separators into parts; 0 when there are more than max. *ret_found: what
// stands behind each part, '\0' behind the last.
static int word_cut(const struct reader *r, struct span word, const char *separators, int max,
                    struct span *ret_parts, char *ret_found)
{
    int count = 0;
    size_t from = word.from;

    for (size_t at = word.from; at <= word.to; at++) {
        if (at < word.to && str_find(str_of(separators), r->text.p[at]) < 0)
            continue;
        if (count == max)
            return 0;
        ret_found[count] = at < word.to ? r->text.p[at] : '\0';
        ret_parts[count++] = (struct span){from, at};
        from = at + 1;
    }
    return count;
}

// ---- weekdays

static bool weekday_fail(const struct reader *r, const struct scan *s, size_t at)
{
    const char *names[SHORTHANDS];
    struct str word = str_cut(r->text, r->words[0].from, r->words[0].to);

    scan_fail_item(s, at,
                   r->count == 1 ? "write Mon, Mon..Fri, a list of such, or a word such as daily"
                                 : "write Mon, Mon..Fri or a list of such");
    for (size_t i = 0; i < SHORTHANDS; i++)
        names[i] = shorthands[i].name;
    const char *near = r->count == 1 ? suggest_find(word, names, SHORTHANDS) : NULL;
    return near ? fail_hint(r->e, "did you mean \"%s\"?", near) : false;
}

static bool weekday_read(const struct reader *r, struct scan *s, int *ret_weekday)
{
    size_t at = s->at;

    *ret_weekday = name_weekday_full(scan_letters(s));
    return *ret_weekday >= 0 || weekday_fail(r, s, at);
}

static bool dots_take(struct scan *s)
{
    if (s->at + 1 >= s->end || s->text.p[s->at] != '.' || s->text.p[s->at + 1] != '.')
        return false;
    s->at += 2;
    return true;
}

static bool backwards_fail(const struct scan *s, size_t at)
{
    return scan_fail(s, at, "has a range that runs backwards: \"%.*s\"", (int)(s->at - at),
                     s->text.p + at);
}

static bool weekday_range_read(const struct reader *r, struct scan *s, uint8_t *bits)
{
    size_t at = s->at;
    int from, to;

    if (!weekday_read(r, s, &from))
        return false;
    to = from;
    if ((dots_take(s) || scan_take(s, '-')) && !weekday_read(r, s, &to))
        return false;
    if (to < from) {
        backwards_fail(s, at);
        return fail_hint(s->e, "the week begins on Monday: write Sat,Sun,Mon for Sat..Mon");
    }
    for (int day = from; day <= to; day++)
        *bits |= (uint8_t)(1 << day);
    return true;
}

static bool weekdays_read(struct reader *r)
{
    struct span word = r->words[0];
    struct scan s = {.text = r->text,
                     .from = word.from,
                     .at = word.from,
                     .end = word.to,
                     .key = "expr",
                     .what = "weekday",
                     .e = r->e};
    uint8_t bits = 0;

    if (!is_letter(scan_peek(&s)))
        return true;
    do {
        if (!weekday_range_read(r, &s, &bits))
            return false;
    } while (scan_take(&s, ',') && !scan_is_done(&s)); // one may end the list
    if (!scan_is_done(&s))
        return weekday_fail(r, &s, s.at);
    r->out.calendar.weekdays = bits;
    r->next++;
    return true;
}

// ---- date and time

// "@1493187147", a moment: seconds since 1970 UTC.
static bool moment_read(struct reader *r, struct span word)
{
    struct calendar *c = &r->out.calendar;
    int64_t n;

    if (!str_to_int(str_cut(r->text, word.from + 1, word.to), &n) || n < 0 || n > MOMENT_MAX ||
        r->text.p[word.from + 1] == '-')
        return word_fail(r, word, "is not a moment until the end of 2199",
                         "write @ and the whole seconds since 1970 UTC");
    if (r->has_zone && !is_utc(str_cut(r->text, r->zone.from, r->zone.to)))
        return word_fail(r, r->zone, "cannot stand here", "a moment behind \"@\" is in UTC");

    struct civil at = civil_at(n);
    memset(c->years, 0, sizeof c->years);
    calendar_add_year(c, at.year);
    c->months = (uint16_t)(1 << at.month);
    c->days = 1U << at.day;
    c->hours = 1U << at.hour;
    c->minutes = UINT64_C(1) << at.minute;
    c->seconds = UINT64_C(1) << at.second;
    r->is_moment = true;
    r->next++;
    return true;
}

static bool date_fail(const struct reader *r, struct span word, const char *why)
{
    return word_fail(r, word, why,
                     "write a date as *-*-07, 2026-12-24 or *-02~01, a time as 07:30");
}

static bool date_read(struct reader *r)
{
    struct span word = r->words[r->next], parts[3];
    char found[3];

    if (r->next == r->count)
        return true;
    if (r->text.p[word.from] == '@')
        return moment_read(r, word);

    int count = word_cut(r, word, "-~", 3, parts, found);
    if (word_has(r, word, ':'))
        return count == 1 || date_fail(r, word, "needs a blank between date and time");
    if (count == 0)
        return date_fail(r, word, "has more than year, month and day");
    if (count == 1)
        return date_fail(r, word, "is neither a date nor a time");
    if (count == 3 && found[0] == '~')
        return date_fail(r, word, "has a \"~\" before the month: it belongs before the day");
    r->next++;
    return (count == 2 || part_read(r, PART_YEAR, parts[0])) &&
           part_read(r, PART_MONTH, parts[count - 2]) &&
           part_read(r, found[count - 2] == '~' ? PART_DAY_BACK : PART_DAY, parts[count - 1]);
}

static bool time_read(struct reader *r)
{
    struct span word = r->words[r->next], parts[3];
    char found[3];

    if (r->next == r->count || r->is_moment || !word_has(r, word, ':'))
        return true;

    int count = word_cut(r, word, ":", 3, parts, found);
    if (count == 0)
        return date_fail(r, word, "has more than hour, minute and second");
    r->next++;
    return part_read(r, PART_HOUR, parts[0]) && part_read(r, PART_MINUTE, parts[1]) &&
           (count == 2 || part_read(r, PART_SECOND, parts[2]));
}

// ---- parts

// Takes digits; numbers beyond all limits stay beyond them.
static bool digits_take(struct scan *s, int64_t *ret_n)
{
    size_t start = s->at;
    int64_t n = 0;

    for (; scan_peek(s) >= '0' && scan_peek(s) <= '9'; s->at++)
        n = n <= STEP_MAX ? n * 10 + (scan_peek(s) - '0') : n;
    *ret_n = n;
    return s->at > start;
}

// The digits behind a decimal point, in microseconds, rounded to the nearest.
static bool fraction_take(struct scan *s, int64_t *ret_us)
{
    size_t start = s->at;
    int64_t us = 0;

    for (int64_t digit = SECOND_US / 10; scan_peek(s) >= '0' && scan_peek(s) <= '9'; s->at++) {
        if (digit > 0)
            us += digit * (scan_peek(s) - '0');
        else if (s->at == start + 6)
            us += scan_peek(s) >= '5';
        digit /= 10;
    }
    *ret_us = us;
    return s->at > start;
}

// A number in the part's unit.
static bool number_read(struct compiler *k, int64_t *ret_n)
{
    struct scan *s = &k->scan;
    size_t at = s->at;
    int64_t n, us = 0;

    if (!digits_take(s, &n))
        return scan_fail_item(s, at, k->limits->would_do);
    bool has_point = k->part == PART_SECOND && scan_peek(s) == '.' &&
                     (s->at + 1 >= s->end || s->text.p[s->at + 1] != '.');
    if (has_point) {
        s->at++;
        if (!fraction_take(s, &us))
            return scan_fail_item(s, at, k->limits->would_do);
    }
    *ret_n = n * k->unit + us;
    return true;
}

// A number within the limits; years of two digits are 1970 to 2069.
static bool value_read(struct compiler *k, int64_t *ret_n)
{
    struct scan *s = &k->scan;
    size_t at = s->at;
    int64_t n;

    if (!number_read(k, &n))
        return false;
    if (k->part == PART_YEAR && n < 100)
        n += n < 70 ? 2000 : 1900;
    if (n < k->limits->min * k->unit || n > k->limits->max * k->unit + k->unit - 1)
        return scan_fail(s, at, "must be %d-%d, not \"%.*s\"", k->limits->min, k->limits->max,
                         (int)(s->at - at), s->text.p + at);
    *ret_n = n;
    return true;
}

// "/n" behind a value or range.
static bool step_read(struct compiler *k, bool is_range, struct item *item)
{
    size_t at = k->scan.at + 1;
    int64_t room = k->limits->max * k->unit + k->unit - 1 - item->from;

    if (!scan_take(&k->scan, '/'))
        return true;
    if (!number_read(k, &item->step))
        return false;
    if (item->step == 0)
        return scan_fail(&k->scan, at, "cannot have a step of 0");
    if (is_range)
        return item->step <= STEP_MAX || scan_fail(&k->scan, at, "has too wide a step");
    // Backwards from the month's end, day 1 is the last.
    if (k->part == PART_DAY_BACK)
        room = item->from - 1;
    if (item->step > room)
        return scan_fail(&k->scan, at, "has a step that leads beyond its end: leave it out");
    item->to = item->from + room;
    if (k->part == PART_DAY_BACK) {
        item->to = item->from;
        item->from = 1 + room % item->step;
    }
    return true;
}

static void item_add(struct compiler *k, const struct item *item)
{
    struct reader *r = k->reader;

    if (k->part == PART_SECOND) {
        struct fraction step = {(int32_t)item->from, (int32_t)item->to, (int32_t)item->step};

        r->steps[r->step_count++] = step;
        if (item->from % k->unit != 0 || item->step % k->unit != 0) {
            r->is_fine = true;
            k->bits |= fraction_seconds(&step);
            return;
        }
    }
    for (int64_t n = item->from; n <= item->to; n += item->step) {
        if (k->part == PART_YEAR)
            calendar_add_year(&r->out.calendar, n);
        else
            k->bits |= UINT64_C(1) << n / k->unit;
    }
}

static bool item_read(struct compiler *k)
{
    struct scan *s = &k->scan;
    size_t at = s->at;
    struct item item = {.step = k->unit};

    if (!value_read(k, &item.from))
        return false;
    item.to = item.from;
    bool is_range = dots_take(s);
    if (is_range && !value_read(k, &item.to))
        return false;
    bool has_step = scan_peek(s) == '/';
    if (!step_read(k, is_range, &item))
        return false;
    if (item.to < item.from)
        return backwards_fail(s, at);
    if (is_range && !has_step && k->part == PART_SECOND && item.to < item.from + SECOND_US)
        return scan_fail(s, at, "has a range shorter than a second: \"%.*s\" needs a step",
                         (int)(s->at - at), s->text.p + at);
    item_add(k, &item);
    return true;
}

static bool list_read(struct compiler *k)
{
    struct scan *s = &k->scan;

    for (int count = 0; count < ITEMS_MAX; count++) {
        if (!item_read(k))
            return false;
        if (scan_is_done(s))
            return true;
        if (!scan_take(s, ','))
            return scan_fail_item(s, s->at, k->limits->would_do);
    }
    return scan_fail(s, s->at, "has more than %d items", ITEMS_MAX);
}

static void bits_store(const struct compiler *k)
{
    struct calendar *c = &k->reader->out.calendar;

    switch (k->part) {
    case PART_YEAR:
        break;
    case PART_MONTH:
        c->months = (uint16_t)k->bits;
        break;
    case PART_DAY:
        c->days = (uint32_t)k->bits;
        break;
    case PART_DAY_BACK:
        c->days = 0;
        c->last = (uint32_t)(k->bits >> 1);
        break;
    case PART_HOUR:
        c->hours = (uint32_t)k->bits;
        break;
    case PART_MINUTE:
        c->minutes = k->bits;
        break;
    case PART_SECOND:
        c->seconds = k->bits;
        break;
    }
}

// `*` leaves a date as it is; in a time, it takes all.
static bool star_read(struct compiler *k)
{
    struct scan *s = &k->scan;

    if (scan_peek(s) == '/') {
        scan_fail(s, s->at, "cannot have a step behind \"*\"");
        return fail_hint(s->e, "write %s%.*s", k->limits->every, (int)(s->end - s->at),
                         s->text.p + s->at);
    }
    if (!scan_is_done(s))
        return scan_fail_item(s, s->at, k->limits->would_do);
    if (k->part < PART_HOUR)
        return true;
    k->reader->out.calendar.is_elapsed = true;
    k->bits = (UINT64_C(1) << (k->limits->max + 1)) - 1;
    bits_store(k);
    return true;
}

static bool part_read(struct reader *r, enum part part, struct span span)
{
    bool is_star = span.from < span.to && r->text.p[span.from] == '*';
    struct compiler k = {
        .scan = {.text = r->text,
                 .from = span.from,
                 .at = span.from + is_star,
                 .end = span.to,
                 .key = "expr",
                 .what = limits[part].name,
                 .e = r->e},
        .part = part,
        .limits = &limits[part],
        .unit = part == PART_SECOND ? SECOND_US : 1,
        .reader = r,
    };

    if (is_star)
        return star_read(&k);
    if (part == PART_YEAR)
        memset(r->out.calendar.years, 0, sizeof r->out.calendar.years);
    if (!list_read(&k))
        return false;
    bits_store(&k);
    return true;
}
