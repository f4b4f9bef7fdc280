// ics.c - takes calendar files apart into events.
//
// Properties of an event come in any order, and an event that replaces one recurrence of another
// may come before it. So all events are read first, then told one by one.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/ics.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "time/duration.h"
#include "trigger/content.h"
#include "trigger/recur.h"
#include "trigger/rrule_read.h"

#define DEPTH_MAX 8
#define SUMMARY_MAX 200

// DTSTART or DTEND.
struct ics_time {
    bool is_given;
    struct recur_date date;
    const struct zone *zone; // of TZID; NULL: none
};

struct event {
    int line;
    bool is_cancelled;
    struct ics_time start, end;
    int64_t duration_us; // -1: not given
    struct str uid, summary;
    struct str start_line;         // whole content lines, in content.text
    struct str replaces;           // RECURRENCE-ID behind its name: ";TZID=...:2026..."
    VEC_OF(struct str) rule_lines; // RRULE, RDATE, EXDATE, EXRULE
    size_t next; // of the same UID, that it is told of replacements: number + 1; 0: none
};

struct reader {
    struct content content;
    const char *field;
    struct zones *zones;
    struct err *e;
    size_t counted; // bytes of content.text whose lines have been counted
    size_t fold;    // folds before them
    int line;
    struct str open[DEPTH_MAX]; // components
    int depth;
    VEC_OF(struct event) events;
    struct map by_uid; // to the first event of a UID
};

static bool property_read(struct reader *r, const struct content_line *line);
static bool events_tell(struct reader *r, ics_fn *fn, void *ctx);

// ---- complaints

// Moves the count of lines up to a place in content.text.
static void line_count(struct reader *r, size_t at)
{
    struct str text = buf_str(&r->content.text);

    for (; r->counted < at; r->counted++)
        r->line += text.p[r->counted] == '\n';
    for (; r->fold < r->content.folds.len && r->content.folds.v[r->fold] < at; r->fold++)
        r->line++;
}

// Puts the line in front of an error.
static bool located(struct reader *r, int line)
{
    struct err why = *r->e;

    fail(r->e, why.code == ERR_LIMIT ? ERR_LIMIT : ERR_INPUT, r->field, "line %d: %s", line,
         why.message);
    if (why.hint[0])
        fail_hint(r->e, "%s", why.hint);
    r->e->line = line;
    return false;
}

static bool complain(struct reader *r, const char *what)
{
    fail(r->e, ERR_INPUT, r->field, "%s", what);
    return located(r, r->line);
}

// ---- components

static bool is_named(const struct content_line *line, const char *name)
{
    return str_eq_nocase(line->name, str_of(name));
}

static struct str value_of(const struct reader *r, const struct content_line *line)
{
    return str_trim(str_cut(buf_str(&r->content.text), line->value_at, line->end));
}

static bool is_in_event(const struct reader *r)
{
    return r->depth == 2 && str_eq_nocase(r->open[1], STR_LIT("VEVENT"));
}

static bool component_begin(struct reader *r, struct str name)
{
    if (r->depth == 0 && !str_eq_nocase(name, STR_LIT("VCALENDAR")))
        return complain(r, "a calendar file begins with BEGIN:VCALENDAR");
    if (r->depth == DEPTH_MAX)
        return complain(r, "components lie too deep in each other");
    r->open[r->depth++] = name;
    if (!is_in_event(r))
        return true;
    if (r->events.len == ICS_EVENTS_MAX) {
        fail(r->e, ERR_LIMIT, r->field, "a calendar file has at most %d events", ICS_EVENTS_MAX);
        return located(r, r->line);
    }
    vec_push(&r->events, ((struct event){.line = r->line, .duration_us = -1}));
    return true;
}

static bool component_end(struct reader *r, struct str name)
{
    struct event *event = is_in_event(r) ? &r->events.v[r->events.len - 1] : NULL;

    if (r->depth == 0 || !str_eq_nocase(r->open[r->depth - 1], name))
        return complain(r, "this END has no BEGIN");
    r->depth--;
    if (!event)
        return true;
    if (!event->start.is_given)
        return complain(r, "the event that ends here has no DTSTART");
    if (event->uid.len > 0)
        event->next = (size_t)map_put(&r->by_uid, event->uid, (void *)r->events.len);
    return true;
}

static bool line_read(struct reader *r, const struct content_line *line)
{
    if (line->name.len == 0)
        return complain(r, "this is no line of a calendar file: NAME:value");
    if (is_named(line, "BEGIN"))
        return component_begin(r, value_of(r, line));
    if (is_named(line, "END"))
        return component_end(r, value_of(r, line));
    if (r->depth == 0)
        return complain(r, "a calendar file begins with BEGIN:VCALENDAR");
    return !is_in_event(r) || property_read(r, line);
}

