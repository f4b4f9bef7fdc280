// settings.h - what `belfry serve` can be told, by flag or environment.
//
// A flag beats the environment, the environment beats the default. The table is settings.def.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "job/job.h"

enum setting_type {
    SETTING_TEXT,
    SETTING_DURATION, // "10s", "1m30s"
    SETTING_COUNT,    // 1 to EXEC_CHILDREN_MAX
    SETTING_NUMBER,   // 0 or more
    SETTING_DEFAULT,  // NAME=VALUE (job/presets.h); in the environment several, with blanks
};

// Texts are borrowed from the command line, the environment or the program; numbers are in the
// member of that name with _n behind it: microseconds of a duration, a count.
struct settings {
#define X(member, flag, env, other_env, fallback, type, help) \
    const char *member;                                       \
    int64_t member##_n;
#include "cli/settings.def"
#undef X
    struct job_presets presets; // of all SETTING_DEFAULT
};

// Reads flags (argv[1] on) and environment. Errors are ERR_USAGE and name flag or variable. End it
// with settings_done.
[[nodiscard]] bool settings_read(int argc, char **argv, struct settings *ret_settings,
                                 struct err *e);
void settings_done(struct settings *s);

// The path in "sqlite:///jobs.db" (relative), "sqlite:////var/lib/jobs.db" (absolute) or a plain
// path; *ret_path is part of text. ERR_USAGE for what names no file.
[[nodiscard]] bool settings_db_path(const char *text, const char **ret_path, struct err *e);

// Two lines a setting: flag, help, default; environment.
void settings_help(FILE *out);
