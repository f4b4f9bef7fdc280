// almanac.c - is this moment marked, and until when does that answer stand?
//
// An answer that stands only for a while is enough for everybody: who wants the end of a long
// stretch asks again where the answer ends, and steps over whole days, spans or gaps that way. So
// every source of marks needs one question only, and a mixture of them is their union: inside, the
// one that reaches furthest counts; outside, the one that begins first.
//
// Local sources are asked in local time, which between two changes of the clocks is the moment plus
// a constant. An answer that reaches beyond the next change stands as long as no clock of the world
// could show a later time; a nearer one ends with the change.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/almanac.h"

#include <stdlib.h>

#include "base/mem.h"
#include "time/civil.h"
#include "time/duration.h"
#include "trigger/stretch.h"

#define NEVER INT64_MAX
#define RULE_WORK 6
#define CHANGE_MAX_US (3 * HOUR_US)  // a day by the calendar is at most so much longer by the clock
#define OFFSET_MAX_US (26 * HOUR_US) // of any zone

struct almanac *almanac_new(struct str name, struct str reason)
{
    struct almanac *a = mem_alloc(sizeof *a);

    a->arena = arena_new(512);
    a->name = arena_copy(a->arena, name).p;
    a->reason = reason.len > 0 ? arena_copy(a->arena, reason).p : NULL;
    a->holders = 1;
    return a;
}

struct almanac *almanac_hold(struct almanac *a)
{
    a->holders++;
    return a;
}

void almanac_drop(struct almanac *a)
{
    if (!a || --a->holders > 0)
        return;
    spans_done(&a->local);
    spans_done(&a->fixed);
    vec_done(&a->masks);
    vec_done(&a->starts);
    for (size_t i = 0; i < a->rules.len; i++)
        rrule_free(a->rules.v[i].set);
    vec_done(&a->rules);
    vec_done(&a->others);
    arena_free(a->arena);
    free(a);
}

bool almanac_name_check(struct str name, struct err *e)
{
    if (name.len == 0 || name.len > ALMANAC_NAME_MAX)
        return fail(e, ERR_INPUT, "name", "a name has 1 to %d characters", ALMANAC_NAME_MAX);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        bool is_plain = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');

        if (!is_plain && (i == 0 || (c != '.' && c != '_' && c != '-')))
            return fail_at(e, ERR_INPUT, "name", (int)i + 1,
                           "a name is made of letters, digits and . _ - and begins with a letter "
                           "or digit");
    }
    return true;
}

bool almanac_is_empty(const struct almanac *a)
{
    return a->local.len + a->fixed.len + a->masks.len + a->starts.len + a->rules.len == 0;
}

int almanac_work(const struct almanac *a)
{
    return (int)(1 + a->masks.len + a->starts.len + RULE_WORK * a->rules.len);
}

// ---- asking

// As struct almanac_mark, in microseconds of any clock.
struct mark {
    bool is_in;
    int64_t until;
    const char *why;
};

static void mark_in(struct mark *m, int64_t until, const char *why)
{
    if (!m->is_in || until > m->until)
        *m = (struct mark){true, until, why};
}

static void mark_out(struct mark *m, int64_t until)
{
    if (!m->is_in && until < m->until)
        m->until = until;
}

static void spans_mark(const struct spans *spans, int64_t at, struct mark *m)
{
    int64_t until;
    const struct span *span = spans_at(spans, at, &until);

    if (span)
        mark_in(m, until, span->why);
    else
        mark_out(m, until);
}

static void mask_mark(const struct almanac_mask *mask, int64_t at, struct mark *m)
{
    int64_t second = floor_div(at, SECOND_US), next = calendar_next(&mask->calendar, second);

    if (next == second)
        mark_in(m, stretch_end(&mask->calendar, second) * SECOND_US, mask->why);
    else
        mark_out(m, next == CALENDAR_NEVER ? NEVER : next * SECOND_US);
}

static void starts_mark(const struct almanac_starts *starts, int64_t at, struct mark *m)
{
    int64_t after = floor_div(at - starts->length_us, SECOND_US);
    int64_t begin = calendar_next(&starts->calendar, after + 1);

    if (begin == CALENDAR_NEVER)
        return;
    if (begin * SECOND_US <= at)
        mark_in(m, begin * SECOND_US + starts->length_us, starts->why);
    else
        mark_out(m, begin * SECOND_US);
}

wall almanac_rule_end(const struct almanac_rule *rule, wall start)
{
    struct zone_span span;
    struct zone_local local;
    int64_t second = floor_div(start.us, SECOND_US);

    if (rule->is_local || rule->days == 0)
        return (wall){start.us + rule->days * DAY_US + rule->us};
    zone_span_at(rule->set->zone, second, &span);
    zone_from_local(rule->set->zone, second + span.offset_s + rule->days * DAY_S, &local);
    return (wall){local.first * SECOND_US + rule->us};
}

static void rule_mark(const struct almanac_rule *rule, int64_t at, struct mark *m)
{
    int64_t most_us = rule->days * DAY_US + rule->us + (rule->days > 0 ? CHANGE_MAX_US : 0);
    wall start = rrule_next(rule->set, (wall){at - most_us});

    for (; start.us <= at; start = rrule_next(rule->set, start)) {
        wall end = almanac_rule_end(rule, start);

        if (end.us > at) {
            mark_in(m, end.us, rule->why);
            return;
        }
    }
    mark_out(m, start.us);
}

static void local_mark(const struct almanac *a, int64_t at, struct mark *m)
{
    spans_mark(&a->local, at, m);
    for (size_t i = 0; i < a->masks.len; i++)
        mask_mark(&a->masks.v[i], at, m);
    for (size_t i = 0; i < a->starts.len; i++)
        starts_mark(&a->starts.v[i], at, m);
    for (size_t i = 0; i < a->rules.len; i++)
        if (a->rules.v[i].is_local)
            rule_mark(&a->rules.v[i], at, m);
}

// Until when an answer stands that stands until a local time.
static int64_t until_of(const struct zone_span *span, int64_t at, int64_t local)
{
    int64_t change = span->to < NEVER / SECOND_US ? span->to * SECOND_US : NEVER;
    int64_t until = local == NEVER ? NEVER : local - span->offset_s * SECOND_US;
    int64_t surely = local == NEVER ? NEVER : local - OFFSET_MAX_US;

    if (until <= change)
        return until;
    // Shortly before a change, clocks that go back would show again what was before `at`.
    return surely > change && change - at >= OFFSET_MAX_US ? surely : change;
}

void almanac_at(const struct almanac *a, const struct zone *zone, wall at,
                struct almanac_mark *ret_mark)
{
    struct mark m = {.until = NEVER};
    struct zone_span span;

    zone_span_at(a->zone ? a->zone : zone, floor_div(at.us, SECOND_US), &span);
    local_mark(a, at.us + span.offset_s * SECOND_US, &m);
    m.until = until_of(&span, at.us, m.until);
    spans_mark(&a->fixed, at.us, &m);
    for (size_t i = 0; i < a->rules.len; i++)
        if (!a->rules.v[i].is_local)
            rule_mark(&a->rules.v[i], at.us, &m);
    *ret_mark = (struct almanac_mark){m.is_in, {m.until}, m.why};
}
