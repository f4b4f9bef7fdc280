// run_page.c - one run in full.
// SPDX-License-Identifier: Apache-2.0
#include "cli/run_page.h"

#include <stdlib.h>
#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"
#include "cli/run_list.h"
#include "time/iso8601.h"

enum {
    LABEL_COLUMNS = 15
};

bool run_page_is_number(const char *word)
{
    return word[0] != '\0' && strspn(word, "0123456789") == strlen(word);
}

bool run_page_check(const char *word, struct err *e)
{
    if (run_page_is_number(word))
        return true;
    (void)fail(e, ERR_USAGE, NULL, "\"%s\" is no run: runs have numbers", word);
    return fail_hint(e, "`belfry history %s` lists those of a job", word);
}

bool run_page_is_meant(int argc, char **argv)
{
    const char *words[2] = {"", ""};
    int count = 0;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (argv[i][0] != '-' && count < 2)
            words[count++] = argv[i];
    return strcmp(words[0], "show") == 0 && run_page_is_number(words[1]);
}

static void value_write(const struct errand *x, const char *key, const json_t *value,
                        struct buf *out)
{
    wall at;
    struct err e;
    bool is_moment = strlen(key) > 3 && strcmp(key + strlen(key) - 3, "_at") == 0;

    if (is_moment && json_is_string(value) &&
        iso8601_moment(str_of(json_string_value(value)), NULL, key, &at, &e)) {
        screen_moment(&x->screen, at, out);
    } else if (json_is_string(value)) {
        buf_add_text(out, json_string_value(value));
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY);

        buf_add_text(out, text);
        free(text);
    }
}

static bool is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static void stream_write(const char *title, const json_t *stream, struct buf *out)
{
    const json_t *head = json_object_get(stream, "head"), *tail = json_object_get(stream, "tail");
    json_int_t total = json_integer_value(json_object_get(stream, "total"));

    if (total == 0)
        return;
    buf_printf(out, "\n%s, %lld bytes\n", title, (long long)total);
    buf_add(out, (struct str){json_string_value(head), json_string_length(head)});
    if (json_string_length(tail) > 0)
        buf_add_text(out, "\n...\n");
    buf_add(out, (struct str){json_string_value(tail), json_string_length(tail)});
    if (out->p[out->len - 1] != '\n')
        buf_add_byte(out, '\n');
}

static void page_write(struct errand *x, const json_t *run)
{
    struct buf *out = &x->out;
    const char *key;
    json_t *value;

    buf_printf(out, "run %lld of %s\n",
               (long long)json_integer_value(json_object_get(run, "run_id")),
               item_text(run, "job_id"));
    json_object_foreach((json_t *)(uintptr_t)run, key, value)
    {
        if (is_empty(value) || strcmp(key, "run_id") == 0 || strcmp(key, "job_id") == 0 ||
            strcmp(key, "stdout") == 0 || strcmp(key, "stderr") == 0 ||
            (strcmp(key, "missed") == 0 && json_integer_value(value) == 0))
            continue;
        enum tone tone = strcmp(key, "state") == 0 ? run_tone(json_string_value(value)) : TONE_NONE;

        buf_printf(out, "  %-*s %s", LABEL_COLUMNS, key, screen_icon(&x->screen, tone));
        if (tone != TONE_NONE)
            screen_paint(&x->screen, tone, str_of(json_string_value(value)), out);
        else
            value_write(x, key, value, out);
        buf_add_byte(out, '\n');
    }
    stream_write("stdout", json_object_get(run, "stdout"), out);
    stream_write("stderr", json_object_get(run, "stderr"), out);
}

int run_page(int argc, char **argv)
{
    struct client_reply reply = {0};
    struct errand x;
    enum form form;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, "a run", 2, &status))
        return status;
    ok = form_read(&x.typed, &form, &x.e) &&
         errand_ask(&x, "GET", NULL, &reply, "/api/v1/runs/{}", x.typed.args[1]);
    if (ok && form == FORM_JSON) {
        buf_add(&x.out, buf_str(&reply.text));
        buf_add_byte(&x.out, '\n');
    } else if (ok) {
        page_write(&x, reply.json);
    }
    client_reply_done(&reply);
    return errand_close(&x, ok);
}
