// notify.c - the rules that say whom to tell of what.
// SPDX-License-Identifier: Apache-2.0
#include "job/notify.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "time/duration.h"

struct named {
    enum notice notice;
    const char *text, *sentence;
};

static const struct named notices[] = {
#define X(name, number, text, sentence) {name, text, sentence},
#include "job/notice.def"
#undef X
};
#define NOTICES (sizeof notices / sizeof *notices)
#define RULE_NOTICES (NOTICES - 1) // a test is no rule's

static const struct model_field rule_fields[] = {
    {.name = "channel",
     .type = MODEL_TEXT,
     .is_nullable = true,
     .pattern = CHANNEL_NAME_PATTERN,
     .doc = "Whom to tell; null: nobody, incidents are only kept.",
     .example = "\"ops\""},
    {.name = "on",
     .type = MODEL_STRINGS,
     .doc = "What to tell: failed, recovered, missed, late, slow, overdue, skipped, cert_warning, "
            "cert_critical, cert_error, cert_changed, cert_recovered (default failed and "
            "recovered).",
     .example = "[\"failed\",\"recovered\"]"},
    {.name = "after",
     .type = MODEL_INT,
     .min = 1,
     .max = 1000,
     .preset_n = 1,
     .doc = "Only once it has happened so often in a row (default 1).",
     .example = "3"},
    {.name = "repeat",
     .type = MODEL_DURATION,
     .is_nullable = true,
     .doc = "Tell it again so often while it lasts, at least 1m; null: once is enough.",
     .example = "\"1d\""},
};

const struct model notify_rule_model = {
    .name = "NotifyRule",
    .doc = "Whom to tell of what.",
    .fields = rule_fields,
    .count = MODEL_COUNT(rule_fields),
    .extra = MODEL_EXTRA_FORBID,
};

const char *notice_name(enum notice notice)
{
    for (size_t i = 0; i < NOTICES; i++)
        if (notices[i].notice == notice)
            return notices[i].text;
    return "unknown";
}

const char *notice_sentence(enum notice notice)
{
    for (size_t i = 0; i < NOTICES; i++)
        if (notices[i].notice == notice)
            return notices[i].sentence;
    return "";
}

static bool is_name_byte(char c, bool is_first)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return !is_first && (c == '.' || c == '_' || c == '-');
}

bool channel_name_check(struct str name, struct err *e)
{
    if (name.len == 0 || name.len > CHANNEL_NAME_MAX)
        return fail(e, ERR_INPUT, "name", "a channel's name has 1 to %d characters",
                    CHANNEL_NAME_MAX);
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_byte(name.p[i], i == 0))
            return fail_at(e, ERR_INPUT, "name", (int)i + 1,
                           "a channel's name is made of letters, digits and . _ - and begins with "
                           "a letter or digit");
    return true;
}

// Names the place of what is wrong in rule i.
static bool wrong(struct err *e, size_t i, const char *member)
{
    snprintf(e->field, sizeof e->field, "%zu%s%s", i, member[0] ? "." : "", member);
    return false;
}

static bool channel_read(const json_t *value, struct notify_rule *rule, struct err *e)
{
    struct str name = {json_string_value(value), json_string_length(value)};

    rule->channel[0] = '\0';
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return fail(e, ERR_INPUT, NULL, "a channel is named by a text");
    if (!channel_name_check(name, e))
        return false;
    memcpy(rule->channel, name.p, name.len);
    rule->channel[name.len] = '\0';
    return true;
}

static bool notice_read(struct str text, uint32_t *on, struct err *e)
{
    const char *names[RULE_NOTICES], *near;

    for (size_t i = 0; i < RULE_NOTICES; i++) {
        names[i] = notices[i].text;
        if (str_eq(text, str_of(names[i]))) {
            *on |= UINT32_C(1) << notices[i].notice;
            return true;
        }
    }
    near = suggest_find(text, names, RULE_NOTICES);
    (void)fail(e, ERR_INPUT, NULL, "there is nothing called \"%.*s\" to be told",
               STR(model_short(text)));
    return near ? fail_hint(e, "did you mean %s?", near)
                : fail_hint(e,
                            "failed, recovered, missed, late, slow, overdue, skipped, or cert_...");
}

