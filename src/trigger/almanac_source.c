// almanac_source.c - adds dates, weekdays, crontab text, recurrence rules and files to an almanac.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/almanac_source.h"

#include <stdio.h>

#include "time/duration.h"
#include "trigger/content.h"
#include "trigger/crontab.h"
#include "trigger/dates.h"
#include "trigger/ics.h"
#include "trigger/rrule_read.h"

#define ALL_60 ((UINT64_C(1) << 60) - 1)

static const char *why_copy(struct almanac *a, const char *why)
{
    return why ? arena_copy(a->arena, str_of(why)).p : NULL;
}

bool almanac_add_dates(struct almanac *a, struct str text, const char *field, const char *why,
                       struct err *e)
{
    return dates_add(text, field, why_copy(a, why), &a->local, &a->fixed, e);
}

bool almanac_add_between(struct almanac *a, struct str from, struct str to, const char *why,
                         struct err *e)
{
    return dates_between(from, to, why_copy(a, why), &a->local, &a->fixed, e);
}

void almanac_add_weekdays(struct almanac *a, uint8_t weekdays, const char *why)
{
    struct almanac_mask mask = {.why = why_copy(a, why)};

    calendar_init(&mask.calendar);
    mask.calendar.weekdays = weekdays;
    vec_push(&a->masks, mask);
}

static bool too_many_spans(const char *field, struct err *e)
{
    return fail(e, ERR_LIMIT, field, "a calendar marks at most %d stretches of time",
                ALMANAC_SPANS_MAX);
}

static bool is_too_many(size_t count, const char *field, struct err *e)
{
    if (count < ALMANAC_SOURCES_MAX)
        return false;
    return !fail(e, ERR_LIMIT, field, "a calendar has at most %d texts of this kind",
                 ALMANAC_SOURCES_MAX);
}

static bool cron_read(struct str text, const char *field, struct calendar *ret_calendar,
                      struct err *e)
{
    bool is_hashed;
    struct str zone;

    if (!crontab_parse_salted(text, STR_LIT(""), ret_calendar, &is_hashed, e)) {
        snprintf(e->field, sizeof e->field, "%s", field);
        return false;
    }
    if (is_hashed)
        return fail(e, ERR_INPUT, field,
                    "H and ~ stand for a job's own times, a calendar has none");
    crontab_zone(text, &zone);
    if (!zone.p)
        return true;
    fail(e, ERR_INPUT, field, "crontab text cannot name a zone here");
    return fail_hint(e, "put it into the calendar's timezone");
}

bool almanac_add_cron(struct almanac *a, struct str text, int64_t length_us, const char *field,
                      const char *why, struct err *e)
{
    struct almanac_starts starts = {.length_us = length_us};

    if (is_too_many(length_us > 0 ? a->starts.len : a->masks.len, field, e) ||
        !cron_read(text, field, &starts.calendar, e))
        return false;
    starts.why = why_copy(a, why);
    if (length_us > 0) {
        vec_push(&a->starts, starts);
        return true;
    }
    if (starts.calendar.seconds != 1) {
        fail(e, ERR_INPUT, field, "crontab text marks whole minutes here, and can name no seconds");
        return fail_hint(e, "leave the field of seconds out, or give a duration");
    }
    starts.calendar.seconds = ALL_60;
    vec_push(&a->masks, ((struct almanac_mask){starts.calendar, starts.why}));
    return true;
}

// ---- recurrences

// Works the times of a rule out, when they are few. False: they are not.
static bool rule_spread(struct almanac *a, const struct almanac_rule *rule)
{
    struct spans *spans = rule->is_local ? &a->local : &a->fixed;
    size_t before = spans->len;
    wall at = {INT64_MIN};

    while ((at = rrule_next(rule->set, at)).us != WALL_NEVER.us) {
        if (spans->len - before == ALMANAC_SPREAD_MAX) {
            spans->len = before;
            return false;
        }
        spans_add(spans, at.us, almanac_rule_end(rule, at).us, rule->why);
    }
    return true;
}

