// alerts.c - `belfry alerts`: what is wrong, who was told of it, and that somebody is on it.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"

enum {
    LABEL_COLUMNS = 12,
    COUNT_MAX = 10000,
};

#define PAGE "500"

static bool is_acked(const json_t *item)
{
    wall at;

    return strcmp(item_text(item, "state"), "open") == 0 && item_moment(item, "acked_at", &at);
}

static const char *state_of(const json_t *item, enum tone *ret_tone)
{
    bool is_open = strcmp(item_text(item, "state"), "open") == 0;

    *ret_tone = is_acked(item) ? TONE_HELD : is_open ? TONE_BAD : TONE_GOOD;
    return is_acked(item) ? "acked" : item_text(item, "state");
}

// ---- the list ----

static void since_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (item_moment(item, "opened_at", &at))
        screen_moment(screen, at, out);
}

// How long it has lasted, or did.
static void for_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    wall from, to;

    (void)ret_tone;
    if (!item_moment(item, "opened_at", &from))
        return;
    if (!item_moment(item, "closed_at", &to))
        to = screen->now;
    screen_took(to.us > from.us ? (to.us - from.us) / 1000 : 0, out);
}

static void state_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    (void)screen;
    buf_add_text(out, state_of(item, ret_tone));
}

static void kind_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "kind"));
}

static void job_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "job_id"));
}

static void host_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "target"));
}

static void number_write(const json_t *item, const char *member, struct buf *out)
{
    const json_t *n = json_object_get(item, member);

    if (json_is_integer(n))
        buf_printf(out, "%lld", (long long)json_integer_value(n));
}

static void count_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "count", out);
}

static void id_write(const json_t *item, const struct screen *screen, struct buf *out,
                     enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "id", out);
}

static void run_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "run_id", out);
}

static void message_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "message"));
}

static const struct listing_column columns[] = {
    {{.title = "SINCE", .rank = 4}, false, since_write},
    {{.title = "FOR", .rank = 2}, false, for_write},
    {{.title = "STATE"}, false, state_write},
    {{.title = "KIND"}, false, kind_write},
    {{.title = "JOB", .may_break = true}, false, job_write},
    {{.title = "HOST", .rank = 3, .may_break = true}, false, host_write},
    {{.title = "TIMES", .rank = 5, .is_right = true}, false, count_write},
    {{.title = "MESSAGE", .rank = 1, .may_break = true}, false, message_write},
    {{.title = "RUN"}, true, run_write},
    {{.title = "ID"}, true, id_write},
};

static const struct listing incidents = {"alerts", "id", columns, sizeof columns / sizeof *columns};

// Whether text is the host of a target, with its port or without.
static bool is_host(const json_t *item, const char *text)
{
    const char *target = item_text(item, "target"), *colon = strrchr(target, ':');
    size_t n = strlen(text);

    return strcmp(target, text) == 0 ||
           (colon && n == (size_t)(colon - target) && strncmp(target, text, n) == 0);
}

static bool is_wanted(const struct errand *x, const json_t *item)
{
    const char *host = typed_value(&x->typed, "--host"), *kind = typed_value(&x->typed, "--kind");

    return (!host || is_host(item, host)) && (!kind || strcmp(item_text(item, "kind"), kind) == 0);
}

// What is wanted of a page, until there are count.
static void page_take(const struct errand *x, const json_t *page, size_t count, json_t *all)
{
    const json_t *items = json_object_get(page, "alerts");
    json_t *kept = json_object_get(all, "alerts"), *item;
    size_t i;

    json_object_set(all, "open", json_object_get(page, "open"));
    json_array_foreach(items, i, item)
    {
        if (json_array_size(kept) < count && is_wanted(x, item))
            json_array_append(kept, item);
    }
}

// Asks page after page; *ret_all is one reply, to be ended with json_decref.
static bool alerts_ask(struct errand *x, const char *state, const char *job, size_t count,
                       json_t **ret_all)
{
    json_t *all = json_pack("{sis[]}", "open", 0, "alerts");
    const json_t *kept = json_object_get(all, "alerts"), *next = NULL;
    struct client_reply reply;
    struct buf pattern;
    bool ok, has_more;

    do {
        buf_init(&pattern, 4096);
        errand_path(&pattern, "/api/v1/alerts?limit=" PAGE "&state={}", state);
        if (json_is_integer(next))
            buf_printf(&pattern, "&cursor=%lld", (long long)json_integer_value(next));
        buf_add_text(&pattern, job ? "&job_id={}" : "");
        ok = errand_ask(x, "GET", NULL, &reply, buf_text(&pattern), job);
        buf_done(&pattern);
        if (!ok)
            break;
        page_take(x, reply.json, count, all);
        json_object_set(all, "next_cursor", json_object_get(reply.json, "next_cursor"));
        client_reply_done(&reply);
        next = json_object_get(all, "next_cursor");
        has_more = json_is_integer(next) && json_array_size(kept) < count;
    } while (has_more);
    *ret_all = all;
    return ok;
}

