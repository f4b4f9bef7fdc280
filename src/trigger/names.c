// names.c - month and weekday names to numbers.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/names.h"

const char *const month_names[12] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};
const char *const month_full_names[12] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
const char *const weekday_names[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
const char *const weekday_full_names[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                           "Friday", "Saturday", "Sunday"};

static int find(struct str s, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (str_eq_nocase(s, str_of(names[i])))
            return i;
    return -1;
}

int name_month(struct str s)
{
    return find(s, month_names, 12) + 1;
}

int name_weekday(struct str s)
{
    return find(s, weekday_names, 7);
}

int name_weekday_full(struct str s)
{
    int weekday = find(s, weekday_full_names, 7);

    return weekday < 0 ? name_weekday(s) : weekday;
}
