// chain.c - what begins when a run ends.
// SPDX-License-Identifier: Apache-2.0
#include "sched/chain.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/vec.h"
#include "sched/hold.h"
#include "sched/ledger.h"
#include "time/iso8601.h"

#define PATH_WORDS_MAX 400 // bytes of a circle in words
#define SLOTS_MAX 1000     // of a follower's own schedule in a row that are passed over

struct chain {
    struct arena *arena; // owns it
    struct run_chain told;
    struct run *births;
    struct run_met *met;
};

static struct str cause_make(struct arena *arena, const struct chain_parent *parent,
                             const struct run_end *end);

// ---- what begins ----

// A moment from now on that is no slot of the follower's own.
static wall moment_of(const struct job *job, wall now)
{
    for (int i = 0; i < SLOTS_MAX && !trigger_is_relative(job->trigger) &&
                    trigger_next(job->trigger, (wall){now.us - 1}).us == now.us;
         i++)
        now.us++;
    return now;
}

static void birth_add(struct chain *chain, struct core *core, const struct job *job,
                      const struct run_ask *ask)
{
    const struct holds holds = {core->freezes, core->pauses, false};
    struct run *run = &chain->births[chain->told.birth_count++];
    wall now = core_now(core);
    struct hold hold;

    ledger_run(&core->ids, job, now, run);
    run->scheduled_at = moment_of(job, now);
    run->origin = RUN_DEPENDENCY;
    run->state = RUN_QUEUED;
    run->reason = REASON_DEPENDENCY;
    run->attempt = 0;
    run->started_at = (wall){0};
    run->ask = ask;
    hold_at(&holds, job, now, now, &hold);
    if (hold.reason == REASON_NONE || hold.reason == REASON_ASKED) // which is about slots
        return;
    run->state = RUN_SKIPPED;
    run->reason = hold.reason;
    run->finished_at = now;
    run->message = arena_copy(chain->arena, str_of(hold.message));
}

static void met_add(struct chain *chain, const struct job *job, struct str parent, int64_t after_id)
{
    chain->met[chain->told.met_count++] = (struct run_met){job->id, parent, after_id};
}

// Whether all that the follower waits for has ended now. Of one with several parents it is noted.
static bool is_met(struct chain *chain, const struct job *job, size_t place, struct str parent)
{
    struct depends *depends = job->depends;

    if (depends->count == 1)
        return true;
    depends->met |= 1u << place;
    if (depends->met == (1u << depends->count) - 1)
        return true;
    met_add(chain, job, arena_copy(chain->arena, parent), depends->born_id);
    return false;
}

static void follower_look(struct chain *chain, struct core *core, const struct job *job,
                          struct str parent, const struct run_end *end, const struct run_ask *ask)
{
    struct depends *depends = job->depends;
    size_t place = depends_find(depends, parent);

    if (job->state > JOB_PAUSED || !job->trigger || place == depends->count ||
        !depends_wants(depends->v[place].on, end->state) || !is_met(chain, job, place, parent))
        return;
    birth_add(chain, core, job, ask);
    if (depends->count == 1)
        return;
    depends->met = 0;
    depends->born_id = chain->births[chain->told.birth_count - 1].id;
    met_add(chain, job, (struct str){0}, depends->born_id);
}

struct chain *chain_make(struct core *core, const struct chain_parent *parent,
                         const struct run_end *end)
{
    struct str name = parent->entry->job->name;
    size_t count;
    struct entry *const *entries = followers_of(&core->due->followers, name, &count);

    if (count == 0 || end->state == RUN_SKIPPED)
        return NULL;
    struct arena *arena = arena_new(1024 + count * sizeof(struct run));
    struct chain *chain = arena_alloc(arena, sizeof *chain);
    struct run_ask *ask = arena_alloc(arena, sizeof *ask);

    chain->arena = arena;
    chain->told.births = chain->births = arena_array(arena, count, sizeof *chain->births);
    chain->told.met = chain->met = arena_array(arena, count, sizeof *chain->met);
    *ask = (struct run_ask){
        .cause_id = parent->run_id, .cause = cause_make(arena, parent, end), .overlap = -1};
    for (size_t i = 0; i < count; i++)
        follower_look(chain, core, entries[i]->job, name, end, ask);
    if (chain->told.birth_count + chain->told.met_count > 0)
        return chain;
    chain_free(chain);
    return NULL;
}

void chain_free(struct chain *chain)
{
    if (chain)
        arena_free(chain->arena);
}

const struct run_chain *chain_told(const struct chain *chain)
{
    return chain ? &chain->told : NULL;
}

size_t chain_size(const struct chain *chain)
{
    return chain ? arena_size(chain->arena) : 0;
}

void chain_load(struct due *due, const struct run_met *met)
{
    const struct entry *entry = due_find_id(due, met->job_id);
    struct depends *depends = entry ? entry->job->depends : NULL;

    if (!depends || depends->count == 1)
        return;
    if (met->parent.len == 0) { // comes before the others
        depends->born_id = met->after_id;
        return;
    }
    size_t place = depends_find(depends, met->parent);

    if (place < depends->count && met->after_id == depends->born_id)
        depends->met |= 1u << place;
}

