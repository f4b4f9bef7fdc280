// words_fraction.c - says minutes as words.c does, and adds where in them the slots are.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words_fraction.h"

#include "time/duration.h"
#include "trigger/words.h"

#define ALL_60 ((UINT64_C(1) << 60) - 1)
#define ALL_24 ((UINT64_C(1) << 24) - 1)

static bool is_even(const struct fractions *f);
static bool say_even(const struct fractions *f, struct buf *out);
static void say_places(const struct fractions *f, struct buf *out);

void words_fractions(const struct fractions *f, struct buf *out)
{
    struct calendar minutes = f->calendar;

    if (is_even(f) && say_even(f, out))
        return;
    minutes.seconds = 1;
    words_calendar(&minutes, out);
    buf_add_text(out, ", ");
    say_places(f, out);
    buf_add_text(out, " of the minute");
}

// One step that runs on from minute to minute, through all of them.
static bool is_even(const struct fractions *f)
{
    const struct fraction *step = f->steps;

    return f->count == 1 && step->from_us == 0 && MINUTE_US % step->step_us == 0 &&
           step->to_us > MINUTE_END_US - step->step_us && f->calendar.minutes == ALL_60 &&
           f->calendar.hours == ALL_24;
}

// "every second on Mondays", but with the step. False, with nothing said, when the sentence does
// not begin so.
static bool say_even(const struct fractions *f, struct buf *out)
{
    struct str second = STR_LIT("every second");
    struct calendar c = f->calendar;
    struct buf words;

    c.seconds = ALL_60;
    buf_init(&words, out->max);
    words_calendar(&c, &words);
    bool ok = str_starts(buf_str(&words), second);
    if (ok) {
        words_interval(f->steps->step_us, out);
        buf_add(out, str_cut(buf_str(&words), second.len, words.len));
    }
    buf_done(&words);
    return ok;
}

// "7.5"
static void say_second(int64_t us, struct buf *out)
{
    buf_printf(out, "%lld", (long long)(us / SECOND_US));
    if (us % SECOND_US == 0)
        return;
    int64_t rest = us % SECOND_US;
    int digits = 6;

    for (; rest % 10 == 0; rest /= 10)
        digits--;
    buf_add_byte(out, '.');
    buf_add_number(out, (uint64_t)rest, digits);
}

static bool is_single(const struct fraction *f)
{
    return f->to_us - f->from_us < f->step_us;
}

// "at seconds 0.5, 7 and 30"; returns how many steps that covers.
static int say_singles(const struct fractions *f, struct buf *out)
{
    int count = 0, said = 0;

    for (int i = 0; i < f->count; i++)
        count += is_single(&f->steps[i]);
    for (int i = 0; i < f->count; i++) {
        if (!is_single(&f->steps[i]))
            continue;
        buf_add_text(out, said > 0     ? said == count - 1 ? " and " : ", "
                          : count == 1 ? "at second "
                                       : "at seconds ");
        say_second(f->steps[i].from_us, out);
        said++;
    }
    return count;
}

// "at second 30 and every 2.5 seconds from second 0 to 10"
static void say_places(const struct fractions *f, struct buf *out)
{
    int said = say_singles(f, out);

    for (int i = 0; i < f->count; i++) {
        const struct fraction *step = &f->steps[i];

        if (is_single(step))
            continue;
        buf_add_text(out, said++ > 0 ? " and " : "");
        words_interval(step->step_us, out);
        buf_add_text(out, " from second ");
        say_second(step->from_us, out);
        buf_add_text(out, " to ");
        say_second(step->to_us - (step->to_us - step->from_us) % step->step_us, out);
    }
}
