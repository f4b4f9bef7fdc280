// field_text.c - the shortest usual text for a set: `*`, a step, or a list of runs.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/field_text.h"

#include "trigger/mask.h"

#define STEPS_MIN 3 // values that are rather written as a step than as a list
#define RUN_MIN 3   // and as a range

static uint64_t all_of(const struct field_style *style)
{
    return mask_range(style->min, style->max);
}

// The values min, min + step, ... of the field.
static uint64_t stepped(const struct field_style *style, int step)
{
    uint64_t mask = 0;

    for (int value = style->min; value <= style->max; value += step)
        mask |= UINT64_C(1) << value;
    return mask;
}

static void value_write(int value, const struct field_style *style, struct buf *out)
{
    if (style->names)
        buf_add_text(out, style->names[value - style->min]);
    else
        buf_add_number(out, (uint64_t)value, style->digits);
}

static void range_write(int from, int to, const struct field_style *style, struct buf *out)
{
    value_write(from, style, out);
    if (to == from)
        return;
    buf_add_text(out, style->range);
    value_write(to, style, out);
}

static void list_write(uint64_t mask, const struct field_style *style, struct buf *out)
{
    const char *separator = "";

    while (mask != 0) {
        int from = mask_first(mask), to = mask_run_end(mask, from);

        if (to - from < RUN_MIN - 1)
            to = from;
        mask &= ~mask_range(from, to);
        buf_add_text(out, separator);
        range_write(from, to, style, out);
        separator = ",";
    }
}

// The step of a set that is better written as one: 0 for the others. Two values are only so when
// the field's end is all that ends them: "*/30".
static int step_of(uint64_t mask, const struct field_style *style, enum field_star star)
{
    int step = mask_step(mask);
    bool is_short = style->has_open_step || (style->has_star_step && star != STAR_NEVER);

    if (step < 2 || style->names)
        return 0;
    return mask_count(mask) >= STEPS_MIN || (is_short && mask == stepped(style, step)) ? step : 0;
}

bool field_has_star(uint64_t mask, const struct field_style *style)
{
    int step = step_of(mask, style, STAR_FREE);

    return mask == all_of(style) || (step && style->has_star_step && mask == stepped(style, step));
}

// "*/n" and what it leaves out.
static bool star_write(uint64_t mask, const struct field_style *style, struct buf *out)
{
    int width = style->max - style->min;

    for (int step = 2; step <= (style->steps_fit ? width : width + 1); step++) {
        uint64_t part = stepped(style, step);

        if (part & ~mask)
            continue;
        buf_printf(out, "*/%d", step);
        if (mask != part) {
            buf_add_byte(out, ',');
            list_write(mask & ~part, style, out);
        }
        return true;
    }
    return false;
}

static void step_write(uint64_t mask, int step, enum field_star star,
                       const struct field_style *style, struct buf *out)
{
    int last = mask_last(mask);

    if (star != STAR_NEVER && style->has_star_step && mask == stepped(style, step)) {
        buf_printf(out, "*/%d", step);
        return;
    }
    if (style->has_open_step && last + step > style->max)
        last = mask_first(mask);
    range_write(mask_first(mask), last, style, out);
    buf_printf(out, "/%d", step);
}

bool field_text(uint64_t mask, const struct field_style *style, enum field_star star,
                struct buf *out)
{
    int step = step_of(mask, style, star);

    if (mask == all_of(style) && star != STAR_NEVER)
        buf_add_byte(out, '*');
    else if (star == STAR_MUST && !field_has_star(mask, style))
        return style->has_star_step && star_write(mask, style, out);
    else if (step)
        step_write(mask, step, star, style, out);
    else
        list_write(mask, style, out);
    return true;
}

// ---- years

static int years_end(const struct calendar *c, int from)
{
    while (calendar_has_year(c, from + 1))
        from++;
    return from;
}

static int year_after(const struct calendar *c, int year)
{
    do
        year++;
    while (year <= CALENDAR_YEAR_MAX && !calendar_has_year(c, year));
    return year;
}

// The last of at least STEPS_MIN years that lie equally far apart; 0 when the next ones do not.
static int years_step(const struct calendar *c, int first, int *ret_step)
{
    int step = year_after(c, first) - first, last = first, count = 1;

    while (last + step <= CALENDAR_YEAR_MAX && year_after(c, last) == last + step) {
        last += step;
        count++;
    }
    *ret_step = step;
    return step > 1 && count >= STEPS_MIN ? last : 0;
}

void field_years(const struct calendar *c, const struct field_style *style, struct buf *out)
{
    const char *separator = "";
    int year = year_after(c, CALENDAR_YEAR_MIN - 1);

    if (calendar_has_all_years(c)) {
        buf_add_byte(out, '*');
        return;
    }
    while (year <= CALENDAR_YEAR_MAX) {
        int step, to = years_step(c, year, &step);

        buf_add_text(out, separator);
        separator = ",";
        if (to && style->has_open_step && to + step > CALENDAR_YEAR_MAX) {
            buf_printf(out, "%d/%d", year, step);
        } else if (to) {
            buf_printf(out, "%d%s%d/%d", year, style->range, to, step);
        } else {
            to = years_end(c, year);
            buf_printf(out, to > year ? "%d%s%d" : "%d", year, style->range, to);
        }
        year = year_after(c, to);
    }
}
