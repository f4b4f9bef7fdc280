// cluster.c - what happens to several nodes on one store, by the throw of dice.
//
// Nodes are killed between any two steps, frozen (the loop is not turned, what they have sent is on
// its way), cut off from the store, slowed, drained; they come, leave in order, and come back with
// the runs that their keepers still have. Jobs are edited on any of them. Between each scheduler
// and its store stands a watcher, which counts the steps and plants the faults.
// SPDX-License-Identifier: Apache-2.0
#include "cluster_judge.c"

#include <assert.h>
#include <sys/random.h>

#define CLUSTER_T0 (1767225600LL * CLUSTER_S)
#define ROUNDS 10
#define CALM_US (45 * CLUSTER_S)
#define STOPPING_MAX_US (30 * CLUSTER_S)

static struct cluster *the_cluster; // of the stores: their functions know nothing else of it

// What the program asks the kernel for hangs on the seed too, so that it replays exactly.
static struct rand_seq kernel;

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
    uint8_t *to = p;

    (void)flags;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)rand_next(&kernel);
    return (ssize_t)n;
}

static uint64_t dice(struct cluster *w, uint64_t below)
{
    return rand_below(&w->prng, below);
}

static bool plant(struct cluster *w, enum cluster_fault fault)
{
    return w->fault == fault;
}

// A step of a node: it may be the one after which it is killed.
static void step(struct cnode *node)
{
    if (node->is_dead || node->die_after < 0 || node->die_after-- > 0)
        return;
    node->is_dead = true;
}

// ---- the watcher at the store ----

static struct cnode *node_of(const struct store *store)
{
    struct cluster *w = the_cluster;

    for (size_t i = 0; i < w->hosts; i++)
        if (w->nodes[i].store == store)
            return &w->nodes[i];
    return NULL;
}

static void answered(const struct store_answer *answer, void *ctx);

// An answer that a node waits for.
struct await {
    struct cnode *node;
    store_done *done;
    void *ctx;
};

static struct await *await_new(struct cnode *node, store_done *done, void *ctx)
{
    struct await *await = mem_alloc(sizeof *await);

    *await = (struct await){node, done, ctx};
    return await;
}

static void answered(const struct store_answer *answer, void *ctx)
{
    struct await *await = ctx;

    step(await->node);
    if (answer->err)
        tell(await->node->world, "%s is refused: %s", await->node->name, answer->err->message);
    await->node->world->moved += answer->err && answer->err->code == ERR_MOVED;
    if (!await->node->is_dead && await->done)
        await->done(answer, await->ctx);
    free(await);
}

// As if nobody looked at epochs.
static void epoch_spoil(struct cnode *node)
{
    if (plant(node->world, CLUSTER_EPOCH_UNCHECKED))
        node->real->own(node->store, 0);
}

static void spy_claim(struct store *store, const struct run *runs, size_t count, wall watermark,
                      store_done *done, void *ctx)
{
    struct cnode *node = node_of(store);

    step(node);
    if (node->is_dead)
        return;
    node->freezes = node->freeze_after >= 0 && node->freeze_after-- == 0;
    if (watermark.us > 0)
        node->claimed = watermark;
    tell(node->world, "%s claims %zu, watermark %.6f", node->name, count,
         slot_s(node->world, watermark));
    epoch_spoil(node);
    node->real->claim(store, runs, count, watermark, answered, await_new(node, done, ctx));
}

static void spy_start(struct store *store, const struct run_start *starts, size_t count,
                      store_done *done, void *ctx)
{
    struct cnode *node = node_of(store);

    step(node);
    if (node->is_dead)
        return;
    epoch_spoil(node);
    node->real->start(store, starts, count, answered, await_new(node, done, ctx));
}

static void spy_launch(struct store *store, int64_t upto, const int64_t *dropped, size_t count,
                       store_done *done, void *ctx)
{
    struct cnode *node = node_of(store);

    step(node);
    if (node->is_dead)
        return;
    epoch_spoil(node);
    node->real->launch(store, upto, dropped, count, answered, await_new(node, done, ctx));
}

