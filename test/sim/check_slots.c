// check_slots.c - slot by slot: what should have happened, and did it? A part of check.c.
// SPDX-License-Identifier: Apache-2.0

// Definitions with the same schedule, one behind the other, and when they were in force.
struct regime {
    const struct job *job;
    size_t first, last; // definitions
    bool may_wait;      // some of them let slots wait for a run to end
    int64_t spread_us;  // the longest
    int64_t from_us, to_us;
    wall from;
};

// When the scheduler has been able to work for so long after a moment, by the stopwatch; with a
// tale, the time in which the job runs as often as it may does not count.
static int64_t able_after(const struct check *c, int64_t from_us, int64_t for_us,
                          const struct tale *full_of)
{
    size_t f = 0;

    for (size_t i = 0; i < c->able.len; i++) {
        int64_t at_us = c->able.v[i].from_us > from_us ? c->able.v[i].from_us : from_us;
        int64_t to_us = c->able.v[i].to_us;

        while (at_us < to_us) {
            int64_t until_us = to_us;
            bool is_full = false;

            for (; full_of && f < full_of->fulls.len && full_of->fulls.v[f].mono_us <= at_us; f++) {
            }
            if (full_of && f > 0)
                is_full = full_of->fulls.v[f - 1].is_full;
            if (full_of && f < full_of->fulls.len && full_of->fulls.v[f].mono_us < until_us)
                until_us = full_of->fulls.v[f].mono_us;
            if (!is_full && until_us - at_us >= for_us)
                return at_us + for_us;
            for_us -= is_full ? 0 : until_us - at_us;
            at_us = until_us;
        }
    }
    return INT64_MAX;
}

// Whether it could work all the time from so long before a moment on.
static bool was_able(const struct check *c, int64_t at_us, int64_t since_us)
{
    for (size_t i = 0; i < c->able.len; i++)
        if (c->able.v[i].from_us <= since_us && c->able.v[i].to_us > at_us)
            return true;
    return false;
}

// When the clock first said at least so much, from a moment on; INT64_MAX: never. *tick moves on
// with growing moments.
static int64_t reached(const struct check *c, wall at, int64_t from_us, size_t *tick)
{
    for (; *tick < c->ticks.len; (*tick)++) {
        const struct tick *t = &c->ticks.v[*tick];
        int64_t to_us = *tick + 1 < c->ticks.len ? c->ticks.v[*tick + 1].mono_us : INT64_MAX;
        int64_t since_us = t->mono_us > from_us ? t->mono_us : from_us;
        double rate = 1 + (double)t->ppm / 1e6;

        if (to_us <= from_us)
            continue;
        if ((double)t->at.us + (double)(since_us - t->mono_us) * rate >= (double)at.us)
            return since_us;
        int64_t when_us = t->mono_us + (int64_t)((double)(at.us - t->at.us) / rate) + 1;

        if (when_us < to_us)
            return when_us;
    }
    return INT64_MAX;
}

static bool was_frozen(const struct check *c, const struct tale *tale, wall from, wall to)
{
    for (size_t i = 0; i < c->every_freeze.len; i++) {
        struct freeze *one[1] = {c->every_freeze.v[i]};
        struct freezes freezes = {.v = one, .len = 1, .cap = 1, .zone = c->freezes.zone};
        struct freeze_mark mark;

        freezes_at(&freezes, tale->name, from, to, &mark);
        if (mark.by || mark.until.us <= to.us)
            return true;
    }
    return false;
}

static int slot_order(const void *a, const void *b)
{
    const struct told *const *x = a, *const *y = b;
    wall p = (*x)->run.scheduled_at, q = (*y)->run.scheduled_at;

    return (p.us > q.us) - (p.us < q.us);
}

static int range_order(const void *a, const void *b)
{
    const struct told *const *x = a, *const *y = b;
    wall p = (*x)->run.missed_from, q = (*y)->run.missed_from;

    return (p.us > q.us) - (p.us < q.us);
}

struct walk {
    struct check *c;
    const struct tale *tale;
    const struct regime *regime;
    struct told **rows;           // by slot
    VEC_OF(struct told *) ranges; // of this regime, by the first slot that they count
    size_t row, range;            // how far they are looked at; the ranges before count nothing
};

