// peers.h - several schedulers on one set of data for tests: nodes among others, on one loop.
#pragma once

#include "fixture.h"

#include "sched/sched.h"

#define PEERS 3
#define PEER_RUNS 2000

struct peers;

// An attempt that a node has begun.
struct peer_run {
    int64_t run_id;
    int attempt;
    char job[32];
    exec_done *done;
    void *ctx;
    bool is_open;
    bool is_cancelled;
};

struct peer {
    struct exec exec; // first
    struct peers *all;
    const char *name;
    struct store *store; // NULL: it is not there
    struct sched *s;
    struct peer_run runs[PEER_RUNS];
    size_t count;
    int losses, epochs;
    bool holds; // its attempts go on until the test ends them
};

struct peers {
    struct sim_clock clock;
    struct loop *loop;
    struct zones *zones;
    struct memory_data *data;
    struct peer v[PEERS];
};

static void peer_exec_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                            void *ctx)
{
    struct peer *p = (struct peer *)exec;
    struct peer_run *run = &p->runs[p->count++];

    assert_true(p->count <= PEER_RUNS);
    *run = (struct peer_run){.run_id = request->run_id,
                             .attempt = request->attempt,
                             .done = done,
                             .ctx = ctx,
                             .is_open = true};
    snprintf(run->job, sizeof run->job, "%.*s", STR(request->job_name));
}

static void peer_exec_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    struct peer *p = (struct peer *)exec;

    (void)grace_us;
    for (size_t i = 0; i < p->count; i++)
        p->runs[i].is_cancelled =
            p->runs[i].is_cancelled || (p->runs[i].is_open && p->runs[i].run_id == run_id);
}

static size_t peer_exec_running(const struct exec *exec)
{
    const struct peer *p = (const struct peer *)exec;
    size_t count = 0;

    for (size_t i = 0; i < p->count; i++)
        count += p->runs[i].is_open;
    return count;
}

static void peer_exec_stop(struct exec *exec, int64_t grace_us)
{
    (void)exec;
    (void)grace_us;
}

static const struct exec_ops peer_exec_ops = {.start = peer_exec_start,
                                              .cancel = peer_exec_cancel,
                                              .running = peer_exec_running,
                                              .stop = peer_exec_stop};

static inline void peers_settle(struct peers *all)
{
    for (int i = 0; i < 1000 && loop_turn(all->loop, 0) > 0; i++) {
    }
}

static void peer_lost(const struct err *why, void *ctx)
{
    (void)why;
    ((struct peer *)ctx)->losses++;
}

static void peer_epoch(void *ctx)
{
    ((struct peer *)ctx)->epochs++;
}

static inline void peer_join(struct peers *all, int i, const char *name, const char *tags)
{
    struct peer *p = &all->v[i];
    const struct memory_node_options node = {.name = str_of(name), .tags = str_of(tags)};
    struct err e;

    *p = (struct peer){.exec.ops = &peer_exec_ops, .all = all, .name = name};
    assert_true(memory_store_join(all->loop, all->data, &all->clock.base, &node, &p->store, &e));
    struct sched_options options = {.loop = all->loop,
                                    .store = p->store,
                                    .exec = &p->exec,
                                    .zones = all->zones,
                                    .timezone = STR_LIT("UTC"),
                                    .on_lost = peer_lost,
                                    .on_epoch = peer_epoch,
                                    .lost_ctx = p,
                                    .epoch_ctx = p};

    p->s = sched_new(&options);
    assert_true(sched_start(p->s, &e));
    peers_settle(all);
}

// It is gone without a word.
static inline void peer_crash(struct peer *p)
{
    if (!p->store)
        return;
    memory_store_crash(p->store);
    sched_free(p->s);
    p->store = NULL;
    p->s = NULL;
}

static inline void peer_end(struct peer *p, size_t i, enum run_state state)
{
    struct peer_run *run = &p->runs[i];
    struct run_end end = {.run_id = run->run_id,
                          .attempt = run->attempt,
                          .state = state,
                          .started_at = clock_wall(&p->all->clock.base),
                          .finished_at = clock_wall(&p->all->clock.base)};

    run->is_open = false;
    run->done(&end, run->ctx);
    peers_settle(p->all);
}

static inline void peers_end(struct peers *all)
{
    for (int n = 0; n < PEERS; n++)
        for (size_t i = 0; all->v[n].store && i < all->v[n].count; i++)
            if (all->v[n].runs[i].is_open && all->v[n].runs[i].is_cancelled)
                peer_end(&all->v[n], i, RUN_CANCELLED);
            else if (all->v[n].runs[i].is_open && !all->v[n].holds)
                peer_end(&all->v[n], i, RUN_SUCCEEDED);
}

