// retries.c - when a run is tried again: which ends count, and how long it waits.
// SPDX-License-Identifier: Apache-2.0
#include "job/retries.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "time/duration.h"

#define CODES_ALL "1-255"

const char *const retries_backoff_names[] = {"fixed", "linear", "exponential", "list", NULL};

struct form {
#define X(member, ctype, ...) ctype member;
#include "job/retries.def"
#undef X
};

struct on_form {
#define X(member, ctype, ...) ctype member;
#include "job/retry_on.def"
#undef X
};

static const struct model_field on_fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct on_form, member), __VA_ARGS__},
#include "job/retry_on.def"
#undef X
};

const struct model retry_on_model = {
    .name = "RetryOn",
    .doc = "Which ends of an attempt are followed by another.",
    .fields = on_fields,
    .count = MODEL_COUNT(on_fields),
    .size = sizeof(struct on_form),
    .extra = MODEL_EXTRA_FORBID,
};

static const struct model_field form_fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct form, member), __VA_ARGS__},
#include "job/retries.def"
#undef X
};

const struct model retries_model = {
    .name = "Retries",
    .doc = "When a run is tried again. A plain number n means {\"max\":n}.",
    .fields = form_fields,
    .count = MODEL_COUNT(form_fields),
    .size = sizeof(struct form),
    .extra = MODEL_EXTRA_FORBID,
};

static bool delays_read(const json_t *list, struct str loc, struct model_issues *issues,
                        struct retries *r);
static bool codes_read(struct str text, struct str loc, struct model_issues *issues,
                       struct retries *r);
static void text_make(struct retries *r, struct str codes);

// ---- reading ----

static bool on_read(const json_t *value, struct str loc, struct model_issues *issues,
                    struct retries *r, struct str *ret_codes)
{
    struct on_form on;

    if (!model_decode(&retry_on_model, value, loc, &on, NULL, issues))
        return false;
    r->on_timeout = on.timeout;
    r->on_lost = on.lost;
    *ret_codes = on.exit_codes.len > 0 ? on.exit_codes : STR_LIT(CODES_ALL);
    return codes_read(*ret_codes, model_loc(issues->arena, loc, STR_LIT("exit_codes")), issues, r);
}

static bool form_read(const struct form *form, struct str loc, struct model_issues *issues,
                      struct retries *r, struct str *ret_codes)
{
    r->max = (int32_t)form->max;
    r->backoff = (enum retries_backoff)form->backoff;
    r->delay_us = form->delay;
    r->factor = form->factor;
    r->max_delay_us = form->max_delay;
    r->jitter_us = form->jitter;
    if (form->delays && r->backoff != BACKOFF_LIST)
        return model_complain(issues, "value_error",
                              model_loc(issues->arena, loc, STR_LIT("delays")), form->delays, "",
                              "Value error, delays belong to backoff \"list\"");
    if (r->backoff == BACKOFF_LIST &&
        !delays_read(form->delays, model_loc(issues->arena, loc, STR_LIT("delays")), issues, r))
        return false;
    return on_read(form->on, model_loc(issues->arena, loc, STR_LIT("on")), issues, r, ret_codes);
}

bool retries_read(const json_t *value, struct str loc, struct model_issues *issues,
                  struct retries **ret)
{
    json_t *object =
        json_is_integer(value) ? json_pack("{s:O}", "max", value) : json_incref((json_t *)value);
    struct retries *r = mem_alloc(sizeof *r);
    struct form form;
    struct str codes = {0};
    bool ok = model_decode(&retries_model, object, loc, &form, NULL, issues) &&
              form_read(&form, loc, issues, r, &codes);

    if (ok && r->max > 0)
        text_make(r, codes);
    if (ok)
        *ret = r->max > 0 ? r : NULL;
    if (!ok || r->max == 0)
        retries_free(r);
    json_decref(object);
    return ok;
}

// One wait of a list: a duration or a number of seconds.
static bool delay_read(const json_t *value, struct str loc, struct model_issues *issues,
                       int64_t *ret_us)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    struct err e;

    if (json_is_integer(value))
        text = arena_printf(issues->arena, "%lld", (long long)json_integer_value(value));
    if (!json_is_string(value) && !json_is_integer(value))
        return model_complain(issues, "time_delta_type", loc, value, "",
                              "Input should be a valid timedelta");
    if (!duration_parse(text, "delays", ret_us, &e))
        return model_complain(issues, "time_delta_parsing", loc, value, "",
                              "Input should be a valid timedelta, %s", e.message);
    return true;
}

static bool delays_read(const json_t *list, struct str loc, struct model_issues *issues,
                        struct retries *r)
{
    const json_t *item;
    size_t index;

