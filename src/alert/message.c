// message.c - an event as a channel's receiver wants to have it.
// SPDX-License-Identifier: Apache-2.0
#include "alert/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "alert/mail.h"
#include "alert/template.h"
#include "base/buf.h"

#define BODY_MAX (256 << 10)
// What the services take of one text, in characters, with room for what stands around it.
#define SLACK_MAX 3000
#define TEAMS_MAX 8000
#define DISCORD_MAX 1900
#define NTFY_MAX 900 // 4096 bytes
#define TELEGRAM_MAX 4000

struct making {
    const struct channel *channel;
    const struct channel_form *form;
    const json_t *event;
    struct str host;
    wall now;
    struct arena *arena;
    struct message *m;
    size_t headers;
};

static struct str member(const struct making *k, const char *name)
{
    const json_t *value = json_object_get(k->event, name);

    return (struct str){json_string_value(value), json_string_length(value)};
}

static const char *text_of(const struct making *k, struct str s)
{
    return s.p ? arena_copy(k->arena, s).p : NULL;
}

static void header_add(struct making *k, const char *name, struct str value)
{
    if (k->headers < POST_HEADERS_MAX)
        k->m->post.headers[k->headers++] = arena_printf(k->arena, "%s: %.*s", name, STR(value)).p;
}

struct str message_cut(struct str text, size_t characters_max, struct arena *arena)
{
    size_t at = 0, count = 0;

    while (at < text.len && count < characters_max) {
        size_t n = str_utf8_char(str_cut(text, at, text.len));

        at += n > 0 ? n : 1;
        count++;
    }
    if (at >= text.len)
        return text;
    return arena_printf(arena, "%.*s\u2026", STR(str_cut(text, 0, at)));
}

// "title" in one line, then the text.
static struct str whole(const struct making *k, size_t characters_max)
{
    struct str all =
        arena_printf(k->arena, "%.*s\n%.*s", STR(member(k, "title")), STR(member(k, "text")));

    return message_cut(all, characters_max, k->arena);
}

// ---- bodies ----

static void body_set(struct making *k, json_t *json)
{
    char *dump = json_dumps(json, JSON_COMPACT);

    k->m->post.body = arena_copy(k->arena, str_of(dump));
    header_add(k, "content-type", STR_LIT("application/json"));
    free(dump);
    json_decref(json);
}

static json_t *text_json(struct str s)
{
    json_t *text = json_stringn(s.p ? s.p : "", s.len);

    return text ? text : json_string("(not UTF-8)");
}

static void slack_make(struct making *k)
{
    struct str text = whole(k, SLACK_MAX);
    struct buf escaped;

    buf_init(&escaped, BODY_MAX);
    for (size_t i = 0; i < text.len; i++) {
        const char *word = text.p[i] == '&'   ? "&amp;"
                           : text.p[i] == '<' ? "&lt;"
                           : text.p[i] == '>' ? "&gt;"
                                              : NULL;

        if (word)
            buf_add_text(&escaped, word);
        else
            buf_add_byte(&escaped, text.p[i]);
    }
    body_set(k, json_pack("{so}", "text", text_json(buf_str(&escaped))));
    buf_done(&escaped);
}

static void teams_make(struct making *k)
{
    json_t *title = json_pack("{sssosssb}", "type", "TextBlock", "text",
                              text_json(message_cut(member(k, "title"), 200, k->arena)), "weight",
                              "Bolder", "wrap", 1);
    json_t *text =
        json_pack("{sssosb}", "type", "TextBlock", "text",
                  text_json(message_cut(member(k, "text"), TEAMS_MAX, k->arena)), "wrap", 1);
    json_t *card =
        json_pack("{sssss[oo]}", "type", "AdaptiveCard", "version", "1.4", "body", title, text);

    body_set(k, json_pack("{sss[{ssso}]}", "type", "message", "attachments", "contentType",
                          "application/vnd.microsoft.card.adaptive", "content", card));
}

static void discord_make(struct making *k)
{
    body_set(k, json_pack("{sos{s[]}}", "content", text_json(whole(k, DISCORD_MAX)),
                          "allowed_mentions", "parse"));
}

static void telegram_make(struct making *k)
{
    struct str base = k->form->url.p ? k->form->url : STR_LIT("https://api.telegram.org");

    while (str_ends(base, STR_LIT("/")))
        base.len--;
    k->m->post.url =
        arena_printf(k->arena, "%.*s/bot%.*s/sendMessage", STR(base), STR(k->form->token)).p;
    k->m->where = arena_printf(k->arena, "%.*s/bot" CHANNEL_MASK "/sendMessage", STR(base)).p;
    body_set(k, json_pack("{sosos{sb}}", "chat_id", text_json(k->form->chat_id), "text",
                          text_json(whole(k, TELEGRAM_MAX)), "link_preview_options", "is_disabled",
                          1));
}

