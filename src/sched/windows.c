// windows.c - calendars and freezes in memory, kept in step with the store.
//
// Between a request and the store's answer somebody else may come along. So a calendar that is
// being removed is hidden at once (is_leaving), one that is named by a definition under way is
// held, and so is one in a job that is being written: a hold besides the registry's is use.
// SPDX-License-Identifier: Apache-2.0
#include "sched/windows.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "trigger/almanac_read.h"

#define USERS_TOLD 3

struct window_write {
    struct windows *w;
    struct window *window;     // the new one (put); kind and name (delete)
    struct almanac *almanac;   // the new calendar, held
    struct freeze *freeze;     // the new freeze, owned
    struct almanac_list named; // what the new calendar leads to, held meanwhile
    windows_done_fn *done;
    void *ctx;
};

static const char *noun_of(enum store_calendar_kind kind)
{
    return kind == STORE_FREEZE ? "freeze" : "calendar";
}

// ---- the list

static char *text_own(const json_t *definition, const char *key)
{
    const json_t *text = json_object_get(definition, key);

    return json_is_string(text)
               ? str_own((struct str){json_string_value(text), json_string_length(text)})
               : NULL;
}

static struct window *window_new(const struct store_calendar *row, const json_t *definition)
{
    struct window *window = mem_alloc(sizeof *window);

    window->description = text_own(definition, "description");
    window->reason = text_own(definition, "reason");

    window->row = *row;
    window->row.name.p = str_own(row->name);
    window->row.body.p = str_own(row->body);
    return window;
}

static void window_free(struct window *window)
{
    if (!window)
        return;
    free((char *)window->row.name.p);
    free((char *)window->row.body.p);
    free(window->description);
    free(window->reason);
    free(window->fault);
    free(window);
}

static size_t place_of(const struct windows *w, enum store_calendar_kind kind, struct str name,
                       bool *ret_is_there)
{
    int order = 1;
    size_t i = 0;

    for (; i < w->list.len; i++) {
        const struct store_calendar *row = &w->list.v[i]->row;

        order = row->kind != kind ? (int)row->kind - (int)kind : str_cmp(row->name, name);
        if (order >= 0)
            break;
    }
    *ret_is_there = i < w->list.len && order == 0;
    return i;
}

// Takes the place of one of the same kind and name.
static void window_put(struct windows *w, struct window *window)
{
    bool is_there;
    size_t at = place_of(w, window->row.kind, window->row.name, &is_there);

    if (is_there) {
        window->row.created_at = w->list.v[at]->row.created_at;
        window_free(w->list.v[at]);
    } else {
        vec_reserve(&w->list, w->list.len + 1);
        memmove(w->list.v + at + 1, w->list.v + at, (w->list.len++ - at) * sizeof *w->list.v);
    }
    w->list.v[at] = window;
}

static void window_remove(struct windows *w, enum store_calendar_kind kind, struct str name)
{
    bool is_there;
    size_t at = place_of(w, kind, name, &is_there);

    if (!is_there)
        return;
    window_free(w->list.v[at]);
    memmove(w->list.v + at, w->list.v + at + 1, (--w->list.len - at) * sizeof *w->list.v);
}

const struct window *windows_find(const struct windows *w, enum store_calendar_kind kind,
                                  struct str name)
{
    bool is_there;
    size_t at = place_of(w, kind, name, &is_there);

    return is_there ? w->list.v[at] : NULL;
}

// ---- what was stored

void windows_init(struct windows *w, struct store *store, struct zones *zones, struct str timezone,
                  const struct windows_jobs *jobs)
{
    struct err e;

    *w = (struct windows){.store = store, .zones = zones, .jobs = *jobs};
    almanacs_init(&w->calendars);
    if (!zones_get(zones, timezone, &w->freezes.zone, &e))
        w->freezes.zone = zones_utc(zones);
}

void windows_done(struct windows *w)
{
    for (size_t i = 0; i < w->list.len; i++)
        window_free(w->list.v[i]);
    vec_done(&w->list);
    freezes_done(&w->freezes);
    almanacs_done(&w->calendars);
}

static json_t *body_load(struct str body, struct err *e)
{
    json_error_t fault;
    json_t *definition = json_loadb(body.p ? body.p : "", body.len, JSON_REJECT_DUPLICATES, &fault);

    if (!definition)
        (void)fail(e, ERR_STORE, NULL, "the stored text is not JSON: %s", fault.text);
    return definition;
}

// Reads a stored definition. False, with the reason in *e, when this program cannot use it.
static bool definition_read(struct windows *w, const struct store_calendar *row,
                            const json_t *definition, struct err *e)
{
    struct almanac *almanac;
    struct freeze *freeze;
    bool ok;

    if (row->kind == STORE_FREEZE) {
        ok = freeze_read(definition, row->name, w->zones, &freeze, e);
        if (ok)
            freezes_put(&w->freezes, freeze);
    } else {
        ok = row->kind == STORE_CALENDAR
                 ? almanac_read(definition, row->name, w->zones, &almanac, e)
                 : fail(e, ERR_STORE, NULL, "its kind is not known to this version");
        if (ok)
            almanacs_put(&w->calendars, almanac);
    }
    return ok;
}

