// pool.c - `belfry pool`: places and rates that jobs share.
//
// The API replaces a pool as a whole; a person changes one thing of it. So what is there is read
// first, and replaced only if nobody has changed it meanwhile.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/errand.h"
#include "cli/job_form.h"
#include "cli/listing.h"
#include "cli/value.h"

enum {
    LABEL_COLUMNS = 12,
};

// ---- the list ----

static void name_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "name"));
}

static json_int_t number_of(const json_t *item, const char *member)
{
    return json_integer_value(json_object_get(item, member));
}

static void slots_add(const json_t *pool, struct buf *out)
{
    if (json_is_integer(json_object_get(pool, "slots")))
        buf_printf(out, "%lld", (long long)number_of(pool, "slots"));
    else
        buf_add_text(out, "any");
}

static void slots_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    slots_add(item, out);
}

static void used_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    json_int_t used = number_of(item, "used");
    const json_t *slots = json_object_get(item, "slots");

    (void)screen;
    if (json_is_integer(slots) && used >= json_integer_value(slots))
        *ret_tone = TONE_HELD; // nothing more may start
    buf_printf(out, "%lld", (long long)used);
}

static void waiting_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    json_int_t waiting = number_of(item, "waiting");

    (void)screen;
    *ret_tone = waiting > 0 ? TONE_HELD : TONE_NONE;
    buf_printf(out, "%lld", (long long)waiting);
}

static void rate_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "rate"));
}

// What is wrong with it before what it is for.
static void description_write(const json_t *item, const struct screen *screen, struct buf *out,
                              enum tone *ret_tone)
{
    const char *fault = item_text(item, "fault");

    (void)screen;
    if (fault[0])
        *ret_tone = TONE_BAD;
    buf_add_text(out, fault[0] ? fault : item_text(item, "description"));
}

static void updated_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (item_moment(item, "updated_at", &at))
        screen_moment(screen, at, out);
}

static const struct listing_column columns[] = {
    {{.title = "NAME"}, false, name_write},
    {{.title = "SLOTS", .is_right = true}, false, slots_write},
    {{.title = "USED", .is_right = true}, false, used_write},
    {{.title = "WAITING", .rank = 1, .is_right = true}, false, waiting_write},
    {{.title = "RATE", .rank = 2}, false, rate_write},
    {{.title = "DESCRIPTION", .rank = 3, .may_break = true}, false, description_write},
    {{.title = "UPDATED", .rank = 4}, true, updated_write},
};

static const struct listing pools = {"pools", "name", columns, sizeof columns / sizeof *columns};

static bool list(struct errand *x)
{
    struct client_reply reply = {0};
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e) &&
              client_ask(x->client, "GET", "/api/v1/pools", NULL, &reply, &x->e) &&
              listing_write(&pools, &x->typed, form, &x->screen, reply.json, &x->out, &x->e);

    if (ok && form <= FORM_WIDE) {
        ok = screen_print(&x->out);
        if (json_array_size(json_object_get(reply.json, "pools")) == 0)
            errand_say(x, "no pools; `belfry pool set NAME slots=4` makes one");
    }
    client_reply_done(&reply);
    return ok;
}

// ---- one of them ----

static void label_write(const char *label, struct buf *out)
{
    buf_printf(out, "  %-*s ", LABEL_COLUMNS, label);
}

static void holders_write(const struct errand *x, const json_t *holders, struct buf *out)
{
    const json_t *one;
    size_t i;
    wall at;

    json_array_foreach((json_t *)(uintptr_t)holders, i, one)
    {
        const char *job = item_text(one, "job_id");

        label_write(i == 0 ? "held by" : "", out);
        buf_printf(out, "%s, run %lld", job[0] ? job : "a job that is gone",
                   (long long)number_of(one, "run_id"));
        if (item_moment(one, "since", &at)) {
            buf_add_text(out, " since ");
            screen_moment(&x->screen, at, out);
        }
        buf_add_byte(out, '\n');
    }
}

static void texts_write(const json_t *pool, struct buf *out)
{
    static const char *const members[] = {"rate", "description", "fault"};

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!item_text(pool, members[i])[0])
            continue;
        label_write(members[i], out);
        buf_printf(out, "%s\n", item_text(pool, members[i]));
    }
}