static void spy_finish(struct store *store, const struct run_end *ends, size_t count,
                       store_done *done, void *ctx)
{
    struct cnode *node = node_of(store);

    step(node);
    if (!node->is_dead)
        node->real->finish(store, ends, count, answered, await_new(node, done, ctx));
}

static void spy_put_job(struct store *store, const struct job_row *row, int expect,
                        store_done *done, void *ctx)
{
    struct cnode *node = node_of(store);

    step(node);
    if (!node->is_dead)
        node->real->put_job(store, row, expect, answered, await_new(node, done, ctx));
}

static bool spy_may_start(struct store *store)
{
    struct cnode *node = node_of(store);

    return plant(node->world, CLUSTER_TRUST_FOREVER) || node->real->may_start(store);
}

// ---- news ----

static bool is_orphan(const struct run *run)
{
    return run->state == RUN_ORPHANED;
}

static size_t orphans_forget(const struct run *runs, size_t count, struct run *to)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        if (!is_orphan(&runs[i]))
            to[len++] = runs[i];
    return len;
}

static void news_spoil(struct cnode *node, struct store_news *news, struct store_members *members)
{
    struct cluster *w = node->world;

    if (plant(w, CLUSTER_EDITS_UNTOLD))
        news->job_count = 0;
    if (!news->members)
        return;
    *members = *news->members;
    news->members = members;
    if (plant(w, CLUSTER_UNPINNED))
        members->pin_count = 0;
    if (plant(w, CLUSTER_LOW_OF_LIVING) && node->claimed.us > members->low.us)
        members->low = node->claimed;
    if (plant(w, CLUSTER_EDITS_UNSEEN))
        members->low_seen = INT64_MAX;
}

static void spy_news(const struct store_news *news, void *ctx)
{
    struct cnode *node = ctx;
    struct store_members members;
    struct store_news told = *news;
    struct run *runs = mem_array(news->run_count + 1, sizeof *runs);

    step(node);
    news_spoil(node, &told, &members);
    if (plant(node->world, CLUSTER_ORPHANS_FORGOTTEN)) {
        told.run_count = orphans_forget(news->runs, news->run_count, runs);
        told.runs = runs;
    }
    if (news->members)
        tell(node->world, "%s hears of epoch %" PRId64, node->name, news->members->epoch);
    if (!node->is_dead)
        node->watch.news(&told, node->watch.ctx);
    free(runs);
}

static void spy_lost(const struct err *why, void *ctx)
{
    struct cnode *node = ctx;

    tell(node->world, "%s is lost", node->name);
    node->world->losses++;
    node->watch.lost(why, node->watch.ctx);
}

static void spy_watch(struct store *store, const struct store_watch *watch)
{
    struct cnode *node = node_of(store);
    const struct store_watch ours = {spy_news, spy_lost, node};

    node->watch = *watch;
    node->real->watch(store, &ours);
}

static void store_spy(struct cnode *node)
{
    node->real = node->store->ops;
    node->ops = *node->real;
    node->ops.claim = spy_claim;
    node->ops.start = spy_start;
    node->ops.launch = spy_launch;
    node->ops.finish = spy_finish;
    node->ops.put_job = spy_put_job;
    node->ops.may_start = spy_may_start;
    node->ops.watch = spy_watch;
    node->store->ops = &node->ops;
}

// ---- runs ----

static void deed_began(struct deed *deed, void *ctx)
{
    struct cluster *w = ctx;
    struct cnode *node = &w->nodes[deed->host];
    bool is_long = strcmp(deed->job, "long") == 0 || strcmp(deed->job, "rerun") == 0;
    int64_t takes_us = (int64_t)dice(w, (uint64_t)(is_long ? 20 : 3) * CLUSTER_S);

    deed->ends_us = now_us(w) + takes_us;
    deed->state = dice(w, strcmp(deed->job, "retry") == 0 ? 2 : 12) ? RUN_SUCCEEDED : RUN_FAILED;
    judge_start(w, node, deed);
    step(node);
}