static inline void peers_pass(struct peers *all, int64_t us)
{
    int64_t end = all->clock.mono_us + us;

    peers_settle(all);
    while (all->clock.mono_us < end) {
        int64_t next = loop_next_us(all->loop), left = end - all->clock.mono_us;

        sim_clock_advance(&all->clock, next < left ? (next > 0 ? next : 1) : left);
        peers_settle(all);
        peers_end(all);
    }
}

static inline void peers_open(struct peers *all)
{
    struct err e;

    *all = (struct peers){0};
    sim_clock_init(&all->clock, (wall){T0});
    all->loop = loop_new(&all->clock.base, &e);
    all->zones = zones_new(NULL);
    all->data = memory_data_new();
}

static inline void peers_close(struct peers *all)
{
    for (int i = 0; i < PEERS; i++)
        peer_crash(&all->v[i]);
    loop_free(all->loop);
    memory_data_free(all->data);
    zones_free(all->zones);
}

// ---- what is asked of one ----

struct peer_said {
    int count;
    enum err_code code;
    char message[480];
};

static inline void peer_said(const struct err *err, const struct job *job, void *ctx)
{
    struct peer_said *said = ctx;

    (void)job;
    said->count++;
    said->code = err ? err->code : ERR_NONE;
    snprintf(said->message, sizeof said->message, "%s", err ? err->message : "");
}

static inline void peer_said_run(const struct err *err, int64_t run_id, void *ctx)
{
    (void)run_id;
    peer_said(err, NULL, ctx);
}

static inline struct job *peer_job(struct peers *all, const char *name, const char *spec)
{
    struct trigger_context context = {
        all->zones, STR_LIT("UTC"), clock_wall(&all->clock.base), {0}, NULL};
    struct job *job = job_new(str_of(name));
    json_t *value = json_loads(spec, 0, NULL);
    struct err e;

    job_edit(job)->preset = 0;
    job_set_target(job, STR_LIT("folder"));
    assert_true(trigger_parse(value, &context, &job->trigger, &e));
    json_decref(value);
    return job;
}

static inline void peer_put(struct peer *p, struct job *job)
{
    struct peer_said said = {0};

    sched_put(p->s, job, STORE_ANY, peer_said, &said);
    peers_settle(p->all);
    assert_int_equal(said.count, 1);
    assert_int_equal(said.code, ERR_NONE);
}

// The number of the node that has the job, as each of them sees it: the same for all.
static inline int peers_owner(struct peers *all, const char *name)
{
    int owner = -1, seen = 0;

    for (int i = 0; i < PEERS; i++) {
        const struct job *job = all->v[i].s ? sched_find(all->v[i].s, str_of(name)) : NULL;

        if (!job)
            continue;
        seen++;
        if (sched_is_ours(all->v[i].s, job)) {
            assert_int_equal(owner, -1);
            owner = i;
        }
    }
    assert_true(seen > 0);
    return owner;
}

// ---- what came of it ----

// The rows of a job, by slot: "10 succeeded  0 b", with seconds since T0 and missed slots.
struct peers_rows {
    char text[8000];
    size_t count;
    bool is_done;
};

static void peers_rows_read(const struct err *err, const struct store_run *runs, size_t count,
                            void *ctx)
{
    struct peers_rows *rows = ctx;
    size_t len = 0;

    assert_null(err);
    rows->count = count;
    rows->is_done = true;
    for (size_t i = 0; i < count; i++) {
        const struct run *run = &runs[i].run;

        len += (size_t)snprintf(rows->text + len, sizeof rows->text - len, "%lld %s %s %lld\n",
                                (long long)((run->scheduled_at.us - T0) / S),
                                run_state_name(run->state), run_reason_name(run->reason),
                                (long long)run->missed);
    }
}

static inline const char *peers_rows(struct peers *all, const char *name)
{
    static struct peers_rows rows;
    struct store_find find = {
        .from = {INT64_MIN}, .to = WALL_NEVER, .is_oldest_first = true, .limit = 1000};

    rows = (struct peers_rows){0};
    for (int i = 0; i < PEERS && !rows.is_done; i++) {
        if (!all->v[i].store)
            continue;
        find.job_id = sched_find(all->v[i].s, str_of(name))->id;
        store_find_runs(all->v[i].store, &find, peers_rows_read, &rows);
        peers_settle(all);
    }
    return rows.text;
}

static inline size_t peer_began(const struct peer *p, const char *job)
{
    size_t count = 0;

    for (size_t i = 0; i < p->count; i++)
        count += !job || strcmp(p->runs[i].job, job) == 0;
    return count;
}
