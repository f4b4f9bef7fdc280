// recur_days.h - which days a recurrence rule means, month by month, and the periods they lie in.
//
// A rule's days are those that all its BY parts on days agree on. That is the RFC's table of
// expanding and limiting parts: once what is not given has been taken from DTSTART, expanding a
// period to all of its days and limiting them again is the same.
#pragma once

#include <stdint.h>

#include "trigger/recur.h"

#define RECUR_NEVER INT64_MAX

// The days of a month that the rule means, as bits 1-31, whatever its interval says.
uint32_t recur_days(const struct recur *rule, int64_t year, int month);

// The first such day at or after a day, both since 1970; RECUR_NEVER when there is none until the
// end of 2199.
int64_t recur_day_next(const struct recur *rule, int64_t day);

// How many such days there are from first up to, not including, end; and the n-th of them, from 0,
// which must exist.
int64_t recur_day_count(const struct recur *rule, int64_t first, int64_t end);
int64_t recur_day_at(const struct recur *rule, int64_t first, int64_t n);

// The period - day, week, month or year, by the frequency - that holds a day, as a number that
// rises by one from period to period, and its first day. Weeks begin as WKST says. With BYWEEKNO
// a year is a year of whole weeks, so that its first week is not torn apart. Frequencies below
// a day have days for periods.
int64_t recur_period(const struct recur *rule, int64_t day);
int64_t recur_period_start(const struct recur *rule, int64_t period);

// The last day of 2199.
int64_t recur_last_day(void);
