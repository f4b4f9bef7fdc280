// channel.c - a way to tell somebody.
// SPDX-License-Identifier: Apache-2.0
#include "alert/channel.h"

#include <stdlib.h>
#include <string.h>

#include "alert/template.h"
#include "base/arena.h"
#include "base/mem.h"
#include "net/post.h"

#define KIND(name) (1u << CHANNEL_##name)
#define KIND_ALL ((1u << CHANNEL_KINDS) - 1)

enum show {
    SHOW_PLAIN,
    SHOW_SECRET,
    SHOW_URL,
    SHOW_VALUES
};

const char *const channel_kind_names[] = {
#define X(name, text, sentence) text,
#include "alert/channel_kind.def"
#undef X
    NULL};

const char *const channel_starttls_names[] = {"required", "if_offered", "none", NULL};

static const struct model_field fields[] = {
#define X(member, ctype, mtype, kinds, needed, show, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct channel_form, member), __VA_ARGS__},
#include "alert/channel_form.def"
#undef X
};

// Beside each field: who has it, who needs it, how it is shown.
static const struct {
    unsigned kinds, needed;
    enum show show;
} traits[] = {
#define X(member, ctype, mtype, kinds, needed, show, ...) {kinds, needed, show},
#include "alert/channel_form.def"
#undef X
};

const struct model channel_put_model = {
    .name = "ChannelPut",
    .doc = "A channel: a way to tell somebody. Which members it has depends on its kind.",
    .example = "{\"kind\":\"webhook\",\"url\":\"http://127.0.0.1:9000/x\"}",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .size = sizeof(struct channel_form),
    .extra = MODEL_EXTRA_FORBID,
};

// ---- what is shown ----

void channel_url_mask(struct str url, struct buf *out)
{
    size_t at = 0, from;

    while (at + 2 < url.len && memcmp(url.p + at, "://", 3) != 0)
        at++;
    from = at + 3 <= url.len ? at + 3 : url.len;
    for (at = from; at < url.len && url.p[at] != '/' && url.p[at] != '?' && url.p[at] != '#';
         at++) {
    }
    buf_add(out, str_cut(url, 0, at));
    if (at + 1 < url.len)
        buf_add(out, STR_LIT("/" CHANNEL_MASK));
    else
        buf_add(out, str_cut(url, at, url.len));
}

// Whether a kind's URL is a key by itself.
static bool is_url_secret(int kind)
{
    return kind != CHANNEL_EMAIL && kind != CHANNEL_NTFY && kind != CHANNEL_TELEGRAM;
}

static json_t *text_masked(const json_t *value, enum show show, int kind)
{
    struct buf url;
    json_t *shown;

    if (show == SHOW_SECRET)
        return json_string(CHANNEL_MASK);
    if (show != SHOW_URL || !is_url_secret(kind))
        return json_incref((json_t *)value);
    buf_init(&url, 4096);
    channel_url_mask((struct str){json_string_value(value), json_string_length(value)}, &url);
    shown = json_stringn(url.p, url.len);
    buf_done(&url);
    return shown;
}

static json_t *values_masked(const json_t *object)
{
    json_t *shown = json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)object, key, value)(void)
        json_object_set_new(shown, key, json_string(CHANNEL_MASK));
    return shown;
}

static json_t *masked(const json_t *value, enum show show, int kind)
{
    if (json_is_object(value) && show == SHOW_VALUES)
        return values_masked(value);
    if (json_is_string(value))
        return text_masked(value, show, kind);
    return json_incref((json_t *)value);
}

void channel_write(const struct channel *channel, struct json_write *w)
{
    for (size_t i = 0; i < MODEL_COUNT(fields); i++) {
        const json_t *value = json_object_get(channel->json, fields[i].name);
        json_t *shown;
        char *dump;

        if (!value)
            continue;
        shown = masked(value, traits[i].show, channel->form.kind);
        dump = json_dumps(shown, JSON_COMPACT | JSON_ENCODE_ANY);
        json_write_key(w, fields[i].name);
        json_write_raw(w, str_of(dump));
        free(dump);
        json_decref(shown);
    }
}

// ---- what is given ----

static bool is_same_mask(const json_t *given, const json_t *stored, enum show show, int kind)
{
    json_t *shown = masked(stored, show, kind);
    bool is_same = json_equal(given, shown);

    json_decref(shown);
    return is_same;
}

// The definition with the secrets of the one before in the places of masks.
static json_t *unmasked(const json_t *given, const struct channel *before)
{
    json_t *json = json_deep_copy(given), *value, *stored;

    for (size_t i = 0; before && i < MODEL_COUNT(fields); i++) {
        value = json_object_get(json, fields[i].name);
        stored = json_object_get(before->json, fields[i].name);
        if (traits[i].show == SHOW_PLAIN || !value || !stored)
            continue;
        if (traits[i].show == SHOW_VALUES && json_is_object(value)) {
            const char *key;
            json_t *item;

            json_object_foreach(value, key,
                                item) if (json_is_string(item) &&
                                          strcmp(json_string_value(item), CHANNEL_MASK) == 0 &&
                                          json_object_get(stored, key))(void)
                json_object_set(value, key, json_object_get(stored, key));
        } else if (is_same_mask(value, stored, traits[i].show, before->form.kind)) {
            (void)json_object_set(json, fields[i].name, stored);
        }
    }
    return json;
}