static void pool_told(const struct errand *x, const json_t *pool, struct buf *out)
{
    const json_t *users = json_object_get(pool, "used_by");

    buf_printf(out, "%s\n", item_text(pool, "name"));
    label_write("slots", out);
    slots_add(pool, out);
    buf_printf(out, ", %lld taken, %lld waiting\n", (long long)number_of(pool, "used"),
               (long long)number_of(pool, "waiting"));
    texts_write(pool, out);
    holders_write(x, json_object_get(pool, "held_by"), out);
    if (value_is_empty(users))
        return;
    label_write("used by", out);
    value_write(users, out);
    buf_add_byte(out, '\n');
}

static bool show(struct errand *x)
{
    struct client_reply reply = {0};
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e) &&
              errand_ask(x, "GET", NULL, &reply, "/api/v1/pools/{}", x->typed.args[1]);

    if (ok && form == FORM_JSON)
        buf_add(&x->out, buf_str(&reply.text));
    else if (ok)
        pool_told(x, reply.json, &x->out);
    client_reply_done(&reply);
    return ok;
}

// ---- changing ----

// What there is, as it would be put again, and that only this is to be replaced. {} when there is
// none, and then none must be there.
static bool body_read(struct errand *x, json_t *body)
{
    static const char *const members[] = {"slots", "rate", "description"};
    struct client_reply reply = {0};
    struct buf path;
    char match[40];
    bool ok;

    buf_init(&path, 4096);
    errand_path(&path, "/api/v1/pools/{}", x->typed.args[1]);
    ok = client_try(x->client, "GET", buf_text(&path), NULL, &reply, &x->e);
    buf_done(&path);
    if (ok && reply.status != 404 && reply.status != 200)
        ok = client_refusal(&reply, &x->e);
    for (size_t i = 0; ok && reply.status == 200 && i < sizeof members / sizeof *members; i++)
        json_object_set(body, members[i], json_object_get(reply.json, members[i]));
    snprintf(match, sizeof match, "\"r%lld\"", (long long)number_of(reply.json, "version"));
    if (ok && reply.status == 200)
        client_header(x->client, "if-match", match);
    else if (ok)
        client_header(x->client, "if-none-match", "*");
    client_reply_done(&reply);
    return ok;
}

static bool put(struct errand *x, const json_t *body, enum form form)
{
    struct client_reply reply = {0};
    bool ok = errand_ask(x, "PUT", body, &reply, "/api/v1/pools/{}", x->typed.args[1]);

    if (ok && form == FORM_JSON) {
        buf_add(&x->out, buf_str(&reply.text));
    } else if (ok) {
        const char *rate = item_text(reply.json, "rate");

        buf_printf(&x->out, "%s %s: slots ", reply.status == 201 ? "added" : "changed",
                   x->typed.args[1]);
        slots_add(reply.json, &x->out);
        buf_printf(&x->out, "%s%s\n", rate[0] ? ", rate " : "", rate);
    }
    client_reply_done(&reply);
    return ok;
}

static bool set(struct errand *x)
{
    json_t *body = json_object();
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e) && body_read(x, body) &&
              job_form_members(&x->typed, 2, body, &x->e) && put(x, body, form);

    json_decref(body);
    return ok;
}

static bool rm(struct errand *x)
{
    return errand_remove(x, "pool", "/api/v1/pools/{}");
}

static const struct {
    const char *word;
    bool (*act)(struct errand *x);
    int args_min, args_max; // 0: any
    const char *wants;
} acts[] = {
    {"ls", list, 0, 1, "no more words"},
    {"show", show, 2, 2, "the name of a pool"},
    {"set", set, 3, 0, "the name of a pool and what is to be of it, such as slots=4"},
    {"rm", rm, 2, 0, "the name of a pool"},
};

int cmd_pool(int argc, char **argv)
{
    struct errand x;
    const char *what;
    int status;
    bool ok = false;
    size_t i = 0;

    if (!errand_open(&x, argc, argv, NULL, argc, &status))
        return status;
    what = x.typed.arg_count > 0 ? x.typed.args[0] : "ls";
    while (i < sizeof acts / sizeof *acts && strcmp(acts[i].word, what) != 0)
        i++;
    if (i == sizeof acts / sizeof *acts)
        ok = fail(&x.e, ERR_USAGE, NULL, "\"%s\" is not ls, show, set or rm", what);
    else if (x.typed.arg_count < acts[i].args_min ||
             (acts[i].args_max > 0 && x.typed.arg_count > acts[i].args_max))
        ok = fail(&x.e, ERR_USAGE, NULL, "%s wants %s", acts[i].word, acts[i].wants);
    else
        ok = acts[i].act(&x);
    return errand_close(&x, ok);
}
