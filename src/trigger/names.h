// names.h - the three-letter names of months and weekdays.
#pragma once

#include "base/str.h"

extern const char *const month_names[12];  // jan .. dec
extern const char *const weekday_names[7]; // mon .. sun

// 1-12, or 0 when s is no month's name. Case does not count.
int name_month(struct str s);

// 0 (Monday) to 6, or -1.
int name_weekday(struct str s);