static bool is_bad(const struct making *k)
{
    struct str event = member(k, "event");

    return !str_ends(event, STR_LIT("recovered")) && !str_eq(event, STR_LIT("test")) &&
           !str_eq(event, STR_LIT("cert_changed"));
}

static void ntfy_make(struct making *k)
{
    k->m->post.url = text_of(k, k->form->url.p ? k->form->url : STR_LIT("https://ntfy.sh/"));
    k->m->where = k->m->post.url;
    if (k->form->token.p)
        header_add(k, "authorization", arena_printf(k->arena, "Bearer %.*s", STR(k->form->token)));
    body_set(k, json_pack("{sososos[s]si}", "topic", text_json(k->form->topic), "title",
                          text_json(message_cut(member(k, "title"), 100, k->arena)), "message",
                          text_json(message_cut(member(k, "text"), NTFY_MAX, k->arena)), "tags",
                          is_bad(k) ? "rotating_light" : "white_check_mark", "priority",
                          is_bad(k) ? 4 : 3));
}

// ---- webhooks ----

static void sign(struct making *k)
{
    struct str secret = k->form->secret, signed_text;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    struct buf text;

    if (!secret.p)
        return;
    signed_text =
        arena_printf(k->arena, "%" PRId64 ".%.*s", k->now.us / 1000000, STR(k->m->post.body));
    (void)HMAC(EVP_sha256(), secret.p, (int)secret.len, (const unsigned char *)signed_text.p,
               signed_text.len, digest, &len);
    buf_init(&text, 200);
    buf_printf(&text, "t=%" PRId64 ",v1=", k->now.us / 1000000);
    for (unsigned i = 0; i < len; i++)
        buf_printf(&text, "%02x", digest[i]);
    header_add(k, "x-belfry-signature", buf_str(&text));
    buf_done(&text);
}

static bool speaks_json(struct str type)
{
    for (size_t i = 0; i + 4 <= type.len; i++)
        if (str_eq_nocase(str_cut(type, i, i + 4), STR_LIT("json")))
            return true;
    return false;
}

static void webhook_make(struct making *k)
{
    struct buf body;
    char *dump;

    k->m->post.method = text_of(k, k->form->method);
    header_add(k, "content-type", k->form->content_type);
    if (k->form->body.p) {
        buf_init(&body, BODY_MAX);
        template_fill(k->form->body, k->event, speaks_json(k->form->content_type), &body);
        k->m->post.body = arena_copy(k->arena, buf_str(&body));
        buf_done(&body);
    } else {
        dump = json_dumps(k->event, JSON_COMPACT);
        k->m->post.body = arena_copy(k->arena, str_of(dump));
        free(dump);
    }
    header_add(k, "x-belfry-event", member(k, "event"));
    header_add(k, "x-belfry-delivery", member(k, "id"));
    sign(k);
}

// ---- mail and programs ----

static void mail_make(struct making *k)
{
    struct post *post = &k->m->post;
    struct mail mail = {
        .from = k->form->from,
        .to = post->to,
        .subject = arena_printf(k->arena, "[belfry] %.*s", STR(member(k, "title"))),
        .text = member(k, "text"),
        .id = arena_printf(k->arena, "belfry.%.*s", STR(member(k, "id"))),
        .thread = arena_printf(k->arena, "belfry.incident.%" JSON_INTEGER_FORMAT,
                               json_integer_value(json_object_get(k->event, "incident_id"))),
        .host = k->host,
        .at = k->now,
    };
    const json_t *item;
    struct buf text;
    size_t i;

    post->from = text_of(k, k->form->from);
    json_array_foreach((json_t *)k->form->to, i, item) if (i < POST_RECIPIENTS_MAX) post->to[i] =
        arena_copy(k->arena, str_of(json_string_value(item))).p;
    post->user = text_of(k, k->form->user);
    post->password = text_of(k, k->form->password);
    post->tls = k->form->starttls > 0 ? (enum post_tls)k->form->starttls : POST_TLS_REQUIRED;
    buf_init(&text, BODY_MAX);
    mail_write(&mail, &text);
    post->body = arena_copy(k->arena, buf_str(&text));
    buf_done(&text);
}

