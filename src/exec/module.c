// module.c - which host runs which module when.
// SPDX-License-Identifier: Apache-2.0
#include "exec/module.h"

#include <sched.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "exec/args.h"
#include "exec/module_child.h"
#include "exec/module_file.h"

#define TICK_US 2000 // how often waiting runs are looked after
#define BACKLOG 32   // runs in a ring that justify one more host, while there are processors for it
#define START_AGAIN_US 1000000 // after a host that could not start
#define SHUN_MAX 64            // modules remembered for having ended a host

struct shunned {
    struct ring_key key;
    mono until;
};

struct modules {
    struct modules_options options;
    struct list children;
    size_t child_count;
    struct list waiting;  // in no ring
    struct list finished; // to be reported at the end of the turn
    int processors;
    mono start_after; // no host is started before
    struct loop_timer tick;
    struct loop_timer idle;
    struct shunned shunned[SHUN_MAX];
    size_t shun_next;
    char *argv[4];
};

static void dispatch(struct modules *m);
static void tick_ring(void *ctx);
static void idle_ring(void *ctx);
static void finished_report(void *ctx);
static void on_finished(struct module_child *child, struct module_run *run, void *ctx);
static void on_refused(struct module_child *child, struct module_run *run, void *ctx);
static void on_progress(struct module_child *child, void *ctx);
static void on_gone(struct module_child *child, void *ctx);

static const struct module_events pool_events = {
    .finished = on_finished,
    .refused = on_refused,
    .progress = on_progress,
    .gone = on_gone,
};

static struct module_child *child_of(struct list *link)
{
    return list_item(link, struct module_child, link);
}

static struct module_run *run_of(struct list *link)
{
    return list_item(link, struct module_run, link);
}

bool module_request_make(const struct exec_request *run, struct str folder, struct arena *arena,
                         struct module_request *ret, struct err *e)
{
    struct args args;

    if (!args_read(run->args, run->job_name.p, arena, &args, e))
        return false;
    *ret = (struct module_request){
        .path = arena_path(arena, folder, STR_LIT("main.so")).p,
        .folder = folder.p,
        .argv = args.v,
        .argc = args.count,
    };
    environment_identity(run, arena, ret->identity);
    return true;
}

struct modules *modules_new(const struct modules_options *options)
{
    static char name[] = "belfry", command[] = "run-module", flag[] = "--host";
    struct modules *m = mem_alloc(sizeof *m);
    cpu_set_t set;

    m->options = *options;
    m->argv[0] = name;
    m->argv[1] = command;
    m->argv[2] = flag;
    m->processors = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    list_init(&m->children);
    list_init(&m->waiting);
    list_init(&m->finished);
    return m;
}

void modules_close(struct modules *m)
{
    m->start_after = (mono){INT64_MAX};
}

static void run_free(struct module_run *run)
{
    list_remove(&run->link);
    output_done(&run->out);
    output_done(&run->err);
    free(run);
}

static void runs_free(struct list *runs)
{
    struct list *link;

    while ((link = list_pop(runs)))
        run_free(run_of(link));
}

static void child_end(struct modules *m, struct module_child *child)
{
    struct module_run *run;

    while ((run = module_child_pop(child)))
        run_free(run);
    m->child_count--;
    module_child_free(child);
}

void modules_free(struct modules *m)
{
    if (!m)
        return;
    loop_timer_stop(m->options.loop, &m->tick);
    loop_timer_stop(m->options.loop, &m->idle);
    loop_defer_cancel(m->options.loop, finished_report, m);
    while (!list_is_empty(&m->children))
        child_end(m, child_of(m->children.next));
    runs_free(&m->waiting);
    runs_free(&m->finished);
    free(m);
}

// ---- runs ----

static size_t request_size(const struct module_request *r)
{
    size_t size = strlen(r->path) + strlen(r->folder) + 2;

    for (int i = 0; i < ENVIRONMENT_IDENTITY; i++)
        size += strlen(r->identity[i]) + 1;
    for (int i = 0; i < r->argc; i++)
        size += strlen(r->argv[i]) + 1;
    return size;
}

bool modules_takes(const struct modules *m, const struct module_request *request)
{
    mono now = loop_now(m->options.loop);

    for (size_t i = 0; i < SHUN_MAX; i++)
        if (m->shunned[i].until.us > now.us &&
            module_key_is_same(&m->shunned[i].key, &request->key))
            return false;
    return request->argc <= RING_ARGS_MAX &&
           request_size(request) < sizeof((struct ring_slot *)0)->data;
}

static char *word_put(char *at, const char *word)
{
    return (char *)mempcpy(at, word, strlen(word) + 1);
}

static void data_fill(char *data, const struct module_request *r)
{
    char *at = word_put(word_put(data, r->path), r->folder);

    for (int i = 0; i < ENVIRONMENT_IDENTITY; i++)
        at = word_put(at, r->identity[i]);
    for (int i = 0; i < r->argc; i++)
        at = word_put(at, r->argv[i]);
}

