// quartz.h - the cron language of Quartz: "0 0 12 ? * MON-FRI", second first, perhaps a year
// behind.
//
// Weekdays are 1-7 from Sunday. Exactly one of day and weekday is `?`. Ranges may run over the end
// of their field (22-2, FRI-MON, NOV-FEB), steps are not wider than it, "/5" is "0/5". Day also
// takes L, L-3, LW, L-3W, 15W; weekday takes 6L, FRIL, 6#3, and L for Saturday, alone only. What
// Quartz itself reads past in silence ("MONDAY", a step behind names, an eighth field) is either
// meant or refused here; test/differential/quartz.py lists where the two differ.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "trigger/calendar.h"

// Compiles a text. Errors: ERR_INPUT, field "expr", with the column of the item at fault.
[[nodiscard]] bool quartz_parse(struct str expr, struct calendar *ret_calendar, struct err *e);

// Adds the fields of a text that quartz_parse accepts, as crontab_str does: month='*', day='?',
// day_of_week='mon-fri', hour='12', minute='0', second='0'.
void quartz_str(struct str expr, struct buf *out);
