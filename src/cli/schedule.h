// schedule.h - what the commands that look at a schedule on the command line have in common.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"
#include "trigger/almanacs.h"
#include "trigger/dialect.h"
#include "trigger/trigger.h"

#define SCHEDULE_CALENDARS_MAX 16

// EXPR [-n COUNT] [--tz ZONE] [--from TIME] [--dialect NAME] [--calendar FILE]... [--on-exclude
// POLICY], and for explain [--as NAME] [-o FORM]
struct schedule_options {
    const char *expr; // a text in one of the languages of dialect.h, or a trigger's JSON object
    const char *tz;   // NULL: the system's zone
    const char *from; // NULL: now
    int count;
    const char *on_exclude;                        // NULL: not given
    const char *calendars[SCHEDULE_CALENDARS_MAX]; // files
    int calendar_count;
    const char *dialect; // NULL: guessed
    const char *as;      // a dialect's name, or "words"; NULL: not asked
    const char *form;    // "json" or "text"; NULL: text
};

// Reads the words behind the command's name. On a fault the usage is printed and *ret_status is
// the exit status.
[[nodiscard]] bool schedule_options_read(int argc, char **argv,
                                         struct schedule_options *ret_options, int *ret_status);

// A schedule compiled as options say.
struct schedule {
    struct zones *zones;
    struct almanacs calendars;
    struct trigger *trigger;
    json_t *spec; // what was read; NULL: it was not understood
    enum dialect dialect;
    wall now; // what --from says
};

// e->column counts in options->expr, or in the member e->field of a JSON object. End it with
// schedule_done, also after a failure.
[[nodiscard]] bool schedule_open(const struct schedule_options *options,
                                 struct schedule *ret_schedule, struct err *e);
void schedule_done(struct schedule *s);

// Prints an error as "belfry: message" with the text at fault and a line of carets below; returns
// the exit status.
int schedule_complain(const struct schedule_options *options, const struct schedule *schedule,
                      const struct err *e);