static void unusable(struct windows *w, struct window *window, const struct err *e)
{
    struct almanac *almanac;

    log_error("a stored calendar or freeze cannot be used and is kept aside",
              log_str("name", window->row.name), log_text("kind", noun_of(window->row.kind)),
              log_text("why", e->message));
    window->fault = str_own(str_of(e->message));
    if (window->row.kind != STORE_CALENDAR)
        return;
    almanac = almanac_new(window->row.name, (struct str){0});
    almanac->fault = arena_copy(almanac->arena, str_of(e->message)).p;
    almanacs_put(&w->calendars, almanac);
}

void windows_load(struct windows *w, const struct store_calendar *row)
{
    struct err e;
    json_t *definition = body_load(row->body, &e);
    struct window *window = window_new(row, definition);

    window_put(w, window);
    if (!definition || !definition_read(w, row, definition, &e))
        unusable(w, window, &e);
    json_decref(definition);
}

void windows_reload(struct windows *w)
{
    struct err e;

    for (size_t i = 0; i < w->list.len; i++) {
        const struct window *window = w->list.v[i];
        json_t *definition = window->fault ? NULL : body_load(window->row.body, &e);

        if (definition && !definition_read(w, &window->row, definition, &e))
            log_error("a calendar or freeze cannot be used with the new zone data",
                      log_str("name", window->row.name), log_text("why", e.message));
        json_decref(definition);
    }
}

// ---- what others change

static const struct store_calendar *row_find(const struct store_calendar *rows, size_t count,
                                             const struct store_calendar *like)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == like->kind && str_eq(rows[i].name, like->name))
            return &rows[i];
    return NULL;
}

static void gone(struct windows *w, const struct store_calendar *row)
{
    enum store_calendar_kind kind = row->kind;

    if (kind == STORE_CALENDAR)
        almanacs_remove(&w->calendars, row->name);
    else
        freezes_remove(&w->freezes, row->name);
    window_remove(w, kind, row->name);
}

// Whether what is in memory is that version, or was written later.
static bool is_known(const struct windows *w, const struct store_calendar *row)
{
    const struct window *window = windows_find(w, row->kind, row->name);

    return window && (window->row.updated_at.us > row->updated_at.us ||
                      (window->row.updated_at.us == row->updated_at.us &&
                       window->row.version == row->version));
}

// Which kinds have changed, as a set of bits.
static unsigned rows_compare(struct windows *w, const struct store_calendar *rows, size_t count)
{
    unsigned changed = 0;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind > STORE_FREEZE || is_known(w, &rows[i]))
            continue;
        changed |= 1u << rows[i].kind;
        windows_load(w, &rows[i]);
    }
    for (size_t i = w->list.len; i-- > 0;) {
        const struct store_calendar *row = &w->list.v[i]->row;

        if (row_find(rows, count, row))
            continue;
        changed |= 1u << row->kind;
        gone(w, row);
    }
    return changed;
}

void windows_sync(struct windows *w, const struct store_calendar *rows, size_t count)
{
    unsigned changed = rows_compare(w, rows, count);

    if (changed & 1u << STORE_FREEZE)
        w->jobs.freezes_changed(w->jobs.ctx);
    if (changed & 1u << STORE_CALENDAR)
        w->jobs.calendars_changed(w->jobs.ctx);
}

// ---- changes

static void write_end(struct window_write *write, const struct err *err,
                      const struct window *window)
{
    if (err)
        write->w->jobs.trouble(err, write->w->jobs.ctx);
    if (write->done)
        write->done(err, window, write->ctx);
    window_free(write->window);
    almanac_drop(write->almanac);
    freeze_free(write->freeze);
    almanac_list_done(&write->named);
    free(write);
}

static void put_answered(const struct store_answer *answer, void *ctx)
{
    struct window_write *write = ctx;
    struct windows *w = write->w;
    struct window *window = write->window;

    if (answer->err) {
        write_end(write, answer->err, NULL);
        return;
    }
    window->row.version = answer->version;
    if (is_known(w, &window->row)) { // the news were here before
        write_end(write, NULL, windows_find(w, window->row.kind, window->row.name));
        return;
    }
    window_put(w, window);
    write->window = NULL;
    if (write->freeze) {
        freezes_put(&w->freezes, write->freeze);
        write->freeze = NULL;
        w->jobs.freezes_changed(w->jobs.ctx);
    } else {
        const struct almanac *before = almanacs_find(&w->calendars, window->row.name);

        write->almanac->is_leaving = before && before->is_leaving;
        almanacs_put(&w->calendars, write->almanac);
        write->almanac = NULL;
        w->jobs.calendars_changed(w->jobs.ctx);
    }
    write_end(write, NULL, window);
}

