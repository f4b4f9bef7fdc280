// channel.c - `belfry channel`: the ways to tell somebody.
//
// What is a secret need not be typed: --file KEY=PATH takes it from a file.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/errand.h"
#include "cli/job_form.h"
#include "cli/listing.h"
#include "cli/value.h"

enum {
    LABEL_COLUMNS = 12,
    FILE_MAX_BYTES = 64 << 10,
};

// ---- the list ----

static void name_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "name"));
}

static void kind_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "kind"));
}

// Whom it tells: the addresses of a mail rather than the server that carries it.
static void to_write(const json_t *item, const struct screen *screen, struct buf *out,
                     enum tone *ret_tone)
{
    static const char *const members[] = {"to", "command", "topic", "chat_id", "url"};

    (void)screen, (void)ret_tone;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *value = json_object_get(item, members[i]);

        if (value && !value_is_empty(value)) {
            value_write(value, out);
            return;
        }
    }
}

static void count_write(const json_t *item, const char *member, enum tone tone, struct buf *out,
                        enum tone *ret_tone)
{
    json_int_t count = json_integer_value(json_object_get(item, member));

    *ret_tone = count > 0 ? tone : TONE_DIM;
    buf_printf(out, "%lld", (long long)count);
}

static void sent_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen;
    count_write(item, "sent", TONE_NONE, out, ret_tone);
}

static void failed_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    (void)screen;
    count_write(item, "failed", TONE_HELD, out, ret_tone);
}

static void given_up_write(const json_t *item, const struct screen *screen, struct buf *out,
                           enum tone *ret_tone)
{
    (void)screen;
    count_write(item, "given_up", TONE_BAD, out, ret_tone);
}

static void description_write(const json_t *item, const struct screen *screen, struct buf *out,
                              enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "description"));
}

static const struct listing_column columns[] = {
    {{.title = "NAME"}, false, name_write},
    {{.title = "KIND"}, false, kind_write},
    {{.title = "TO", .rank = 1, .may_break = true}, false, to_write},
    {{.title = "SENT", .rank = 3, .is_right = true}, false, sent_write},
    {{.title = "FAILED", .rank = 4, .is_right = true}, false, failed_write},
    {{.title = "GIVEN UP", .rank = 2, .is_right = true}, false, given_up_write},
    {{.title = "DESCRIPTION", .rank = 5, .may_break = true}, true, description_write},
};

static const struct listing channels = {"channels", "name", columns,
                                        sizeof columns / sizeof *columns};

static bool list(struct errand *x)
{
    struct client_reply reply = {0};
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e) &&
              client_ask(x->client, "GET", "/api/v1/channels", NULL, &reply, &x->e) &&
              listing_write(&channels, &x->typed, form, &x->screen, reply.json, &x->out, &x->e);

    if (ok && form <= FORM_WIDE) {
        ok = screen_print(&x->out);
        if (json_array_size(json_object_get(reply.json, "channels")) == 0)
            errand_say(x, "no channels; `belfry channel add NAME KIND KEY=VALUE...` makes one");
    }
    client_reply_done(&reply);
    return ok;
}

// ---- one of them ----

static bool is_for_programs(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "version") == 0;
}

static bool show(struct errand *x)
{
    struct client_reply reply = {0};
    enum form form;
    const char *key;
    json_t *value;
    wall at;
    bool ok = form_read(&x->typed, &form, &x->e) &&
              errand_ask(x, "GET", NULL, &reply, "/api/v1/channels/{}", x->typed.args[1]);

    if (ok && form == FORM_JSON) {
        buf_add(&x->out, buf_str(&reply.text));
    } else if (ok) {
        buf_printf(&x->out, "%s\n", item_text(reply.json, "name"));
        json_object_foreach(reply.json, key, value)
        {
            if (value_is_empty(value) || json_is_false(value) || is_for_programs(key))
                continue;
            buf_printf(&x->out, "  %-*s ", LABEL_COLUMNS, key);
            if (item_moment(reply.json, key, &at))
                screen_moment(&x->screen, at, &x->out);
            else
                value_write(value, &x->out);
            buf_add_byte(&x->out, '\n');
        }
    }
    client_reply_done(&reply);
    return ok;
}

// ---- making and removing ----

