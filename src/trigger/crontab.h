// crontab.h - crontab text: "30 2 * * mon-fri", with seconds in front or a year behind, and @daily.
//
// Weekdays are 0-7, both ends Sunday. When neither day field begins with `*`, is `?` or has a + in
// front, a day needs to match only one of them. Day also takes L, L-3, LW, L-3W, 15W; weekday takes
// 5L, fri#L, 5#2. H and ~ are hashed as cron_field.h tells. Macros, in any case: @yearly @annually
// @semiannually @quarterly @monthly @weekly @daily @midnight @weekdays @weekends @hourly @minutely
// @every_minute @secondly @every_second; those of other kinds are macro.h's.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "trigger/calendar.h"

// Compiles a text; a zone in front is passed over, and H and ~ are those of an empty salt. Errors:
// ERR_INPUT, field "expr", with the column of the item at fault.
[[nodiscard]] bool crontab_parse(struct str expr, struct calendar *ret_calendar, struct err *e);

// As crontab_parse, for a salt. *ret_is_hashed: there is H or ~, so the salt matters.
[[nodiscard]] bool crontab_parse_salted(struct str expr, struct str salt,
                                        struct calendar *ret_calendar, bool *ret_is_hashed,
                                        struct err *e);

// Adds the fields of a text that crontab_parse accepts in the form of APScheduler's str(), most
// significant first and weekdays as names: month='*', day='*', day_of_week='mon-fri', hour='2',
// minute='30'.
void crontab_str(struct str expr, struct str salt, struct buf *out);

// Where the schedule itself begins: behind blanks and "CRON_TZ=Zone " or "TZ=Zone ". *ret_zone is
// the zone's name inside expr, which may be empty; p NULL: there is none.
size_t crontab_zone(struct str expr, struct str *ret_zone);
