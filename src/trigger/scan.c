// scan.c - the few reading steps that all field languages share.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/scan.h"

#include <stdarg.h>
#include <stdio.h>

char scan_peek(const struct scan *s)
{
    return s->at < s->end ? s->text.p[s->at] : '\0';
}

bool scan_is_done(const struct scan *s)
{
    return s->at >= s->end;
}

bool scan_take(struct scan *s, char c)
{
    if (s->at >= s->end || s->text.p[s->at] != c)
        return false;
    s->at++;
    return true;
}

bool scan_digits(struct scan *s, int *ret_n)
{
    size_t start = s->at;
    int n = 0;

    for (; s->at < s->end && s->text.p[s->at] >= '0' && s->text.p[s->at] <= '9'; s->at++)
        n = s->at - start < 9 ? n * 10 + (s->text.p[s->at] - '0') : 999999999;
    if (s->at == start)
        return false;
    *ret_n = n;
    return true;
}

struct str scan_letters(struct scan *s)
{
    size_t start = s->at;

    while (s->at < s->end && ((s->text.p[s->at] | 32) >= 'a' && (s->text.p[s->at] | 32) <= 'z'))
        s->at++;
    return str_cut(s->text, start, s->at);
}

bool scan_fail(const struct scan *s, size_t at, const char *format, ...)
{
    char why[240];
    va_list args;

    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return fail_at(s->e, ERR_INPUT, s->key, (int)at + 1, "%s %s", s->what, why);
}

bool scan_fail_item(const struct scan *s, size_t at, const char *would_do)
{
    size_t from = at < s->end ? at : s->end, to = from;

    while (from > s->from && s->text.p[from - 1] != ',' && s->text.p[from - 1] != ' ' &&
           s->text.p[from - 1] != '\t')
        from--;
    while (to < s->end && s->text.p[to] != ',')
        to++;
    if (from >= to)
        return scan_fail(s, at, "has an empty place: %s", would_do);
    if (to - from > 60)
        to = from + 60;
    return scan_fail(s, at, "does not understand \"%.*s\": %s", (int)(to - from), s->text.p + from,
                     would_do);
}