// belfry's own environment without its settings, and the event's members: BELFRY_EVENT,
// BELFRY_JOB_ID, ...
static char **environment(struct making *k)
{
    size_t own = 0, count = 0;
    const char *key;
    json_t *value;

    while (environ[own])
        own++;
    char **env = arena_array(k->arena, own + json_object_size(k->event) + 1, sizeof *env);

    for (size_t i = 0; i < own; i++)
        if (strncmp(environ[i], "BELFRY_", 7) != 0 &&
            strncmp(environ[i], "NOTIFY_SOCKET=", 14) != 0)
            env[count++] = environ[i];
    json_object_foreach((json_t *)k->event, key, value)
    {
        char *dump =
            json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        struct str entry =
            arena_printf(k->arena, "BELFRY_%s=%s", key, dump ? dump : json_string_value(value));

        for (char *p = (char *)entry.p + 7; *p != '='; p++)
            *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
        env[count++] = (char *)entry.p;
        free(dump);
    }
    return env;
}

static void command_make(struct making *k)
{
    size_t count = json_array_size(k->form->command), i;
    char **argv = arena_array(k->arena, count + 1, sizeof *argv);
    char *dump = json_dumps(k->event, JSON_COMPACT);
    const json_t *item;

    json_array_foreach((json_t *)k->form->command, i, item) argv[i] =
        (char *)arena_copy(k->arena, str_of(json_string_value(item))).p;
    k->m->is_command = true;
    k->m->filter = (struct filter){argv, environment(k), arena_copy(k->arena, str_of(dump)),
                                   k->form->timeout / 1000};
    k->m->where = argv[0];
    free(dump);
}

// ---- all ----

static void custom_headers(struct making *k)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)k->form->headers, key, value)
        header_add(k, key, str_of(json_string_value(value)));
}

void message_make(const struct channel *channel, const json_t *event, struct str host, wall now,
                  struct arena *arena, struct message *ret)
{
    static void (*const makers[CHANNEL_KINDS])(struct making *) = {
        [CHANNEL_WEBHOOK] = webhook_make, [CHANNEL_EMAIL] = mail_make,
        [CHANNEL_COMMAND] = command_make, [CHANNEL_SLACK] = slack_make,
        [CHANNEL_TEAMS] = teams_make,     [CHANNEL_DISCORD] = discord_make,
        [CHANNEL_NTFY] = ntfy_make,       [CHANNEL_TELEGRAM] = telegram_make};
    struct making k = {channel, &channel->form, event, host, now, arena, ret, 0};
    struct buf where;

    *ret = (struct message){0};
    ret->post.url = text_of(&k, channel->form.url);
    ret->post.ca_file = text_of(&k, channel->form.ca_file);
    ret->post.is_insecure = channel->form.insecure;
    ret->post.timeout_ms = channel->form.timeout / 1000;
    buf_init(&where, 4096);
    channel_url_mask(channel->form.url, &where);
    ret->where = arena_copy(arena, buf_str(&where)).p;
    buf_done(&where);
    custom_headers(&k);
    makers[channel->form.kind](&k);
}

// Headers whose values are ours, and say no secret.
static bool is_open_header(struct str line)
{
    return str_starts(line, STR_LIT("content-type:")) || str_starts(line, STR_LIT("x-belfry-"));
}

static void headers_write(const struct message *message, struct json_write *w)
{
    json_write_key(w, "headers");
    json_write_object(w);
    for (size_t i = 0; message->post.headers[i]; i++) {
        struct str line = str_of(message->post.headers[i]), value = line, name;

        (void)str_next(&value, ':', &name);
        json_write_key_str(w, name);
        json_write_str(w, is_open_header(line) ? str_trim(value) : STR_LIT(CHANNEL_MASK));
    }
    json_write_object_end(w);
}

static void command_write(const struct message *message, struct json_write *w)
{
    json_write_key(w, "command");
    json_write_array(w);
    for (size_t i = 0; message->filter.argv[i]; i++)
        json_write_text(w, message->filter.argv[i]);
    json_write_array_end(w);
    json_write_key(w, "stdin");
    json_write_str(w, message->filter.input);
}

void message_write(const struct channel *channel, const struct message *message,
                   struct json_write *w)
{
    json_write_object(w);
    if (message->is_command) {
        command_write(message, w);
    } else {
        json_write_key(w, "url");
        json_write_text(w, message->where);
        if (channel->form.kind != CHANNEL_EMAIL) {
            json_write_key(w, "method");
            json_write_text(w, message->post.method ? message->post.method : "POST");
            headers_write(message, w);
        }
        json_write_key(w, "body");
        json_write_str(w, message->post.body);
    }
    json_write_object_end(w);
}
