// phrase.c - commas, "and", runs and steps.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/phrase.h"

#include "trigger/mask.h"

void phrase_next(struct phrase_join *j)
{
    j->left--;
    if (j->is_begun)
        buf_add_text(j->out, j->left > 0 ? ", " : j->is_or ? " or " : " and ");
    j->is_begun = true;
}

void phrase_number(int value, struct buf *out)
{
    buf_printf(out, "%d", value);
}

// Two neighbours are two items, three are a run.
static int item_end(uint64_t mask, int from)
{
    int to = mask_run_end(mask, from);

    return to - from == 1 ? from : to;
}

static uint64_t without(uint64_t mask, int from, int to)
{
    return mask & ~mask_range(from, to);
}

static void item_say(int from, int to, phrase_fn *say, struct buf *out)
{
    say(from, out);
    if (to != from) {
        buf_add_text(out, " to ");
        say(to, out);
    }
}

void phrase_list(uint64_t mask, phrase_fn *say, struct buf *out)
{
    struct phrase_join join = {.out = out};

    for (uint64_t left = mask; left != 0; join.left++)
        left = without(left, mask_first(left), item_end(left, mask_first(left)));
    while (mask != 0) {
        int from = mask_first(mask), to = item_end(mask, from);

        phrase_next(&join);
        item_say(from, to, say, out);
        mask = without(mask, from, to);
    }
}

void phrase_cycle(uint64_t mask, int first, int count, phrase_fn *say, struct buf *out)
{
    uint64_t rest = mask_range(first, first + count - 1) & ~mask;
    int from = mask_last(rest | 1) + 1, to = mask_first(rest | UINT64_C(1) << 63) - 1;
    bool is_wrapped = rest != 0 && mask_run_count(rest) == 1 && (mask >> first & 1) &&
                      (mask >> (first + count - 1) & 1) && mask_count(mask) > 2;

    if (is_wrapped)
        item_say(from, to, say, out);
    else
        phrase_list(mask, say, out);
}

bool phrase_is_steps(uint64_t mask)
{
    return mask_count(mask) >= PHRASE_STEPS_MIN && mask_step(mask) > 1;
}

void phrase_units(uint64_t mask, const char *unit, struct buf *out)
{
    if (phrase_is_steps(mask)) {
        buf_add_text(out, "every ");
        phrase_ordinal(mask_step(mask), out);
        buf_printf(out, " %s from %d to %d", unit, mask_first(mask), mask_last(mask));
        return;
    }
    buf_printf(out, mask_is_single(mask) ? "%s " : "%ss ", unit);
    phrase_list(mask, phrase_number, out);
}

void phrase_ordinal(int64_t n, struct buf *out)
{
    static const char *const ends[] = {"th", "st", "nd", "rd"};

    buf_printf(out, "%lld%s", (long long)n, n / 10 % 10 != 1 && n % 10 < 4 ? ends[n % 10] : "th");
}
