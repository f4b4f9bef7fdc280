// rrule_read.c - reads the lines of a recurrence set, each kind of property in its turn.
//
// DTSTART is read before everything else, wherever it stands: rules and local times hang on it.
// What is read is written down in normal form at once, so that the text kept is what was meant.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rrule_read.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/vec.h"
#include "time/civil.h"
#include "time/duration.h"
#include "trigger/calendar.h"
#include "trigger/content.h"
#include "trigger/recur_days.h"
#include "trigger/series.h"

#define YEAR_MIN 1600
#define EXCLUDED_MAX 10000 // times that an EXRULE may take out

enum property {
    PROPERTY_DTSTART,
    PROPERTY_RRULE,
    PROPERTY_EXRULE,
    PROPERTY_RDATE,
    PROPERTY_EXDATE,
    PROPERTY_COUNT,
};

static const char *const property_names[PROPERTY_COUNT] = {"DTSTART", "RRULE", "EXRULE", "RDATE",
                                                           "EXDATE"};

struct property_line {
    struct content_line line;
    enum property property;
};

// What is needed while a set is made.
struct maker {
    const struct rrule_context *context;
    struct rrule *set;
    struct content content;
    VEC_OF(struct property_line) lines;
    int never_column; // of the first rule that never fires; 0: none
    int64_t steps;    // of counting, over all rules
    struct err *e;
};

static bool too_long(const struct rrule_context *context, struct err *e);
static bool set_make(struct maker *m, struct str text);
static bool lines_read(struct maker *m);
static bool start_read(struct maker *m);
static bool rest_read(struct maker *m);

bool rrule_read(struct str text, const struct rrule_context *context, struct rrule **ret_rrule,
                struct err *e)
{
    struct maker m = {.context = context, .e = e};

    if (text.len > RRULE_TEXT_MAX)
        return too_long(context, e);
    m.set = mem_alloc(sizeof *m.set);
    if (!set_make(&m, text)) {
        rrule_free(m.set);
        return false;
    }
    rrule_finish(m.set);
    *ret_rrule = m.set;
    return true;
}

// What follows a parameter's name up to the next semicolon, without quotes.
static struct str param_value(struct str line, size_t at)
{
    size_t end = at;

    if (at < line.len && line.p[at] == '"') {
        for (end = ++at; end < line.len && line.p[end] != '"';)
            end++;
    } else {
        while (end < line.len && line.p[end] != ';')
            end++;
    }
    return str_cut(line, at, end);
}

struct str rrule_read_zone(struct str text, size_t *ret_at)
{
    const struct str name = STR_LIT("DTSTART"), tzid = STR_LIT(";TZID=");
    struct str rest = text, line;

    while (str_next(&rest, '\n', &line)) {
        line = str_trim(line);
        ptrdiff_t colon = str_find(line, ':');

        if (colon < (ptrdiff_t)name.len || !str_eq_nocase(str_cut(line, 0, name.len), name))
            continue;
        *ret_at = (size_t)(line.p - text.p);
        for (size_t i = name.len; i + tzid.len <= (size_t)colon; i++)
            if (str_eq_nocase(str_cut(line, i, i + tzid.len), tzid)) {
                *ret_at += i + 1;
                return param_value(str_cut(line, 0, (size_t)colon), i + tzid.len);
            }
        if ((line.p[line.len - 1] | 32) == 'z')
            return STR_LIT("UTC");
    }
    return (struct str){NULL, 0};
}

static bool too_long(const struct rrule_context *context, struct err *e)
{
    return fail(e, ERR_INPUT, context->field, "a recurrence is longer than %d bytes",
                RRULE_TEXT_MAX);
}

// All of it; afterwards only the set is left.
static bool set_make(struct maker *m, struct str text)
{
    m->set->zone = m->context->zone;
    buf_init(&m->set->text, 2 * RRULE_TEXT_MAX);
    content_init(&m->content, text);
    bool ok = lines_read(m) && start_read(m) && rest_read(m);

    if (!ok)
        content_column(&m->content, m->e);
    content_done(&m->content);
    vec_done(&m->lines);
    return ok && (m->set->text.len <= RRULE_TEXT_MAX || too_long(m->context, m->e));
}

