// size.c - reads amounts of bytes.
// SPDX-License-Identifier: Apache-2.0
#include "base/size.h"

// The power of 1024 that a unit stands for; -1 for what is none.
static int unit_power(struct str unit)
{
    static const char letters[] = "kmgt";
    struct str rest = unit.len > 0 ? str_cut(unit, 1, unit.len) : unit;

    if (unit.len == 0 || str_eq_nocase(unit, STR_LIT("b")))
        return 0;
    if (rest.len > 0 && !str_eq_nocase(rest, STR_LIT("b")) && !str_eq_nocase(rest, STR_LIT("ib")))
        return -1;
    for (int i = 0; letters[i]; i++)
        if ((unit.p[0] | 0x20) == letters[i])
            return i + 1;
    return -1;
}

bool size_parse(struct str s, int64_t *ret_bytes, struct err *e)
{
    size_t digits = 0;
    int64_t n = 0;
    int power;

    while (digits < s.len && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    power = unit_power(str_trim(str_cut(s, digits, s.len)));
    if (!str_to_int(str_cut(s, 0, digits), &n) || power < 0 || n > INT64_MAX >> (10 * power)) {
        (void)fail(e, ERR_INPUT, NULL, "\"%.*s\" is not a number of bytes", STR(s));
        return fail_hint(e, "write it as 1048576, 1024K, 1M or 1G");
    }
    *ret_bytes = n << (10 * power);
    return true;
}