// What is in the file, or comes by standard input, without the line's end.
static bool text_read(const char *path, struct buf *text, struct err *e)
{
    char piece[4096];
    size_t n;

    if (strcmp(path, "-") != 0 && !file_read_all(AT_FDCWD, path, text, e))
        return false;
    while (strcmp(path, "-") == 0 && (n = fread(piece, 1, sizeof piece, stdin)) > 0)
        buf_add(text, (struct str){piece, n});
    if (text->is_full)
        return fail(e, ERR_LIMIT, NULL, "%s is longer than %d KiB", path, FILE_MAX_BYTES >> 10);
    if (text->len > 0 && text->p[text->len - 1] == '\n')
        text->len--;
    return true;
}

// "--file KEY=PATH"
static bool file_add(const char *given, json_t *body, struct err *e)
{
    const char *equals = strchr(given, '=');
    json_t *value = NULL;
    struct buf text;
    bool ok;

    if (!equals || equals == given || !equals[1])
        return fail(e, ERR_USAGE, NULL, "--file wants KEY=PATH, not \"%s\"", given);
    buf_init(&text, FILE_MAX_BYTES);
    ok = text_read(equals + 1, &text, e);
    if (ok)
        value = json_stringn(text.p ? text.p : "", text.len);
    if (ok && json_object_setn_new(body, given, (size_t)(equals - given), value) != 0)
        ok = fail(e, ERR_INPUT, NULL, "%s is not UTF-8", equals + 1);
    if (text.p)
        explicit_bzero(text.p, text.cap);
    buf_done(&text);
    return ok;
}

// "a@example.org,b@example.org" is a list where one is wanted.
static void to_split(json_t *body)
{
    struct str rest = {0}, one;
    json_t *text = json_object_get(body, "to"), *list;

    if (!json_is_string(text))
        return;
    list = json_array();
    rest = str_of(json_string_value(text));
    while (rest.len > 0) {
        (void)str_next(&rest, ',', &one);
        one = str_trim(one);
        json_array_append_new(list, json_stringn(one.p, one.len));
    }
    json_object_set_new(body, "to", list);
}

static bool body_make(const struct errand *x, json_t *body, struct err *e)
{
    const struct typed *typed = &x->typed;

    json_object_set_new(body, "kind", json_string(typed->args[2]));
    if (!job_form_members(typed, 3, body, e))
        return false;
    to_split(body);
    for (size_t i = 0; i < typed->given_count; i++)
        if (str_eq(typed->given[i].name, STR_LIT("--file")) &&
            !file_add(typed->given[i].value, body, e))
            return false;
    return job_form_action(typed, true, body, e);
}

static bool channel_put(struct errand *x, const json_t *body)
{
    const char *name = x->typed.args[1];
    struct client_reply reply = {0};
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e);

    if (!typed_has(&x->typed, "--replace"))
        client_header(x->client, "if-none-match", "*");
    ok = ok && errand_ask(x, "PUT", body, &reply, "/api/v1/channels/{}", name);
    if (!ok && x->e.code == ERR_CONFLICT) {
        (void)fail(&x->e, ERR_EXISTS, NULL, "there is a channel \"%s\" already", name);
        (void)fail_hint(&x->e, "--replace replaces it");
    }
    if (ok && form == FORM_JSON) {
        buf_add(&x->out, buf_str(&reply.text));
    } else if (ok) {
        buf_printf(&x->out, "%s %s: %s\n", reply.status == 201 ? "added" : "replaced", name,
                   item_text(reply.json, "kind"));
        errand_say(x, "`belfry channel test %s` tries it", name);
    }
    client_reply_done(&reply);
    return ok;
}

static bool add(struct errand *x)
{
    json_t *body = json_object();
    bool ok = body_make(x, body, &x->e) && channel_put(x, body);

    json_decref(body);
    return ok;
}

static bool rm(struct errand *x)
{
    return errand_remove(x, "channel", "/api/v1/channels/{}");
}

// ---- trying ----

// A text of several lines, each behind blanks.
static void lines_write(struct str text, struct buf *out)
{
    struct str line;

    while (text.len > 0) {
        (void)str_next(&text, '\n', &line);
        buf_add_text(out, "    ");
        buf_add(out, line);
        buf_add_byte(out, '\n');
    }
}

