// lint_calendar.c - where fields of the cron family do not mean what people expect.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/lint_check.h"

#include <stdio.h>

#include "time/civil.h"
#include "trigger/field_text.h"
#include "trigger/kind.h"
#include "trigger/mask.h"
#include "trigger/names.h"
#include "trigger/words.h"

#define TEXT_BYTES_MAX 300

// ---- steps

// A field whose values begin anew with each larger unit.
struct cycle {
    enum cron_field field;
    int min, span; // values min to min + span - 1
    const char *name, *unit, *whole;
};

static const struct cycle cycles[] = {
    {CRON_SECOND, 0, 60, "second", "second", "minute"},
    {CRON_MINUTE, 0, 60, "minute", "minute", "hour"},
    {CRON_HOUR, 0, 24, "hour", "hour", "day"},
    {CRON_DAY, 1, 31, "day", "day", "month"},
    {CRON_MONTH, 1, 12, "month", "month", "year"},
    {CRON_WEEKDAY, 0, 7, "weekday", "day", "week"},
};

// Weekdays begin where the language counts from: APScheduler with Monday, the others with Sunday.
static uint64_t cycle_mask(const struct lint *l, enum cron_field field)
{
    const struct calendar *c = &l->t->calendar;

    switch (field) {
    case CRON_SECOND:
        return c->seconds;
    case CRON_MINUTE:
        return c->minutes;
    case CRON_HOUR:
        return c->hours;
    case CRON_DAY:
        return c->days;
    case CRON_MONTH:
        return c->months;
    default:
        return l->t->given ? c->weekdays : (c->weekdays << 1 | c->weekdays >> 6) & 0x7f;
    }
}

// The n of a field that is "*/n", "a/n" or "a-b/n" alone; 0 when it is not.
static int step_written(struct str text)
{
    ptrdiff_t slash = str_find(text, '/');
    int64_t n;

    if (slash < 0 || str_find(text, ',') >= 0 ||
        !str_to_int(str_cut(text, (size_t)slash + 1, text.len), &n) || n > 10000)
        return 0;
    return (int)n;
}

// Does the next larger unit follow at once, so that the values go on there?
static bool goes_on(const struct calendar *c, enum cron_field field)
{
    bool any_hour = mask_step(c->hours) == 1 || c->hours == CALENDAR_HOURS;

    switch (field) {
    case CRON_SECOND:
        return mask_step(c->minutes) == 1;
    case CRON_MINUTE:
        return any_hour || (c->hours & c->hours << 1) != 0;
    case CRON_HOUR:
        return c->days == CALENDAR_DAYS && (c->weekdays & c->weekdays << 1) != 0 && c->nth == 0;
    case CRON_DAY:
        return (c->months & c->months << 1) != 0;
    default:
        return true;
    }
}

// The largest step that divides the unit and is shorter; 1 when there is none.
static int step_near(int step, int span)
{
    do
        step--;
    while (step > 1 && span % step != 0);
    return step;
}

static void step_hint(struct lint *l, const struct cycle *cycle, int step)
{
    int near = cycle->field == CRON_DAY ? 1 : step_near(step, cycle->span);
    bool has_near = near > 1 && step < cycle->span;
    char even[60] = "";

    if (cycle->field == CRON_MONTH || cycle->field == CRON_WEEKDAY)
        return; // no length of time
    if (has_near)
        snprintf(even, sizeof even, "*/%d divides the %s; ", near, cycle->whole);
    if (cycle->field == CRON_DAY)
        lint_hint(l, "a calendarinterval trigger of %d days keeps the distance", step);
    else if (l->t->is_crontab)
        lint_hint(l, "%s@every %d%c keeps the distance", even, step, cycle->unit[0]);
    else
        lint_hint(l, "%san interval of %d %ss keeps the distance", even, step, cycle->unit);
}

static void step_check(struct lint *l, const struct cycle *cycle)
{
    uint64_t mask = cycle_mask(l, cycle->field);
    struct field_source source;
    int step, first, last, rest;

    if (mask == 0 || !field_source(l->t, cycle->field, &source) ||
        !(step = step_written(source.text)))
        return;
    first = mask_first(mask) - cycle->min;
    last = mask_last(mask) - cycle->min;
    rest = cycle->span - last + first;
    if (mask_is_single(mask) && step >= cycle->span && source.text.p[0] == '*') {
        lint_add(l, LINT_UNEVEN_STEP, &source,
                 "%s \"%.*s\" means %s %d alone: a step never leaves "
                 "its %s",
                 cycle->unit, STR(source.text), cycle->unit, first + cycle->min, cycle->whole);
        step_hint(l, cycle, step);
    } else if (mask_step(mask) == step && step > 1 && first < step && last + step >= cycle->span &&
               rest != step && goes_on(&l->t->calendar, cycle->field)) {
        lint_add(l, LINT_UNEVEN_STEP, &source,
                 "%s \"%.*s\" begins anew each %s: runs are %d %ss apart, then %d", cycle->name,
                 STR(source.text), cycle->whole, step, cycle->unit, rest);
        step_hint(l, cycle, step);
    }
}

void lint_uneven_step(struct lint *l)
{
    for (size_t i = 0; i < sizeof cycles / sizeof *cycles; i++)
        step_check(l, &cycles[i]);
}

// ---- days

