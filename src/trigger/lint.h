// lint.h - what may be wrong with a schedule that is well formed: findings with a code, for people
// and for programs.
//
// Codes never change their name; each is a row of lint.def. Errors of the text are trigger_parse's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "trigger/trigger.h"

enum lint_code {
#define X(code, name, severity, sentence) code,
#include "trigger/lint.def"
#undef X
    LINT_CODE_COUNT,
};

enum lint_severity {
    LINT_ERROR,
    LINT_WARNING,
    LINT_NOTE,
};

// What lint.def says of a code: "uneven-step", "warning", a sentence.
const char *lint_name(enum lint_code code);
const char *lint_severity_name(enum lint_code code);
const char *lint_sentence(enum lint_code code);

#define LINT_MAX 24
#define LINT_HOUR_MINUTES 60

// Adds to counts[m] how many other jobs have a slot in the minute that begins m minutes after
// `from`. False when not all of them could be looked at in the time there is.
typedef bool lint_load_fn(wall from, uint32_t counts[LINT_HOUR_MINUTES], void *ctx);

struct lint_options {
    wall now;
    bool is_heavy;      // each run starts a process, or a connection
    lint_load_fn *load; // NULL: nobody knows
    void *ctx;
};

struct lint_finding {
    enum lint_code code;
    const char *field; // key of the spec ("expr", "minute"); NULL: the trigger as a whole
    int column;        // in that key's text; 0: none
    char message[320]; // a sentence without a full stop
    char hint[240];    // what would do instead; may be empty
};

// Findings in the order of lint.def, at most one of a code, but for fields; at most LINT_MAX.
size_t lint_find(const struct trigger *t, const struct lint_options *options,
                 struct lint_finding *ret_findings);
