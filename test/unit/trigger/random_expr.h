// random_expr.h - random crontab text, for tests of what must hold for all of it.
#pragma once

#include <stdio.h>

#include "base/rand.h"
#include "unit.h"

// A field of a random crontab text: `*`, a value, a range, steps, or a list of two.
static inline void field_random(struct rand_seq *r, int min, int max, char *out)
{
    int span = max - min, a = min + (int)rand_below(r, (uint64_t)span + 1);
    int b = a + (int)rand_below(r, (uint64_t)(max - a) + 1), n = 1 + (int)rand_below(r, 9);

    switch (rand_below(r, 7)) {
    case 0:
        snprintf(out, 32, "%d", a);
        break;
    case 1:
        snprintf(out, 32, "%d-%d", a, b);
        break;
    case 2:
        snprintf(out, 32, "*/%d", n);
        break;
    case 3:
        snprintf(out, 32, "%d-%d/%d", a, b, n);
        break;
    case 4:
        snprintf(out, 32, "%d,%d", a, b);
        break;
    case 5:
        snprintf(out, 32, "%d,%d-%d", min, a, b);
        break;
    default:
        snprintf(out, 32, "*");
    }
}

// Crontab text of 7 fields.
static inline void expr_random(struct rand_seq *r, char *out, size_t room)
{
    static const char *const days[] = {"L", "LW", "15W", "L-2", "L-2,1", "1W,L"};
    static const char *const weekdays[] = {"5L", "1#1", "2#2,3", "5#5", "FRI-SUN"};
    char f[7][32];
    static const int min[] = {0, 0, 0, 1, 1, 0, 2020}, max[] = {59, 59, 23, 31, 12, 7, 2045};

    for (int i = 0; i < 7; i++)
        field_random(r, min[i], max[i], f[i]);
    if (rand_below(r, 4) == 0)
        snprintf(f[3], 32, "%s", days[rand_below(r, COUNT(days))]);
    if (rand_below(r, 4) == 0)
        snprintf(f[5], 32, "%s", weekdays[rand_below(r, COUNT(weekdays))]);
    for (int i = 0; i < 7; i++) // keep some of it simple
        if (rand_below(r, 3) > 0)
            snprintf(f[i], 32, i < 3 ? "0" : "*");
    snprintf(out, room, "%s %s %s %s %s %s %s", f[0], f[1], f[2], f[3], f[4], f[5], f[6]);
}