// ---- lines

static struct scan value_scan(const struct maker *m, const struct property_line *p)
{
    return (struct scan){.text = buf_str(&m->content.text),
                         .from = p->line.value_at,
                         .at = p->line.value_at,
                         .end = p->line.end,
                         .key = m->context->field,
                         .what = property_names[p->property],
                         .e = m->e};
}

static bool property_find(const struct maker *m, struct property_line *p)
{
    struct str name = p->line.name;

    if (name.len == 0)
        name = STR_LIT("RRULE"); // its bare value
    for (int i = 0; i < PROPERTY_COUNT; i++)
        if (str_eq_nocase(name, str_of(property_names[i]))) {
            p->property = (enum property)i;
            return true;
        }
    const char *near = suggest_find(name, property_names, PROPERTY_COUNT);

    fail_at(m->e, ERR_INPUT, m->context->field, (int)p->line.at + 1,
            "\"%.*s\" is no part of a recurrence: write DTSTART, RRULE, RDATE or EXDATE",
            (int)(name.len < 40 ? name.len : 40), name.p);
    return near ? fail_hint(m->e, "did you mean %s?", near) : false;
}

// The name of a parameter that a property may have, NULL for others.
static const char *param_known(enum property property, struct str name)
{
    bool is_rule = property == PROPERTY_RRULE || property == PROPERTY_EXRULE;

    if (!is_rule && str_eq_nocase(name, STR_LIT("TZID")))
        return "TZID";
    return !is_rule && str_eq_nocase(name, STR_LIT("VALUE")) ? "VALUE" : NULL;
}

// Parameters of somebody's own (X-...) do not matter; others must be known.
static bool params_check(const struct maker *m, const struct property_line *p)
{
    struct scan s = value_scan(m, p);

    for (int i = 0; i < p->line.param_count; i++) {
        const struct content_param *param = &p->line.params[i];
        const char *known = param_known(p->property, param->name);
        struct str name = param->name;

        if (known && content_param(&p->line, known) != param)
            return scan_fail(&s, param->at, "has %s twice", known);
        if (known || (name.len > 2 && str_eq_nocase(str_cut(name, 0, 2), STR_LIT("X-"))))
            continue;
        return scan_fail(&s, param->at, "has no parameter \"%.*s\"",
                         (int)(name.len < 40 ? name.len : 40), name.p);
    }
    return true;
}

static bool has_start_line(const struct maker *m)
{
    for (size_t i = 0; i < m->lines.len; i++)
        if (m->lines.v[i].property == PROPERTY_DTSTART)
            return true;
    return false;
}

static bool lines_read(struct maker *m)
{
    size_t rules = 0;

    for (;;) {
        struct property_line p = {0};
        bool is_done;

        if (!content_next(&m->content, m->context->field, &p.line, &is_done, m->e))
            return false;
        if (is_done)
            break;
        if (!property_find(m, &p) || !params_check(m, &p))
            return false;
        if (p.property == PROPERTY_DTSTART && has_start_line(m))
            return fail_at(m->e, ERR_INPUT, m->context->field, (int)p.line.at + 1,
                           "DTSTART is given twice");
        rules += p.property == PROPERTY_RRULE || p.property == PROPERTY_EXRULE;
        if (rules > RRULE_RULES_MAX)
            return fail_at(m->e, ERR_INPUT, m->context->field, (int)p.line.at + 1,
                           "a recurrence has at most %d rules", RRULE_RULES_MAX);
        vec_push(&m->lines, p);
    }
    if (m->lines.len > 0)
        return true;
    fail(m->e, ERR_INPUT, m->context->field, "a recurrence is empty");
    return fail_hint(m->e, "write RRULE:FREQ=DAILY, with a DTSTART:20260131T090000 line before it");
}