// ---- a life ----

static wall node_wall(const struct clock *clock)
{
    const struct node_clock *c = (const struct node_clock *)clock;

    return (wall){c->sim->mono_us + c->offset_us};
}

static mono node_mono(const struct clock *clock)
{
    return (mono){((const struct node_clock *)clock)->sim->mono_us};
}

// The best of the samples, that is the quickest, sets the clock.
static void clock_told(wall at, mono when, void *ctx)
{
    struct cnode *node = ctx;
    int64_t doubt_us = now_us(node->world) - when.us;

    if (doubt_us > node->clock.doubt_us + 5000)
        return;
    node->clock.doubt_us = doubt_us;
    node->clock.offset_us = at.us - when.us;
}

static void lost(const struct err *why, void *ctx)
{
    (void)why;
    ((struct cnode *)ctx)->is_lost = true;
}

static bool life_join(struct cnode *node)
{
    int64_t *kept;
    struct err e;
    struct memory_node_options options = {.name = str_of(node->name),
                                          .tags = node->host % 2 ? STR_LIT("odd") : STR_LIT("even"),
                                          .lease_us = LEASE_US,
                                          .on_clock = clock_told,
                                          .ctx = node};

    options.kept_count = exec_kept(node->exec, &kept);
    options.kept = kept;
    bool ok = memory_store_join(node->loop, node->world->data, &node->world->clock.base, &options,
                                &node->store, &e);

    free(kept);
    return ok;
}

static int64_t self_of(const struct cnode *node)
{
    const struct memory_node *row =
        memory_node_named(&node->world->data->members, str_of(node->name));

    return row->is.id;
}

static void life_begin(struct cnode *node)
{
    struct cluster *w = node->world;
    struct sched_options options = {
        .zones = w->zones, .timezone = STR_LIT("UTC"), .on_lost = lost, .lost_ctx = node};
    struct err e;

    node->clock = (struct node_clock){.base = {node_wall, node_mono}, .sim = &w->clock};
    node->clock.offset_us = CLUSTER_T0 + (int64_t)dice(w, 600 * CLUSTER_S) - 300 * CLUSTER_S;
    node->clock.doubt_us = CLUSTER_S;
    node->is_dead = node->is_lost = node->is_cut = node->is_slow = node->is_stopped = false;
    node->frozen_until_us = 0;
    node->freezes = false;
    node->die_after = node->freeze_after = -1;
    node->claimed = (wall){0};
    options.loop = node->loop = loop_new(&node->clock.base, &e);
    options.exec = node->exec = doer_new(node->loop, &w->deeds, node->host);
    if (!life_join(node)) {
        exec_free(node->exec);
        loop_free(node->loop);
        node->back_at_us = now_us(w) + CLUSTER_S; // the one of that name is not forgotten yet
        return;
    }
    node->self = self_of(node);
    node->is_up = true;
    store_spy(node);
    memory_store_delay(node->store, (int64_t)dice(w, 3000), (int64_t)dice(w, 3000));
    options.store = node->store;
    options.plan_least = dice(w, 3) ? 0 : 1;
    node->sched = sched_new(&options);
    if (!sched_start(node->sched, &e))
        abort();
    shake_node(w, node, "is up");
}

static void life_end(struct cnode *node)
{
    node->is_up = false;
    node->store->ops = node->real;
    memory_store_crash(node->store);
    node->store = NULL;
    sched_free(node->sched);
    exec_free(node->exec);
    loop_free(node->loop);
}

// What it ran lives on with its keepers, or is gone with the machine.
static void died(struct cnode *node)
{
    struct cluster *w = node->world;

    w->deaths++;
    life_end(node);
    if (dice(w, 3) == 0)
        deeds_wipe(&w->deeds, node->host);
    node->back_at_us = now_us(w) + (int64_t)dice(w, dice(w, 2) ? CLUSTER_S : 15 * CLUSTER_S);
    shake_node(w, node, "is killed");
}