static bool complain(struct model_issues *issues, const char *member, const json_t *input,
                     const char *words)
{
    struct str loc = model_loc(issues->arena, STR_LIT("\"body\""), str_of(member));

    return model_complain(issues, "value_error", loc, input, "", "Value error, %s", words);
}

// Members by kind.
static bool members_check(const json_t *json, int kind, struct model_issues *issues)
{
    bool ok = true;

    for (size_t i = 0; i < MODEL_COUNT(fields); i++) {
        const json_t *value = json_object_get(json, fields[i].name);
        bool is_there =
            value && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0);

        if (is_there && !(traits[i].kinds >> kind & 1))
            ok = complain(issues, fields[i].name, value,
                          "channels of this kind have no such member");
        else if (!is_there && traits[i].needed >> kind & 1)
            ok = model_complain(
                issues, "missing",
                model_loc(issues->arena, STR_LIT("\"body\""), str_of(fields[i].name)), json, "",
                "Field required");
        if (is_there && traits[i].show != SHOW_PLAIN && json_is_string(value) &&
            strstr(json_string_value(value), CHANNEL_MASK))
            ok = complain(
                issues, fields[i].name, NULL,
                "a masked secret is only good where one is stored: give the secret itself");
    }
    return ok;
}

static bool url_check(const struct channel_form *form, struct model_issues *issues)
{
    static const char *const http[] = {"http://", "https://"}, *const smtp[] = {"smtp://",
                                                                                "smtps://"};
    const char *const *schemes = form->kind == CHANNEL_EMAIL ? smtp : http;
    struct str rest = form->url, host;

    if (!form->url.p)
        return true;
    if (!str_starts(rest, str_of(schemes[0])) && !str_starts(rest, str_of(schemes[1])))
        return complain(issues, "url", NULL,
                        form->kind == CHANNEL_EMAIL ? "the URL begins with smtp:// or smtps://"
                                                    : "the URL begins with http:// or https://");
    for (size_t i = 0; i < rest.len; i++)
        if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7f)
            return complain(issues, "url", NULL, "a URL has no blanks and control characters");
    rest = str_cut(rest, strlen(schemes[str_starts(rest, str_of(schemes[1]))]), rest.len);
    (void)str_next(&rest, '/', &host);
    if (host.len == 0)
        return complain(issues, "url", NULL, "the URL names no host");
    if (str_find(host, '@') >= 0)
        return complain(
            issues, "url", NULL,
            "names and passwords do not belong into a URL: user and password, or a header");
    return true;
}

// A line of a header, a mail or a command: without what would begin another one.
static bool is_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return s.len > 0;
}

static bool is_address(struct str s)
{
    ptrdiff_t at = str_find(s, '@');

    return is_line(s) && at > 0 && (size_t)at + 1 < s.len && str_find(s, ' ') < 0 &&
           str_find(s, '<') < 0 && str_find(s, '>') < 0 && str_find(s, ',') < 0;
}

static bool mail_check(const struct channel_form *form, struct model_issues *issues)
{
    const json_t *item;
    size_t i;
    bool ok = true;

    if (form->from.p && !is_address(form->from))
        ok = complain(issues, "from", NULL, "an address looks like belfry@example.org");
    json_array_foreach(
        (json_t *)form->to, i,
        item) if (!is_address((struct str){json_string_value(item), json_string_length(item)})) ok =
        complain(issues, "to", item, "an address looks like ops@example.org");
    return ok;
}

static bool is_token(const char *key)
{
    for (const char *p = key; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p > 0x7e ||
            strchr("()<>@,;:\\\"/[]?={}", *p))
            return false;
    return *key;
}

static bool headers_check(const struct channel_form *form, struct model_issues *issues)
{
    const char *key;
    json_t *value;
    bool ok = true;

    if (json_object_size(form->headers) > 20)
        ok = complain(issues, "headers", NULL, "a request has at most 20 headers of yours");
    json_object_foreach(
        (json_t *)form->headers, key,
        value) if (!is_token(key) || !json_is_string(value) ||
                   !is_line((struct str){json_string_value(value), json_string_length(value)})) ok =
        complain(issues, "headers", NULL, "a header is a name and a line of text");
    return ok;
}