static bool lines_read(struct reader *r)
{
    struct content_line line;
    bool is_done;

    for (;;) {
        size_t before = r->content.at;

        if (!content_next(&r->content, r->field, &line, &is_done, r->e)) {
            line_count(r, before);
            return located(r, r->line);
        }
        if (is_done)
            break;
        line_count(r, line.at);
        if (!line_read(r, &line))
            return false;
    }
    line_count(r, r->content.text.len);
    if (r->depth > 0)
        return complain(r, "the file ends inside of a component: an END is missing");
    return true;
}

bool ics_read(struct str text, const char *field, struct zones *zones, ics_fn *fn, void *ctx,
              struct err *e)
{
    struct reader r = {.field = field, .zones = zones, .e = e, .line = 1};
    bool ok;

    if (text.len > ICS_TEXT_MAX)
        return fail(e, ERR_LIMIT, field, "a calendar file has at most %d bytes", ICS_TEXT_MAX);
    if (str_starts(text, STR_LIT("\xef\xbb\xbf")))
        text = str_cut(text, 3, text.len);
    map_init(&r.by_uid);
    content_init(&r.content, text);
    ok = lines_read(&r) && events_tell(&r, fn, ctx);
    content_done(&r.content);
    map_done(&r.by_uid);
    for (size_t i = 0; i < r.events.len; i++)
        vec_done(&r.events.v[i].rule_lines);
    vec_done(&r.events);
    return ok;
}

// ---- properties of an event

static bool time_read(struct reader *r, const struct content_line *line, struct ics_time *ret_time)
{
    const struct content_param *zone = content_param(line, "TZID");
    struct scan s = {.text = buf_str(&r->content.text),
                     .at = line->value_at,
                     .end = line->end,
                     .key = r->field,
                     .what = is_named(line, "DTEND") ? "DTEND" : "DTSTART",
                     .e = r->e};
    struct ics_time time = {.is_given = true};

    if (ret_time->is_given)
        return complain(r, "the event has this property twice");
    if (!recur_date_read(&s, &time.date))
        return located(r, r->line);
    if (!scan_is_done(&s))
        return complain(r, "something stands behind the time");
    if (zone && !zones_get(r->zones, zone->value, &time.zone, r->e)) {
        fail(r->e, ERR_INPUT, r->field, "TZID \"%.*s\" is not a zone of this system",
             (int)(zone->value.len < 60 ? zone->value.len : 60), zone->value.p);
        fail_hint(r->e, "name one such as Europe/Berlin; VTIMEZONE is not read");
        return located(r, r->line);
    }
    *ret_time = time;
    return true;
}

static bool duration_read(struct reader *r, const struct content_line *line, struct event *event)
{
    struct str text = value_of(r, line);

    if (str_starts(text, STR_LIT("+")))
        text = str_cut(text, 1, text.len);
    if (text.len == 0 || (text.p[0] | 32) != 'p')
        return complain(r, "DURATION is written as PT1H30M, P1D or P2W");
    if (event->duration_us >= 0)
        return complain(r, "the event has this property twice");
    return duration_parse(text, r->field, &event->duration_us, r->e) || located(r, r->line);
}

static bool replaces_read(struct reader *r, const struct content_line *line, struct event *event)
{
    struct str text = buf_str(&r->content.text);

    if (content_param(line, "RANGE"))
        return complain(r, "RANGE=THISANDFUTURE is not supported: write two events");
    event->replaces = str_cut(text, line->at + line->name.len, line->end);
    return true;
}

static bool property_read(struct reader *r, const struct content_line *line)
{
    struct event *event = &r->events.v[r->events.len - 1];
    struct str whole = str_cut(buf_str(&r->content.text), line->at, line->end);

    if (is_named(line, "DTSTART")) {
        event->start_line = whole;
        return time_read(r, line, &event->start);
    }
    if (is_named(line, "DTEND"))
        return time_read(r, line, &event->end);
    if (is_named(line, "DURATION"))
        return duration_read(r, line, event);
    if (is_named(line, "RECURRENCE-ID"))
        return replaces_read(r, line, event);
    if (is_named(line, "RRULE") || is_named(line, "RDATE") || is_named(line, "EXDATE") ||
        is_named(line, "EXRULE"))
        vec_push(&event->rule_lines, whole);
    else if (is_named(line, "SUMMARY"))
        event->summary = value_of(r, line);
    else if (is_named(line, "UID"))
        event->uid = value_of(r, line);
    else if (is_named(line, "STATUS"))
        event->is_cancelled = str_eq_nocase(value_of(r, line), STR_LIT("CANCELLED"));
    return true;
}