struct module_run *module_start(struct modules *m, const struct module_request *request,
                                command_done *done, void *ctx)
{
    size_t size = request_size(request);
    struct module_run *run = mem_alloc(sizeof *run + size);

    run->request = (struct ring_request){request->key, (uint32_t)request->argc, (uint32_t)size};
    data_fill(run->data, request);
    output_init(&run->out, m->options.head_max, m->options.tail_max);
    output_init(&run->err, m->options.head_max, m->options.tail_max);
    run->end = (struct command_end){.exit_code = -1, .words = run->words};
    run->done = done;
    run->ctx = ctx;
    list_push(&m->waiting, &run->link);
    dispatch(m);
    return run;
}

static void run_finish(struct modules *m, struct module_run *run)
{
    if (list_is_empty(&m->finished))
        loop_defer(m->options.loop, finished_report, m);
    list_push(&m->finished, &run->link);
}

static void finished_report(void *ctx)
{
    struct modules *m = ctx;
    struct list batch;
    struct list *link;

    list_init(&batch);
    list_move(&m->finished, &batch);
    while ((link = list_pop(&batch))) {
        struct module_run *run = run_of(link);

        run->done(&run->end, run->ctx);
        run_free(run);
    }
}

static void run_fail(struct modules *m, struct module_run *run, const char *words)
{
    (void)snprintf(run->words, sizeof run->words, "%s", words);
    run->end.finished_at = clock_wall(loop_clock(m->options.loop));
    run_finish(m, run);
}

bool module_started(const struct module_run *run, mono *ret_started)
{
    return run->child && run->child->runs[run->child->first] == run &&
           module_child_is_running(run->child, ret_started);
}

bool module_stop(struct modules *m, struct module_run *run)
{
    struct module_child *child = run->child;
    mono started;

    if (child)
        module_child_take(child, RING_SLOTS, &m->waiting);
    if (!run->child && run->end.finished_at.us == 0) {
        list_remove(&run->link);
        run_fail(m, run, "");
        dispatch(m);
        return true;
    }
    dispatch(m);
    if (!module_started(run, &started))
        return false; // done, and on its way to the report
    module_child_stop(child);
    return true;
}

size_t modules_hosts(const struct modules *m)
{
    return m->child_count;
}

// ---- hosts ----

static bool child_is_slow(const struct module_child *child)
{
    mono started;

    return module_child_is_running(child, &started) &&
           clock_mono(loop_clock(child->loop)).us - started.us > MODULE_SLOW_US;
}

struct census {
    struct module_child *best; // the one with the fewest runs among those that may get more
    int open;                  // at most as many as there are processors
    int slow;
    int launching;
};

// The runs of a burst go to one host as long as its ring takes them: it works while they are being
// put there, and a second one would only take the processor from us. What then still waits after a
// tick is shared out. Otherwise the host with the fewest runs is the best.
static bool child_is_better(const struct module_child *child, const struct module_child *best)
{
    if ((child->unrung > 0) != (best->unrung > 0))
        return child->unrung > 0;
    return child->count < best->count;
}

// Few hosts with many runs each beat many with one each: no more are used than there are
// processors.
static struct census census_take(const struct modules *m)
{
    struct census c = {0};

    for (struct list *link = m->children.next; link != &m->children; link = link->next) {
        struct module_child *child = child_of(link);

        c.launching += child->is_launching;
        if (child->is_closing)
            continue;
        if (child_is_slow(child))
            c.slow++;
        else if (c.open < m->processors) {
            c.open++;
            if (child->count < RING_SLOTS && (!c.best || child_is_better(child, c.best)))
                c.best = child;
        }
    }
    return c;
}

static void start_later(struct modules *m)
{
    mono at = mono_after_us(loop_now(m->options.loop), START_AGAIN_US);

    if (m->start_after.us < at.us)
        m->start_after = at;
}

static bool child_start(struct modules *m)
{
    struct launch_spec spec = {
        .program = m->options.self, .argv = m->argv, .envp = m->options.envp};
    struct module_child *child;
    struct err e;

    if (m->child_count >= (size_t)m->options.hosts_max ||
        loop_now(m->options.loop).us < m->start_after.us)
        return false;
    child = module_child_new(m->options.loop, m->options.launcher, &spec, &pool_events, m, &e);
    if (!child) {
        start_later(m);
        if (m->child_count == 0 && !list_is_empty(&m->waiting))
            run_fail(m, run_of(list_pop(&m->waiting)), e.message);
        return false;
    }
    m->child_count++;
    list_push(&m->children, &child->link);
    if (!loop_timer_is_armed(&m->idle))
        loop_timer_set(m->options.loop, &m->idle,
                       mono_after_us(loop_now(m->options.loop), MODULE_IDLE_US), idle_ring, m);
    return true;
}

