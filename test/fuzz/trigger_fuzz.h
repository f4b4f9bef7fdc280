// trigger_fuzz.h - what every fuzz target of triggers checks.
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "trigger/convert.h"
#include "trigger/lint.h"
#include "trigger/rate.h"
#include "trigger/trigger.h"

#define FUZZ_NOW ((wall){INT64_C(1768471623000000)}) // 2026-01-15 10:07:03 UTC

static inline struct trigger *fuzz_parse(struct zones *zones, const json_t *spec)
{
    struct trigger_context context = {zones, STR_LIT("Europe/Berlin"), FUZZ_NOW, {0}, NULL};
    struct trigger *t = NULL;
    struct err e = {0};

    if (trigger_parse(spec, &context, &t, &e))
        return t;
    assert(e.code == ERR_INPUT || e.code == ERR_SCHEDULE || e.code == ERR_LIMIT);
    assert(e.message[0] != '\0');
    return NULL;
}

// What is told of a trigger: words are never empty, findings have theirs, and the same schedule in
// another language has the same slots.
static inline void fuzz_words(const struct trigger *t)
{
    const struct lint_options options = {.now = FUZZ_NOW, .is_heavy = true};
    struct lint_finding findings[LINT_MAX];
    struct rate rate;
    struct buf text;

    buf_init(&text, 100000);
    trigger_words(t, &text);
    assert(text.len > 0 && !text.is_full);
    buf_clear(&text);
    rate_find(t, FUZZ_NOW, &rate);
    rate_words(&rate, &text);
    assert(text.len > 0 || trigger_is_relative(t));
    buf_done(&text);
    for (size_t i = lint_find(t, &options, findings); i > 0; i--)
        assert(findings[i - 1].message[0] != '\0');
}

static inline void fuzz_conversions(struct zones *zones, const struct trigger *t)
{
    for (int to = 0; to < DIALECT_COUNT; to++) {
        struct conversion c;
        struct err e = {0};
        wall at = FUZZ_NOW;

        if (!convert(t, (enum dialect)to, FUZZ_NOW, &c, &e)) {
            assert(e.code == ERR_INPUT && e.message[0] != '\0');
            continue;
        }
        json_t *spec = json_loadb(c.spec.p, c.spec.len, 0, NULL);
        struct trigger *other = fuzz_parse(zones, spec);

        assert(other);
        for (int i = 0; i < 3 && at.us != WALL_NEVER.us; i++) {
            wall next = trigger_next(t, at);

            assert(trigger_next(other, at).us == next.us);
            at = next;
        }
        trigger_free(other);
        json_decref(spec);
        conversion_done(&c);
    }
}

static inline void fuzz_laws(struct zones *zones, const struct trigger *t)
{
    struct buf text;
    wall at = FUZZ_NOW;

    buf_init(&text, 100000);
    trigger_str(t, &text);
    buf_clear(&text);
    trigger_write(t, &text);

    json_t *written = json_loadb(text.p, text.len, 0, NULL);
    struct trigger *copy = fuzz_parse(zones, written);

    assert(copy);
    for (int i = 0; i < 3; i++) {
        wall next = trigger_next(t, at);

        assert(next.us > at.us && trigger_next(copy, at).us == next.us);
        if (next.us == WALL_NEVER.us)
            break;
        assert(trigger_prev(t, next).us == next.us && trigger_count(t, at, next, 9, NULL) == 1);
        at = next;
    }
    trigger_free(copy);
    json_decref(written);
    buf_done(&text);
}

// No input takes more than 5 ms for a parse and a next; the sanitizers make everything some ten
// times slower.
#define FUZZ_WORK_MAX_US (5000 * 12)

static inline int64_t fuzz_cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

// The least of three tries counts: the others met an interrupt or cold memory.
static inline void fuzz_work(struct zones *zones, const json_t *spec)
{
    int64_t least = INT64_MAX;

    for (int i = 0; i < 3 && least > FUZZ_WORK_MAX_US; i++) {
        int64_t began = fuzz_cpu_us();
        struct trigger *t = fuzz_parse(zones, spec);

        if (t)
            (void)trigger_next(t, FUZZ_NOW);
        least = fuzz_cpu_us() - began < least ? fuzz_cpu_us() - began : least;
        trigger_free(t);
    }
    assert(least <= FUZZ_WORK_MAX_US);
}

// Parses a spec, which it takes over, and checks what must hold for what is accepted.
static inline void trigger_fuzz(json_t *spec)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    struct trigger *t;

    fuzz_work(zones, spec);
    t = fuzz_parse(zones, spec);
    if (t) {
        fuzz_laws(zones, t);
        fuzz_words(t);
        if (trigger_kind(t) != TRIGGER_AND && trigger_kind(t) != TRIGGER_OR)
            fuzz_conversions(zones, t); // they are dates at most, after a long search
    }
    trigger_free(t);
    zones_free(zones);
    json_decref(spec);
}