// ---- what is told of it ----

static void time_write(struct json_write *w, const char *key, wall at)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, NULL, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static struct str cause_make(struct arena *arena, const struct chain_parent *parent,
                             const struct run_end *end)
{
    bool is_short = end->result.len > 0 && end->result.len <= CHAIN_RESULT_MAX;
    struct json_write w;
    struct buf text;

    buf_init(&text, CHAIN_RESULT_MAX + 4096);
    json_write_init(&w, &text);
    json_write_object(&w);
    json_write_key(&w, "run_id");
    json_write_int(&w, parent->run_id);
    json_write_key(&w, "job");
    json_write_str(&w, parent->entry->job->name);
    json_write_key(&w, "state");
    json_write_text(&w, run_state_name(end->state));
    time_write(&w, "slot", parent->slot);
    time_write(&w, "started_at", end->started_at);
    time_write(&w, "finished_at", end->finished_at);
    json_write_key(&w, "exit_code");
    if (end->exit_code >= 0 && end->started_at.us != 0)
        json_write_int(&w, end->exit_code);
    else
        json_write_null(&w);
    json_write_key(&w, "result");
    json_write_raw(&w, is_short ? end->result : STR_LIT("null"));
    if (end->result.len > CHAIN_RESULT_MAX) {
        json_write_key(&w, "result_bytes");
        json_write_int(&w, (int64_t)end->result.len);
    }
    json_write_object_end(&w);
    struct str cause = arena_copy(arena, buf_str(&text));

    buf_done(&text);
    return cause;
}

// ---- circles ----

// One job on the way along those that are followed.
struct step {
    struct str name;
    size_t next; // of its parents: those in force, then those that are coming
};

struct walk {
    const struct due *due;
    const struct map *coming;
    const struct job *job; // the definition that is checked
    VEC_OF(struct step) path;
    struct map seen;
};

static const struct depends *in_force(const struct walk *walk, struct str name)
{
    const struct entry *entry = due_find(walk->due, name);

    return entry ? entry->job->depends : NULL;
}

static const struct depends *on_its_way(const struct walk *walk, struct str name)
{
    const struct job *job = walk->coming ? map_get(walk->coming, name) : NULL;

    return job ? job->depends : NULL;
}

// The next job that the last one of the path follows; false when there is no further one.
static bool step_next(struct walk *walk, struct str *ret_name)
{
    struct step *step = &walk->path.v[walk->path.len - 1];
    const struct depends *now =
        walk->path.len == 1 ? walk->job->depends : in_force(walk, step->name);
    const struct depends *coming = walk->path.len == 1 ? NULL : on_its_way(walk, step->name);
    size_t first = now ? now->count : 0, at = step->next++;

    if (at < first)
        *ret_name = now->v[at].job;
    else if (coming && at - first < coming->count)
        *ret_name = coming->v[at - first].job;
    else
        return false;
    return true;
}

// "load follows transform, which follows extract, which follows load"
static bool circle_fail(const struct walk *walk, struct err *e)
{
    struct buf words;

    buf_init(&words, PATH_WORDS_MAX);
    for (size_t i = 1; i < walk->path.len; i++)
        buf_printf(&words, "%s follows %.*s", i > 1 ? ", which" : "", STR(walk->path.v[i].name));
    (void)fail(e, ERR_INPUT, "depends_on", "the jobs would follow each other round: %.*s%s%s %.*s",
               STR(walk->job->name), buf_text(&words),
               walk->path.len > 1 ? ", which follows" : " follows", STR(walk->job->name));
    buf_done(&words);
    return fail_hint(e, "take one of them out of depends_on first");
}

static bool walk_on(struct walk *walk, struct err *e)
{
    struct str name;

    while (walk->path.len > 0) {
        if (!step_next(walk, &name)) {
            walk->path.len--;
            continue;
        }
        if (str_eq(name, walk->job->name))
            return circle_fail(walk, e);
        if (map_get(&walk->seen, name))
            continue;
        (void)map_put(&walk->seen, name, walk);
        vec_push(&walk->path, ((struct step){name, 0}));
    }
    return true;
}

bool chain_check(const struct due *due, const struct map *coming, const struct job *job,
                 struct err *e)
{
    struct walk walk = {.due = due, .coming = coming, .job = job};
    const struct depends *depends = job->depends;

    for (size_t i = 0; depends && i < depends->count; i++) {
        struct str name = depends->v[i].job;

        if (str_eq(name, job->name) || due_find(due, name))
            continue;
        (void)fail(e, ERR_INPUT, "depends_on", "there is no job \"%.*s\" to follow", STR(name));
        return fail_hint(e, "make it first");
    }
    if (!depends)
        return true;
    map_init(&walk.seen);
    vec_push(&walk.path, ((struct step){job->name, 0}));
    bool ok = walk_on(&walk, e);

    vec_done(&walk.path);
    map_done(&walk.seen);
    return ok;
}
