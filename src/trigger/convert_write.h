// convert_write.h - the writers behind convert.h, one for each language.
//
// Each brings the pattern into the form that its language has and adds the spec's own members,
// "expr" or others. What of the pattern's bounds it has written itself it takes away from the
// pattern: the rest become members that all kinds share. Those of the trigger itself ("timezone",
// "jitter", "dst",
// ...) are in common: a writer changes there what its language has another meaning for.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "trigger/pattern.h"

typedef bool convert_fn(struct pattern *p, json_t *spec, json_t *common, struct err *e);

convert_fn convert_cron, convert_quartz, convert_fields, convert_oncalendar, convert_rrule,
    convert_iso8601, convert_interval;

// Any trigger that has so few runs to come that they can be listed.
[[nodiscard]] bool convert_date(const struct trigger *t, wall now, json_t *spec, json_t *common,
                                struct err *e);