void lint_day_or_weekday(struct lint *l)
{
    const struct calendar *c = &l->t->calendar;
    struct field_source day, weekday;

    if (!c->is_either || c->days == CALENDAR_DAYS || c->weekdays == CALENDAR_WEEKDAYS ||
        !field_source(l->t, CRON_DAY, &day) || !field_source(l->t, CRON_WEEKDAY, &weekday))
        return;
    lint_add(l, LINT_DAY_OR_WEEKDAY, &day,
             "day \"%.*s\" and weekday \"%.*s\" are both limited: it runs when either matches",
             STR(day.text), STR(weekday.text));
    lint_hint(l, "weekday \"+%.*s\" lets it run only when both match", STR(weekday.text));
}

// Is there a number that stands for a weekday?
static bool has_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char before = i > 0 ? text.p[i - 1] : ',';

        if (text.p[i] >= '0' && text.p[i] <= '9' && str_find(str_of(",-+"), before) >= 0)
            return true;
    }
    return false;
}

// What a language counts weekdays from, as far as people are known to err.
static const char *counting(const struct lint *l)
{
    struct field_source second;

    if (l->t->kind == &quartz_kind)
        return "numbers count from 1, Sunday";
    if (!l->t->is_crontab)
        return "numbers count from 0, Monday";
    return field_source(l->t, CRON_SECOND, &second)
               ? "numbers count from 0, Sunday, here, and from 1 in Quartz"
               : NULL;
}

void lint_numeric_weekday(struct lint *l)
{
    static const struct field_style names = {
        .min = 0, .max = 6, .range = "-", .names = weekday_names};
    const struct calendar *c = &l->t->calendar;
    const char *how = counting(l);
    struct field_source source;
    struct buf words;

    if (!how || !field_source(l->t, CRON_WEEKDAY, &source) || !has_number(source.text))
        return;
    buf_init(&words, TEXT_BYTES_MAX);
    if (c->nth)
        words_weekdays(c, &words);
    else
        (void)field_text(c->weekdays, &names, STAR_NEVER, &words);
    lint_add(l, LINT_NUMERIC_WEEKDAY, &source, "weekday \"%.*s\" is %s: %s", STR(source.text),
             buf_text(&words), how);
    lint_hint(l, "names of weekdays mean the same everywhere");
    buf_done(&words);
}

// How many of the months that a calendar names lack a day.
static int months_without(const struct calendar *c, int day)
{
    int count = 0;

    for (uint32_t left = c->months; left != 0; left &= left - 1)
        count += civil_month_days(2025, mask_first(left)) < day;
    return count;
}

static bool has_fifth(const struct calendar *c)
{
    return (c->nth >> 4 * 7 & CALENDAR_WEEKDAYS) != 0;
}

// Where a field was written, NULL when that is not known: texts of other families.
static const struct field_source *source_of(const struct lint *l, enum cron_field field,
                                            struct field_source *room)
{
    return field_source(l->t, field, room) ? room : NULL;
}

void lint_missing_days(struct lint *l)
{
    const struct calendar *c = &l->pattern.calendar;
    uint32_t days = c->days | c->nearest;
    struct field_source room;
    int day = days ? mask_last(days) : 0, missing;

    if (has_fifth(c)) {
        lint_add(l, LINT_MISSING_DAYS, source_of(l, c->nth_is_day ? CRON_DAY : CRON_WEEKDAY, &room),
                 "most months have no fifth one of a weekday, and no run for it");
        if (kind_is_calendar(l->t))
            lint_hint(l, "\"%s\" is there every month", c->nth_is_day ? "last fri" : "friL");
        return;
    }
    // Within a run or a step, the end of the month is expected.
    missing = day >= 29 && (days == 1U << day || !(days >> (day - 1) & 1)) && mask_step(days) == 0
                  ? months_without(c, day)
                  : 0;
    if (missing == 0 || missing == mask_count(c->months))
        return;
    lint_add(l, LINT_MISSING_DAYS, source_of(l, CRON_DAY, &room),
             "%d month%s no day %d: no run for it there", missing, missing == 1 ? " has" : "s have",
             day);
    if (l->t->is_crontab || l->t->kind == &quartz_kind || l->t->given)
        lint_hint(l, "\"%s\" is the last day of each month", l->t->given ? "last" : "L");
}

void lint_burst(struct lint *l)
{
    const struct calendar *c = &l->pattern.calendar;
    const struct field_source *source;
    struct field_source room;

    if (c->minutes == CALENDAR_MINUTES && mask_is_single(c->hours) && c->seconds == 1) {
        source = source_of(l, CRON_MINUTE, &room);
        lint_add(l, LINT_BURST, source, "it runs 60 times, every minute from %02d:00 to %02d:59",
                 mask_first(c->hours), mask_first(c->hours));
        if (source)
            lint_hint(l, "minute 0 in place of \"%.*s\" runs it once", STR(source->text));
    } else if (c->seconds == CALENDAR_SECONDS && mask_is_single(c->minutes)) {
        source = source_of(l, CRON_SECOND, &room);
        lint_add(l, LINT_BURST, source, "it runs 60 times, at every second of minute %d",
                 mask_first(c->minutes));
        if (source)
            lint_hint(l, "second 0 in place of \"%.*s\" runs it once", STR(source->text));
    }
}
