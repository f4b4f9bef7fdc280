// calendars.c - calendars and freezes over HTTP, which are changed in the same way.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/models.h"
#include "time/duration.h"
#include "time/iso8601.h"

#define COMING_MAX 10
#define COMING_US (2 * 366 * DAY_US)

static void written(const struct err *err, const struct window *window, void *ctx);
static void removed(const struct err *err, const struct window *window, void *ctx);

static struct windows *windows_of(const struct call *call)
{
    return sched_windows(call->api->o.sched);
}

static struct str name_of(const struct call *call)
{
    const struct calendar_params *params = call->params;

    return params->name;
}

static const char *noun_of(enum store_calendar_kind kind)
{
    return kind == STORE_FREEZE ? "freeze" : "calendar";
}

// Calls answer after the commit; which of the two they are about is in the path.
static enum store_calendar_kind kind_of(const struct call *call)
{
    return str_starts(str_of(call->route->path), STR_LIT("/api/v1/freezes")) ? STORE_FREEZE
                                                                             : STORE_CALENDAR;
}

// --- telling
// --------------------------------------------------------------------------------------------------------

static void text_write(struct json_write *w, const char *key, const char *text)
{
    json_write_key(w, key);
    json_write_text(w, text); // NULL is null
}

static void moment_write(struct json_write *w, const char *key, wall at, const struct zone *zone)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == WALL_NEVER.us) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, zone, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void head_write(const struct window *window, struct json_write *w)
{
    json_write_key(w, "name");
    json_write_str(w, window->row.name);
    text_write(w, "description", window->description);
    text_write(w, "reason", window->reason);
}

static void tail_write(const struct window *window, struct json_write *w)
{
    json_write_key(w, "version");
    json_write_int(w, window->row.version);
    moment_write(w, "created_at", window->row.created_at, NULL);
    moment_write(w, "updated_at", window->row.updated_at, NULL);
    text_write(w, "fault", window->fault);
}

static void users_write(const struct windows *windows, struct str name, struct json_write *w)
{
    const char *user;

    json_write_key(w, "used_by");
    json_write_array(w);
    for (size_t at = 0; (user = windows->jobs.user(name, &at, windows->jobs.ctx));)
        json_write_text(w, user);
    json_write_array_end(w);
}

// The calendars that a window consists of; empty when it cannot be used.
static void parts_gather(const struct windows *windows, const struct window *window,
                         struct almanac_list *list)
{
    struct err e;

    if (window->row.kind == STORE_FREEZE) {
        const struct freeze *freeze = freezes_find(&windows->freezes, window->row.name);

        if (freeze)
            vec_push(list, almanac_hold(freeze->marks));
    } else {
        (void)almanacs_gather(&windows->calendars, window->row.name, "", list, &e);
    }
}

static void coming_write(const struct call *call, const struct window *window, struct json_write *w)
{
    const struct windows *windows = windows_of(call);
    const struct zone *zone = windows->freezes.zone;
    wall now = clock_wall(call->api->o.clock), until = {now.us + COMING_US};
    struct almanac_list list = {0};
    struct almanac_stretch s = {.to = now};

    parts_gather(windows, window, &list);
    json_write_key(w, "coming");
    json_write_array(w);
    for (int i = 0; i < COMING_MAX && almanac_list_next(&list, zone, s.to, until, &s); i++) {
        const struct zone *own = s.by->zone ? s.by->zone : zone;

        json_write_object(w);
        moment_write(w, "from", s.from, own);
        moment_write(w, "to", s.to, own);
        text_write(w, "calendar", s.by->name);
        text_write(w, "reason", s.why);
        json_write_object_end(w);
    }
    json_write_array_end(w);
    almanac_list_done(&list);
}

static void window_reply(struct call *call, int status, const struct window *window)
{
    struct json_write w;
    struct buf body;

    call_etag(call, window->row.version);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    head_write(window, &w);
    json_write_key(&w, "definition");
    json_write_raw(&w, window->row.body);
    tail_write(window, &w);
    if (window->row.kind == STORE_CALENDAR)
        users_write(windows_of(call), window->row.name, &w);
    coming_write(call, window, &w);
    json_write_object_end(&w);
    call_reply(call, status, &body);
}

