// event_kind.c - schedules that follow an event: the end of a run, a start of the scheduler, a
// person.
//
// Their slots are made by the scheduler, which knows the events; here is only what they say.
// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"
#include "trigger/kind.h"
#include "trigger/spec.h"
#include "trigger/words.h"

#define DELAY_MAX_US (366 * DAY_US)

static bool delay_read(const json_t *spec, struct trigger *t, struct err *e)
{
    struct spec_text text;

    return spec_text(spec, "delay", &text, e) &&
           (!text.s.p || duration_parse(text.s, "delay", &t->every_us, e)) &&
           (t->every_us <= DELAY_MAX_US ||
            fail(e, ERR_INPUT, "delay", "delay must be at most 366 days"));
}

static bool after_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                       struct err *e)
{
    (void)reader;
    if (!delay_read(spec, t, e))
        return false;
    return t->every_us > 0 ||
           fail(e, ERR_INPUT, "delay", "a trigger of type after needs a delay, such as 5m");
}

static bool startup_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                         struct err *e)
{
    (void)reader;
    return delay_read(spec, t, e);
}

static bool manual_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                        struct err *e)
{
    (void)spec, (void)reader, (void)t, (void)e;
    return true;
}

static wall after_next(const struct trigger *t, wall after)
{
    return after.us >= kind_horizon().us - t->every_us ? WALL_NEVER
                                                       : (wall){after.us + t->every_us};
}

static wall no_slot(const struct trigger *t, wall at)
{
    (void)t, (void)at;
    return WALL_NEVER;
}

static int64_t no_slots(const struct trigger *t, wall after, wall upto, int64_t max, wall *ret_last)
{
    (void)t, (void)after, (void)upto, (void)max;
    *ret_last = WALL_NEVER;
    return 0;
}

static void delay_write(const struct trigger *t, struct json_write *w)
{
    struct buf text;

    if (t->every_us == 0)
        return;
    buf_init(&text, 64);
    duration_write(t->every_us, &text);
    json_write_key(w, "delay");
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void manual_write(const struct trigger *t, struct json_write *w)
{
    (void)t, (void)w;
}

static void print(const struct trigger *t, struct buf *out)
{
    buf_add_text(out, t->kind->type);
    buf_add_byte(out, '[');
    if (t->every_us != 0)
        duration_python(t->every_us, out);
    buf_add_byte(out, ']');
}

static void after_words(const struct trigger *t, struct buf *out)
{
    words_length(t->every_us, out);
    buf_add_text(out, " after the end of the run before");
}

static void startup_words(const struct trigger *t, struct buf *out)
{
    if (t->every_us != 0) {
        words_length(t->every_us, out);
        buf_add_text(out, " after each start of the scheduler");
    } else {
        buf_add_text(out, "at each start of the scheduler");
    }
}

static void manual_words(const struct trigger *t, struct buf *out)
{
    (void)t;
    buf_add_text(out, "only when started by hand");
}

static const char *const delay_keys[] = {"delay", NULL};
static const char *const no_keys[] = {NULL};

const struct kind after_kind = {
    .id = TRIGGER_AFTER,
    .type = "after",
    .keys = delay_keys,
    .common = COMMON_TIMEZONE | COMMON_JITTER,
    .is_relative = true,
    .grain_us = 1,
    .read = after_read,
    .next = after_next,
    .prev = no_slot,
    .count = no_slots,
    .str = print,
    .write = delay_write,
    .words = after_words,
};

const struct kind startup_kind = {
    .id = TRIGGER_STARTUP,
    .type = "startup",
    .keys = delay_keys,
    .common = COMMON_TIMEZONE | COMMON_JITTER,
    .is_relative = true,
    .grain_us = 1,
    .read = startup_read,
    .next = no_slot,
    .prev = no_slot,
    .count = no_slots,
    .str = print,
    .write = delay_write,
    .words = startup_words,
};

const struct kind manual_kind = {
    .id = TRIGGER_MANUAL,
    .type = "manual",
    .keys = no_keys,
    .common = COMMON_TIMEZONE,
    .is_relative = true,
    .grain_us = 1,
    .read = manual_read,
    .next = no_slot,
    .prev = no_slot,
    .count = no_slots,
    .str = print,
    .write = manual_write,
    .words = manual_words,
};
