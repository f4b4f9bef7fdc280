// why_words.h - sentences with words to be filled in, and moments as one says them of a day.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "time/zone.h"

#define WHY_WORDS_MAX 18

// Words by name; texts in the arena.
struct why_words {
    struct arena *arena;
    const struct zone *zone;
    int64_t day; // civil.h's number of the day that is spoken of: its moments need no date
    size_t len;
    struct {
        const char *name;
        struct str text;
    } v[WHY_WORDS_MAX];
};

void why_words_init(struct why_words *w, struct arena *arena, const struct zone *zone, wall day_of);

// A word of the sentence. The last one of a name counts.
void why_word(struct why_words *w, const char *name, struct str text);

// The sentence with each {name} replaced; a name that has no word is replaced by nothing.
struct str why_words_fill(const struct why_words *w, const char *sentence);

// "02:00", "02:00:05", on another day "2026-11-21 02:00". Of a time that comes twice on its day
// with the zone's abbreviation behind it. Fractions of a second are cut unless is_exact.
struct str why_moment(const struct why_words *w, wall at, bool is_exact);

// "5s", "3h 12m": duration_about as a text; "less than a second".
struct str why_length(const struct why_words *w, int64_t us);
