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
#define STATUSES_ALL "100-999"

const char *const retries_backoff_names[] = {"fixed", "linear", "exponential", "list", NULL};

// Numbers that an end may have, of which some count.
struct numbers {
    const char *member, *words;
    const char *all;
    int64_t last;
};
static const struct numbers exit_codes = {"exit_codes", "exit codes such as \"1-3,75\"", CODES_ALL,
                                          255};
static const struct numbers http_status = {"http_status", "statuses such as \"429,500-599\"",
                                           STATUSES_ALL, 999};

// The two texts, as they were given.
struct on_texts {
    struct str codes, statuses;
};

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
static bool numbers_read(const struct numbers *which, struct str loc, struct model_issues *issues,
                         struct str *text, uint64_t *ret_bits);
static void text_make(struct retries *r, const struct on_texts *texts);

// ---- reading ----

static bool on_read(const json_t *value, struct str loc, struct model_issues *issues,
                    struct retries *r, struct on_texts *ret)
{
    struct on_form on;

    if (!model_decode(&retry_on_model, value, loc, &on, NULL, issues))
        return false;
    r->on_timeout = on.timeout;
    r->on_lost = on.lost;
    *ret = (struct on_texts){on.exit_codes, on.http_status};
    return numbers_read(&exit_codes, loc, issues, &ret->codes, r->codes) &&
           numbers_read(&http_status, loc, issues, &ret->statuses, r->statuses);
}

static bool form_read(const struct form *form, struct str loc, struct model_issues *issues,
                      struct retries *r, struct on_texts *ret_texts)
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
    return on_read(form->on, model_loc(issues->arena, loc, STR_LIT("on")), issues, r, ret_texts);
}

bool retries_read(const json_t *value, struct str loc, struct model_issues *issues,
                  struct retries **ret)
{
    json_t *object =
        json_is_integer(value) ? json_pack("{s:O}", "max", value) : json_incref((json_t *)value);
    struct retries *r = mem_alloc(sizeof *r);
    struct form form;
    struct on_texts texts = {0};
    bool ok = model_decode(&retries_model, object, loc, &form, NULL, issues) &&
              form_read(&form, loc, issues, r, &texts);

    if (ok && r->max > 0)
        text_make(r, &texts);
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

static bool range_read(struct str part, int64_t most, int64_t *ret_first, int64_t *ret_last)
{
    struct str first;

    if (!str_next(&part, '-', &first) || !str_to_int(str_trim(first), ret_first))
        return false;
    *ret_last = *ret_first;
    if (part.p && !str_to_int(str_trim(part), ret_last))
        return false;
    return *ret_first >= 0 && *ret_first <= *ret_last && *ret_last <= most;
}

static bool has_bit(const uint64_t *bits, int64_t n)
{
    return bits[n / 64] >> (n % 64) & 1;
}

// text becomes that of all of them when nothing was given.
static bool numbers_read(const struct numbers *which, struct str loc, struct model_issues *issues,
                         struct str *text, uint64_t *ret_bits)
{
    struct str rest, part;
    int64_t first, last;

    if (text->len == 0)
        *text = str_of(which->all);
    rest = *text;
    while (str_next(&rest, ',', &part)) {
        if (!range_read(part, which->last, &first, &last))
            return model_complain(issues, "value_error",
                                  model_loc(issues->arena, loc, str_of(which->member)), NULL, "",
                                  "Value error, \"%.*s\" is no list of %s", STR(model_short(*text)),
                                  which->words);
        for (int64_t n = first; n <= last; n++)
            ret_bits[n / 64] |= UINT64_C(1) << (n % 64);
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

static void text_make(struct retries *r, const struct on_texts *texts)
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
    (void)json_object_set_new(
        object, "on",
        json_pack("{s:o,s:o,s:b,s:b}", "exit_codes", json_stringn(texts->codes.p, texts->codes.len),
                  "http_status", json_stringn(texts->statuses.p, texts->statuses.len), "timeout",
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

// An end without any number is one that could not even begin.
static bool failure_counts(const struct retries *r, const struct run_end *end)
{
    int code = end->signal > 0 ? 128 + end->signal : end->exit_code;

    if (end->http_status > 0)
        return end->http_status <= http_status.last && has_bit(r->statuses, end->http_status);
    return code < 0 || code > exit_codes.last || has_bit(r->codes, code);
}

bool retries_want(const struct retries *r, const struct run_end *end)
{

    if (!r)
        return false;
    switch (end->state) {
    case RUN_FAILED:
        return failure_counts(r, end);
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

int64_t retries_wait_us(const struct retries *r, const struct run_end *end)
{
    double plain = plain_wait(r, end->attempt), asked = (double)end->retry_after_us;
    double wait = asked > plain ? asked : plain;
    int64_t us = wait < (double)r->max_delay_us ? (int64_t)wait : r->max_delay_us;
    struct rand_seq seq;

    if (r->jitter_us == 0)
        return us;
    rand_seq_init(&seq, (uint64_t)end->run_id * 31 + (uint64_t)end->attempt);
    return us + (int64_t)rand_below(&seq, (uint64_t)r->jitter_us + 1);
}
