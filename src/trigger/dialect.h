// dialect.h - the languages in which schedules are written, and which one a text is in.
//
// A text in one of them becomes a spec for trigger_parse. Which language a text without a name is
// in shows at its beginning; where it could be several, it is a crontab.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

enum dialect {
    DIALECT_CRON,
    DIALECT_QUARTZ,
    DIALECT_FIELDS,
    DIALECT_ONCALENDAR,
    DIALECT_RRULE,
    DIALECT_ISO8601,
    DIALECT_INTERVAL,
    DIALECT_DATE,
    DIALECT_COUNT,
    DIALECT_SPEC = DIALECT_COUNT, // a JSON object that names its own type
};

// "cron", ...; ends with NULL.
extern const char *const dialect_names[DIALECT_COUNT + 1];

// The type of its specs: fields are of type "cron" like crontab text.
const char *dialect_type(enum dialect dialect);

// Is it written as one text, the spec's expr? The others are members of a JSON object.
bool dialect_is_text(enum dialect dialect);

// The language of that name; ERR_INPUT, field "dialect".
[[nodiscard]] bool dialect_find(struct str name, enum dialect *ret_dialect, struct err *e);

// The language that a text is most likely in.
enum dialect dialect_guess(struct str text);

// The spec that a text in a language stands for; end it with json_decref. Errors: ERR_INPUT or
// ERR_JSON, field "expr", with a column.
[[nodiscard]] bool dialect_spec(struct str text, enum dialect dialect, json_t **ret_spec,
                                struct err *e);