static void sum_say(const struct errand *x, const json_t *all, const char *state)
{
    json_int_t open = json_integer_value(json_object_get(all, "open"));
    size_t shown = json_array_size(json_object_get(all, "alerts"));

    if (shown == 0 && open == 0 && strcmp(state, "open") == 0)
        errand_say(x, "nothing is wrong");
    else if (shown == 0)
        errand_say(x, "no such alerts; %lld are open", (long long)open);
    else if (x->screen.is_terminal)
        errand_say(x, "%zu shown, %lld open; `belfry alerts show JOB` tells who was told", shown,
                   (long long)open);
}

static bool kind_check(struct errand *x)
{
    static const char *const kinds[] = {
#define X(name, number, text, sentence) text,
#include "store/incident_kind.def"
#undef X
    };
    const char *kind = typed_value(&x->typed, "--kind");

    for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return !kind || fail(&x->e, ERR_USAGE, NULL, "\"%s\" is no kind of alert", kind);
}

static bool list(struct errand *x)
{
    const char *state = typed_value(&x->typed, "--state");
    int64_t count;
    json_t *all = NULL;
    enum form form;
    bool ok;

    state = typed_has(&x->typed, "--all") ? "all" : state ? state : "open";
    ok = form_read(&x->typed, &form, &x->e) && kind_check(x) &&
         typed_number(&x->typed, "--count", 1, COUNT_MAX, 100, &count, &x->e) &&
         alerts_ask(x, state, typed_value(&x->typed, "--job"), (size_t)count, &all) &&
         listing_write(&incidents, &x->typed, form, &x->screen, all, &x->out, &x->e);
    if (ok && form <= FORM_WIDE) {
        ok = screen_print(&x->out);
        sum_say(x, all, state);
    }
    json_decref(all);
    return ok;
}

// ---- one of them ----

static bool is_number(const char *word)
{
    return word[0] && word[strspn(word, "0123456789")] == '\0';
}

// The incidents that a word means: one by its number, else those of a job in that state.
static bool ids_find(struct errand *x, const char *word, const char *state, size_t count,
                     json_t **ret_ids)
{
    json_t *all = NULL, *ids, *item;
    size_t i;

    if (is_number(word)) {
        *ret_ids = json_pack("[s]", word);
        return true;
    }
    if (!alerts_ask(x, state, word, count, &all)) {
        json_decref(all);
        return false;
    }
    ids = json_array();
    json_array_foreach(json_object_get(all, "alerts"), i, item)
    {
        json_int_t id = json_integer_value(json_object_get(item, "id"));

        json_array_append_new(ids, json_sprintf("%lld", (long long)id));
    }
    json_decref(all);
    *ret_ids = ids;
    return true;
}

static void label_write(const char *key, struct buf *out)
{
    buf_printf(out, "  %-*s ", LABEL_COLUMNS, key);
}

static void line_write(const char *key, const char *text, struct buf *out)
{
    if (!text[0])
        return;
    label_write(key, out);
    buf_printf(out, "%s\n", text);
}

static void moment_line(const struct errand *x, const char *key, const json_t *object,
                        const char *member, struct buf *out)
{
    wall at;

    if (!item_moment(object, member, &at))
        return;
    label_write(key, out);
    screen_moment(&x->screen, at, out);
    buf_add_text(out, at.us > x->screen.now.us ? " (in " : " (");
    screen_distance(&x->screen, at, out);
    buf_add_text(out, ")\n");
}

// "ops  failed  sent Mon 02:00" and why not.
static void delivery_write(const struct errand *x, const json_t *d, struct buf *out)
{
    const char *state = item_text(d, "state"), *error = item_text(d, "error");
    json_int_t tries = json_integer_value(json_object_get(d, "tries"));
    enum tone tone = strcmp(state, "sent") == 0      ? TONE_GOOD
                     : strcmp(state, "waiting") == 0 ? TONE_BUSY
                                                     : TONE_BAD;
    wall at;

    buf_printf(out, "    %s  %s  %s", item_text(d, "channel"), item_text(d, "event"),
               screen_icon(&x->screen, tone));
    screen_paint(&x->screen, tone,
                 strcmp(state, "given_up") == 0 ? STR_LIT("given up") : str_of(state), out);
    if (item_moment(d, "done_at", &at) || item_moment(d, "try_at", &at)) {
        buf_add_text(out, strcmp(state, "waiting") == 0 ? ", tried next " : " ");
        screen_moment(&x->screen, at, out);
    }
    if (tries > 1)
        buf_printf(out, " (%lld tries)", (long long)tries);
    buf_printf(out, "%s%s\n", error[0] ? ": " : "", error);
}