// Others have what was its own: it begins anew at once.
static void was_lost(struct cnode *node)
{
    life_end(node);
    deeds_wipe(&node->world->deeds, node->host);
    node->back_at_us = now_us(node->world) + CLUSTER_S / 10;
    shake_node(node->world, node, "begins anew");
}

static void left(struct cnode *node)
{
    struct cluster *w = node->world;

    node->is_up = false;
    node->store->ops = node->real;
    store_close(node->store);
    node->store = NULL;
    sched_free(node->sched);
    exec_free(node->exec);
    loop_free(node->loop);
    node->back_at_us = now_us(w) + (int64_t)dice(w, dice(w, 3) ? 2 * CLUSTER_S : 20 * CLUSTER_S);
    shake_node(w, node, "has left");
}

// ---- time ----

static bool is_turning(const struct cnode *node)
{
    return node->is_up && node->frozen_until_us == 0;
}

static void node_look(struct cnode *node)
{
    struct cluster *w = node->world;

    if (!node->is_up) {
        if (node->back_at_us <= now_us(w))
            life_begin(node);
        return;
    }
    if (node->frozen_until_us > 0 && node->frozen_until_us <= now_us(w)) {
        node->frozen_until_us = 0;
        w->thaws++;
        shake_node(w, node, "thaws");
    }
    if ((node->is_cut || node->is_slow) && node->calm_at_us <= now_us(w)) {
        memory_store_cut(node->store, false);
        memory_store_delay(node->store, 1000, 1000);
        node->is_cut = node->is_slow = false;
        shake_node(w, node, "is well");
    }
}

// What it has sent lands, or does not before it thaws.
static void freeze(struct cluster *w, struct cnode *node, bool lands)
{
    node->freezes = false;
    node->frozen_until_us = now_us(w) + (int64_t)dice(w, 3 * LEASE_US);
    if (lands)
        memory_store_land(node->store);
    shake_node(w, node, "is frozen");
}

// Whether it did anything.
static bool node_turn(struct cnode *node)
{
    struct cluster *w = node->world;
    bool has_done = false;

    for (int i = 0; i < 1000 && is_turning(node) && !node->is_dead && !node->is_lost &&
                    !node->is_stopped && !node->freezes && loop_turn(node->loop, 0) > 0;
         i++)
        has_done = true;
    if (node->is_up && node->freezes && !node->is_dead)
        freeze(w, node, true);
    if (node->is_up && node->is_dead)
        died(node);
    else if (node->is_up && node->is_lost && is_turning(node))
        was_lost(node);
    else if (node->is_up && node->is_stopped)
        left(node);
    return has_done;
}

