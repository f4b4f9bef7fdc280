// cluster_judge.c - what must hold in a world of several nodes, whatever is done to them.
//
// While it goes on: an attempt begins once, and only where the store says that it is; one node acts
// for a job in an epoch; jobs and pools have no more in progress than they may, wherever it is; a
// final row stays; edits are known everywhere within a second. At the end: every slot has its row,
// in good time; each end has begun what follows it once; nothing is left in between.
// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "time/iso8601.h"

#define TAKEOVER_US (LEASE_US + 2 * CLUSTER_S + CLUSTER_S / 2) // the half: delays of the stores
#define EARLY_US 60000                                         // so well do nodes know the time
#define LOG_MAX (16 << 20)

static void tell(struct cluster *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void found(struct cluster *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int64_t now_us(const struct cluster *w)
{
    return w->clock.mono_us;
}

// A line of the story.
static void tell(struct cluster *w, const char *format, ...)
{
    va_list args;
    char line[300];

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_printf(&w->log, "%12.6f ", (double)now_us(w) / CLUSTER_S);
    buf_add_text(&w->log, line);
    buf_add_byte(&w->log, '\n');
}

static void found(struct cluster *w, const char *format, ...)
{
    va_list args;

    if (w->finding[0])
        return;
    va_start(args, format);
    (void)vsnprintf(w->finding, sizeof w->finding, format, args);
    va_end(args);
    tell(w, "FOUND %s", w->finding);
}

static double slot_s(const struct cluster *w, wall slot)
{
    return (double)(slot.us - (w->clock.wall_us - w->clock.mono_us)) / CLUSTER_S;
}

static struct cjob *cjob_of(struct cluster *w, int64_t id)
{
    struct cjob *job = map_get_u64(&w->jobs, (uint64_t)id);

    if (job)
        return job;
    job = mem_alloc(sizeof *job);
    job->id = id;
    (void)map_put_u64(&w->jobs, (uint64_t)id, job);
    vec_push(&w->all_jobs, job);
    return job;
}

static const struct cdef *last_def(const struct cjob *job)
{
    return job->defs.len > 0 ? &job->defs.v[job->defs.len - 1] : NULL;
}

static const char *cjob_name(const struct cjob *job)
{
    return job->defs.len > 0 ? job->defs.v[0].job->name.p : "?";
}

static bool has_depends(const struct cjob *job)
{
    const struct cdef *def = last_def(job);

    return def && def->job->depends;
}

// Something was done that may make things late, until then.
static void shake(struct cluster *w, int64_t until_us)
{
    vec_push(&w->shaken, ((struct stretch_us){now_us(w), until_us}));
}

static bool is_active(const struct cluster *w, const struct cnode *node)
{
    const struct memory_node *row = memory_node_find(&w->data->members, node->self);

    return node->is_up && row && row->is.state == NODE_ACTIVE;
}

static bool is_able(const struct cluster *w, const struct cnode *node)
{
    return is_active(w, node) && !node->is_dead && !node->is_lost && !node->is_cut &&
           node->frozen_until_us <= now_us(w);
}

static void able_look(struct cluster *w)
{
    bool is_any = false;

    for (size_t i = 0; i < w->hosts; i++)
        is_any = is_any || is_able(w, &w->nodes[i]);
    if (is_any && w->nobody_since_us)
        vec_push(&w->shaken, ((struct stretch_us){w->nobody_since_us, now_us(w)}));
    if (is_any)
        w->nobody_since_us = 0;
    else if (!w->nobody_since_us)
        w->nobody_since_us = now_us(w);
}

static void shake_node(struct cluster *w, struct cnode *node, const char *what)
{
    tell(w, "%s %s", node->name, what);
    node->shaken_us = now_us(w);
    shake(w, now_us(w));
    able_look(w);
}

// ---- what becomes durable ----

static void judge_job(const struct job_row *row, void *ctx)
{
    struct cluster *w = ctx;
    const struct trigger_context context = {.zones = w->zones,
                                            .timezone = STR_LIT("UTC"),
                                            .now = row->effective_from,
                                            .job_id = row->name};
    struct cjob *job = cjob_of(w, row->id);

    tell(w, "job %s (%" PRId64 ") durable v%d state %d seq %" PRId64 " from %.6f %s %s",
         row->name.p, row->id, row->version, row->state, row->change_seq,
         slot_s(w, row->effective_from), row->trigger.p, row->spec.p);
    vec_push(&job->defs, ((struct cdef){job_from_row(row, &context), now_us(w)}));
}

// Whoever acts for a job in an epoch is alone in that. What begins with an end is its parent's.
static void actor_judge(struct cluster *w, struct cjob *job, const struct memory_run *run)
{
    if (run->r.run.origin == RUN_DEPENDENCY && run->r.run.attempt == 0)
        return;
    if (job->epoch == w->epoch && job->node != run->node)
        found(w, "two nodes act for %s in epoch %" PRId64 " (run %" PRId64 ")", cjob_name(job),
              w->epoch, run->r.run.id);
    job->epoch = w->epoch;
    job->node = run->node;
}

static struct crow *crow_of(struct cluster *w, const struct run *run)
{
    struct crow *row = map_get_u64(&w->rows, (uint64_t)run->id);

    if (row)
        return row;
    row = mem_alloc(sizeof *row);
    *row = (struct crow){.id = run->id,
                         .job_id = run->job_id,
                         .cause_id = run->ask ? run->ask->cause_id : 0,
                         .slot = run->scheduled_at,
                         .origin = run->origin,
                         .reason = run->reason,
                         .version = run->job_version,
                         .missed = run->missed,
                         .missed_from = run->missed_from,
                         .durable_us = now_us(w)};
    (void)map_put_u64(&w->rows, (uint64_t)run->id, row);
    vec_push(&w->all_rows, row);
    vec_push(&cjob_of(w, run->job_id)->rows, row);
    return row;
}

static void judge_run(const struct run *run, void *ctx)
{
    struct cluster *w = ctx;
    struct cjob *job = cjob_of(w, run->job_id);
    const struct memory_run *stored = memory_run_find(w->data, run->id);

    if (run_is_planned(run))
        return; // nobody has claimed it
    struct crow *row = crow_of(w, run);
    bool is_new = row->state == RUN_NONE;

    tell(w, "run %" PRId64 " of %s slot %.6f %s %s %s attempt %d missed %" PRId64 " node %" PRId64,
         run->id, cjob_name(job), slot_s(w, run->scheduled_at), run_origin_name(run->origin),
         run_state_name(run->state), run_reason_name(run->reason), run->attempt, run->missed,
         stored->node);
    if (run_state_is_final(row->state))
        found(w, "run %" PRId64 " was final and has changed", run->id);
    if (run->attempt < row->attempt || run->attempt > row->attempt + 1)
        found(w, "run %" PRId64 " goes from attempt %d to %d", run->id, row->attempt, run->attempt);
    if (is_new || (run->state == RUN_RUNNING && run->attempt > row->attempt))
        actor_judge(w, job, stored);
    row->state = run->state;
    row->attempt = run->attempt;
    row->changed_us = now_us(w);
}

static void judge_epoch(const struct store_members *members, void *ctx)
{
    struct cluster *w = ctx;

    w->epoch = members->epoch;
    w->epochs++;
    able_look(w);
    tell(w, "epoch %" PRId64 " low %.6f low_seen %" PRId64, members->epoch, slot_s(w, members->low),
         members->low_seen);
    for (size_t i = 0; i < members->node_count; i++)
        tell(w, "  node %" PRId64 " %.*s state %d", members->nodes[i].id,
             STR(members->nodes[i].name), members->nodes[i].state);
    for (size_t i = 0; i < members->pin_count; i++)
        tell(w, "  pin of %" PRId64 " to %" PRId64, members->pins[i].job_id, members->pins[i].node);
}

// ---- what begins ----

// In progress, and not given away: the store says that it is there.
static bool is_acting(const struct cluster *w, const struct deed *deed)
{
    const struct crow *row = map_get_u64(&w->rows, (uint64_t)deed->run_id);

    return row && deed_is_alive(&w->deeds, deed) && row->state == RUN_RUNNING &&
           row->attempt == deed->attempt;
}

// What is left of a job that is gone has given its place back, as far as others know.
static bool has_place(const struct cdef *def)
{
    return def && def->job->state < JOB_ENDED && needs_name(def->job->spec->needs, STR_LIT("db"));
}

static void room_judge(struct cluster *w, const struct deed *deed, int64_t job_id)
{
    const struct job *job = last_def(cjob_of(w, job_id))->job;
    int same = 0, pooled = 0;

    for (size_t i = 0; i < w->deeds.all.len; i++) {
        const struct deed *other = w->deeds.all.v[i];
        const struct crow *row = map_get_u64(&w->rows, (uint64_t)other->run_id);

        if (!is_acting(w, other))
            continue;
        const struct cdef *def = last_def(cjob_of(w, row->job_id));

        same += row->job_id == job_id;
        pooled += has_place(def);
    }
    if (same > job_instances(job))
        found(w, "%d runs of %s at once, %d may be (run %" PRId64 ")", same, deed->job,
              job_instances(job), deed->run_id);
    if (pooled > POOL_SLOTS && job->spec->needs)
        found(w, "%d runs in a pool of %d (run %" PRId64 ")", pooled, POOL_SLOTS, deed->run_id);
}

static void judge_start(struct cluster *w, const struct cnode *node, const struct deed *deed)
{
    struct crow *row = map_get_u64(&w->rows, (uint64_t)deed->run_id);
    const struct memory_run *stored = memory_run_find(w->data, deed->run_id);
    wall now = clock_wall(&w->clock.base);

    w->starts++;
    tell(w, "START on %s: run %" PRId64 " of %s attempt %d", node->name, deed->run_id, deed->job,
         deed->attempt);
    if (!row || !stored) {
        found(w, "run %" PRId64 " begins and has no row", deed->run_id);
        return;
    }
    if (row->begun >= deed->attempt)
        found(w, "run %" PRId64 " begins attempt %d twice", deed->run_id, deed->attempt);
    else if (row->state != RUN_RUNNING || row->attempt != deed->attempt ||
             stored->node != node->self)
        found(w, "run %" PRId64 " begins attempt %d on %s, where it is not", deed->run_id,
              deed->attempt, node->name);
    else if (now.us < deed->scheduled_at.us - EARLY_US)
        found(w, "run %" PRId64 " begins early", deed->run_id);
    row->begun = deed->attempt;
    room_judge(w, deed, row->job_id);
}

// ---- edits ----

static void edit_answered(struct cluster *w, const struct job *job)
{
    struct cedit edit = {.version = job->version, .at_us = now_us(w)};

    snprintf(edit.name, sizeof edit.name, "%.*s", STR(job->name));
    vec_push(&w->edits, edit);
}

// Of a job that is deleted nothing must be known any more.
static void edits_forget(struct cluster *w, const char *name)
{
    size_t len = 0;

    for (size_t i = 0; i < w->edits.len; i++)
        if (strcmp(w->edits.v[i].name, name) != 0)
            w->edits.v[len++] = w->edits.v[i];
    w->edits.len = len;
}

static void edit_judge(struct cluster *w, const struct cedit *edit)
{
    for (size_t i = 0; i < w->hosts; i++) {
        const struct cnode *node = &w->nodes[i];

        if (!is_able(w, node) || node->is_slow || node->shaken_us >= edit->at_us - CLUSTER_S)
            continue;
        const struct job *job = sched_find(node->sched, str_of(edit->name));

        if (!job || job->version < edit->version)
            found(w, "%s does not know version %d of %s, which was answered at %.6f", node->name,
                  edit->version, edit->name, (double)edit->at_us / CLUSTER_S);
    }
}

#define KNOWN_US (CLUSTER_S + CLUSTER_S / 5)

static void edits_judge(struct cluster *w)
{
    size_t len = 0;

    for (size_t i = 0; i < w->edits.len; i++) {
        if (now_us(w) - w->edits.v[i].at_us < KNOWN_US)
            w->edits.v[len++] = w->edits.v[i];
        else
            edit_judge(w, &w->edits.v[i]);
    }
    w->edits.len = len;
}

static int64_t edits_next_us(const struct cluster *w)
{
    return w->edits.len > 0 ? w->edits.v[0].at_us + KNOWN_US : INT64_MAX;
}

// ---- at the end ----

// By when what was due at a moment must be durable.
static int64_t deadline_us(const struct cluster *w, int64_t due_us)
{
    int64_t from_us = due_us;
    bool has_moved = true;

    while (has_moved) {
        has_moved = false;
        for (size_t i = 0; i < w->shaken.len; i++) {
            const struct stretch_us *s = &w->shaken.v[i];

            if (s->from_us > from_us + TAKEOVER_US || s->to_us <= from_us)
                continue;
            from_us = s->to_us;
            has_moved = true;
        }
    }
    return from_us + TAKEOVER_US;
}

// Versions of a job whose slots are the same.
struct cregime {
    int from, upto;
    int64_t until_us;
};

static bool covers(const struct crow *row, const struct cregime *regime, wall slot)
{
    if (row->origin >= RUN_MANUAL)
        return false;
    return row->slot.us == slot.us ||
           (row->missed > 0 && row->missed_from.us <= slot.us && slot.us < row->slot.us &&
            row->version >= regime->from && row->version <= regime->upto);
}

// Slots for which no node was there are told together, when one is, unless the schedule has changed
// by then.
static bool is_nowhere(const struct cjob *job, wall slot)
{
    const struct crow *before = NULL;

    for (size_t i = 0; i < job->rows.len; i++)
        if (job->rows.v[i]->slot.us < slot.us &&
            (!before || job->rows.v[i]->slot.us > before->slot.us))
            before = job->rows.v[i];
    return before && before->reason == REASON_NO_NODE;
}

// Its owner had not heard of the change yet: a later slot of the definition before was run.
static bool is_before_heard(const struct cjob *job, const struct cregime *regime, wall slot)
{
    for (size_t i = 0; i < job->rows.len; i++)
        if (job->rows.v[i]->slot.us > slot.us && job->rows.v[i]->version < regime->from)
            return true;
    return false;
}

static void slot_judge(struct cluster *w, const struct cjob *job, const struct cregime *regime,
                       wall slot)
{
    int64_t due_us = slot.us - (w->clock.wall_us - w->clock.mono_us);
    int64_t by_us = deadline_us(w, due_us);
    const struct crow *row = NULL;
    int rows = 0;

    if (by_us > regime->until_us)
        return; // nobody had the time
    for (size_t i = 0; i < job->rows.len; i++) {
        if (!covers(job->rows.v[i], regime, slot))
            continue;
        rows++;
        row = job->rows.v[i];
    }
    if (rows == 0 && (is_nowhere(job, slot) || is_before_heard(job, regime, slot)))
        return;
    if (rows == 0)
        found(w, "slot %.6f of %s (%" PRId64 ") has no row", slot_s(w, slot), cjob_name(job),
              job->id);
    else if (rows > 1)
        found(w, "slot %.6f of %s (%" PRId64 ") has %d rows", slot_s(w, slot), cjob_name(job),
              job->id, rows);
    else if (row->durable_us > by_us && row->missed == 0 && !job->defs.v[0].job->spec->nodes.len)
        found(w, "slot %.6f of %s (%" PRId64 ") has its row at %.6f, not by %.6f", slot_s(w, slot),
              cjob_name(job), job->id, (double)row->durable_us / CLUSTER_S,
              (double)by_us / CLUSTER_S);
}

static bool is_same_schedule(const struct cdef *a, const struct cdef *b)
{
    return a->job->state == JOB_ENABLED && b->job->state == JOB_ENABLED && a->job->trigger &&
           b->job->trigger && job_has_same_schedule(a->job, b->job);
}

// A stretch of definitions with one schedule.
static void regime_judge(struct cluster *w, const struct cjob *job, size_t from, size_t upto)
{
    const struct cdef *def = &job->defs.v[from];
    int64_t until_us = upto < job->defs.len ? job->defs.v[upto].durable_us : now_us(w);
    const struct cregime regime = {def->job->version, job->defs.v[upto - 1].job->version, until_us};
    wall last = {until_us + w->clock.wall_us - w->clock.mono_us};

    if (def->job->state != JOB_ENABLED || !def->job->trigger || trigger_is_once(def->job->trigger))
        return;
    for (wall slot = trigger_next(def->job->trigger, def->job->effective_from);
         slot.us <= last.us && !w->finding[0]; slot = trigger_next(def->job->trigger, slot))
        slot_judge(w, job, &regime, slot);
}

static void slots_judge(struct cluster *w, const struct cjob *job)
{
    for (size_t from = 0, upto; from < job->defs.len; from = upto) {
        upto = from + 1;
        while (upto < job->defs.len && is_same_schedule(&job->defs.v[from], &job->defs.v[upto]))
            upto++;
        if (trigger_kind(job->defs.v[from].job->trigger) != TRIGGER_AFTER &&
            trigger_kind(job->defs.v[from].job->trigger) != TRIGGER_MANUAL)
            regime_judge(w, job, from, upto);
    }
}

static size_t births(const struct cluster *w, int64_t job_id, int64_t cause_id)
{
    size_t count = 0;

    for (size_t i = 0; i < w->all_rows.len; i++)
        count += w->all_rows.v[i]->job_id == job_id && w->all_rows.v[i]->cause_id == cause_id;
    return count;
}

static struct cjob *cjob_named(const struct cluster *w, const char *name)
{
    for (size_t i = 0; i < w->all_jobs.len; i++)
        if (strcmp(cjob_name(w->all_jobs.v[i]), name) == 0)
            return w->all_jobs.v[i];
    return NULL;
}

// Each end of the mother has begun one run of the child, each run of the heir has a cause of its
// own.
static void chains_judge(struct cluster *w)
{
    const struct cjob *mother = cjob_named(w, "mother"), *child = cjob_named(w, "child");
    const struct cjob *heir = cjob_named(w, "heir");

    for (size_t i = 0; mother && child && i < mother->rows.len; i++) {
        const struct crow *row = mother->rows.v[i];

        if (run_state_is_final(row->state) && row->state != RUN_SKIPPED &&
            row->durable_us > child->defs.v[0].durable_us + CLUSTER_S &&
            births(w, child->id, row->id) != 1)
            found(w, "the end of run %" PRId64 " has begun %zu runs of the child", row->id,
                  births(w, child->id, row->id));
    }
    for (size_t i = 0; heir && i < heir->rows.len; i++)
        if (heir->rows.v[i]->cause_id && births(w, heir->id, heir->rows.v[i]->cause_id) != 1)
            found(w, "run %" PRId64 " has begun several runs of the heir",
                  heir->rows.v[i]->cause_id);
}

static bool has_deed(const struct cluster *w, const struct crow *row)
{
    for (size_t i = 0; i < w->deeds.all.len; i++)
        if (w->deeds.all.v[i]->run_id == row->id && w->deeds.all.v[i]->attempt == row->attempt)
            return true;
    return false;
}

// Nothing ails anybody for a long time.
static void judge_end(struct cluster *w)
{
    for (size_t i = 0; i < w->all_rows.len; i++) {
        const struct crow *row = w->all_rows.v[i];

        if (row->state == RUN_ORPHANED)
            found(w, "run %" PRId64 " is still an orphan", row->id);
        if (row->state == RUN_RUNNING && !has_deed(w, row) &&
            now_us(w) - row->changed_us > CLUSTER_S)
            found(w, "run %" PRId64 " is said to run and does not", row->id);
    }
    for (size_t i = 0; i < w->all_jobs.len && !w->finding[0]; i++)
        if (!has_depends(w->all_jobs.v[i]))
            slots_judge(w, w->all_jobs.v[i]);
    chains_judge(w);
}

static void judge_done(struct cluster *w)
{
    for (size_t i = 0; i < w->all_jobs.len; i++) {
        struct cjob *job = w->all_jobs.v[i];

        for (size_t k = 0; k < job->defs.len; k++)
            job_free(job->defs.v[k].job);
        vec_done(&job->defs);
        vec_done(&job->rows);
        free(job);
    }
    for (size_t i = 0; i < w->all_rows.len; i++)
        free(w->all_rows.v[i]);
    vec_done(&w->all_jobs);
    vec_done(&w->all_rows);
    vec_done(&w->shaken);
    vec_done(&w->edits);
    map_done(&w->rows);
    map_done(&w->jobs);
    buf_done(&w->log);
}

// The lines about what was found: of its run or job, and of the nodes.
static void story_tell(const struct cluster *w, struct buf *out)
{
    buf_printf(out, "%s\n", w->finding);
    buf_add(out, (struct str){w->log.p, w->log.len});
}