static void incident_write(struct errand *x, const json_t *a)
{
    const json_t *deliveries = json_object_get(a, "deliveries"), *d;
    struct buf *out = &x->out;
    enum tone tone;
    const char *state = state_of(a, &tone);
    size_t i;

    number_write(a, "id", out);
    buf_add_byte(out, '\n');
    line_write("job", item_text(a, "job_id"), out);
    line_write("kind", item_text(a, "kind"), out);
    line_write("host", item_text(a, "target"), out);
    label_write("state", out);
    buf_add_text(out, screen_icon(&x->screen, tone));
    screen_paint(&x->screen, tone, str_of(state), out);
    buf_add_byte(out, '\n');
    line_write("message", item_text(a, "message"), out);
    label_write("times", out);
    number_write(a, "count", out);
    buf_add_byte(out, '\n');
    moment_line(x, "since", a, "opened_at", out);
    moment_line(x, "last", a, "changed_at", out);
    moment_line(x, "ended", a, "closed_at", out);
    if (json_is_integer(json_object_get(a, "run_id"))) {
        label_write("run", out);
        number_write(a, "run_id", out);
        buf_add_byte(out, '\n');
    }
    moment_line(x, "acked", a, "acked_at", out);
    moment_line(x, "acked until", a, "acked_until", out);
    line_write("note", item_text(a, "note"), out);
    buf_add_text(out, json_array_size(deliveries) > 0 ? "  told\n" : "  nobody was told\n");
    json_array_foreach((json_t *)(uintptr_t)deliveries, i, d) delivery_write(x, d, out);
}

static bool missing_fail(struct errand *x, const char *word, const char *what)
{
    (void)fail(&x->e, ERR_NOT_FOUND, NULL, "the job \"%s\" has no %s", word, what);
    return fail_hint(&x->e, "`belfry alerts --all` lists those that there are");
}

static bool show(struct errand *x, const char *word)
{
    struct client_reply reply = {0};
    json_t *ids = NULL;
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e) && ids_find(x, word, "all", 1, &ids);

    if (ok && json_array_size(ids) == 0)
        ok = missing_fail(x, word, "alerts");
    ok = ok && errand_ask(x, "GET", NULL, &reply, "/api/v1/alerts/{}",
                          json_string_value(json_array_get(ids, 0)));
    if (ok && form == FORM_JSON)
        buf_add(&x->out, buf_str(&reply.text));
    else if (ok)
        incident_write(x, reply.json);
    json_decref(ids);
    client_reply_done(&reply);
    return ok;
}

// ---- acknowledging ----

static json_t *ack_make(const struct errand *x)
{
    const char *until = typed_value(&x->typed, "--until"), *note = typed_value(&x->typed, "--note");
    json_t *body = json_object();

    if (until) // "+4h" is what other commands call 4h
        json_object_set_new(body, "until", json_string(until[0] == '+' ? until + 1 : until));
    if (note)
        json_object_set_new(body, "note", json_string(note));
    return body;
}

static bool one_ack(struct errand *x, const char *id, const json_t *body)
{
    struct client_reply reply = {0};
    wall until;

    if (!errand_ask(x, "POST", body, &reply, "/api/v1/alerts/{}/ack", id))
        return false;
    buf_printf(&x->out, "acknowledged %s: %s %s", id, item_text(reply.json, "job_id"),
               item_text(reply.json, "kind"));
    if (item_moment(reply.json, "acked_until", &until)) {
        buf_add_text(&x->out, ", until ");
        screen_moment(&x->screen, until, &x->out);
    }
    buf_add_byte(&x->out, '\n');
    client_reply_done(&reply);
    return true;
}

// What a word means: an incident, or all open ones of a job.
static bool word_ack(struct errand *x, const char *word, const json_t *body)
{
    json_t *ids = NULL, *id;
    bool ok = ids_find(x, word, "open", COUNT_MAX, &ids);
    size_t n;

    if (ok && json_array_size(ids) == 0)
        ok = missing_fail(x, word, "open alerts");
    json_array_foreach(ids, n, id)
    {
        ok = ok && one_ack(x, json_string_value(id), body);
    }
    json_decref(ids);
    return ok;
}

static bool ack(struct errand *x)
{
    json_t *body = ack_make(x);
    bool ok = true;

    for (int i = 1; ok && i < x->typed.arg_count; i++)
        ok = word_ack(x, x->typed.args[i], body);
    json_decref(body);
    return ok;
}

int cmd_alerts(int argc, char **argv)
{
    struct errand x;
    const char *what;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, NULL, argc, &status))
        return status;
    what = x.typed.arg_count > 0 ? x.typed.args[0] : "ls";
    if (strcmp(what, "ls") == 0 && x.typed.arg_count <= 1)
        ok = list(&x);
    else if (strcmp(what, "show") == 0 && x.typed.arg_count == 2)
        ok = show(&x, x.typed.args[1]);
    else if (strcmp(what, "ack") == 0 && x.typed.arg_count > 1)
        ok = ack(&x);
    else if (strcmp(what, "show") == 0 || strcmp(what, "ack") == 0)
        ok = fail(&x.e, ERR_USAGE, NULL, "%s wants the number of an alert, or a job", what);
    else
        ok = fail(&x.e, ERR_USAGE, NULL, "\"%s\" is not ls, show or ack",
                  strcmp(what, "ls") == 0 ? x.typed.args[1] : what);
    return errand_close(&x, ok);
}
