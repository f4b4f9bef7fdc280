// why_words.c - sentences with words to be filled in.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why_words.h"

#include <assert.h>

#include "base/buf.h"
#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"

#define SENTENCE_MAX 4096
#define DAY_S 86400

static int64_t local_s(const struct zone *zone, wall at, struct zone_span *ret_span)
{
    int64_t s = floor_div(at.us, SECOND_US);

    zone_span_at(zone, s, ret_span);
    return s + ret_span->offset_s;
}

void why_words_init(struct why_words *w, struct arena *arena, const struct zone *zone, wall day_of)
{
    struct zone_span span;

    *w = (struct why_words){.arena = arena, .zone = zone};
    w->day = floor_div(local_s(zone, day_of, &span), DAY_S);
}

void why_word(struct why_words *w, const char *name, struct str text)
{
    size_t i = 0;

    while (i < w->len && strcmp(w->v[i].name, name) != 0)
        i++;
    assert(i < WHY_WORDS_MAX);
    w->v[i].name = name;
    w->v[i].text = text;
    w->len += i == w->len;
}

static struct str word_find(const struct why_words *w, struct str name)
{
    for (size_t i = 0; i < w->len; i++)
        if (str_eq(str_of(w->v[i].name), name))
            return w->v[i].text;
    return (struct str){0};
}

struct str why_words_fill(const struct why_words *w, const char *sentence)
{
    struct str rest = str_of(sentence), part, copy;
    struct buf out;

    buf_init(&out, SENTENCE_MAX);
    while (str_next(&rest, '{', &part)) {
        buf_add(&out, part);
        if (!rest.p || !str_next(&rest, '}', &part))
            break;
        buf_add(&out, word_find(w, part));
    }
    copy = arena_copy(w->arena, buf_str(&out));
    buf_done(&out);
    return copy;
}

struct str why_moment(const struct why_words *w, wall at, bool is_exact)
{
    struct zone_span span;
    struct zone_local local;
    int64_t s = local_s(w->zone, at, &span);
    struct civil c = civil_at(s);
    struct buf out;

    buf_init(&out, 100);
    if (floor_div(s, DAY_S) != w->day)
        buf_printf(&out, "%04d-%02d-%02d ", c.year, c.month, c.day);
    if (is_exact)
        c.us = (int32_t)(at.us - floor_div(at.us, SECOND_US) * SECOND_US);
    iso8601_clock(&c, &out);
    zone_from_local(w->zone, s, &local);
    if (local.kind == LOCAL_FOLD)
        buf_printf(&out, " %s", span.abbreviation);
    struct str text = arena_copy(w->arena, buf_str(&out));

    buf_done(&out);
    return text;
}

struct str why_length(const struct why_words *w, int64_t us)
{
    struct str text = STR_LIT("less than a second");
    struct buf out;

    if (us < SECOND_US)
        return text;
    buf_init(&out, 100);
    duration_about(us, &out);
    text = arena_copy(w->arena, buf_str(&out));
    buf_done(&out);
    return text;
}
