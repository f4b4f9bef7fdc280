// notify.h - the rules that say whom to tell of what: the member notify of a job.
//
//     [{"channel": "ops", "on": ["failed", "recovered"], "after": 3, "repeat": "1d"}]
//
// A rule is told once when what it names begins - `after`: once it has happened so often in a row -
// and again every `repeat` while it lasts. A rule without a channel tells nobody, but has incidents
// kept.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"
#include "job/model.h"

// Numbers are stored: never change one, never reuse one.
enum notice {
#define X(name, number, text, sentence) name = number,
#include "job/notice.def"
#undef X
};

#define CHANNEL_NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
#define CHANNEL_NAME_MAX 64
#define NOTIFY_RULES_MAX 16
#define NOTIFY_REPEAT_MIN_US INT64_C(60000000)

struct notify_rule {
    char channel[CHANNEL_NAME_MAX + 1]; // "": nobody
    uint32_t on;                        // bits 1 << enum notice
    int64_t after;                      // >= 1
    int64_t repeat_us;                  // 0: never again
};

struct notify {
    struct notify_rule rules[NOTIFY_RULES_MAX];
    size_t count;
};

extern const struct model notify_rule_model;

// True when name may be a channel's; otherwise err.field is "name".
[[nodiscard]] bool channel_name_check(struct str name, struct err *e);

// Reads a list of rules. Fails with ERR_INPUT or ERR_LIMIT, whose field is a place in the list:
// "0.on.1".
[[nodiscard]] bool notify_read(const json_t *list, struct notify *ret, struct err *e);

// The same of JSON text that was read before, as it is stored.
[[nodiscard]] bool notify_parse(struct str text, struct notify *ret, struct err *e);

const char *notice_name(enum notice notice); // "failed"
const char *notice_sentence(enum notice notice);
