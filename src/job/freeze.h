// freeze.h - stretches of time during which jobs are not run, and why.
//
//     {"from": "2026-12-18", "to": "2027-01-04", "reason": "no changes before the audit",
//      "jobs": ["deploy-*", "backup"]}
//     {"cron": "0 22 * * fri", "duration": "8h", "reason": "maintenance"}
//     {"rrule": "DTSTART:20260115\nRRULE:FREQ=MONTHLY;BYDAY=3TH", "reason": "patch day"}
//
// From one day (the last one included), moment or day of every year to another, without "to" until
// it is lifted; or so long from each time of a crontab text or a recurrence rule (whole days when
// its DTSTART is a date). Local times are those of "timezone",
// else of the scheduler. Patterns in jobs (*, ?) say which jobs it holds; without them it holds
// all.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "time/zone.h"
#include "trigger/almanac.h"

#define FREEZE_JOBS_MAX 100

struct freeze {
    struct almanac *marks; // held; has its name
    VEC_OF(char *) jobs;   // patterns, owned; none: all jobs
    char *message;         // owned: "freeze year-end: no changes before the audit"
};

// Compiles a definition; name is what it is to be called, a member "name" must say the same. zones
// must outlive it. Errors as almanac_read's. End it with freeze_free.
[[nodiscard]] bool freeze_read(const json_t *definition, struct str name, struct zones *zones,
                               struct freeze **ret_freeze, struct err *e);
void freeze_free(struct freeze *f); // accepts NULL

struct str freeze_name(const struct freeze *f);
bool freeze_holds(const struct freeze *f, struct str job_name);

// All freezes.
struct freezes {
    VEC(struct freeze *);
    const struct zone *zone; // for those that name none
};

void freezes_done(struct freezes *all);
struct freeze *freezes_find(const struct freezes *all, struct str name); // NULL: none
void freezes_put(struct freezes *all, struct freeze *f);                 // takes f over
void freezes_remove(struct freezes *all, struct str name);

struct freeze_mark {
    const struct freeze *by; // what holds the job; NULL: nothing
    wall until;              // up to there (not including) that stays so
};

// What holds a job at a moment. What happens after upto is not looked at: until may then be any
// moment behind it. all may be NULL.
void freezes_at(const struct freezes *all, struct str job_name, wall at, wall upto,
                struct freeze_mark *ret_mark);