// Takes the rule's set over.
static bool rule_add(struct almanac *a, const struct almanac_rule *rule, const char *field,
                     struct err *e)
{
    if (rule_spread(a, rule)) {
        rrule_free(rule->set);
        if (a->local.len + a->fixed.len <= ALMANAC_SPANS_MAX)
            return true;
        return too_many_spans(field, e);
    }
    if (is_too_many(a->rules.len, field, e)) {
        rrule_free(rule->set);
        return false;
    }
    vec_push(&a->rules, *rule);
    return true;
}

static bool set_read(struct zones *zones, struct str text, const char *field,
                     struct rrule **ret_set, struct err *e)
{
    const struct rrule_context context = {.zones = zones, .zone = zones_utc(zones), .field = field};

    if (rrule_read(text, &context, ret_set, e))
        return true;
    if (e->code == ERR_SCHEDULE)
        e->code = ERR_INPUT;
    return false;
}

// Whether a text that rrule_read has read says when it starts.
static bool has_start_line(struct str text)
{
    struct content content;
    struct content_line line;
    bool is_there = false, is_done = false;
    struct err e;

    content_init(&content, text);
    while (!is_there && content_next(&content, "", &line, &is_done, &e) && !is_done)
        is_there = str_eq_nocase(line.name, STR_LIT("DTSTART"));
    content_done(&content);
    return is_there;
}

bool almanac_add_rrule(struct almanac *a, struct zones *zones, struct str text, int64_t length_us,
                       const char *field, const char *why, struct err *e)
{
    struct almanac_rule rule = {.days = length_us / DAY_US, .us = length_us % DAY_US};

    if (!set_read(zones, text, field, &rule.set, e))
        return false;
    bool is_date = rule.set->is_date, has_start = has_start_line(text);

    if (!has_start || (length_us == 0 && !is_date)) {
        rrule_free(rule.set);
        return has_start ? fail(e, ERR_INPUT, field, "a recurrence of times needs a duration")
                         : fail(e, ERR_INPUT, field, "a recurrence needs its DTSTART line here");
    }
    if (length_us == 0)
        rule.days = 1;
    rule.is_local = !rule.set->has_zone;
    rule.why = why_copy(a, why);
    return rule_add(a, &rule, field, e);
}

struct file {
    struct almanac *a;
    struct zones *zones;
    const char *field;
};

static bool event_add(const struct ics_event *event, void *ctx, struct err *e)
{
    struct file *file = ctx;
    struct almanac *a = file->a;
    struct almanac_rule rule = {.days = event->days, .us = event->us, .why = a->reason};
    const struct rrule_context context = {
        .zones = file->zones, .zone = zones_utc(file->zones), .field = file->field};

    if (!rrule_read(event->lines, &context, &rule.set, e))
        return e->code == ERR_SCHEDULE; // all of its times have been taken out: it marks nothing
    rule.is_local = !rule.set->has_zone;
    if (event->summary.len > 0)
        rule.why = arena_copy(a->arena, event->summary).p;
    return rule_add(a, &rule, file->field, e);
}

bool almanac_add_ics(struct almanac *a, struct zones *zones, struct str text, const char *field,
                     struct err *e)
{
    struct file file = {a, zones, field};

    return ics_read(text, field, zones, event_add, &file, e);
}

// ---- the rest

bool almanac_length(struct str text, const char *field, int64_t *ret_us, struct err *e)
{
    int64_t us;

    if (!duration_parse(text, field, &us, e))
        return false;
    if (us < SECOND_US || us > ALMANAC_LENGTH_MAX_US || us % SECOND_US != 0)
        return fail(e, ERR_INPUT, field, "a duration is whole seconds here, 1s to 366d");
    *ret_us = us;
    return true;
}

bool almanac_settle(struct almanac *a, struct err *e)
{
    spans_settle(&a->local);
    spans_settle(&a->fixed);
    return a->local.len + a->fixed.len <= ALMANAC_SPANS_MAX || too_many_spans(NULL, e);
}