static bool is_of(const struct walk *walk, const struct told *entry)
{
    for (size_t i = walk->regime->first; i <= walk->regime->last; i++)
        if (entry->by == walk->tale->defs.v[i])
            return true;
    return false;
}

static size_t event_near(const struct check *c, int64_t mono_us)
{
    size_t at = 0;

    while (at + 1 < c->log->events.len && c->log->events.v[at + 1].mono_us <= mono_us)
        at++;
    return at;
}

static void slot_found(const struct walk *walk, int promise, const char *what, wall slot,
                       int64_t when_us)
{
    found_at(walk->c, promise, what, walk->tale, slot, event_near(walk->c, when_us));
}

// The row that counts a slot among its missed ones, the first if there are several; NULL: none.
static const struct told *counting(struct walk *walk, wall slot)
{
    const struct told *first = NULL;

    while (walk->range < walk->ranges.len && walk->c->stepped_back_us == 0 &&
           walk->ranges.v[walk->range]->run.scheduled_at.us <= slot.us)
        walk->range++;
    for (size_t i = walk->range; i < walk->ranges.len; i++) {
        const struct told *entry = walk->ranges.v[i];

        if (entry->run.missed_from.us > slot.us)
            break;
        if (entry->run.scheduled_at.us > slot.us &&
            (!first || entry->durable_us < first->durable_us))
            first = entry;
    }
    return first;
}

// The row of a slot, or the one that counts it, whichever came first; NULL: neither.
static const struct told *accounted(struct walk *walk, wall slot)
{
    const struct told *own = NULL, *other = counting(walk, slot);

    while (walk->row < walk->tale->rows.len && walk->rows[walk->row]->run.scheduled_at.us < slot.us)
        walk->row++;
    if (walk->row < walk->tale->rows.len && walk->rows[walk->row]->run.scheduled_at.us == slot.us)
        own = walk->rows[walk->row];
    if (own && other && is_of(walk, own) && walk->c->stepped_back_us == 0)
        slot_found(walk, 6, "has a row and is counted in another", slot, own->durable_us);
    return !other || (own && own->durable_us < other->durable_us) ? own : other;
}

// Whether the job was paused at any moment in [from, to]: it is told as a freeze is.
static bool was_paused(const struct tale *tale, wall from, wall to)
{
    for (size_t i = 0; i < tale->defs.len; i++) {
        const struct pause *pause = tale->defs.v[i]->job->pause;

        if (pause && pause->since.us <= to.us && pause->until.us >= from.us)
            return true;
    }
    return false;
}

// A single date that passes in a pause waits for the end of it, when that may be.
static int64_t pause_end(const struct walk *walk, wall slot, int64_t rings_us)
{
    int64_t end_us = rings_us;

    for (size_t i = walk->regime->first; i <= walk->regime->last; i++) {
        const struct job *job = walk->tale->defs.v[i]->job;
        size_t tick = 0;

        if (trigger_is_once(job->trigger) && pause_holds(job->pause, slot))
            end_us = job->pause->until.us == WALL_NEVER.us
                         ? INT64_MAX
                         : reached(walk->c, job->pause->until, rings_us, &tick);
    }
    return end_us > rings_us ? end_us : rings_us;
}

// Until when the slot must have its row, if the clock was not set to before it until then.
static int64_t deadline_of(const struct walk *walk, wall slot, int64_t rings_us, bool *ret_is_calm)
{
    struct check *c = walk->c;
    bool is_calm = was_able(c, rings_us + ON_TIME_US, rings_us - HEAL_US);
    int64_t limit_us = is_calm ? ON_TIME_US : HEAL_US;

    limit_us += 2 * walk->regime->spread_us;
    if (was_frozen(c, walk->tale, (wall){slot.us - HEAL_US}, (wall){slot.us + 2 * HEAL_US}) ||
        was_paused(walk->tale, (wall){slot.us - HEAL_US},
                   trigger_is_once(walk->regime->job->trigger) ? WALL_NEVER // it waits, also for a
                                                                            // pause that begins
                                                                            // before it is noticed
                                                               : (wall){slot.us + 2 * HEAL_US}))
        limit_us = FROZEN_US + HEAL_US;
    *ret_is_calm = is_calm;
    rings_us = pause_end(walk, slot, rings_us);
    if (rings_us == INT64_MAX)
        return INT64_MAX;
    if (c->limit > 0 && walk->regime->may_wait) // behind runs of the job that wait for room
        return INT64_MAX;
    return able_after(c, rings_us, limit_us, walk->regime->may_wait ? walk->tale : NULL);
}

