// combination_fuzz.c - bytes that build a tree of "and" and "or" over small triggers: refused, or a
// trigger that keeps its laws.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fuzz.h"

#include <stdio.h>

// The bytes, and how far they are used up; a 0 follows the last.
struct source {
    const uint8_t *data;
    size_t left;
};

static int byte_next(struct source *s)
{
    if (s->left == 0)
        return 0;
    s->left--;
    return *s->data++;
}

static json_t *cron_make(struct source *s)
{
    static const char *const days[] = {"*", "1", "L", "15W", "*/2", "13", "1-7", "29"};
    static const char *const weekdays[] = {"*", "mon", "1-5", "5L", "2#2", "sat,sun", "*", "*"};
    static const char *const zones[] = {"Europe/Berlin", "UTC", "America/Santiago", "Pacific/Apia"};
    static const char *const policies[] = {"default", "skip", "first", "shift", "both", "utc"};
    int a = byte_next(s), b = byte_next(s), c = byte_next(s);
    char text[100];

    snprintf(text, sizeof text, "%s%d%s %d-%d %s %s %s", a & 64 ? "*/" : "", 1 + a % 59,
             a & 128 ? ",0" : "", b % 12, b % 12 + b / 22, days[b & 7],
             c & 8    ? "*"
             : c & 16 ? "2"
                      : "6-12",
             weekdays[c & 7]);
    return json_pack("{ss ss ss}", "expr", text, "timezone", zones[c >> 5 & 3], "dst",
                     policies[a % 6]);
}

static json_t *leaf_make(struct source *s, int what)
{
    static const char *const repeats[] = {"R/2026-01-01T02:30:00/P1D", "R20/2026-01-31/P1M",
                                          "R/2026-01-01T00:00:00Z/PT7H",
                                          "R9/PT90M/2026-03-29T03:00:00"};
    int n = byte_next(s);
    char date[40];

    snprintf(date, sizeof date, "2026-%02d-%02d %02d:30", 1 + n % 12, 1 + n % 28, n % 24);
    switch (what) {
    case 0:
        return json_pack("{ss si ss}", "type", "interval", "minutes", 1 + n, "start_date", date);
    case 1:
        return json_pack("{ss ss}", "type", "iso8601", "expr", repeats[n & 3]);
    case 2:
        return json_pack("{ss s[ss]}", "type", "date", "run_dates", date, "2026-03-29 02:30");
    case 3:
        return json_pack("{ss si si ss}", "type", "calendarinterval", "days", n & 15, "months",
                         n >> 4, "start_date", date);
    default:
        return cron_make(s);
    }
}

static json_t *tree_make(struct source *s, int depth)
{
    int head = byte_next(s);
    json_t *list = json_array(), *tree;

    if (depth > 5 || head < 160) {
        json_decref(list);
        return leaf_make(s, head % 8);
    }
    for (int i = 0; i <= head % 5; i++)
        json_array_append_new(list, tree_make(s, depth + 1));
    tree = json_pack("{ss so}", "type", head & 8 ? "and" : "or", "triggers", list);
    if (head & 16)
        json_object_set_new(tree, "end_date", json_string("2026-11-01"));
    if (head & 32)
        json_object_set_new(tree, "max_runs", json_integer(1 + head % 50));
    return tree;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source s = {data, size};

    trigger_fuzz(tree_make(&s, 0));
    return 0;
}