// Whether every job that uses the calendar could live with the new one, which takes the old one's
// place for so long.
static bool jobs_agree(struct windows *w, struct almanac *almanac, struct err *e)
{
    struct str name = str_of(almanac->name);
    struct almanac *before = almanacs_swap(&w->calendars, name, almanac);
    bool ok = !before || w->jobs.check(name, e, w->jobs.ctx);

    (void)almanacs_swap(&w->calendars, name, before);
    return ok;
}

static bool calendar_read(struct window_write *write, const json_t *definition, struct str name,
                          struct err *e)
{
    struct windows *w = write->w;

    if (!almanac_read(definition, name, w->zones, &write->almanac, e) ||
        !almanacs_check(&w->calendars, write->almanac, e))
        return false;
    for (size_t i = 0; i < write->almanac->others.len; i++)
        if (!almanacs_gather(&w->calendars, str_of(write->almanac->others.v[i]), "calendars",
                             &write->named, e))
            return false;
    return jobs_agree(w, write->almanac, e);
}

void windows_put(struct windows *w, enum store_calendar_kind kind, struct str name,
                 const json_t *definition, int expect, wall now, windows_done_fn *done, void *ctx)
{
    struct window_write *write = mem_alloc(sizeof *write);
    char *body = json_dumps(definition, JSON_COMPACT);
    struct store_calendar row = {
        .kind = kind, .name = name, .body = str_of(body), .created_at = now, .updated_at = now};
    struct err e;

    *write = (struct window_write){.w = w, .done = done, .ctx = ctx};
    if (kind == STORE_FREEZE ? freeze_read(definition, name, w->zones, &write->freeze, &e)
                             : calendar_read(write, definition, name, &e)) {
        write->window = window_new(&row, definition);
        store_put_calendar(w->store, &row, expect, put_answered, write);
    } else {
        write_end(write, &e, NULL);
    }
    free(body);
}

static void delete_answered(const struct store_answer *answer, void *ctx)
{
    struct window_write *write = ctx;
    struct windows *w = write->w;
    const struct store_calendar *row = &write->window->row;
    struct almanac *almanac =
        row->kind == STORE_CALENDAR ? almanacs_find(&w->calendars, row->name) : NULL;

    if (answer->err) {
        if (almanac)
            almanac->is_leaving = false;
        write_end(write, answer->err, NULL);
        return;
    }
    window_remove(w, row->kind, row->name);
    if (row->kind == STORE_CALENDAR) {
        almanacs_remove(&w->calendars, row->name);
    } else {
        freezes_remove(&w->freezes, row->name);
        w->jobs.freezes_changed(w->jobs.ctx);
    }
    write_end(write, NULL, NULL);
}

// Names of jobs that use a calendar: "a, b, c and 4 more".
static int users_print(const struct windows *w, struct str name, struct buf *out)
{
    const char *user;
    size_t at = 0;
    int count = 0;

    for (; (user = w->jobs.user(name, &at, w->jobs.ctx)); count++)
        if (count < USERS_TOLD)
            buf_printf(out, "%s%s", count > 0 ? ", " : "", user);
    if (count > USERS_TOLD)
        buf_printf(out, " and %d more", count - USERS_TOLD);
    return count;
}

static bool is_free(const struct windows *w, struct str name, struct err *e)
{
    const struct almanac *almanac = almanacs_find(&w->calendars, name);
    const char *other = almanacs_user(&w->calendars, name);
    struct buf users;
    int count;

    if (other)
        return fail(e, ERR_IN_USE, "name", "the calendar \"%.*s\" is part of the calendar \"%s\"",
                    STR(name), other);
    buf_init(&users, 500);
    count = users_print(w, name, &users);
    if (count > 0) {
        fail(e, ERR_IN_USE, "name", "the calendar \"%.*s\" is used by %d job%s: %.*s", STR(name),
             count, count == 1 ? "" : "s", STR(buf_str(&users)));
        fail_hint(e, "take it out of their triggers first");
    } else if (almanac && almanac->holders > 1) {
        fail(e, ERR_IN_USE, "name",
             "the calendar \"%.*s\" is used by what is being written just "
             "now",
             STR(name));
        fail_hint(e, "try again");
    }
    buf_done(&users);
    return count == 0 && (!almanac || almanac->holders == 1);
}

void windows_delete(struct windows *w, enum store_calendar_kind kind, struct str name,
                    windows_done_fn *done, void *ctx)
{
    struct window_write *write = mem_alloc(sizeof *write);
    const struct window *window = windows_find(w, kind, name);
    struct almanac *almanac = kind == STORE_CALENDAR ? almanacs_find(&w->calendars, name) : NULL;
    struct err e;

    *write = (struct window_write){.w = w, .done = done, .ctx = ctx};
    if (!window) {
        (void)fail(&e, ERR_NOT_FOUND, "name", "there is no %s \"%.*s\"", noun_of(kind), STR(name));
        write_end(write, &e, NULL);
        return;
    }
    if (kind == STORE_CALENDAR && !is_free(w, name, &e)) {
        write_end(write, &e, NULL);
        return;
    }
    if (almanac)
        almanac->is_leaving = true;
    write->window = window_new(&window->row, NULL);
    store_delete_calendar(w->store, kind, name, delete_answered, write);
}