// ---- dates

struct date_style {
    const struct zone *zone;
    bool is_date, is_period;
    bool has_zone; // TZID is given
};

static bool style_read(const struct maker *m, const struct property_line *p,
                       struct date_style *ret_style)
{
    const struct content_param *value = content_param(&p->line, "VALUE");
    const struct content_param *tzid = content_param(&p->line, "TZID");
    struct scan s = value_scan(m, p);
    struct date_style style = {.zone = m->set->zone, .has_zone = tzid != NULL};

    if (value) {
        style.is_date = str_eq_nocase(value->value, STR_LIT("DATE"));
        style.is_period =
            p->property == PROPERTY_RDATE && str_eq_nocase(value->value, STR_LIT("PERIOD"));
        if (!style.is_date && !style.is_period &&
            !str_eq_nocase(value->value, STR_LIT("DATE-TIME")))
            return scan_fail(&s, value->at, "must have VALUE=DATE or DATE-TIME%s",
                             p->property == PROPERTY_RDATE ? " or PERIOD" : "");
    }
    if (tzid && style.is_date)
        return scan_fail(&s, tzid->at, "is a date, which has no TZID");
    if (tzid && !zones_get(m->context->zones, tzid->value, &style.zone, m->e))
        return fail_at(m->e, ERR_INPUT, m->context->field, (int)tzid->at + 1, "%s: %s", s.what,
                       m->e->message);
    *ret_style = style;
    return true;
}

static bool date_read(struct scan *s, struct date_style *style, struct recur_date *ret_date)
{
    size_t at = s->at;

    if (!recur_date_read(s, ret_date))
        return false;
    int year = civil_at(ret_date->local_s).year;

    if (style->is_date && !ret_date->is_date)
        return scan_fail(s, at, "has a time although it says VALUE=DATE");
    if (style->is_period && ret_date->is_date)
        return scan_fail(s, at, "has a period of dates: write times");
    if (style->has_zone && ret_date->is_date)
        return scan_fail(s, at, "is a date, which has no TZID");
    if (style->has_zone && ret_date->is_utc)
        return scan_fail(s, at, "has both TZID and Z: write one of them");
    if (year < YEAR_MIN || year > CALENDAR_YEAR_MAX)
        return scan_fail(s, at, "must lie within the years %d to %d", YEAR_MIN, CALENDAR_YEAR_MAX);
    return true;
}

// The moment, in seconds UTC. A local time that does not exist is read with the offset before the
// change; a day begins with its first moment.
static int64_t date_moment(const struct recur_date *date, const struct zone *zone)
{
    struct zone_local local;

    if (date->is_utc)
        return date->local_s;
    zone_from_local(zone, date->local_s, &local);
    return local.kind == LOCAL_GAP && !date->is_date ? local.second : local.first;
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

// The end of a period, which does not matter, but must be one: a time or a duration.
static bool period_end_read(struct scan *s, struct date_style *style)
{
    size_t at = s->at;
    struct recur_date end;
    struct err ignored;
    int64_t us;

    if (!scan_take(s, '/'))
        return scan_fail(s, at, "needs periods: 20260131T090000/PT1H");
    s->from = s->at;
    if ((scan_peek(s) | 32) != 'p')
        return date_read(s, style, &end);
    for (at = s->at; is_alphanumeric(scan_peek(s));)
        s->at++;
    return duration_parse(str_cut(s->text, at, s->at), s->key, &us, &ignored) ||
           scan_fail(s, at, "has a period of no known length: write PT1H or P1D");
}

// ---- normal form

static void text_line(struct rrule *r, const char *name)
{
    if (r->text.len > 0)
        buf_add_byte(&r->text, '\n');
    buf_add_text(&r->text, name);
}

static void text_upper(struct rrule *r, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        buf_add_byte(&r->text, s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32) : s.p[i]);
}