// A slot that lies ahead again, because the clock was set back before it was met, rings when the
// clock reaches it once more.
static bool comes_again(const struct check *c, wall rings_at, int64_t deadline_us,
                        int64_t *rings_us)
{
    for (size_t i = 0; i < c->ticks.len && c->ticks.v[i].mono_us <= deadline_us; i++) {
        if (c->ticks.v[i].mono_us <= *rings_us || c->ticks.v[i].at.us >= rings_at.us)
            continue;
        *rings_us = reached(c, rings_at, c->ticks.v[i].mono_us, &i);
        return true;
    }
    return false;
}

// The one exception: the clock was set back, the schedule was changed while it repeated a time in
// which the old one had slots, and belfry died then. After a start the latest slot that has a row
// counts, whoever made it (docs/reliability.md, what is not promised).
static bool is_shadowed(const struct walk *walk, wall slot)
{
    if (walk->c->stepped_back_us == 0)
        return false;
    for (size_t i = 0; i < walk->tale->rows.len; i++) {
        const struct told *entry = walk->tale->rows.v[i];

        if (entry->durable_us < walk->regime->from_us && entry->run.scheduled_at.us >= slot.us)
            return true;
    }
    return false;
}

// A single date that fell into a pause waits for its end, which may not come.
static bool is_held_for_ever(const struct walk *walk, wall slot)
{
    const struct job *job = walk->tale->defs.v[walk->tale->defs.len - 1]->job;

    return trigger_is_once(job->trigger) && job->state == JOB_PAUSED && job->pause &&
           job->pause->until.us == WALL_NEVER.us && job->pause->since.us <= slot.us;
}

static void slot_settle(struct walk *walk, wall slot, int64_t due_us, size_t tick)
{
    struct check *c = walk->c;
    const struct told *entry = accounted(walk, slot);
    const struct trigger *t = walk->regime->job->trigger;
    wall rings_at = {slot.us + trigger_jitter_us(t, (uint64_t)walk->tale->id, slot)};
    int64_t rings_us = reached(c, rings_at, due_us, &tick), deadline_us;
    bool is_calm;

    do {
        deadline_us = deadline_of(walk, slot, rings_us, &is_calm);
    } while (comes_again(c, rings_at, deadline_us, &rings_us));
    if (!entry && deadline_us < walk->regime->to_us && !is_shadowed(walk, slot) &&
        !is_held_for_ever(walk, slot))
        slot_found(walk, 6, "is not accounted for", slot, due_us);
    else if (entry && is_of(walk, entry) && entry->durable_us > deadline_us)
        slot_found(walk, is_calm ? 3 : 10, is_calm ? "is late" : "is late after an outage", slot,
                   due_us);
}

static void walk_open(struct walk *walk)
{
    size_t count = walk->tale->rows.len;

    walk->rows = mem_array(count, sizeof *walk->rows);
    for (size_t i = 0; i < count; i++) {
        walk->rows[i] = walk->tale->rows.v[i];
        if (walk->rows[i]->run.missed > 0 && is_of(walk, walk->rows[i]))
            vec_push(&walk->ranges, walk->rows[i]);
    }
    if (count > 0)
        qsort(walk->rows, count, sizeof *walk->rows, slot_order);
    if (walk->ranges.len > 0)
        qsort(walk->ranges.v, walk->ranges.len, sizeof *walk->ranges.v, range_order);
}

