// node.c - `belfry node`: the nodes that share a database, and draining one.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/errand.h"
#include "cli/interrupt.h"
#include "cli/listing.h"
#include "cli/run_wait.h"
#include "time/duration.h"

enum {
    LOOK_MS = 500, // between two looks at a node that is waited for
};

// ---- the list ----

static void name_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "name"));
    if (json_is_true(json_object_get(item, "is_self")))
        buf_add_text(out, " *");
}

static bool lease_is_over(const json_t *item, const struct screen *screen)
{
    wall until;

    return item_moment(item, "lease_until", &until) && until.us < screen->now.us;
}

static void state_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    const char *state = item_text(item, "state");
    bool is_over = lease_is_over(item, screen);

    *ret_tone = is_over ? TONE_BAD : strcmp(state, "active") == 0 ? TONE_GOOD : TONE_HELD;
    buf_add_text(out, is_over ? "silent" : state);
}

static void version_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "version"));
}

static void number_write(const json_t *item, const char *member, struct buf *out)
{
    const json_t *n = json_object_get(item, member);

    if (json_is_integer(n))
        buf_printf(out, "%lld", (long long)json_integer_value(n));
}

static void jobs_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "jobs", out);
}

static void running_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "running", out);
}

static void waiting_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "waiting", out);
}

static void late_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    const json_t *late = json_object_get(item, "late_ms");

    (void)screen, (void)ret_tone;
    if (json_is_integer(late))
        screen_took(json_integer_value(late), out);
}

static void seen_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (!item_moment(item, "seen_at", &at))
        return;
    if (screen->is_terminal)
        screen_distance(screen, at, out);
    else
        screen_moment(screen, at, out);
}

static void tags_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    const json_t *tags = json_object_get(item, "tags"), *tag;
    size_t i;

    (void)screen, (void)ret_tone;
    json_array_foreach((json_t *)(uintptr_t)tags, i, tag)
        buf_printf(out, "%s%s", i > 0 ? "," : "", json_string_value(tag));
}

static void address_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "address"));
}

static const struct listing_column columns[] = {
    {{.title = "NAME"}, false, name_write},
    {{.title = "STATE"}, false, state_write},
    {{.title = "JOBS", .rank = 1, .is_right = true}, false, jobs_write},
    {{.title = "RUNNING", .is_right = true}, false, running_write},
    {{.title = "WAITING", .rank = 2, .is_right = true}, false, waiting_write},
    {{.title = "LATE", .rank = 4, .is_right = true}, false, late_write},
    {{.title = "SEEN", .rank = 3}, false, seen_write},
    {{.title = "VERSION", .rank = 5}, false, version_write},
    {{.title = "TAGS", .rank = 6, .may_break = true}, false, tags_write},
    {{.title = "ADDRESS", .rank = 7}, true, address_write},
};

static const struct listing nodes = {"nodes", "name", columns, sizeof columns / sizeof *columns};

static bool list(struct errand *x)
{
    struct client_reply reply = {0};
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e) &&
              client_ask(x->client, "GET", "/api/v1/nodes", NULL, &reply, &x->e) &&
              listing_write(&nodes, &x->typed, form, &x->screen, reply.json, &x->out, &x->e);

    if (ok && form <= FORM_WIDE) {
        ok = screen_print(&x->out);
        if (x->screen.is_terminal)
            errand_say(x, json_is_null(json_object_get(reply.json, "epoch"))
                              ? "* answers; it has its database to itself"
                              : "* answers");
    }
    client_reply_done(&reply);
    return ok;
}

// ---- draining ----

static json_int_t number_of(const json_t *item, const char *member)
{
    return json_integer_value(json_object_get(item, member));
}

// Whether a node has nothing to do any more. Jobs stay where nobody else could have them.
static bool is_empty(const json_t *reply, const char *name, bool *ret_has_heir)
{
    const json_t *item, *one = NULL;
    size_t i;

    *ret_has_heir = false;
    json_array_foreach(json_object_get(reply, "nodes"), i, item)
    {
        if (strcmp(item_text(item, "name"), name) == 0)
            one = item;
        else
            *ret_has_heir |= strcmp(item_text(item, "state"), "active") == 0;
    }
    return number_of(one, "running") == 0 && (number_of(one, "jobs") == 0 || !*ret_has_heir);
}

// Waits until nothing of it is left there.
static bool empty_wait(struct errand *x, const char *name, int interrupt_fd, int64_t limit_us)
{
    mono begun = clock_mono(clock_real());
    struct client_reply reply;
    bool is_over, has_heir;

    while (client_ask(x->client, "GET", "/api/v1/nodes", NULL, &reply, &x->e)) {
        is_over = is_empty(reply.json, name, &has_heir);
        client_reply_done(&reply);
        if (is_over && !has_heir)
            errand_say(x, "no other node is active: its jobs wait until one is");
        if (is_over)
            return true;
        if (limit_us > 0 && clock_mono(clock_real()).us - begun.us > limit_us)
            return fail(&x->e, ERR_TIMEOUT, NULL,
                        "%s still has runs in progress; it goes on draining", name);
        if (interrupt_wait(interrupt_fd, LOOK_MS))
            return fail(&x->e, ERR_TIMEOUT, NULL, "no longer waiting; %s goes on draining", name);
    }
    return false;
}

static bool one_drain(struct errand *x, const char *name, bool waits, int interrupt_fd,
                      int64_t limit_us)
{
    struct client_reply reply;

    if (!errand_ask(x, "POST", NULL, &reply, "/api/v1/nodes/{}/drain", name))
        return false;
    client_reply_done(&reply);
    if (waits && !empty_wait(x, name, interrupt_fd, limit_us))
        return false;
    buf_printf(&x->out, waits ? "drained %s\n" : "draining %s\n", name);
    return true;
}

static bool drain(struct errand *x)
{
    const char *limit = typed_value(&x->typed, "--for");
    bool waits = typed_has(&x->typed, "--wait") || limit, ok = true;
    autoclose int fd = -1;
    int64_t limit_us = 0;

    if (limit && !duration_parse(str_of(limit), "--for", &limit_us, &x->e))
        return false;
    if (waits)
        fd = interrupt_open();
    for (int i = 1; ok && i < x->typed.arg_count; i++)
        ok = one_drain(x, x->typed.args[i], waits, fd, limit_us);
    return ok;
}

static bool undrain(struct errand *x)
{
    struct client_reply reply;

    for (int i = 1; i < x->typed.arg_count; i++) {
        if (!errand_ask(x, "POST", NULL, &reply, "/api/v1/nodes/{}/undrain", x->typed.args[i]))
            return false;
        client_reply_done(&reply);
        buf_printf(&x->out, "undrained %s\n", x->typed.args[i]);
    }
    return true;
}

int cmd_node(int argc, char **argv)
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
    else if (strcmp(what, "drain") == 0 && x.typed.arg_count > 1)
        ok = drain(&x);
    else if (strcmp(what, "undrain") == 0 && x.typed.arg_count > 1)
        ok = undrain(&x);
    else if (strcmp(what, "drain") == 0 || strcmp(what, "undrain") == 0)
        ok = fail(&x.e, ERR_USAGE, NULL, "%s wants the name of a node", what) ||
             fail_hint(&x.e, "`belfry node` lists them");
    else
        ok = fail(&x.e, ERR_USAGE, NULL, "\"%s\" is not ls, drain or undrain",
                  strcmp(what, "ls") == 0 ? x.typed.args[1] : what);
    return errand_close(&x, ok);
}