static void text_dates(struct rrule *r, const struct property_line *p,
                       const struct date_style *style, struct str value)
{
    text_line(r, property_names[p->property]);
    if (style->is_date)
        buf_add_text(&r->text, ";VALUE=DATE");
    else if (style->is_period)
        buf_add_text(&r->text, ";VALUE=PERIOD");
    if (style->has_zone)
        buf_printf(&r->text, ";TZID=%.*s", STR(zone_name(style->zone)));
    buf_add_byte(&r->text, ':');
    text_upper(r, value);
}

// ---- DTSTART

static bool start_line(struct maker *m, const struct property_line *p)
{
    struct rrule *r = m->set;
    struct date_style style;
    struct scan s = value_scan(m, p);
    struct recur_date date;

    if (!style_read(m, p, &style) || !date_read(&s, &style, &date))
        return false;
    if (!scan_is_done(&s))
        return scan_fail(&s, s.at, "is one moment: nothing may follow it");
    style.is_date = date.is_date;
    if (style.has_zone && m->context->dst == DST_UTC)
        return scan_fail(&s, p->line.at, "names a zone, but dst is utc: write one of them");
    r->has_start = true;
    r->has_zone = style.has_zone || date.is_utc;
    r->is_date = date.is_date;
    r->start_s = date.local_s;
    r->zone = date.is_utc ? zones_utc(m->context->zones) : style.zone;
    text_dates(r, p, &style, str_cut(s.text, p->line.value_at, p->line.end));
    return true;
}

// A rule without DTSTART begins when the context says.
static void start_default(struct maker *m)
{
    struct rrule *r = m->set;
    struct zone_span span;
    int64_t at = floor_div(m->context->start.us, SECOND_US);

    zone_span_at(r->zone, at, &span);
    r->has_start = true;
    r->start_s = at + span.offset_s;
    struct civil c = civil_at(r->start_s);

    text_line(r, property_names[PROPERTY_DTSTART]);
    buf_printf(&r->text, ":%04d%02d%02dT%02d%02d%02d", c.year, c.month, c.day, c.hour, c.minute,
               c.second);
}

static bool start_read(struct maker *m)
{
    bool has_rule = false;

    for (size_t i = 0; i < m->lines.len; i++) {
        const struct property_line *p = &m->lines.v[i];

        has_rule |= p->property == PROPERTY_RRULE || p->property == PROPERTY_EXRULE;
        if (p->property == PROPERTY_DTSTART && !start_line(m, p))
            return false;
    }
    if (has_rule && !m->set->has_start)
        start_default(m);
    m->set->policy = m->context->dst != DST_DEFAULT ? m->context->dst
                     : m->set->is_date              ? DST_FIRST
                                                    : DST_SKIP;
    return true;
}

// ---- rules

static bool rule_check(const struct maker *m, const struct property_line *p,
                       const struct recur *rule)
{
    static const uint16_t clock = 1U << RECUR_BYHOUR | 1U << RECUR_BYMINUTE | 1U << RECUR_BYSECOND;
    struct scan s = value_scan(m, p);

    if (m->set->is_date && ((rule->given & clock) || rule->freq < RECUR_DAILY))
        return scan_fail(&s, p->line.at,
                         "has times of day, but DTSTART is a date: write DTSTART with a time");
    return true;
}

static bool rule_limit(struct maker *m, const struct property_line *p, struct series *s)
{
    const struct recur *rule = &s->rule;
    struct series_tally excluded = {.left = EXCLUDED_MAX + 1};
    struct scan scan = value_scan(m, p);

    if (recur_has(rule, RECUR_UNTIL)) {
        int64_t last =
            rule->until.is_utc ? rrule_local(m->set, rule->until.local_s) : rule->until.local_s;

        s->last = last < s->last ? last : s->last;
    }
    if (recur_has(rule, RECUR_COUNT) && !rrule_count(m->set, s, &m->steps)) {
        scan_fail(&scan, p->line.at, "has a COUNT that takes too long to count");
        return fail_hint(m->e, "write UNTIL in its place");
    }
    if (p->property == PROPERTY_RRULE)
        return true;
    excluded.steps = m->steps;
    bool ok = series_count(s, s->start, s->last + 1, &excluded);
    m->steps = excluded.steps;
    if (ok && excluded.left > 0)
        return true;
    scan_fail(&scan, p->line.at, "takes out more than %d times", EXCLUDED_MAX);
    return fail_hint(m->e, "give it an UNTIL, or put the limit into the RRULE");
}