static void regime_check(struct check *c, const struct tale *tale, const struct regime *regime)
{
    struct walk walk = {.c = c, .tale = tale, .regime = regime};
    const struct trigger *t = regime->job->trigger;
    bool is_once = trigger_is_once(t);
    wall since = regime->job->effective_from;
    size_t tick = 0;

    // What the clock leapt over before the definition was durable is nobody's.
    if (since.us < regime->from.us)
        since = regime->from;
    // Nor is what lies before the job was asked for: made anew while it was being deleted, it has
    // the effective_from of the one before, and is planned from its own making.
    if (regime->first == 0 && since.us < regime->job->updated_at.us)
        since = regime->job->updated_at;
    wall slot = trigger_next(t, is_once ? (wall){INT64_MIN} : since);

    walk_open(&walk);
    while (slot.us != WALL_NEVER.us && !c->finding->promise) {
        int64_t due_us = reached(c, slot, regime->from_us, &tick);

        if (due_us >= regime->to_us)
            break;
        slot_settle(&walk, slot, due_us, tick);
        slot = is_once ? WALL_NEVER : trigger_next(t, slot);
    }
    for (size_t i = 1; i < walk.ranges.len && c->stepped_back_us == 0; i++)
        if (walk.ranges.v[i]->run.missed_from.us < walk.ranges.v[i - 1]->run.scheduled_at.us)
            slot_found(&walk, 6, "slots are counted twice", walk.ranges.v[i]->run.missed_from,
                       walk.ranges.v[i]->durable_us);
    vec_done(&walk.ranges);
    free(walk.rows);
}

// ---- what follows events ----

static int64_t death_after(const struct check *c, size_t at)
{
    for (; at < c->log->events.len; at++)
        if (c->log->events.v[at].what == SIM_DEATH)
            return c->log->events.v[at].mono_us;
    return c->end_us;
}

static bool is_run_of(const struct check *c, const struct sim_event *event, const struct tale *tale)
{
    const struct told *entry = map_get_u64(&c->entries, (uint64_t)event->number);

    return entry && entry->tale == tale;
}

// Between an end and the next start by schedule of the same life lies the delay, by the stopwatch;
// and there is a next one.
static void after_check(struct check *c, const struct tale *tale)
{
    const struct job *job = last_def(tale)->job;
    int64_t delay_us = trigger_delay_us(job->trigger), ended_us = -1, acting = 0;

    for (size_t i = 0; i < c->log->events.len && !c->finding->promise; i++) {
        const struct sim_event *event = &c->log->events.v[i];
        const struct told *entry;

        if (event->what == SIM_DEATH)
            ended_us = -1, acting = 0;
        if ((event->what != SIM_START && event->what != SIM_END) || !is_run_of(c, event, tale))
            continue;
        entry = map_get_u64(&c->entries, (uint64_t)event->number);
        if (event->what == SIM_START && entry->run.origin != RUN_MANUAL &&
            (acting > 0 || (ended_us >= 0 && event->mono_us - ended_us < delay_us - CHECK_S)))
            found_at(c, 1, "started too soon after the end of the run before", tale, event->slot,
                     i);
        acting += event->what == SIM_START ? 1 : -1;
        ended_us = event->mono_us;
    }
}

// After an end, a start or a creation the next run comes when the delay is over. It may begin anew
// with a start after the clock was set back: the ledger's last end then lies in the future.
static void after_goes_on(struct check *c, const struct tale *tale)
{
    const struct def *def = tale->defs.v[0];
    const struct trigger *t = def->job->trigger;
    int64_t delay_us = trigger_delay_us(t) * (c->stepped_back_us > 0 ? 2 : 1);
    int64_t wait_us = delay_us + 11 * CHECK_S + 2 * HEAL_US + 2 * def->job->spec->misfire_spread_us;
    int64_t last_us = c->log->events.v[def->event].mono_us;

    if (c->limit > 0) // its runs wait for others, as long as these take
        return;
    for (size_t i = 0; i <= tale->rows.len && !c->finding->promise; i++) {
        int64_t until_us = i < tale->rows.len ? tale->rows.v[i]->durable_us : c->end_us;

        if (able_after(c, last_us, wait_us, tale) < until_us)
            found_at(c, 6, "does not run although its delay is over", tale, WALL_NEVER,
                     event_near(c, last_us));
        last_us = until_us;
    }
}

// Without steps of the clock the ledger is exact: each slot is the delay after the last end.
static void after_ledger_check(struct check *c, const struct tale *tale)
{
    const struct job *job = tale->defs.v[0]->job;
    wall end = job->effective_from;

    for (size_t i = 0; i < tale->rows.len && c->steps == 0; i++) {
        const struct run *run = &tale->rows.v[i]->run;

        if (run->origin != RUN_MANUAL &&
            run->scheduled_at.us != end.us + trigger_delay_us(job->trigger))
            found_at(c, 1, "is not the delay after the last end", tale, run->scheduled_at,
                     event_near(c, tale->rows.v[i]->durable_us));
        if (run->finished_at.us > end.us)
            end = run->finished_at;
    }
}