static void list_reply(struct call *call, const char *key)
{
    const struct windows *windows = windows_of(call);
    struct json_write w;
    struct buf body;
    int64_t count = 0;

    for (size_t i = 0; i < windows->list.len; i++)
        count += windows->list.v[i]->row.kind == kind_of(call);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "total");
    json_write_int(&w, count);
    json_write_key(&w, key);
    json_write_array(&w);
    for (size_t i = 0; i < windows->list.len; i++) {
        if (windows->list.v[i]->row.kind != kind_of(call))
            continue;
        json_write_object(&w);
        head_write(windows->list.v[i], &w);
        tail_write(windows->list.v[i], &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void calendars_list(struct call *call)
{
    list_reply(call, "calendars");
}

void freezes_list(struct call *call)
{
    list_reply(call, "freezes");
}

static void missing_reply(struct call *call)
{
    const char *noun = noun_of(kind_of(call));
    struct err e;

    (void)fail(&e, ERR_NOT_FOUND, "name", "there is no %s \"%.*s\"", noun, STR(name_of(call)));
    (void)fail_hint(&e, "GET /api/v1/%ss lists those that there are", noun);
    call_reply_err(call, &e);
}

static void show(struct call *call)
{
    const struct window *window = windows_find(windows_of(call), kind_of(call), name_of(call));

    if (!window) {
        missing_reply(call);
    } else if (call_is_fresh(call, window->row.version)) {
        call_etag(call, window->row.version);
        call_reply_empty(call, 304);
    } else {
        window_reply(call, 200, window);
    }
}

void calendar_show(struct call *call)
{
    show(call);
}

void freeze_show(struct call *call)
{
    show(call);
}

// --- changing
// -------------------------------------------------------------------------------------------------------

static int version_of(const struct call *call)
{
    const struct window *window = windows_find(windows_of(call), kind_of(call), name_of(call));

    return window ? window->row.version : 0;
}

static void put(struct call *call)
{
    struct call_match match = call_match(call);
    int expect = match.is_create ? STORE_CREATE : match.version > 0 ? match.version : STORE_ANY;

    if (call_match_check(call, noun_of(kind_of(call)), version_of(call)))
        windows_put(windows_of(call), kind_of(call), name_of(call), call->json, expect,
                    clock_wall(call->api->o.clock), written, call);
}

void calendar_put(struct call *call)
{
    put(call);
}

void freeze_put(struct call *call)
{
    put(call);
}

// "dates.3" as a place in the body, and the value there.
static struct str place_of(struct call *call, const char *field, const json_t **ret_value)
{
    struct str loc = STR_LIT("\"body\""), rest = str_of(field), part;
    int64_t index;

    *ret_value = call->json;
    while (rest.len > 0 && str_next(&rest, '.', &part)) {
        if (json_is_array(*ret_value) && str_to_int(part, &index)) {
            loc = arena_printf(call->arena, "%.*s,%lld", STR(loc), (long long)index);
            *ret_value = json_array_get(*ret_value, (size_t)index);
        } else {
            loc = model_loc(call->arena, loc, part);
            *ret_value = json_object_getn(*ret_value, part.p, part.len);
        }
    }
    return loc;
}

static void written(const struct err *err, const struct window *window, void *ctx)
{
    struct call *call = ctx;
    const json_t *value;
    struct str loc;

    if (!err) {
        window_reply(call, window->row.version == 1 ? 201 : 200, window);
    } else if (err->code == ERR_INPUT || err->code == ERR_LIMIT) {
        loc = place_of(call, err->field, &value);
        (void)model_complain_err(call->issues, loc, value, err);
        call_reply_issues(call);
    } else if (err->code == ERR_CONFLICT || err->code == ERR_EXISTS || err->code == ERR_NOT_FOUND) {
        call_reply_mismatch(call, noun_of(kind_of(call)), version_of(call));
    } else {
        call_reply_err(call, err);
    }
}

static void remove_it(struct call *call)
{
    int version = version_of(call);

    if (version == 0)
        missing_reply(call);
    else if (call_match_check(call, noun_of(kind_of(call)), version))
        windows_delete(windows_of(call), kind_of(call), name_of(call), removed, call);
}

void calendar_delete(struct call *call)
{
    remove_it(call);
}

void freeze_delete(struct call *call)
{
    remove_it(call);
}

static void removed(const struct err *err, const struct window *window, void *ctx)
{
    struct call *call = ctx;

    (void)window;
    if (!err)
        call_reply_empty(call, 204);
    else if (err->code == ERR_NOT_FOUND)
        missing_reply(call);
    else
        call_reply_err(call, err);
}
