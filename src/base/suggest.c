// suggest.c - "did you mean": edit distance, bounded, on small tables.
// SPDX-License-Identifier: Apache-2.0
//
// The optimal string alignment distance: three rows of the usual table, since a swap of two
// neighbours looks back two rows.
#include "base/suggest.h"

#define WORD_MAX 64

static int min_of(int a, int b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same(struct str a, size_t i, struct str b, size_t j)
{
    return lower(a.p[i]) == lower(b.p[j]);
}

static int distance(struct str a, struct str b)
{
    int rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= a.len; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i + 2) % 3];
        const int *two_above = rows[(i + 1) % 3];

        row[0] = (int)i;
        for (size_t j = 1; j <= b.len; j++) {
            int best = above[j - 1] + !is_same(a, i - 1, b, j - 1);

            best = min_of(best, min_of(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && is_same(a, i - 1, b, j - 2) && is_same(a, i - 2, b, j - 1))
                best = min_of(best, two_above[j - 2] + 1);
            row[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *suggest_find(struct str word, const char *const *names, size_t count)
{
    int limit = word.len <= 4 ? 1 : word.len <= 8 ? 2 : 3;
    const char *best = NULL;

    if (word.len == 0 || word.len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct str name = str_of(names[i]);
        int d = name.len <= WORD_MAX ? distance(word, name) : WORD_MAX;

        if (d <= limit && (size_t)d < name.len) {
            best = names[i];
            limit = d - 1;
        }
    }
    return best;
}
