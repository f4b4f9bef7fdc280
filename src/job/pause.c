// pause.c - pauses in memory, in the store and in replies.
// SPDX-License-Identifier: Apache-2.0
#include "job/pause.h"

#include <stdlib.h>

#include "base/mem.h"
#include "time/iso8601.h"

const char *const pause_scope_names[] = {"job", "tag", "scheduler", "slots", NULL};

static char *message_of(const struct pause *p)
{
    struct buf b;
    char *message;

    buf_init(&b, 1000);
    if (p->scope == PAUSE_TAG)
        buf_printf(&b, "the tag %s is paused", p->tag);
    else
        buf_add_text(&b, p->scope == PAUSE_ALL   ? "the scheduler is paused"
                         : p->scope == PAUSE_JOB ? "paused"
                                                 : "asked not to run");
    if (p->reason)
        buf_printf(&b, ": %s", p->reason);
    message = str_own(buf_str(&b));
    buf_done(&b);
    return message;
}

struct pause *pause_new(enum pause_scope scope, struct str tag, struct str reason, struct str by,
                        wall since, wall until)
{
    struct pause *p = mem_alloc(sizeof *p);

    p->scope = scope;
    p->since = since;
    p->until = until;
    p->tag = tag.len > 0 ? str_own(tag) : NULL;
    p->reason = reason.len > 0 ? str_own(reason) : NULL;
    p->by = str_own(by);
    p->message = message_of(p);
    return p;
}

struct pause *pause_copy(const struct pause *p)
{
    struct pause *copy;

    if (!p)
        return NULL;
    copy = pause_new(p->scope, p->tag ? str_of(p->tag) : (struct str){0},
                     p->reason ? str_of(p->reason) : (struct str){0}, str_of(p->by), p->since,
                     p->until);
    copy->is_dropping = p->is_dropping;
    return copy;
}

void pause_free(struct pause *p)
{
    if (!p)
        return;
    free((char *)p->tag);
    free((char *)p->reason);
    free((char *)p->by);
    free((char *)p->message);
    free(p);
}

bool pause_holds(const struct pause *p, wall at)
{
    return p && at.us >= p->since.us && at.us < p->until.us;
}

void pause_lift(struct pause *p, wall at)
{
    if (at.us < p->until.us)
        p->until = at;
}

// --- stored
// -------------------------------------------------------------------------------------------------------

json_t *pause_encode(const struct pause *p)
{
    json_t *value;

    if (!p)
        return NULL;
    value = json_object();
    (void)json_object_set_new(value, "since", json_integer(p->since.us));
    if (p->until.us != WALL_NEVER.us)
        (void)json_object_set_new(value, "until", json_integer(p->until.us));
    if (p->reason)
        (void)json_object_set_new(value, "reason", json_string(p->reason));
    (void)json_object_set_new(value, "by", json_string(p->by));
    if (p->is_dropping)
        (void)json_object_set_new(value, "drop", json_true());
    return value;
}

// Texts of a JSON value; an empty one when it is none.
static struct str text_of(const json_t *value)
{
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : (struct str){0};
}

bool pause_decode(const json_t *value, enum pause_scope scope, struct str tag,
                  struct pause **ret_pause, struct err *e)
{
    const json_t *since = json_object_get(value, "since"), *until = json_object_get(value, "until");

    if (!json_is_integer(since) || (until && !json_is_integer(until)))
        return fail(e, ERR_STORE, "pause", "the stored pause has no usable beginning or end");
    *ret_pause = pause_new(scope, tag, text_of(json_object_get(value, "reason")),
                           text_of(json_object_get(value, "by")), (wall){json_integer_value(since)},
                           until ? (wall){json_integer_value(until)} : WALL_NEVER);
    (*ret_pause)->is_dropping = json_is_true(json_object_get(value, "drop"));
    return true;
}

// --- told
// ---------------------------------------------------------------------------------------------------------

static void moment_write(const char *key, wall at, const struct zone *zone, struct buf *b,
                         struct json_write *w)
{
    json_write_key(w, key);
    if (at.us == WALL_NEVER.us) {
        json_write_null(w);
        return;
    }
    buf_clear(b);
    iso8601_write(at, zone, b);
    json_write_str(w, buf_str(b));
    buf_clear(b);
}

void pause_write(const struct pause *p, const struct zone *zone, struct buf *scratch,
                 struct json_write *w)
{
    bool is_slots = p && p->scope == PAUSE_SLOTS;

    if (!p) {
        json_write_null(w);
        return;
    }
    json_write_object(w);
    json_write_key(w, "reason");
    json_write_text(w, p->reason);
    if (is_slots) { // the first and the last slot
        moment_write("from", p->since, zone, scratch, w);
        moment_write("to", (wall){p->until.us - 1}, zone, scratch, w);
    } else {
        moment_write("until", p->until, zone, scratch, w);
        moment_write("since", p->since, zone, scratch, w);
    }
    json_write_key(w, "by");
    json_write_text(w, p->by);
    if (!is_slots) {
        json_write_key(w, "scope");
        json_write_text(w, pause_scope_names[p->scope]);
        json_write_key(w, "tag");
        json_write_text(w, p->tag);
    }
    json_write_object_end(w);
}