// Each start of the scheduler that lasted has one row, but that in which the job was made.
static void startup_check(struct check *c, const struct tale *tale)
{
    int64_t delay_us = trigger_delay_us(tale->defs.v[0]->job->trigger);

    if (c->limit > 0) // behind its run before, which may wait for others
        return;
    for (size_t i = tale->defs.v[0]->event; i < c->log->events.len && !c->finding->promise; i++) {
        const struct sim_event *event = &c->log->events.v[i];
        int64_t end_us;
        int rows = 0;

        if (event->what != SIM_BEGIN)
            continue;
        end_us = death_after(c, i);
        for (size_t k = 0; k < tale->rows.len; k++)
            rows += tale->rows.v[k]->run.origin != RUN_MANUAL &&
                    tale->rows.v[k]->durable_us >= event->mono_us &&
                    tale->rows.v[k]->durable_us <= end_us;
        if (rows > 1)
            found_at(c, 1, "ran more than once for a start", tale, event->at, i);
        if (rows == 0 && able_after(c, event->mono_us, delay_us + HEAL_US, tale) < end_us)
            found_at(c, 6, "did not run for a start", tale, event->at, i);
    }
}

static void relative_check(struct check *c, const struct tale *tale)
{
    enum trigger_kind kind = trigger_kind(tale->defs.v[0]->job->trigger);

    if (kind == TRIGGER_AFTER) {
        after_check(c, tale);
        after_goes_on(c, tale);
        after_ledger_check(c, tale);
    } else if (kind == TRIGGER_STARTUP) {
        startup_check(c, tale);
    }
}

// ---- a job ----

static bool is_same_regime(const struct check *c, const struct def *a, const struct def *b)
{
    return a->job->state / JOB_ENDED == b->job->state / JOB_ENDED &&
           a->job->effective_from.us == b->job->effective_from.us &&
           str_eq(c->log->jobs.v[a->row].trigger, c->log->jobs.v[b->row].trigger);
}

static void regimes_check(struct check *c, const struct tale *tale)
{
    for (size_t i = 0; i < tale->defs.len && !c->finding->promise;) {
        const struct def *def = tale->defs.v[i];
        struct regime regime = {
            .job = def->job,
            .first = i,
            .last = i,
            .may_wait = def->job->spec->coalesce == COALESCE_ALL,
            .spread_us = def->job->spec->misfire_spread_us,
            .from_us = c->log->events.v[def->event].mono_us,
            .from = c->log->events.v[def->event].at,
            .to_us = c->end_us,
        };

        for (; ++i < tale->defs.len && is_same_regime(c, def, tale->defs.v[i]); regime.last = i) {
            const struct job *job = tale->defs.v[i]->job;

            regime.may_wait |= job->spec->coalesce == COALESCE_ALL;
            if (job->spec->misfire_spread_us > regime.spread_us)
                regime.spread_us = job->spec->misfire_spread_us;
        }
        if (i < tale->defs.len)
            regime.to_us = c->log->events.v[tale->defs.v[i]->event].mono_us;
        if (def->job->state <= JOB_PAUSED && def->job->trigger)
            regime_check(c, tale, &regime);
    }
}

static void rows_check(struct check *c, const struct tale *tale)
{
    struct told **rows = mem_array(tale->rows.len, sizeof *rows);

    for (size_t i = 0; i < tale->rows.len; i++) {
        rows[i] = tale->rows.v[i];
        if (!run_state_is_final(rows[i]->run.state) && rows[i]->run.state != RUN_QUEUED &&
            rows[i]->run.state != RUN_WAITING)
            found(c, 6, "is alive in the ledger after everything has ended", tale,
                  rows[i]->run.scheduled_at);
    }
    if (tale->rows.len > 0)
        qsort(rows, tale->rows.len, sizeof *rows, slot_order);
    for (size_t i = 1; i < tale->rows.len; i++)
        if (rows[i]->run.scheduled_at.us == rows[i - 1]->run.scheduled_at.us)
            found(c, 2, "has two rows", tale, rows[i]->run.scheduled_at);
    free(rows);
}

static void tale_check(struct check *c, const struct tale *tale)
{
    const struct trigger *t = tale->defs.v[0]->job->trigger;

    if (trigger_is_relative(t))
        relative_check(c, tale);
    else
        regimes_check(c, tale);
}