    if (json_array_size(list) == 0)
        return model_complain(issues, "value_error", loc, list, "",
                              "Value error, backoff \"list\" needs a list of delays");
    json_array_foreach((json_t *)list, index, item)
    {
        struct str at = arena_printf(issues->arena, "%.*s,%zu", STR(loc), index);

        if (!delay_read(item, at, issues, &r->delays_us[index]))
            return false;
    }
    r->delay_count = (int32_t)json_array_size(list);
    return true;
}

static bool range_read(struct str part, int64_t *ret_first, int64_t *ret_last)
{
    struct str first;

    if (!str_next(&part, '-', &first) || !str_to_int(str_trim(first), ret_first))
        return false;
    *ret_last = *ret_first;
    if (part.p && !str_to_int(str_trim(part), ret_last))
        return false;
    return *ret_first >= 0 && *ret_first <= *ret_last && *ret_last <= 255;
}

static bool codes_read(struct str text, struct str loc, struct model_issues *issues,
                       struct retries *r)
{
    struct str rest = text, part;
    int64_t first, last;

    while (str_next(&rest, ',', &part)) {
        if (!range_read(part, &first, &last))
            return model_complain(issues, "value_error", loc, NULL, "",
                                  "Value error, \"%.*s\" is no list of exit codes such as "
                                  "\"1-3,75\"",
                                  STR(model_short(text)));
        for (int64_t code = first; code <= last; code++)
            r->codes[code / 64] |= UINT64_C(1) << (code % 64);
    }
    return true;
}

static json_t *duration_json(int64_t us)
{
    struct buf text;
    json_t *value;

    buf_init(&text, 64);
    duration_write(us, &text);
    value = json_stringn(text.p, text.len);
    buf_done(&text);
    return value;
}

static void text_make(struct retries *r, struct str codes)
{
    json_t *object =
        json_pack("{s:i,s:s,s:o}", "max", (int)r->max, "backoff", retries_backoff_names[r->backoff],
                  "delay", duration_json(r->delay_us));
    json_t *delays = json_array();
    char *text;

    for (int i = 0; i < r->delay_count; i++)
        (void)json_array_append_new(delays, duration_json(r->delays_us[i]));
    if (r->delay_count > 0)
        (void)json_object_set(object, "delays", delays);
    (void)json_object_set_new(object, "factor", json_real(r->factor));
    (void)json_object_set_new(object, "max_delay", duration_json(r->max_delay_us));
    (void)json_object_set_new(object, "jitter", duration_json(r->jitter_us));
    (void)json_object_set_new(object, "on",
                              json_pack("{s:o,s:b,s:b}", "exit_codes",
                                        json_stringn(codes.p, codes.len), "timeout",
                                        (int)r->on_timeout, "lost", (int)r->on_lost));
    text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    assert(text);
    r->text = (struct str){str_own(str_of(text)), strlen(text)};
    free(text);
    json_decref(delays);
    json_decref(object);
}

struct retries *retries_copy(const struct retries *r)
{
    struct retries *copy;

    if (!r)
        return NULL;
    copy = mem_alloc(sizeof *copy);
    *copy = *r;
    copy->text.p = str_own(r->text);
    return copy;
}

void retries_free(struct retries *r)
{
    if (r)
        free((char *)r->text.p);
    free(r);
}

// ---- deciding ----

bool retries_want(const struct retries *r, const struct run_end *end)
{
    int code = end->signal > 0 ? 128 + end->signal : end->exit_code;

    if (!r)
        return false;
    switch (end->state) {
    case RUN_FAILED:
        return code < 0 || code > 255 || (r->codes[code / 64] >> (code % 64) & 1);
    case RUN_TIMED_OUT:
        return r->on_timeout;
    case RUN_LOST:
        return r->on_lost;
    default:
        return false;
    }
}

static double plain_wait(const struct retries *r, int attempt)
{
    double wait = (double)r->delay_us;

    switch (r->backoff) {
    case BACKOFF_FIXED:
        return wait;
    case BACKOFF_LINEAR:
        return wait * attempt;
    case BACKOFF_LIST:
        return (double)r->delays_us[attempt <= r->delay_count ? attempt - 1 : r->delay_count - 1];
    case BACKOFF_EXPONENTIAL:
        break;
    }
    for (int i = 1; i < attempt && wait < (double)r->max_delay_us; i++)
        wait *= r->factor;
    return wait;
}

int64_t retries_wait_us(const struct retries *r, int64_t run_id, int attempt)
{
    double wait = plain_wait(r, attempt);
    int64_t us = wait < (double)r->max_delay_us ? (int64_t)wait : r->max_delay_us;
    struct rand_seq seq;

    if (r->jitter_us == 0)
        return us;
    rand_seq_init(&seq, (uint64_t)run_id * 31 + (uint64_t)attempt);
    return us + (int64_t)rand_below(&seq, (uint64_t)r->jitter_us + 1);
}