static void settle(struct cluster *w)
{
    bool has_done = true;

    while (has_done) {
        has_done = false;
        for (size_t i = 0; i < w->hosts; i++) {
            node_look(&w->nodes[i]);
            has_done = node_turn(&w->nodes[i]) || has_done;
        }
    }
    edits_judge(w);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_us(const struct cluster *w)
{
    int64_t next = edits_next_us(w) - now_us(w);

    for (size_t i = 0; i < w->hosts; i++) {
        const struct cnode *node = &w->nodes[i];

        if (!node->is_up)
            next = least(next, node->back_at_us - now_us(w));
        if (node->is_up && node->frozen_until_us > 0)
            next = least(next, node->frozen_until_us - now_us(w));
        if (node->is_up && (node->is_cut || node->is_slow))
            next = least(next, node->calm_at_us - now_us(w));
        if (is_turning(node))
            next = least(next, loop_next_us(node->loop));
    }
    return next > 0 ? next : 1;
}

static void pass(struct cluster *w, int64_t us)
{
    int64_t end = now_us(w) + us;

    settle(w);
    while (now_us(w) < end && !w->finding[0]) {
        sim_clock_advance(&w->clock, least(next_us(w), end - now_us(w)));
        settle(w);
    }
}

// ---- people ----

static struct cnode *node_any(struct cluster *w)
{
    size_t first = dice(w, w->hosts);

    for (size_t i = 0; i < w->hosts; i++) {
        struct cnode *node = &w->nodes[(first + i) % w->hosts];

        if (is_turning(node) && !node->is_dead && !node->is_lost && !node->is_cut)
            return node;
    }
    return NULL;
}

struct kind {
    const char *name, *trigger, *depends_on;
    int overlap, instances, retries;
    bool is_pooled, is_chosen, is_rerun;
};

static const struct kind kinds[] = {
    {"tick", "{'type':'interval','seconds':1}", NULL, OVERLAP_SKIP, 1, 0, false, false, false},
    {"tock", "{'type':'interval','seconds':3}", NULL, OVERLAP_QUEUE, 1, 0, false, false, false},
    {"twice", "{'type':'interval','seconds':2}", NULL, OVERLAP_SKIP, 2, 0, false, false, false},
    {"cron", "{'type':'cron','second':'*/10'}", NULL, OVERLAP_SKIP, 1, 0, false, false, true},
    {"minute", "{'type':'cron','expr':'* * * * *'}", NULL, OVERLAP_SKIP, 1, 0, false, false, false},
    {"kill", "{'type':'interval','seconds':4}", NULL, OVERLAP_KILL, 1, 0, false, false, false},
    {"pool-a", "{'type':'interval','seconds':2}", NULL, OVERLAP_SKIP, 1, 0, true, false, false},
    {"pool-b", "{'type':'interval','seconds':3}", NULL, OVERLAP_QUEUE, 1, 1, true, false, false},
    {"pool-c", "{'type':'interval','seconds':5}", NULL, OVERLAP_SKIP, 2, 0, true, false, true},
    {"chosen", "{'type':'interval','seconds':4}", NULL, OVERLAP_SKIP, 1, 0, false, true, false},
    {"long", "{'type':'interval','seconds':15}", NULL, OVERLAP_SKIP, 1, 0, false, false, false},
    {"rerun", "{'type':'interval','seconds':13}", NULL, OVERLAP_SKIP, 1, 0, false, false, true},
    {"retry", "{'type':'interval','seconds':6}", NULL, OVERLAP_SKIP, 1, 2, false, false, false},
    {"after", "{'type':'after','delay':'4s'}", NULL, OVERLAP_SKIP, 1, 0, false, false, false},
    {"mother", "{'type':'interval','seconds':9}", NULL, OVERLAP_ALLOW, 1, 0, false, false, true},
    {"child", "{'type':'manual'}", "[{'job':'mother','on':'always'}]", OVERLAP_ALLOW, 1, 0, false,
     false, false},
    {"heir", "{'type':'manual'}", "[{'job':'mother','on':'always'},{'job':'child','on':'always'}]",
     OVERLAP_ALLOW, 1, 0, false, false, true},
};

#define KINDS (sizeof kinds / sizeof *kinds)
#define EDITABLE 13 // those before `after` may be changed and removed

static json_t *json_of(const char *text)
{
    char *copy = str_own(str_of(text));
    json_t *json;

    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json = json_loads(copy, 0, NULL);
    free(copy);
    return json;
}

static void retries_make(struct cluster *w, struct job *job, int max)
{
    struct arena *arena = arena_new(1024);
    struct model_issues issues;
    json_t *spec =
        json_pack("{si ss si}", "max", max, "backoff", "fixed", "delay", 1 + (int)dice(w, 4));

    model_issues_init(&issues, arena);
    if (!retries_read(spec, STR_LIT("retries"), &issues, &job_edit(job)->retries))
        abort();
    json_decref(spec);
    arena_free(arena);
}

static void depends_make(struct job *job, const char *text)
{
    struct arena *arena = arena_new(1024);
    struct model_issues issues;
    json_t *list = json_of(text);

    model_issues_init(&issues, arena);
    if (!depends_read(list, STR_LIT("depends_on"), &issues, &job->depends))
        abort();
    json_decref(list);
    arena_free(arena);
}

static void needs_make(struct job *job)
{
    const struct throttle none = {0};
    json_t *pools = json_pack("{si}", "db", 1);

    job_edit(job)->needs = needs_new(pools, &none);
    json_decref(pools);
}

static struct job *job_of(struct cluster *w, const struct cnode *node, const struct kind *kind,
                          const char *trigger)
{
    struct trigger_context context = sched_trigger_context(node->sched);
    json_t *spec = json_of(trigger);
    struct job *job = job_new(str_of(kind->name));
    char args[40];
    struct err e;

    snprintf(args, sizeof args, "[\"%zu\"]", ++w->asked);
    job_set_target(job, STR_LIT("folder"));
    job_spec_set_text(&job_edit(job)->args, str_of(args));
    if (kind->is_chosen)
        job_spec_set_text(&job_edit(job)->nodes,
                          dice(w, 2) ? STR_LIT("odd") : STR_LIT("node-0 node-1"));
    context.job_id = job->name;
    if (!trigger_parse(spec, &context, &job->trigger, &e))
        abort();
    json_decref(spec);
    job_edit(job)->preset = 0;
    job_edit(job)->overlap = (enum job_overlap)kind->overlap;
    job_edit(job)->max_instances = kind->instances;
    job_edit(job)->queue_max = 2;
    job_edit(job)->on_lost = kind->is_rerun ? ON_LOST_RERUN : ON_LOST_FAIL;
    if (kind->retries)
        retries_make(w, job, kind->retries);
    if (kind->depends_on)
        depends_make(job, kind->depends_on);
    if (kind->is_pooled)
        needs_make(job);
    return job;
}

static void put_said(const struct err *err, const struct job *job, void *ctx)
{
    (void)ctx;
    if (!err)
        edit_answered(the_cluster, job);
}

static void put(struct cluster *w, struct cnode *node, const struct kind *kind, const char *trigger)
{
    tell(w, "%s is asked for %s %s", node->name, kind->name, trigger);
    sched_put(node->sched, job_of(w, node, kind, trigger), STORE_ANY, put_said, NULL);
}

static void edit(struct cluster *w, struct cnode *node)
{
    const struct kind *kind = &kinds[dice(w, EDITABLE)];
    char trigger[80];

    snprintf(trigger, sizeof trigger, "{'type':'interval','seconds':%d}", 1 + (int)dice(w, 6));
    put(w, node, kind, dice(w, 2) ? kind->trigger : trigger);
}

static void run_said(const struct err *err, int64_t run_id, void *ctx)
{
    (void)err;
    (void)run_id;
    (void)ctx;
}

static void pool_said(const struct err *err, const struct pool *pool, void *ctx)
{
    (void)pool;
    (void)ctx;
    assert(!err);
}

static void removed(const struct err *err, const struct job *job, void *ctx)
{
    (void)err;
    (void)job;
    (void)ctx;
}

static void run_by_hand(struct cluster *w, struct cnode *node)
{
    const struct kind *kind = &kinds[dice(w, KINDS)];
    const struct hand_ask ask = {RUN_MANUAL, {.overlap = -1}, true};
    const struct job *job = sched_find(node->sched, str_of(kind->name));

    if (job && sched_is_ours(node->sched, job))
        sched_run_now(node->sched, str_of(kind->name), &ask, run_said, NULL);
}

static void remove_one(struct cluster *w, struct cnode *node)
{
    const struct kind *kind = &kinds[dice(w, EDITABLE)];

    tell(w, "%s is asked to delete %s", node->name, kind->name);
    edits_forget(w, kind->name);
    sched_delete(node->sched, str_of(kind->name), removed, NULL);
}

static void drain(struct cluster *w, bool is_on)
{
    struct cnode *node = node_any(w), *victim = &w->nodes[dice(w, w->hosts)];
    bool has_other = false;

    for (size_t i = 0; i < w->hosts; i++)
        has_other = has_other || (&w->nodes[i] != victim && is_active(w, &w->nodes[i]));
    if (!node || !victim->is_up || (is_on && !has_other))
        return;
    store_drain(node->store, str_of(victim->name), is_on, NULL, NULL);
    shake_node(w, victim, is_on ? "is drained" : "is drained no more");
}

static void order(struct cluster *w)
{
    struct cnode *node = node_any(w);

    if (!node)
        return;
    switch (dice(w, 8)) {
    case 0:
    case 1:
    case 2:
        edit(w, node);
        break;
    case 3:
        remove_one(w, node);
        break;
    case 4:
        drain(w, dice(w, 2));
        break;
    default:
        run_by_hand(w, node);
        break;
    }
}

// ---- what goes wrong ----

static void cut(struct cluster *w, struct cnode *node)
{
    node->is_cut = true;
    node->calm_at_us = now_us(w) + (int64_t)dice(w, 3 * LEASE_US);
    memory_store_cut(node->store, true);
    shake_node(w, node, "is cut off");
}

static void slow(struct cluster *w, struct cnode *node)
{
    node->is_slow = true;
    node->calm_at_us = now_us(w) + (int64_t)dice(w, 2 * LEASE_US);
    memory_store_delay(node->store, (int64_t)dice(w, CLUSTER_S), (int64_t)dice(w, CLUSTER_S));
    shake_node(w, node, "is slow");
    shake(w, node->calm_at_us + 2 * CLUSTER_S);
}

static void fail_for_a_while(struct cluster *w, struct cnode *node)
{
    memory_store_fail(node->store, 1 + (int)dice(w, 4));
    shake_node(w, node, "fails");
    shake(w, now_us(w) + 6 * CLUSTER_S);
}

// The owner of some jobs dies before it has seen edits of them, of which slots have passed by then.
static void edit_unseen(struct cluster *w, struct cnode *victim)
{
    struct cnode *node = node_any(w);

    if (!node || node == victim)
        return;
    memory_store_deafen(victim->store, true);
    memory_store_delay_beats(victim->store, 0, 3 * CLUSTER_S);
    victim->is_slow = true;
    victim->calm_at_us = now_us(w) + 4 * CLUSTER_S;
    shake_node(w, victim, "does not listen");
    pass(w, CLUSTER_S);
    for (size_t i = 0; i < EDITABLE && victim->is_up && is_turning(node); i++) {
        const struct job *job = sched_find(victim->sched, str_of(kinds[i].name));

        if (job && sched_is_ours(victim->sched, job))
            put(w, node, &kinds[i], "{'type':'cron','second':'*'}");
    }
    pass(w, (int64_t)dice(w, 2 * CLUSTER_S));
    if (victim->is_up)
        victim->is_dead = true;
}

static void stopped(void *ctx)
{
    ((struct cnode *)ctx)->is_stopped = true;
}

static void leave(struct cluster *w, struct cnode *node)
{
    if (dice(w, 2))
        exec_let_go(node->exec);
    shake_node(w, node, "is to leave");
    shake(w, now_us(w) + 6 * CLUSTER_S);
    sched_stop(node->sched, (int64_t)dice(w, 4 * CLUSTER_S), stopped, node);
}

static void mishap(struct cluster *w)
{
    struct cnode *node = &w->nodes[dice(w, w->hosts)];

    if (!is_turning(node) || node->is_cut || node->is_slow || node->is_stopped)
        return;
    switch (dice(w, 10)) {
    case 0:
        node->is_dead = true;
        break;
    case 1:
    case 2:
        node->die_after = (int)dice(w, 30);
        break;
    case 3:
        freeze(w, node, dice(w, 2));
        break;
    case 4:
        node->freeze_after = (int)dice(w, 20);
        break;
    case 5:
        cut(w, node);
        break;
    case 6:
        slow(w, node);
        break;
    case 7:
        fail_for_a_while(w, node);
        break;
    case 8:
        edit_unseen(w, node);
        break;
    default:
        leave(w, node);
        break;
    }
}

// ---- a seed ----

static void cluster_open(struct cluster *w, uint64_t seed, enum cluster_fault fault)
{
    const struct memory_watch watch = {judge_run, judge_job, judge_epoch, w};

    *w = (struct cluster){.fault = fault};
    the_cluster = w;
    rand_seq_init(&w->prng, seed);
    rand_seq_init(&kernel, ~seed);
    sim_clock_init(&w->clock, (wall){CLUSTER_T0});
    w->zones = zones_new(NULL);
    w->data = memory_data_new();
    memory_data_watch(w->data, &watch);
    map_init(&w->rows);
    map_init(&w->jobs);
    buf_init(&w->log, LOG_MAX);
    w->deeds = (struct deeds){.clock = &w->clock.base, .began = deed_began, .ctx = w};
    w->hosts = 2 + dice(w, CLUSTER_NODES - 1);
    for (size_t i = 0; i < w->hosts; i++) {
        struct cnode *node = &w->nodes[i];

        *node = (struct cnode){.world = w, .host = i, .die_after = -1, .freeze_after = -1};
        snprintf(node->name, sizeof node->name, "node-%zu", i);
        node->back_at_us = i == 0 ? 0 : (int64_t)dice(w, 20 * CLUSTER_S);
    }
}

static void populate(struct cluster *w)
{
    json_t *pool = json_pack("{si}", "slots", POOL_SLOTS);

    settle(w);
    pools_put(sched_pools(w->nodes[0].sched), STR_LIT("db"), pool, STORE_ANY,
              clock_wall(&w->clock.base), pool_said, NULL);
    json_decref(pool);
    pass(w, CLUSTER_S);
    for (size_t i = 0; i < KINDS; i++) {
        put(w, &w->nodes[0], &kinds[i], kinds[i].trigger);
        pass(w, CLUSTER_S / 10);
    }
    pass(w, 20 * CLUSTER_S);
}

static void heal(struct cluster *w)
{
    for (size_t i = 0; i < w->hosts; i++) {
        struct cnode *node = &w->nodes[i];

        node->die_after = node->freeze_after = -1;
        if (node->back_at_us > now_us(w))
            node->back_at_us = now_us(w);
        node->frozen_until_us = node->frozen_until_us ? now_us(w) : 0;
        node->calm_at_us = now_us(w);
        if (node->is_up)
            memory_store_fail(node->store, 0);
    }
    pass(w, 10 * CLUSTER_S);
    for (size_t i = 0; i < w->hosts && node_any(w); i++)
        if (!is_active(w, &w->nodes[i]))
            store_drain(node_any(w)->store, str_of(w->nodes[i].name), false, NULL, NULL);
    pass(w, CLUSTER_S);
    able_look(w);
    shake(w, now_us(w));
    pass(w, CALM_US);
}

static void cluster_close(struct cluster *w)
{
    for (size_t i = 0; i < w->hosts; i++)
        if (w->nodes[i].is_up)
            life_end(&w->nodes[i]);
    for (size_t i = 0; i < w->hosts; i++)
        deeds_wipe(&w->deeds, i);
    vec_done(&w->deeds.all);
    memory_data_free(w->data);
    judge_done(w);
    zones_free(w->zones);
    free(w);
}

bool cluster_world(uint64_t seed, enum cluster_fault fault, struct cluster_sums *sums,
                   struct buf *story)
{
    struct cluster *w = mem_alloc(sizeof *w);

    cluster_open(w, seed, fault);
    populate(w);
    for (int i = 0; i < ROUNDS && !w->finding[0]; i++) {
        for (int orders = (int)dice(w, 4); orders > 0; orders--) {
            order(w);
            pass(w, (int64_t)dice(w, 3 * CLUSTER_S));
        }
        mishap(w);
        pass(w, (int64_t)dice(w, dice(w, 3) ? 10 * CLUSTER_S : 40 * CLUSTER_S));
    }
    if (!w->finding[0])
        heal(w);
    if (!w->finding[0])
        judge_end(w);
    bool is_well = !w->finding[0];

    if (!is_well && story)
        story_tell(w, story);
    sums->starts += w->starts;
    sums->deaths += w->deaths;
    sums->thaws += w->thaws;
    sums->losses += w->losses;
    sums->epochs += w->epochs;
    sums->moved += w->moved;
    sums->simulated_us += now_us(w);
    cluster_close(w);
    return is_well;
}
