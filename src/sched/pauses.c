// pauses.c - pauses of tags and of everything.
// SPDX-License-Identifier: Apache-2.0
#include "sched/pauses.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "job/tags.h"

struct pause_write {
    struct pauses *p;
    struct pause *pause; // the new one
    pauses_done_fn *done;
    void *ctx;
};

void pauses_init(struct pauses *p, struct store *store)
{
    *p = (struct pauses){.store = store};
}

void pauses_done(struct pauses *p)
{
    for (size_t i = 0; i < p->all.len; i++)
        pause_free(p->all.v[i]);
    vec_done(&p->all);
}

static struct str tag_of(const struct pause *pause)
{
    return pause->tag ? str_of(pause->tag) : (struct str){0};
}

// Where it is, or would be.
static size_t place_of(const struct pauses *p, struct str tag)
{
    size_t i = 0;

    while (i < p->all.len && str_cmp(tag_of(p->all.v[i]), tag) < 0)
        i++;
    return i;
}

static void put(struct pauses *p, struct pause *pause)
{
    size_t at = place_of(p, tag_of(pause));

    if (at < p->all.len && str_eq(tag_of(p->all.v[at]), tag_of(pause))) {
        pause_free(p->all.v[at]);
    } else {
        vec_reserve(&p->all, p->all.len + 1);
        memmove(p->all.v + at + 1, p->all.v + at, (p->all.len++ - at) * sizeof *p->all.v);
    }
    p->all.v[at] = pause;
}

static bool row_is_all(const struct store_calendar *row)
{
    return str_eq(row->name, STR_LIT(PAUSES_ALL));
}

// NULL when it cannot be read.
static struct pause *row_read(const struct store_calendar *row)
{
    bool is_all = row_is_all(row);
    json_t *body = json_loadb(row->body.p, row->body.len, 0, NULL);
    struct pause *pause = NULL;
    struct err e;

    if (!pause_decode(body, is_all ? PAUSE_ALL : PAUSE_TAG, is_all ? (struct str){0} : row->name,
                      &pause, &e)) {
        log_error("a stored pause cannot be used and holds nothing", log_str("name", row->name),
                  log_text("why", e.message));
        pause = NULL;
    }
    json_decref(body);
    return pause;
}

void pauses_load(struct pauses *p, const struct store_calendar *row)
{
    struct pause *pause = row_read(row);

    if (pause)
        put(p, pause);
}

static bool is_same(const struct pause *a, const struct pause *b)
{
    json_t *x = pause_encode(a), *y = pause_encode(b);
    bool is_equal = json_equal(x, y);

    json_decref(x);
    json_decref(y);
    return is_equal;
}

static void row_take(struct pauses *p, const struct store_calendar *row)
{
    const struct pause *ours = pauses_find(p, row_is_all(row) ? (struct str){0} : row->name);
    struct pause *pause = row_read(row);

    if (!pause)
        return;
    if (ours && is_same(ours, pause)) {
        pause_free(pause);
        return;
    }
    put(p, pause);
    if (p->changed)
        p->changed(pause, p->ctx);
}

static bool is_listed(const struct pause *pause, const struct store_calendar *rows, size_t count)
{
    struct str name = pause->tag ? str_of(pause->tag) : STR_LIT(PAUSES_ALL);

    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == STORE_PAUSE && str_eq(rows[i].name, name))
            return true;
    return false;
}

void pauses_sync(struct pauses *p, const struct store_calendar *rows, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == STORE_PAUSE)
            row_take(p, &rows[i]);
    for (size_t i = 0; i < p->all.len; i++)
        if (is_listed(p->all.v[i], rows, count))
            p->all.v[kept++] = p->all.v[i];
        else
            pause_free(p->all.v[i]);
    p->all.len = kept;
}

static void forgotten(const struct store_answer *answer, void *ctx)
{
    (void)answer;
    (void)ctx;
}

void pauses_forget(struct pauses *p, wall over_at)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->all.len; i++) {
        struct pause *pause = p->all.v[i];

        if (pause->until.us > over_at.us) {
            p->all.v[kept++] = pause;
            continue;
        }
        store_delete_calendar(p->store, STORE_PAUSE,
                              pause->tag ? str_of(pause->tag) : STR_LIT(PAUSES_ALL), forgotten,
                              NULL);
        pause_free(pause);
    }
    p->all.len = kept;
}

