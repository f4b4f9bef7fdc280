// http_range.c - reads Range headers.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_range.h"

// Digits only. What is larger than any body is as good as its end.
static bool place_read(struct str text, int64_t *ret)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    if (text.len > 0 && !str_to_int(text, ret))
        *ret = INT64_MAX;
    return text.len > 0;
}

bool http_range_read(struct str value, struct http_range *ret)
{
    static const struct str unit = STR_LIT("bytes=");
    struct str rest, first;
    int64_t from = -1, to = INT64_MAX;

    if (value.len <= unit.len || !str_eq_nocase(str_cut(value, 0, unit.len), unit))
        return false;
    rest = str_trim(str_cut(value, unit.len, value.len));
    if (!str_next(&rest, '-', &first) || !rest.p)
        return false;
    if (first.len > 0 && !place_read(first, &from))
        return false;
    if ((rest.len > 0 || first.len == 0) && !place_read(rest, &to))
        return false;
    if (from > to)
        return false;
    *ret = (struct http_range){from, to};
    return true;
}

bool http_range_fit(const struct http_range *range, int64_t total, int64_t *ret_from,
                    int64_t *ret_to)
{
    int64_t from = range->first, to = total;

    if (from < 0)
        from = range->last < total ? total - range->last : 0;
    else if (range->last < total)
        to = range->last + 1;
    if (from >= to)
        return false;
    *ret_from = from;
    *ret_to = to;
    return true;
}