// More hosts when all are busy with long calls: as many again as there are, so that a hundred slow
// runs find their hosts after a few rounds; and one for each processor when runs pile up.
static void children_grow(struct modules *m, const struct census *c)
{
    int want = 0;

    if (c->open == 0)
        want = (c->slow > 1 ? c->slow : 1) - c->launching;
    else if (c->open < m->processors && (!c->best || c->best->count >= BACKLOG))
        want = 1;
    while (want-- > 0 && child_start(m))
        ;
}

static void tick_arm(struct modules *m)
{
    bool is_needed = !list_is_empty(&m->waiting);

    for (struct list *link = m->children.next; link != &m->children; link = link->next)
        is_needed = is_needed || child_of(link)->count > 1;
    if (is_needed && !loop_timer_is_armed(&m->tick))
        loop_timer_set(m->options.loop, &m->tick, mono_after_us(loop_now(m->options.loop), TICK_US),
                       tick_ring, m);
}

static void dispatch(struct modules *m)
{
    while (!list_is_empty(&m->waiting)) {
        struct census c = census_take(m);
        struct list *link;

        if (!c.best || (c.open < m->processors && c.best->count >= BACKLOG)) {
            children_grow(m, &c);
            c = census_take(m);
        }
        if (!c.best || list_is_empty(&m->waiting))
            break;
        link = list_pop(&m->waiting);
        if (!module_child_push(c.best, run_of(link))) {
            list_push(m->waiting.next, link);
            break;
        }
    }
    tick_arm(m);
}

// A host without work takes half of what waits in the fullest ring.
static void balance(struct modules *m)
{
    struct module_child *fullest = NULL;
    bool has_idle = false;

    for (struct list *link = m->children.next; link != &m->children; link = link->next) {
        struct module_child *child = child_of(link);

        has_idle = has_idle || (child->count == 0 && !child->is_closing);
        if (!fullest || child->count > fullest->count)
            fullest = child;
    }
    if (has_idle && fullest->count > 2)
        module_child_take(fullest, fullest->count / 2, &m->waiting);
}

static void tick_ring(void *ctx)
{
    struct modules *m = ctx;

    for (struct list *link = m->children.next; link != &m->children; link = link->next) {
        struct module_child *child = child_of(link);

        module_child_collect(child);
        if (child->count > 1 && child_is_slow(child))
            module_child_take(child, RING_SLOTS, &m->waiting);
    }
    balance(m);
    dispatch(m);
}

static void idle_ring(void *ctx)
{
    struct modules *m = ctx;
    int64_t now = loop_now(m->options.loop).us;
    size_t left = 0;

    for (struct list *link = m->children.next; link != &m->children; link = link->next)
        left += !child_of(link)->is_closing;
    for (struct list *link = m->children.next; link != &m->children; link = link->next) {
        struct module_child *child = child_of(link);
        int64_t limit = left > 1 ? MODULE_IDLE_US : MODULE_LAST_US;

        if (child->count > 0 || child->is_closing || child->is_launching ||
            now - child->idle_since.us < limit)
            continue;
        module_child_quit(child);
        left--;
    }
    if (m->child_count > 0)
        loop_timer_set(m->options.loop, &m->idle, (mono){now + MODULE_IDLE_US / 2}, idle_ring, m);
}

static void on_finished(struct module_child *child, struct module_run *run, void *ctx)
{
    (void)child;
    run_finish(ctx, run);
}

static void on_refused(struct module_child *child, struct module_run *run, void *ctx)
{
    struct modules *m = ctx;

    (void)child;
    list_push(m->waiting.next, &run->link);
    tick_arm(m);
}

static void on_progress(struct module_child *child, void *ctx)
{
    struct modules *m = ctx;

    (void)child;
    if (!list_is_empty(&m->waiting))
        dispatch(m);
}

static void shun(struct modules *m, const struct ring_key *key)
{
    m->shunned[m->shun_next++ % SHUN_MAX] =
        (struct shunned){*key, mono_after_us(loop_now(m->options.loop), MODULE_SHUN_US)};
}

// A host that could not start must not make the pool try again at once, nor leave its runs waiting
// for ever.
static void on_gone(struct module_child *child, void *ctx)
{
    struct modules *m = ctx;
    struct module_run *run;
    struct list *link;
    bool is_failed = child->words[0] != '\0';

    if (child->has_crashed)
        shun(m, &child->crashed);
    module_child_take(child, RING_SLOTS, &m->waiting);
    while ((run = module_child_pop(child))) // whether these were run, nobody can tell any more
        run_fail(m, run, MODULE_OVERWRITTEN);
    if (is_failed) {
        start_later(m);
        while (m->child_count == 1 && (link = list_pop(&m->waiting)))
            run_fail(m, run_of(link), child->words);
    }
    child_end(m, child);
    dispatch(m);
}