// ---- events

// Microseconds from a start to an end by the clock, when they are told in different ways.
static int64_t moments_between(const struct ics_time *a, const struct ics_time *b)
{
    struct zone_local from = {.first = a->date.local_s}, to = {.first = b->date.local_s};

    if (a->zone)
        zone_from_local(a->zone, a->date.local_s, &from);
    if (b->zone)
        zone_from_local(b->zone, b->date.local_s, &to);
    return (to.first - from.first) * SECOND_US;
}

// How long an event takes. *ret_us is at least 1 second or 1 day.
static bool length_of(struct reader *r, const struct event *event, int64_t *ret_days,
                      int64_t *ret_us)
{
    const struct ics_time *start = &event->start, *end = &event->end;
    bool is_alike = start->zone == end->zone && start->date.is_utc == end->date.is_utc;
    int64_t us = event->duration_us;

    if (us >= 0 && end->is_given)
        return complain(r, "an event has DTEND or DURATION, not both");
    if (end->is_given && end->date.is_date != start->date.is_date)
        return complain(r, "DTSTART and DTEND are both dates or both times");
    if (end->is_given)
        us = is_alike ? (end->date.local_s - start->date.local_s) * SECOND_US
                      : moments_between(start, end);
    if (us < 0 && !end->is_given)
        us = start->date.is_date ? DAY_US : 0;
    if (us <= 0)
        return complain(r, end->is_given ? "DTEND must be later than DTSTART"
                                         : "the event takes no time: give it DTEND or DURATION");
    if (start->date.is_date && us % DAY_US != 0)
        return complain(r, "an event of whole days takes whole days");
    *ret_days = !end->is_given || is_alike ? us / DAY_US : 0;
    *ret_us = us - *ret_days * DAY_US;
    return true;
}

// Takes the backslashes out; at most SUMMARY_MAX bytes, whole characters.
static void summary_add(struct str text, struct buf *out)
{
    while (text.len > 0) {
        bool is_escaped = text.p[0] == '\\' && text.len > 1;
        size_t n = 1;

        if (is_escaped)
            text = str_cut(text, 1, text.len);
        else
            n = str_utf8_char(text);
        if (n == 0 || out->len + n > SUMMARY_MAX)
            return;
        if (is_escaped && (text.p[0] | 32) == 'n')
            buf_add_byte(out, ' ');
        else
            buf_add(out, str_cut(text, 0, n));
        text = str_cut(text, n, text.len);
    }
}

// The lines of an event; the recurrences that other events replace are taken out.
static void lines_add(const struct reader *r, size_t index, struct buf *out)
{
    const struct event *event = &r->events.v[index];
    size_t other = event->uid.len > 0 ? (size_t)map_get(&r->by_uid, event->uid) : 0;

    buf_add(out, event->start_line);
    for (size_t i = 0; i < event->rule_lines.len; i++) {
        buf_add_byte(out, '\n');
        buf_add(out, event->rule_lines.v[i]);
    }
    for (; other > 0 && event->rule_lines.len > 0 && !event->replaces.p;
         other = r->events.v[other - 1].next) {
        if (!r->events.v[other - 1].replaces.p)
            continue;
        buf_add_text(out, "\nEXDATE");
        buf_add(out, r->events.v[other - 1].replaces);
    }
}

static bool events_tell(struct reader *r, ics_fn *fn, void *ctx)
{
    struct buf lines, summary;
    bool ok = true;

    buf_init(&lines, RRULE_TEXT_MAX);
    buf_init(&summary, SUMMARY_MAX);
    for (size_t i = 0; ok && i < r->events.len; i++) {
        const struct event *event = &r->events.v[i];
        struct ics_event told = {.line = event->line};

        if (event->is_cancelled)
            continue;
        r->line = event->line;
        buf_clear(&lines);
        buf_clear(&summary);
        lines_add(r, i, &lines);
        summary_add(event->summary, &summary);
        told.lines = buf_str(&lines);
        told.summary = buf_str(&summary);
        if (lines.is_full)
            ok = complain(r, "the event recurs in too many words: make it several events");
        ok = ok && length_of(r, event, &told.days, &told.us) &&
             (fn(&told, ctx, r->e) || located(r, event->line));
    }
    buf_done(&lines);
    buf_done(&summary);
    return ok;
}
