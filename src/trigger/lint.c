// lint.c - the checks in their order, and those that ask for slots alone.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/lint.h"

#include <stdio.h>

#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/combination.h"
#include "trigger/convert.h"
#include "trigger/kind.h"
#include "trigger/lint_check.h"
#include "trigger/mask.h"
#include "trigger/words.h"

#define SOON_US (30 * DAY_US)
#define YEAR_US (366 * DAY_US)
#define RARE_PER_DAY (1.05 / 365.25)
#define GAPS 64             // slots whose distances are looked at
#define LOAD_MAX_PER_DAY 96 // who fires more often meets others whatever the minute
#define TEXT_BYTES_MAX 1000

static const struct {
    const char *name;
    enum lint_severity severity;
    const char *sentence;
} codes[LINT_CODE_COUNT] = {
#define X(code, name, severity, sentence) {name, severity, sentence},
#include "trigger/lint.def"
#undef X
};

const char *lint_name(enum lint_code code)
{
    return codes[code].name;
}

const char *lint_severity_name(enum lint_code code)
{
    static const char *const names[] = {"error", "warning", "note"};

    return names[codes[code].severity];
}

const char *lint_sentence(enum lint_code code)
{
    return codes[code].sentence;
}

// ---- when

// "2026-11-22 04:49:33 CET", in room for the longest
static const char *named(const struct lint *l, wall at, char room[64])
{
    struct buf text;

    buf_init(&text, 63);
    iso8601_named(at, trigger_zone(l->t), &text);
    snprintf(room, 64, "%s", buf_text(&text));
    buf_done(&text);
    return room;
}

static void never_fires(struct lint *l)
{
    char when[64];
    wall last = trigger_prev(l->t, l->o->now);

    if (l->next.us != WALL_NEVER.us)
        return;
    lint_add(l, LINT_NEVER_FIRES, NULL, "it never runs again: the last time was %s",
             named(l, last, when));
}

static void ends_soon(struct lint *l)
{
    char when[64];
    wall last;
    int64_t n;

    if (l->rate.total <= 0 || trigger_is_once(l->t))
        return;
    n = trigger_count(l->t, l->o->now, kind_horizon(), l->rate.total, &last);
    if (n > 0 && last.us - l->o->now.us < SOON_US)
        lint_add(l, LINT_ENDS_SOON, NULL, "it ends after %lld more run%s, on %s", (long long)n,
                 n == 1 ? "" : "s", named(l, last, when));
}

static void far_away(struct lint *l)
{
    char when[64];

    if (l->next.us != WALL_NEVER.us && l->next.us - l->o->now.us > YEAR_US)
        lint_add(l, LINT_FAR_AWAY, NULL, "the next run is on %s", named(l, l->next, when));
}

static void rare(struct lint *l)
{
    struct buf words;

    if (l->rate.total != RATE_ENDLESS || l->rate.per_day <= 0 || l->rate.per_day > RARE_PER_DAY)
        return;
    buf_init(&words, TEXT_BYTES_MAX);
    rate_words(&l->rate, &words);
    lint_add(l, LINT_RARE, NULL, "it runs %s", buf_text(&words));
    buf_done(&words);
}

// ---- how often

// The least distance of the coming slots; 0 when there are not two.
static int64_t least_gap(const struct lint *l)
{
    int64_t least = INT64_MAX;
    wall at = l->next;

    for (int i = 0; i < GAPS && at.us != WALL_NEVER.us; i++) {
        wall after = trigger_next(l->t, at);

        if (after.us != WALL_NEVER.us && after.us - at.us < least)
            least = after.us - at.us;
        at = after;
    }
    return least == INT64_MAX ? 0 : least;
}

static void sub_minute(struct lint *l)
{
    int64_t gap = l->o->is_heavy ? least_gap(l) : 0;
    struct buf words;

    if (gap == 0 || gap >= MINUTE_US)
        return;
    buf_init(&words, TEXT_BYTES_MAX);
    words_interval(gap, &words);
    lint_add(l, LINT_SUB_MINUTE, NULL, "it runs %s, and each run of this job starts anew",
             buf_text(&words));
    lint_hint(l, "let it run once a minute and do its own waiting, or make it a C module");
    buf_done(&words);
}

static void wide_jitter(struct lint *l)
{
    int64_t jitter_us = l->t->bounds ? l->t->bounds->jitter_s * SECOND_US : 0;
    int64_t gap = jitter_us ? least_gap(l) : 0;
    struct buf words;

    if (gap == 0 || jitter_us * 2 <= gap)
        return;
    buf_init(&words, TEXT_BYTES_MAX);
    words_length(jitter_us, &words);
    buf_add_text(&words, " is more than half of the ");
    words_length(gap, &words);
    lint_add(l, LINT_WIDE_JITTER, &(struct field_source){.key = "jitter"},
             "a jitter of %s between two runs: they may come close together", buf_text(&words));
    buf_done(&words);
}

