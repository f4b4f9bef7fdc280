// macro.h - crontab texts that say more than a crontab can: a zone in front, or a macro that is a
// schedule of another kind.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "time/zone.h"

// Puts the spec of a trigger in other words when its expr needs them:
//   CRON_TZ=Zone ..., TZ=Zone ...      "timezone" is that zone
//   @every 1h30m                       an interval, of a duration.h length
//   @at 2026-02-01T10:00               a date
//   @reboot, @startup                  when the scheduler starts
//   @manual, @manually                 only when asked
// *ret_spec is the new spec, the caller's (json_decref), or NULL when the one given will do.
// Errors: ERR_INPUT, field "expr" with a column, or "timezone" when it contradicts the zone in
// front.
[[nodiscard]] bool macro_expand(const json_t *spec, struct zones *zones, json_t **ret_spec,
                                struct err *e);

// Lets an error that was met in the new spec point into the expr of the one that was given.
void macro_blame(const json_t *spec, struct err *e);
