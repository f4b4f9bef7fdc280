// names.h - the names of months and weekdays.
#pragma once

#include "base/str.h"

extern const char *const month_names[12];       // jan .. dec
extern const char *const month_full_names[12];  // January .. December
extern const char *const weekday_names[7];      // mon .. sun
extern const char *const weekday_full_names[7]; // Monday .. Sunday

// 1-12, or 0 when s is no month's name. Case does not count.
int name_month(struct str s);

// 0 (Monday) to 6, or -1. The second one knows the full names too.
int name_weekday(struct str s);
int name_weekday_full(struct str s);