static bool on_read(const json_t *value, struct notify_rule *rule, size_t i, struct err *e)
{
    const json_t *item;
    char place[32];
    size_t at;

    rule->on = 0;
    if (!value)
        rule->on = 1u << NOTICE_FAILED | 1u << NOTICE_RECOVERED;
    else if (!json_is_array(value) || json_array_size(value) == 0) {
        (void)fail(e, ERR_INPUT, NULL, "on is a list of what to tell, such as [\"failed\"]");
        return wrong(e, i, "on");
    }
    json_array_foreach((json_t *)value, at, item)
    {
        struct str text = {json_string_value(item), json_string_length(item)};

        snprintf(place, sizeof place, "on.%zu", at);
        if (!json_is_string(item)) {
            (void)fail(e, ERR_INPUT, NULL, "what to tell is named by a text");
            return wrong(e, i, place);
        }
        if (!notice_read(text, &rule->on, e))
            return wrong(e, i, place);
    }
    return true;
}

static bool after_read(const json_t *value, struct notify_rule *rule, struct err *e)
{
    rule->after = 1;
    if (!value || json_is_null(value))
        return true;
    rule->after = json_integer_value(value);
    if (json_is_integer(value) && rule->after >= 1 && rule->after <= 1000)
        return true;
    return fail(e, ERR_INPUT, NULL, "after is a number from 1 to 1000");
}

static bool repeat_read(const json_t *value, struct notify_rule *rule, struct err *e)
{
    struct str text = {json_string_value(value), json_string_length(value)};

    rule->repeat_us = 0;
    if (!value || json_is_null(value))
        return true;
    if (json_is_integer(value) && json_integer_value(value) <= INT64_C(3155760000) &&
        json_integer_value(value) >= 0)
        rule->repeat_us = json_integer_value(value) * 1000000;
    else if (!json_is_string(value) || !duration_parse(text, "repeat", &rule->repeat_us, e))
        return fail(e, ERR_INPUT, NULL, "repeat is a duration, such as \"1d\"");
    if (rule->repeat_us != 0 && rule->repeat_us < NOTIFY_REPEAT_MIN_US)
        return fail(e, ERR_INPUT, NULL, "repeat is at least a minute");
    return true;
}

static bool rule_read(const json_t *value, size_t i, struct notify_rule *rule, struct err *e)
{
    static const char *const members[] = {"channel", "on", "after", "repeat"};
    const char *key, *near;
    json_t *member;

    if (!json_is_object(value)) {
        (void)fail(e, ERR_INPUT, NULL, "a rule is an object: {\"channel\": .., \"on\": [..]}");
        return wrong(e, i, "");
    }
    json_object_foreach((json_t *)value, key, member)
    {
        size_t k = 0;

        while (k < 4 && strcmp(key, members[k]) != 0)
            k++;
        if (k < 4)
            continue;
        near = suggest_find(str_of(key), members, 4);
        (void)fail(e, ERR_INPUT, NULL, "a rule has no such member");
        (void)fail_hint(e, near ? "did you mean %s?" : "channel, on, after and repeat are those%s",
                        near ? near : " that it has");
        return wrong(e, i, model_short(str_of(key)).len == strlen(key) ? key : "");
    }
    if (!channel_read(json_object_get(value, "channel"), rule, e))
        return wrong(e, i, "channel");
    if (!on_read(json_object_get(value, "on"), rule, i, e))
        return false;
    if (!after_read(json_object_get(value, "after"), rule, e))
        return wrong(e, i, "after");
    return repeat_read(json_object_get(value, "repeat"), rule, e) || wrong(e, i, "repeat");
}

bool notify_read(const json_t *list, struct notify *ret, struct err *e)
{
    struct notify notify = {.count = json_array_size(list)};

    if (!json_is_array(list))
        return fail(e, ERR_INPUT, "", "notify is a list of rules");
    if (notify.count > NOTIFY_RULES_MAX)
        return fail(e, ERR_LIMIT, "", "notify has at most %d rules", NOTIFY_RULES_MAX);
    for (size_t i = 0; i < notify.count; i++)
        if (!rule_read(json_array_get(list, i), i, &notify.rules[i], e))
            return false;
    *ret = notify;
    return true;
}

bool notify_parse(struct str text, struct notify *ret, struct err *e)
{
    json_error_t fault;
    json_t *list = json_loadb(text.p ? text.p : "", text.len, 0, &fault);
    bool ok = list ? notify_read(list, ret, e)
                   : fail(e, ERR_STORE, NULL, "the stored rules are not JSON: %s", fault.text);

    json_decref(list);
    return ok;
}
