// crontab.h - crontab text: "30 2 * * mon-fri", with seconds in front or a year behind, and @daily.
//
// Weekdays are 0-7, both ends Sunday. When neither day field begins with `*` or is `?`, a day
// needs to match only one of them. Day also takes L, L-3, LW, 15W; weekday takes 5L, fri#L, 5#2.
// The rules in full: README.md here.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "trigger/calendar.h"

enum crontab_field {
    CRONTAB_SECOND,
    CRONTAB_MINUTE,
    CRONTAB_HOUR,
    CRONTAB_DAY,
    CRONTAB_MONTH,
    CRONTAB_WEEKDAY,
    CRONTAB_YEAR,
    CRONTAB_COUNT,
};

// Compiles a text. Errors: ERR_INPUT, field "expr", with the column of the item at fault.
[[nodiscard]] bool crontab_parse(struct str expr, struct calendar *ret_calendar, struct err *e);

// Adds the fields of a text that crontab_parse accepts in the form of APScheduler's str(), most
// significant first and weekdays as names: month='*', day='*', day_of_week='mon-fri', hour='2',
// minute='30'.
void crontab_str(struct str expr, struct buf *out);