static bool method_check(const struct channel_form *form, struct model_issues *issues)
{
    return form->kind != CHANNEL_WEBHOOK || str_eq(form->method, STR_LIT("POST")) ||
           str_eq(form->method, STR_LIT("PUT")) || str_eq(form->method, STR_LIT("PATCH")) ||
           complain(issues, "method", NULL, "the method is POST, PUT or PATCH");
}

// Single lines where lines are meant.
static bool lines_check(const struct channel_form *form, struct model_issues *issues)
{
    const struct {
        const char *name;
        struct str s;
    } lines[] = {
        {"content_type", form->content_type}, {"secret", form->secret},  {"token", form->token},
        {"chat_id", form->chat_id},           {"topic", form->topic},    {"user", form->user},
        {"password", form->password},         {"ca_file", form->ca_file}};
    bool ok = true;
    struct err e = {0};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i].s.p && !is_line(lines[i].s))
            ok = complain(issues, lines[i].name, NULL, "it is one line of text");
    if (form->body.p && !template_check(form->body, &e))
        ok = model_complain_err(issues, STR_LIT("\"body\",\"body\""), NULL, &e);
    if (form->topic.p)
        for (size_t i = 0; i < form->topic.len; i++)
            if (strchr("/?#% ", form->topic.p[i]))
                return complain(issues, "topic", NULL,
                                "a topic is made of letters, digits, - and _");
    return ok;
}

bool channel_check(const json_t *given, const struct channel *before, struct model_issues *issues,
                   json_t **ret_json)
{
    json_t *json = unmasked(given, before);
    struct channel_form form;
    bool ok = model_decode(&channel_put_model, json, STR_LIT("\"body\""), &form, NULL, issues);

    if (ok) {
        ok = members_check(json, form.kind, issues);
        ok = url_check(&form, issues) && ok;
        ok = mail_check(&form, issues) && ok;
        ok = headers_check(&form, issues) && ok;
        ok = method_check(&form, issues) && ok;
        ok = lines_check(&form, issues) && ok;
    }
    // As text: what form points into must be in the definition itself.
    if (ok && json_is_integer(json_object_get(json, "chat_id")))
        (void)json_object_set_new(json, "chat_id", json_stringn(form.chat_id.p, form.chat_id.len));
    if (ok)
        *ret_json = json;
    else
        json_decref(json);
    return ok;
}

// ---- its life ----

struct channel *channel_new(const struct store_calendar *row, struct err *e)
{
    struct channel *channel = mem_alloc(sizeof *channel);
    struct arena *arena = arena_new(1024);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct buf words;

    channel->row = *row;
    channel->row.name.p = str_own(row->name);
    channel->row.body.p = str_own(row->body);
    channel->json = json_loadb(row->body.p ? row->body.p : "", row->body.len, 0, NULL);
    model_issues_init(issues, arena);
    if (!model_decode(&channel_put_model, channel->json, (struct str){0}, &channel->form, NULL,
                      issues)) {
        buf_init(&words, 400);
        model_issues_words(issues, &words);
        (void)fail(e, ERR_STORE, NULL, "the stored channel cannot be read: %s", buf_text(&words));
        buf_done(&words);
        channel_free(channel);
        channel = NULL;
    }
    arena_free(arena);
    return channel;
}

void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    free((char *)channel->row.name.p);
    free((char *)channel->row.body.p);
    json_decref(channel->json);
    free(channel);
}

static size_t place_of(const struct channels *c, struct str name, bool *ret_is_there)
{
    int order = 1;
    size_t i = 0;

    while (i < c->list.len && (order = str_cmp(c->list.v[i]->row.name, name)) < 0)
        i++;
    *ret_is_there = i < c->list.len && order == 0;
    return i;
}

struct channel *channels_find(const struct channels *c, struct str name)
{
    bool is_there;
    size_t at = place_of(c, name, &is_there);

    return is_there ? c->list.v[at] : NULL;
}

void channels_put(struct channels *c, struct channel *channel)
{
    bool is_there;
    size_t at = place_of(c, channel->row.name, &is_there);

    if (is_there) {
        channel->row.created_at = c->list.v[at]->row.created_at;
        channel->sent = c->list.v[at]->sent;
        channel->failed = c->list.v[at]->failed;
        channel->given_up = c->list.v[at]->given_up;
        channel_free(c->list.v[at]);
    } else {
        vec_reserve(&c->list, c->list.len + 1);
        memmove(c->list.v + at + 1, c->list.v + at, (c->list.len++ - at) * sizeof *c->list.v);
    }
    c->list.v[at] = channel;
}

void channels_remove(struct channels *c, struct str name)
{
    bool is_there;
    size_t at = place_of(c, name, &is_there);

    if (!is_there)
        return;
    channel_free(c->list.v[at]);
    memmove(c->list.v + at, c->list.v + at + 1, (--c->list.len - at) * sizeof *c->list.v);
}

void channels_done(struct channels *c)
{
    for (size_t i = 0; i < c->list.len; i++)
        channel_free(c->list.v[i]);
    vec_done(&c->list);
}
