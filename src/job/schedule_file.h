// schedule_file.h - schedules in the S1 form: the `args` of a POST, and .schedule files.
//
// A .schedule file lies beside a job's module and says when it runs:
//
//     cron
//     # every ten seconds
//     second=*/10
//
// The first line that is neither blank nor a comment names the type, unless it is a pair; the
// others are pairs. S1 skipped line 1 whatever it was, so what cannot be a type is ignored there,
// with a warning. Byte order mark, CRLF and blanks around keys and values are fine.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "job/model.h"

enum schedule_type {
    SCHEDULE_UNKNOWN = -1,
    SCHEDULE_CRON,
    SCHEDULE_INTERVAL,
    SCHEDULE_DATE,
};

enum {
    SCHEDULE_CRON_BIT = 1,
    SCHEDULE_INTERVAL_BIT = 2,
    SCHEDULE_DATE_BIT = 4
};

extern const char *const schedule_type_names[]; // "cron", "interval", "date", NULL

// What S1's three models of args have in common, made from schedule_args.def.
struct schedule_args {
#define X(member, ctype, ...) ctype member;
#include "job/schedule_args.def"
#undef X
};

extern const struct model schedule_cron_model, schedule_interval_model, schedule_date_model;
const struct model *schedule_model(enum schedule_type type);

// A spec for trigger_parse from args (a JSON object; NULL: all presets), complaints at loc. All
// eight fields of a cron schedule are always given, as S1 gives them, so that run_frequency shows
// them all. *ret_args (may be NULL) gets the job's own arguments: borrowed from args, NULL when
// there are none. NULL when there was a complaint; end the spec with json_decref.
[[nodiscard]] json_t *schedule_from_args(enum schedule_type type, const json_t *args,
                                         struct str loc, wall now, struct model_issues *issues,
                                         const json_t **ret_args);

enum {
    SCHEDULE_FILE_MAX = 64 * 1024, // bytes
    SCHEDULE_PAIRS_MAX = 64,
};

// Where a key stands, to say so when its value turns out to be no good.
struct schedule_pair {
    struct str key, value; // inside of the text that was read
    int line, column;      // of the value
};

struct schedule_file {
    enum schedule_type type; // in force
    json_t *spec;            // for trigger_parse
    struct schedule_pair pairs[SCHEDULE_PAIRS_MAX];
    size_t pair_count;
};

// Reads the text of a .schedule file. type is what the request says (SCHEDULE_UNKNOWN: nothing,
// then the file decides, then cron); where the file disagrees, the request wins with a warning.
// Warnings go to issues. False with ERR_SCHEDULE, line and column for a malformed line or value,
// ERR_LIMIT for a file that is too large. text must live as long as *ret_file, which is ended with
// schedule_file_done (also after a failure).
[[nodiscard]] bool schedule_file_parse(struct str text, enum schedule_type type, wall now,
                                       struct model_issues *issues, struct schedule_file *ret_file,
                                       struct err *e);
void schedule_file_done(struct schedule_file *file);

// Gives an error that speaks of a key (err.field, as trigger_parse sets it) the line of that key.
void schedule_file_locate(const struct schedule_file *file, struct err *e);

// Reads <jobs_dir>/<folder>/.schedule into *ret_text (an initialised buf of at least
// SCHEDULE_FILE_MAX). ERR_FOLDER when the folder is not there, ERR_SCHEDULE_FILE when the file is
// not.
[[nodiscard]] bool schedule_file_read(const char *jobs_dir, struct str folder, struct buf *ret_text,
                                      struct err *e);
