// options.h - how a job is carried out: its command, and what its process is given and held to.
//
// A job keeps what a person gave of it as one JSON object (struct job's options), the members of
// job_option.def; what is not in it has its preset. The same table reads it, here and in requests.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "job/job.h"
#include "job/model.h"

struct job_options {
#define X(member, ctype, ...) ctype member;
#include "job/job_option.def"
#undef X
};

// Numbers of the fields: bits of `given`.
enum job_option {
#define X(member, ...) OPTION_##member,
#include "job/job_option.def"
#undef X
    OPTION_COUNT
};

struct job_limits {
#define X(member, ctype, ...) ctype member;
#include "job/job_limit.def"
#undef X
};

struct job_http {
#define X(member, ctype, ...) ctype member;
#include "job/job_http.def"
#undef X
};

// Limits in numbers: bytes, seconds, counts; -1: none.
struct job_limit_values {
    int64_t memory, cpu_time_s, open_files, file_size, processes, core, cpu_percent, io_weight;
};

extern const struct model job_options_model, job_limits_model, job_http_model;

// What the members of `env_pass` are when it is left out by a command.
extern const char *const options_env_pass[];

#define OPTIONS_LOG_MAX (INT64_C(10) << 20) // bytes of output kept of a run, unless log_max says so
#define OPTIONS_SHELL "/bin/sh -c"

// Checks of single members, for the table.
bool options_umask_check(struct str text, struct err *e);
bool options_size_check(struct str text, struct err *e);
bool options_log_check(struct str text, struct err *e);
bool options_url_check(struct str text, struct err *e);
bool options_method_check(struct str text, struct err *e);

// Reads options, a JSON object, and judges them as those of a job of this kind: everything that can
// be known before a run. Complaints have body in front of their place. given may be NULL.
[[nodiscard]] bool options_read(const json_t *options, enum job_kind kind,
                                struct model_issues *issues, struct job_options *ret,
                                uint64_t *ret_given);

// options->limits in numbers; only for options that have been read.
struct job_limit_values options_limits(const struct job_options *options);

// options->http as a struct, whose texts lie in it; false when there is none.
[[nodiscard]] bool options_http(const struct job_options *options, struct job_http *ret);

// Whether a status is success.
bool options_status_fits(const struct job_http *http, int status);

// options->log_max in bytes, umask as a number (-1: none).
int64_t options_log_max(const struct job_options *options);
int options_umask(const struct job_options *options);

// The number of a user or group, which may be given as name or number; the user's own group and
// home directory (in arena) as well. Reads the system's tables. ERR_INPUT when there is none.
struct options_user {
    uint32_t uid, gid;
    struct str name; // as the system has it; empty for a number without a name
    struct str home;
    struct str shell;
};
[[nodiscard]] bool options_user_find(struct str user, struct arena *arena, struct options_user *ret,
                                     struct err *e);
[[nodiscard]] bool options_group_find(struct str group, uint32_t *ret_gid, struct err *e);

// A command in one line for people: the text itself, or its words; at most 200 bytes.
struct str options_command_words(const json_t *command, struct arena *arena);
