// log.h - what the operator reads on stderr: text for eyes, JSON lines for machines.
//
//     log_info("job finished", log_text("job", id), log_int("exit", status));
//
//     2025-03-30 01:00:00.123Z info  job finished job=backup exit=0
//     {"ts":"2025-03-30T01:00:00.123456Z","level":"info","msg":"job
//     finished","job":"backup","exit":0}
//
// One line is one write, so lines of several threads do not mix. Text values are cut at 2 KiB. How
// often to say something is the caller's business. Safe in any thread; not in a signal handler or
// between fork and exec.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR
};

enum log_format {
    LOG_FORMAT_AUTO, // text when stderr is a terminal, else JSON
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON,
};

enum log_kind {
    LOG_KIND_END,
    LOG_KIND_STR,
    LOG_KIND_INT,
    LOG_KIND_BOOL,
    LOG_KIND_ERR
};

struct log_field {
    const char *key;
    enum log_kind kind;
    struct str s;
    int64_t n;
    const struct err *e;
};

// Chooses format, least level and the clock of the time stamps (borrowed for good). Call it before
// threads start; without it, text from level info with the system's clock. log_set_level may be
// called at any time from any thread.
void log_open(enum log_format format, enum log_level least, const struct clock *clock);
void log_set_level(enum log_level least);
bool log_is_on(enum log_level level);

// fields ends with one whose kind is LOG_KIND_END. The macros below spare writing the array.
void log_write(enum log_level level, const char *message, const struct log_field *fields);

#define log_fields(...) \
    ((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.kind = LOG_KIND_END}})
#define log_debug(message, ...) log_write(LOG_LEVEL_DEBUG, message, log_fields(__VA_ARGS__))
#define log_info(message, ...) log_write(LOG_LEVEL_INFO, message, log_fields(__VA_ARGS__))
#define log_warn(message, ...) log_write(LOG_LEVEL_WARN, message, log_fields(__VA_ARGS__))
#define log_error(message, ...) log_write(LOG_LEVEL_ERROR, message, log_fields(__VA_ARGS__))

static inline struct log_field log_str(const char *key, struct str s)
{
    return (struct log_field){.key = key, .kind = LOG_KIND_STR, .s = s};
}

static inline struct log_field log_text(const char *key, const char *text)
{
    return log_str(key, str_of(text));
}

static inline struct log_field log_int(const char *key, int64_t n)
{
    return (struct log_field){.key = key, .kind = LOG_KIND_INT, .n = n};
}

static inline struct log_field log_bool(const char *key, bool value)
{
    return (struct log_field){.key = key, .kind = LOG_KIND_BOOL, .n = value};
}

// Three keys: error (the message), code (its name in err.def) and, when there is one, hint.
static inline struct log_field log_err(const struct err *e)
{
    return (struct log_field){.key = "error", .kind = LOG_KIND_ERR, .e = e};
}