static void text_lines(const json_t *text, struct buf *out)
{
    if (json_is_string(text))
        lines_write((struct str){json_string_value(text), json_string_length(text)}, out);
}

// What went out: a request line, headers and a body, or a program and its words.
static void sent_told(const json_t *sent, struct buf *out)
{
    const char *url = item_text(sent, "url"), *method = item_text(sent, "method"), *key;
    json_t *value;

    buf_add_text(out, "  sent\n");
    if (url[0])
        buf_printf(out, "    %s%s%s\n", method, method[0] ? " " : "", url);
    json_object_foreach((json_t *)(uintptr_t)sent, key, value)
    {
        if (strcmp(key, "url") == 0 || strcmp(key, "method") == 0 || strcmp(key, "body") == 0 ||
            value_is_empty(value))
            continue;
        buf_printf(out, "    %s: ", key);
        value_write(value, out);
        buf_add_byte(out, '\n');
    }
    text_lines(json_object_get(sent, "body"), out);
}

static void test_told(struct errand *x, const char *name, const json_t *test)
{
    const json_t *reply = json_object_get(test, "reply");
    bool is_ok = json_is_true(json_object_get(test, "ok"));
    json_int_t status = json_integer_value(json_object_get(reply, "status"));
    enum tone tone = is_ok ? TONE_GOOD : TONE_BAD;

    buf_printf(&x->out, "%s ", name);
    buf_add_text(&x->out, screen_icon(&x->screen, tone));
    screen_paint(&x->screen, tone, is_ok ? STR_LIT("told") : STR_LIT("not told"), &x->out);
    buf_add_text(&x->out, " in ");
    screen_took(json_integer_value(json_object_get(test, "took_ms")), &x->out);
    buf_add_byte(&x->out, '\n');
    sent_told(json_object_get(test, "sent"), &x->out);
    buf_add_text(&x->out, "  reply");
    if (status != 0)
        buf_printf(&x->out, " %lld", (long long)status);
    buf_add_byte(&x->out, '\n');
    text_lines(json_object_get(reply, "text"), &x->out);
}

// A refusal that tells what was sent is what was asked for; it is told, and ends with its status.
static bool test(struct errand *x)
{
    const char *name = x->typed.args[1];
    struct client_reply reply = {0};
    struct buf path;
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e);

    buf_init(&path, 4096);
    errand_path(&path, "/api/v1/channels/{}/test", name);
    ok = ok && client_try(x->client, "POST", buf_text(&path), NULL, &reply, &x->e);
    buf_done(&path);
    if (ok && json_object_get(reply.json, "sent")) {
        if (form == FORM_JSON)
            buf_add(&x->out, buf_str(&reply.text));
        else
            test_told(x, name, reply.json);
    }
    if (ok && reply.status != 200)
        ok = client_refusal(&reply, &x->e);
    client_reply_done(&reply);
    return ok;
}

static const struct {
    const char *word;
    bool (*act)(struct errand *x);
    int args_min, args_max; // 0: any
    const char *wants;
} acts[] = {
    {"ls", list, 1, 1, "no more words"},
    {"show", show, 2, 2, "the name of a channel"},
    {"add", add, 3, 0, "the name of the channel and its kind, such as webhook"},
    {"rm", rm, 2, 0, "the name of a channel"},
    {"test", test, 2, 2, "the name of a channel"},
};

int cmd_channel(int argc, char **argv)
{
    struct errand x;
    int status;
    bool ok = false;
    size_t i = 0;

    if (!errand_open(&x, argc, argv, "ls, show, add, rm or test", argc, &status))
        return status;
    while (i < sizeof acts / sizeof *acts && strcmp(acts[i].word, x.typed.args[0]) != 0)
        i++;
    if (i == sizeof acts / sizeof *acts)
        ok =
            fail(&x.e, ERR_USAGE, NULL, "\"%s\" is not ls, show, add, rm or test", x.typed.args[0]);
    else if (x.typed.arg_count < acts[i].args_min ||
             (acts[i].args_max > 0 && x.typed.arg_count > acts[i].args_max))
        ok = fail(&x.e, ERR_USAGE, NULL, "%s wants %s", acts[i].word, acts[i].wants);
    else
        ok = acts[i].act(&x);
    return errand_close(&x, ok);
}