// ---- asking ----

const struct pause *pauses_find(const struct pauses *p, struct str tag)
{
    size_t at = place_of(p, tag);

    return at < p->all.len && str_eq(tag_of(p->all.v[at]), tag) ? p->all.v[at] : NULL;
}

static bool is_for(const struct pause *pause, const struct job *job)
{
    return pause->scope == PAUSE_ALL || tags_have(job->spec->tags, str_of(pause->tag));
}

const struct pause *pauses_holding(const struct pauses *p, const struct job *job, wall at)
{
    if (pause_holds(job->pause, at))
        return job->pause;
    for (size_t i = 0; p && i < p->all.len; i++)
        if (pause_holds(p->all.v[i], at) && is_for(p->all.v[i], job))
            return p->all.v[i];
    return NULL;
}

static wall begin_after(const struct pause *pause, wall after, wall least)
{
    return pause && pause->since.us > after.us && pause->since.us < least.us &&
                   pause->since.us < pause->until.us
               ? pause->since
               : least;
}

bool pauses_wide(const struct pauses *p, wall at)
{
    for (size_t i = 0; i < p->all.len; i++)
        if (pause_holds(p->all.v[i], at))
            return true;
    return false;
}

wall pauses_next(const struct pauses *p, const struct job *job, wall after)
{
    wall least = begin_after(job->pause, after, WALL_NEVER);

    for (size_t i = 0; p && i < p->all.len; i++)
        if (is_for(p->all.v[i], job))
            least = begin_after(p->all.v[i], after, least);
    return least;
}

static wall end_before(const struct pause *pause, wall at, wall most)
{
    return pause && pause->until.us <= at.us && pause->until.us > most.us ? pause->until : most;
}

wall pauses_ended(const struct pauses *p, const struct job *job, wall at)
{
    wall most = end_before(job->pause, at, (wall){0});

    for (size_t i = 0; p && i < p->all.len; i++)
        if (is_for(p->all.v[i], job))
            most = end_before(p->all.v[i], at, most);
    return most;
}

// ---- changes ----

static void answered(const struct store_answer *answer, void *ctx)
{
    struct pause_write *write = ctx;
    struct pauses *p = write->p;
    struct pause *pause = write->pause;

    if (answer->err) {
        if (p->trouble)
            p->trouble(answer->err, p->ctx);
        pause_free(pause);
        pause = NULL;
    } else {
        put(p, pause);
        if (p->changed)
            p->changed(pause, p->ctx);
    }
    if (write->done)
        write->done(answer->err, pause, write->ctx);
    free(write);
}

// Takes pause over.
static void keep(struct pauses *p, struct pause *pause, wall now, pauses_done_fn *done, void *ctx)
{
    struct pause_write *write = mem_alloc(sizeof *write);
    json_t *value = pause_encode(pause);
    char *body = json_dumps(value, JSON_COMPACT);
    const struct store_calendar row = {
        .kind = STORE_PAUSE,
        .name = pause->tag ? str_of(pause->tag) : STR_LIT(PAUSES_ALL),
        .body = str_of(body),
        .created_at = now,
        .updated_at = now,
    };

    *write = (struct pause_write){p, pause, done, ctx};
    store_put_calendar(p->store, &row, STORE_ANY, answered, write);
    json_decref(value);
    free(body);
}

void pauses_set(struct pauses *p, struct str tag, struct str reason, struct str by, wall now,
                wall until, pauses_done_fn *done, void *ctx)
{
    const struct pause *present = pauses_find(p, tag);
    wall since = present && pause_holds(present, now) ? present->since : now;

    keep(p, pause_new(tag.len > 0 ? PAUSE_TAG : PAUSE_ALL, tag, reason, by, since, until), now,
         done, ctx);
}

void pauses_lift(struct pauses *p, struct str tag, bool is_dropping, wall now, pauses_done_fn *done,
                 void *ctx)
{
    const struct pause *present = pauses_find(p, tag);
    struct pause *pause;

    if (!present || !pause_holds(present, now)) {
        if (done)
            done(NULL, present, ctx);
        return;
    }
    pause = pause_copy(present);
    pause->is_dropping = is_dropping;
    pause_lift(pause, now);
    keep(p, pause, now, done, ctx);
}