// A rule that fires is kept; nothing before its first time, or long before 1970, needs to be
// searched again.
static void rule_keep(struct maker *m, const struct property_line *p, struct series *s)
{
    int64_t first = series_next(s, -2 * DAY_S);

    m->set->has_rule = true;
    if (first != SERIES_NEVER) {
        s->start = first;
        vec_push(&m->set->rules, *s);
        return;
    }
    series_done(s);
    if (m->never_column == 0)
        m->never_column = (int)p->line.at + 1;
}

static bool rule_line(struct maker *m, const struct property_line *p)
{
    struct rrule *r = m->set;
    struct scan s = value_scan(m, p);
    struct recur rule;
    struct series series;

    if (!recur_read(&s, &rule))
        return false;
    if (!scan_is_done(&s))
        return scan_fail_item(&s, s.at, "write FREQ=DAILY or the like");
    if (!rule_check(m, p, &rule))
        return false;
    text_line(r, property_names[p->property]);
    buf_add_byte(&r->text, ':');
    text_upper(r, str_cut(s.text, p->line.value_at, p->line.end));
    series_init(&series, &rule, r->start_s);
    if (!rule_limit(m, p, &series)) {
        series_done(&series);
        return false;
    }
    if (p->property == PROPERTY_RRULE)
        rule_keep(m, p, &series);
    else
        vec_push(&r->exrules, series);
    return true;
}

// ---- RDATE and EXDATE

static bool dates_line(struct maker *m, const struct property_line *p)
{
    struct rrule *r = m->set;
    struct date_style style;
    struct scan s = value_scan(m, p);
    bool has_date = false;

    if (!style_read(m, p, &style))
        return false;
    do {
        size_t at = s.at;
        struct recur_date date;

        if (!date_read(&s, &style, &date) || (style.is_period && !period_end_read(&s, &style)))
            return false;
        if (at > p->line.value_at && date.is_date != has_date)
            return scan_fail(&s, at, "mixes dates with times: write two lines");
        has_date = date.is_date;
        if (p->property == PROPERTY_RDATE)
            vec_push(&r->dates, date_moment(&date, style.zone));
        else if (date.is_date)
            vec_push(&r->exdays, floor_div(date.local_s, DAY_S));
        else
            vec_push(&r->exdates, date_moment(&date, style.zone));
    } while (scan_take(&s, ','));
    if (!scan_is_done(&s))
        return scan_fail_item(&s, s.at, "write dates with commas between them");
    style.is_date = has_date;
    text_dates(r, p, &style, str_cut(s.text, p->line.value_at, p->line.end));
    return true;
}

static bool rest_read(struct maker *m)
{
    for (int property = PROPERTY_RRULE; property < PROPERTY_COUNT; property++)
        for (size_t i = 0; i < m->lines.len; i++) {
            const struct property_line *p = &m->lines.v[i];
            bool is_rule = property <= PROPERTY_EXRULE;

            if ((int)p->property == property && !(is_rule ? rule_line(m, p) : dates_line(m, p)))
                return false;
        }
    if (m->never_column == 0 || m->set->rules.len > 0 || m->set->dates.len > 0)
        return true;
    fail_at(m->e, ERR_SCHEDULE, m->context->field, m->never_column, "this rule never fires");
    return fail_hint(m->e, "nothing matches from DTSTART to its end (at most the end of 2199)");
}
