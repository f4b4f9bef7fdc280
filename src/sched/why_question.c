// why_question.c - from a time as a person types it to the moments that are meant.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why_question.h"

#include <stdio.h>

#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"

#define DAY_S 86400
#define TEXT_MAX 64

// How exactly a time was given.
enum grain {
    GRAIN_DAY,
    GRAIN_MINUTE,
    GRAIN_SECOND,
    GRAIN_EXACT,
};

static const int64_t grain_us[] = {DAY_US, MINUTE_US, SECOND_US, 1};

static int64_t today_of(const struct zone *zone, wall now)
{
    struct zone_span span;
    int64_t s = floor_div(now.us, SECOND_US);

    zone_span_at(zone, s, &span);
    return floor_div(s + span.offset_s, DAY_S);
}

// The time of day in a text that iso8601_parse takes, without its offset.
static enum grain grain_of(struct str text)
{
    int colons = 0;
    size_t i = 10 < text.len ? 10 : text.len;

    if (i == text.len)
        return GRAIN_DAY;
    for (i++; i < text.len && (text.p[i] == ':' || (text.p[i] >= '0' && text.p[i] <= '9')); i++)
        colons += text.p[i] == ':';
    if (i < text.len && text.p[i] == '.')
        return GRAIN_EXACT;
    return colons == 2 ? GRAIN_SECOND : GRAIN_MINUTE;
}

// Takes a word for a day off the text.
static int64_t day_word(struct str *text, int64_t today)
{
    static const struct {
        struct str word;
        int64_t days;
    } words[] = {{STR_LIT("today"), 0}, {STR_LIT("yesterday"), -1}, {STR_LIT("tomorrow"), 1}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!str_starts(*text, words[i].word))
            continue;
        *text = str_trim(str_cut(*text, words[i].word.len, text->len));
        return today + words[i].days;
    }
    return today;
}

// A text that iso8601_parse takes: a day's name or none is replaced by its date.
static struct str text_dated(struct str text, const struct zone *zone, wall now,
                             char room[TEXT_MAX])
{
    size_t before = text.len;
    int64_t day = day_word(&text, today_of(zone, now));
    bool is_clock = text.len >= 3 && (text.p[1] == ':' || text.p[2] == ':');
    struct civil c = civil_date(day);

    if (text.len == before && !is_clock)
        return text;
    if (text.len > 40)
        return text; // no time is so long: the parser says what is wrong
    int len = snprintf(room, TEXT_MAX, "%04d-%02d-%02d%s%.*s", c.year, c.month, c.day,
                       text.len > 0 ? " " : "", STR(text));

    return (struct str){room, (size_t)len};
}

static void span_add(struct why_question *q, int64_t at_s, int32_t us, enum grain grain)
{
    wall from = {at_s * SECOND_US + us};

    q->spans[q->span_count++] = (struct why_span){from, {from.us + grain_us[grain] - 1}};
}

static void local_ask(struct why_question *q, const struct civil *c, const struct zone *zone,
                      enum grain grain)
{
    struct zone_local local;
    int64_t local_s = civil_seconds(c);

    zone_from_local(zone, local_s, &local);
    span_add(q, local.first, local.kind == LOCAL_GAP ? 0 : c->us, grain);
    if (grain == GRAIN_DAY) { // it may be shorter or longer than 24 hours
        zone_from_local(zone, local_s + DAY_S, &local);
        q->spans[0].to.us = local.first * SECOND_US - 1;
        return;
    }
    q->is_gap = local.kind == LOCAL_GAP;
    q->gap_local_s = local_s;
    if (local.kind == LOCAL_FOLD)
        span_add(q, local.second, c->us, grain);
}

bool why_question_read(struct str at, const struct zone *zone, wall now,
                       struct why_question *ret_question, struct err *e)
{
    struct why_question q = {0};
    struct iso8601 time;
    char room[TEXT_MAX];
    struct str text = str_trim(at);

    if (text.len == 0 || str_eq(text, STR_LIT("now"))) {
        span_add(&q, floor_div(now.us, MINUTE_US) * 60, 0, GRAIN_MINUTE);
        *ret_question = q;
        return true;
    }
    text = text_dated(text, zone, now, room);
    if (!iso8601_parse(text, "at", &time, e))
        return fail_hint(e, "write a moment (2026-11-22T02:00), a time of today (02:00), "
                            "\"yesterday 02:00\" or a day (2026-11-22)");
    if (time.has_offset)
        span_add(&q, civil_seconds(&time.civil) - time.offset_s, time.civil.us, grain_of(text));
    else
        local_ask(&q, &time.civil, zone, grain_of(text));
    *ret_question = q;
    return true;
}