// ---- others

// The free minute of the hour that is nearest; where there is none, the one with fewest.
static int minute_choose(const uint32_t counts[LINT_HOUR_MINUTES], int taken)
{
    int best = taken;

    for (int far = 1; far < LINT_HOUR_MINUTES; far++) {
        int minute = (taken + far) % LINT_HOUR_MINUTES;

        if (counts[minute] < counts[best])
            best = minute;
    }
    return best;
}

// The trigger at another minute, as crontab text where it has one.
static void minute_suggest(struct lint *l, int minute, bool is_free)
{
    struct trigger moved = *l->t;
    struct conversion c;
    struct err e;

    moved.calendar.minutes = UINT64_C(1) << minute;
    if (l->t->is_crontab && convert(&moved, DIALECT_CRON, l->o->now, &c, &e)) {
        lint_hint(l, "minute %d %s: %s", minute, is_free ? "is free" : "has fewer",
                  buf_text(&c.text));
        conversion_done(&c);
    } else {
        lint_hint(l, "minute %d of that hour %s", minute, is_free ? "is free" : "has fewer");
    }
}

// For what fires at few minutes of its own choice; counted is the hour of the next run, by the
// clock of its zone.
static void collision(struct lint *l)
{
    uint32_t counts[LINT_HOUR_MINUTES] = {0};
    bool is_calendar = kind_is_calendar(l->t), is_all;
    struct zone_span span;
    int64_t minute_us = floor_div(l->next.us, MINUTE_US) * MINUTE_US;
    int minute;
    char when[64];

    if (!l->o->load || l->next.us == WALL_NEVER.us || l->rate.per_day > LOAD_MAX_PER_DAY)
        return;
    zone_span_at(trigger_zone(l->t), floor_div(l->next.us, SECOND_US), &span);
    minute = (int)(floor_div(minute_us / SECOND_US + span.offset_s, 60) % LINT_HOUR_MINUTES);
    is_all = l->o->load((wall){minute_us - minute * MINUTE_US}, counts, l->o->ctx);
    if (counts[minute] == 0)
        return;
    lint_add(l, LINT_COLLISION, NULL, "%s%u other job%s in the same minute as the run on %s",
             is_all ? "" : "at least ", counts[minute], counts[minute] == 1 ? " runs" : "s run",
             named(l, l->next, when));
    int better = minute_choose(counts, minute);
    if (is_calendar && mask_is_single(l->t->calendar.minutes) && better != minute)
        minute_suggest(l, better, counts[better] == 0);
}

// ---- all of them

// What its own words say. Of what only an "and" narrows, the distances of runs are left to it.
static void own_checks(struct lint *l, bool is_narrowed)
{
    static lint_check_fn *const of_texts[] = {lint_uneven_step, lint_day_or_weekday,
                                              lint_numeric_weekday};
    static lint_check_fn *const of_calendars[] = {lint_missing_days, lint_burst};

    for (size_t i = 0; i < sizeof of_texts / sizeof *of_texts && kind_is_calendar(l->t); i++)
        of_texts[i](l);
    for (size_t i = 0; i < sizeof of_calendars / sizeof *of_calendars && !is_narrowed; i++)
        if (l->has_pattern && l->pattern.form == PATTERN_CALENDAR)
            of_calendars[i](l);
}

// What the triggers of an "and" or "or" say, each in words of its own.
static void parts_check(struct lint *l)
{
    const struct combination *c = combination_of(l->t);
    struct err ignored;

    for (int i = 0; c && i < c->count; i++) {
        struct lint part = {.t = c->triggers[i], .o = l->o, .is_part = true};

        part.v = l->v;
        part.count = l->count;
        part.has_pattern = pattern_make(part.t, l->o->now, "", &part.pattern, &ignored);
        part.next = trigger_next(part.t, l->o->now);
        own_checks(&part, c->is_and);
        if (!c->is_and)
            lint_drift(&part);
        parts_check(&part);
        l->count = part.count;
    }
}

size_t lint_find(const struct trigger *t, const struct lint_options *options,
                 struct lint_finding *ret_findings)
{
    static lint_check_fn *const first[] = {never_fires, ends_soon, far_away, rare};
    static lint_check_fn *const last[] = {lint_dst, lint_drift, sub_minute, wide_jitter, collision};
    struct lint l = {.t = t, .o = options, .v = ret_findings};
    struct err ignored;

    if (trigger_is_relative(t))
        return 0;
    l.next = trigger_next(t, options->now);
    rate_find(t, options->now, &l.rate);
    l.has_pattern = pattern_make(t, options->now, "", &l.pattern, &ignored);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        first[i](&l);
    own_checks(&l, false);
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        last[i](&l);
    parts_check(&l);
    return l.count;
}
