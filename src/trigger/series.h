// series.h - the local times of one recurrence rule, from DTSTART on: next and count.
//
// A time belongs to the series when it is not before DTSTART, its day is one of the rule's days
// (recur_days.h), its hour, minute and second are in the rule's masks, and the period that holds
// it - second to year, by FREQ - lies a multiple of INTERVAL periods after DTSTART's. BYSETPOS then
// keeps some of a period's times, by their place in it. DTSTART itself belongs only if it matches.
//
// Times are local seconds (civil.h): what clocks do is dst.h's. They end with the year 2199.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trigger/recur.h"

#define SERIES_NEVER INT64_MAX

struct series {
    struct recur rule;   // filled; interval and times reduced to what is easier to search
    int64_t start, last; // the first and the last second it may have
    int64_t origin;      // the period, or unit, that holds DTSTART
    // Units are the periods of frequencies below a week that are searched one by one: a unit counts
    // when it begins with a time of `outer`, and then has the times `inner`.
    struct times outer, inner;
    int32_t unit_s;      // 0: days are searched, or weeks, months and years when there is BYSETPOS
    int32_t class_count; // days repeat their active units after so many days
    uint64_t *classes;   // owned; bit day mod class_count: a unit of outer is active; may be NULL
};

// A rule read by recur_read, and DTSTART. End it with series_done.
void series_init(struct series *s, const struct recur *rule, int64_t start_s);
void series_done(struct series *s);

// The least time at or after a local second; SERIES_NEVER when there is none. Bounded: some 84,000
// steps for rules that hardly ever fire, one or two for others.
int64_t series_next(const struct series *s, int64_t from);

// Is a local second one of the times? Always cheap.
bool series_has(const struct series *s, int64_t at);

// Counting: how many times are left to be taken, the last one taken, and how many steps it took;
// more than SERIES_STEPS_MAX are too many.
struct series_tally {
    int64_t left;
    int64_t at;
    int64_t steps;
};

#define SERIES_STEPS_MAX 10000

// Takes the times in [from, to), one by one from t->left until it is 0; t->at is then the last one
// taken. Days with equal times and regular intervals are counted at once. False when what has to be
// walked takes too many steps, together with those of earlier calls: many times, at an odd
// interval, under limits.
[[nodiscard]] bool series_count(const struct series *s, int64_t from, int64_t to,
                                struct series_tally *t);
