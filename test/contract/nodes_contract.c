// nodes_contract.c - what a store must do that several belfry share (store/nodes.h); included
// behind store_contract.c by the tests of each such store.
//
// A node is a fixture with a loop of its own, so one can be frozen: its loop is not turned. A store
// whose clock is real takes real time for a lease, so whatever takes time is waited for.
// SPDX-License-Identifier: Apache-2.0

struct node_ask {
    const char *name, *address, *tags;
    int64_t lease_us;
    const int64_t *kept;
    size_t kept_count;
};

struct nodes_kind {
    void *(*medium_new)(void);
    // NULL: it was refused.
    struct store *(*join)(void *medium, struct loop *loop, const struct clock *clock,
                          const struct node_ask *ask, struct err *e);
    void (*medium_free)(void *medium);
    bool is_real; // time passes by itself
};

#define NODES_MAX 4
#define LEASE_US 2000000  // a busy machine holds us up for a second
#define LIMIT_US 60000000 // within which anything happens

// What a node was told last, as text, and how often.
struct heard {
    int news, epochs, losses;
    int64_t epoch, self, low_seen;
    wall low;
    char nodes[300];  // "anna active, berta away"
    char pins[200];   // "a anna, b berta"
    char jobs[400];   // all since the last look: "a v1 s0, "
    char rows[300];   // "0 x v1, "
    char runs[200];   // of the epoch: "7 queued, "
    char slots[200];  // likewise: "a 50, "
    char met[200];    // likewise: "a<-b 3, "
    int64_t last_seq; // of the jobs told; they come in its order
};

struct node {
    struct fixture f; // of which kind is unset
    bool is_frozen;
    struct heard heard;
};

struct nodes {
    const struct nodes_kind *kind;
    void *medium;
    struct sim_clock sim;
    const struct clock *clock;
    struct node *all[NODES_MAX]; // NULL: none
};

static int nodes_setup(void **state)
{
    struct nodes *n = mem_alloc(sizeof *n);

    n->kind = *state;
    n->medium = n->kind->medium_new();
    sim_clock_init(&n->sim, START);
    n->clock = n->kind->is_real ? clock_real() : &n->sim.base;
    *state = n;
    return 0;
}

static void node_free(struct nodes *n, int i)
{
    if (!n->all[i])
        return;
    store_close(n->all[i]->f.store);
    loop_free(n->all[i]->f.loop);
    free(n->all[i]);
    n->all[i] = NULL;
}

static int nodes_teardown(void **state)
{
    struct nodes *n = *state;

    for (int i = 0; i < NODES_MAX; i++)
        node_free(n, i);
    n->kind->medium_free(n->medium);
    free(n);
    return 0;
}

// ---- what is told ----

#define TELL(text, ...) \
    (void)snprintf((text) + strlen(text), sizeof(text) - strlen(text), __VA_ARGS__)

static const char *node_name(const struct store_members *m, int64_t id)
{
    static char name[2][40];
    static int turn;

    turn = !turn;
    snprintf(name[turn], sizeof name[turn], "nobody");
    for (size_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].id == id)
            snprintf(name[turn], sizeof name[turn], "%.*s", STR(m->nodes[i].name));
    return name[turn];
}

static void members_tell(const struct store_members *m, struct heard *h)
{
    static const char *const states[] = {"active", "draining", "away"};

    h->epoch = m->epoch;
    h->self = m->self;
    h->low = m->low;
    h->low_seen = m->low_seen;
    h->nodes[0] = h->pins[0] = '\0';
    for (size_t i = 0; i < m->node_count; i++) {
        assert_true(i == 0 || m->nodes[i - 1].id < m->nodes[i].id);
        TELL(h->nodes, "%s%.*s %s", i > 0 ? ", " : "", STR(m->nodes[i].name),
             states[m->nodes[i].state]);
    }
    for (size_t i = 0; i < m->pin_count; i++)
        TELL(h->pins, "%s%" PRId64 " %s", i > 0 ? ", " : "", m->pins[i].job_id,
             node_name(m, m->pins[i].node));
}

static void epoch_tell(const struct store_news *news, struct heard *h)
{
    h->epochs++;
    h->runs[0] = h->slots[0] = h->met[0] = '\0';
    members_tell(news->members, h);
    for (size_t i = 0; i < news->run_count; i++)
        TELL(h->runs, "%" PRId64 " %s, ", news->runs[i].id, run_state_name(news->runs[i].state));
    for (size_t i = 0; i < news->slot_count; i++)
        TELL(h->slots, "%" PRId64 " %" PRId64 ", ", news->slots[i].job_id,
             (news->slots[i].slot.us - START.us) / 1000000);
    for (size_t i = 0; i < news->met_count; i++)
        TELL(h->met, "%" PRId64 "<-%.*s %" PRId64 ", ", news->met[i].job_id,
             STR(news->met[i].parent), news->met[i].after_id);
}

static void on_news(const struct store_news *news, void *ctx)
{
    struct heard *h = ctx;

    h->news++;
    for (size_t i = 0; i < news->job_count; i++) {
        const struct job_row *row = &news->jobs[i];

        assert_true(row->change_seq > h->last_seq);
        h->last_seq = row->change_seq;
        TELL(h->jobs, "%.*s v%d s%d, ", STR(row->name), row->version, row->state);
    }
    if (news->has_calendars)
        h->rows[0] = '\0';
    for (size_t i = 0; i < news->calendar_count; i++)
        TELL(h->rows, "%d %.*s v%d, ", news->calendars[i].kind, STR(news->calendars[i].name),
             news->calendars[i].version);
    if (news->members)
        epoch_tell(news, h);
}

static void on_lost(const struct err *why, void *ctx)
{
    assert_int_not_equal(why->code, ERR_NONE);
    assert_true(strlen(why->message) > 0);
    ((struct heard *)ctx)->losses++;
}

// ---- time, and coming and going ----

// Turns whoever is not frozen until it is so; false when it never is.
#define until(n, condition)                                                       \
    do {                                                                          \
        int64_t until_left = LIMIT_US;                                            \
        while (!(condition) && until_left > 0)                                    \
            until_left -= nodes_turn(n);                                          \
        if (!(condition))                                                         \
            fail_msg("%s:%d never happened: %s", __FILE__, __LINE__, #condition); \
    } while (0)

// A moment of everybody's life, in microseconds.
static int64_t nodes_turn(struct nodes *n)
{
    mono before = clock_mono(n->clock);

    for (int i = 0; i < NODES_MAX; i++)
        for (int k = 0; n->all[i] && !n->all[i]->is_frozen && k < 3; k++)
            (void)loop_turn(n->all[i]->f.loop, n->kind->is_real && k == 0 ? 2 : 0);
    if (!n->kind->is_real)
        sim_clock_advance(&n->sim, 10000);
    return clock_mono(n->clock).us - before.us;
}

static void pass(struct nodes *n, int64_t us)
{
    mono end = mono_after_us(clock_mono(n->clock), us);

    until(n, clock_mono(n->clock).us >= end.us);
}

// A load, of which everything passes through one ctx.
struct taking {
    struct store_load load;
    struct heard *heard;
    char *runs; // of 1,000 bytes
};

static void take_run(const struct run *run, void *ctx)
{
    on_run(run, ((struct taking *)ctx)->runs);
}

// There is always one, ours; members are there from the first call on.
static void take_uptime(const struct store_uptime *period, void *ctx)
{
    struct taking *t = ctx;

    (void)period;
    assert_non_null(t->load.members);
    members_tell(t->load.members, t->heard);
}

static enum store_last take_job(const struct job_row *row, void *ctx)
{
    struct taking *t = ctx;

    assert_non_null(t->load.members);
    TELL(t->heard->jobs, "%.*s v%d s%d, ", STR(row->name), row->version, row->state);
    return STORE_LAST_NONE;
}

static struct node *node_try(struct nodes *n, int i, const struct node_ask *ask, char runs[1000])
{
    struct node *node = mem_alloc(sizeof *node);
    struct taking taking = {.heard = &node->heard, .runs = runs};
    const struct store_watch watch = {.news = on_news, .lost = on_lost, .ctx = &node->heard};
    struct err e;

    node->f.loop = loop_new(n->clock, &e);
    node->f.store = n->kind->join(n->medium, node->f.loop, n->clock, ask, &e);
    if (!node->f.store) {
        assert_int_equal(e.code, ERR_BUSY);
        loop_free(node->f.loop);
        free(node);
        return NULL;
    }
    n->all[i] = node;
    taking.load = (struct store_load){
        .on_job = take_job, .on_run = take_run, .on_uptime = take_uptime, .ctx = &taking};
    runs[0] = '\0';
    assert_true(store_load(node->f.store, &taking.load, &e));
    node->heard.jobs[0] = '\0';
    store_watch(node->f.store, &watch);
    store_own(node->f.store, node->heard.epoch);
    return node;
}

static struct node *node_join(struct nodes *n, int i, const char *name)
{
    const struct node_ask ask = {.name = name, .lease_us = LEASE_US};
    char runs[1000];
    struct node *node = node_try(n, i, &ask, runs);

    assert_non_null(node);
    return node;
}

// Until it has been told of an epoch beyond that one.
static void epoch_pass(struct nodes *n, struct node *node, int64_t epoch)
{
    until(n, node->heard.epoch > epoch);
    store_own(node->f.store, node->heard.epoch);
}

// anna and berta, who know of each other.
static void two(struct nodes *n, struct node **ret_anna, struct node **ret_berta)
{
    *ret_anna = node_join(n, 0, "anna");
    *ret_berta = node_join(n, 1, "berta");
    until(n, strcmp((*ret_anna)->heard.nodes, "anna active, berta active") == 0);
    store_own((*ret_anna)->f.store, (*ret_anna)->heard.epoch);
}

// ---- asking ----

static enum err_code claim_code(struct node *node, const struct run *run, wall watermark)
{
    return claim(&node->f, run, run ? 1 : 0, watermark).code;
}

static void claim_run(struct node *node, int64_t id, int64_t job_id, int slot)
{
    struct run run = run_of(id, job_id, slot);

    assert_int_equal(claim_code(node, &run, SLOT(0)), ERR_NONE);
}

static void claim_queued(struct node *node, int64_t id, int64_t job_id, int slot)
{
    struct run run = run_of(id, job_id, slot);

    run.state = RUN_QUEUED;
    run.attempt = 0;
    assert_int_equal(claim_code(node, &run, SLOT(0)), ERR_NONE);
}

static struct answer start_one(struct node *node, int64_t run_id, int attempt, bool is_adopted)
{
    static struct answer a;
    const struct run_start start = {run_id, attempt, SLOT(60), is_adopted};

    a = (struct answer){0};
    store_start(node->f.store, &start, 1, on_answer, &a);
    settle(&node->f);
    return a;
}

static void finish_as(struct node *node, int64_t run_id, int attempt, enum run_state as)
{
    struct run_end end = end_of(run_id, attempt);

    end.state = as;
    finish(&node->f, &end, 1);
}

static struct answer put_moving(struct node *node, const char *name)
{
    struct job_row row = row_of(name);

    row.moves = true;
    return put_row(&node->f, &row, STORE_ANY);
}

static enum err_code drain(struct node *node, const char *name, bool is_on)
{
    static struct answer a;

    a = (struct answer){0};
    store_drain(node->f.store, str_of(name), is_on, on_answer, &a);
    settle(&node->f);
    assert_true(a.is_there);
    return a.code;
}

struct listed {
    char text[600];
    bool is_there;
};

static void on_nodes(const struct err *err, const struct store_node *nodes, size_t count, void *ctx)
{
    struct listed *l = ctx;

    assert_null(err);
    l->is_there = true;
    l->text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        TELL(l->text, "%.*s %.*s [%.*s] %" PRId64 " %" PRId64 " %" PRId64 ", ", STR(nodes[i].name),
             STR(nodes[i].address), STR(nodes[i].tags), nodes[i].running, nodes[i].waiting,
             nodes[i].late_us);
        assert_true(nodes[i].lease_until.us > nodes[i].seen_at.us);
        assert_true(nodes[i].seen_at.us >= nodes[i].started_at.us);
        assert_true(nodes[i].slot >= 0 && nodes[i].slot < STORE_NODE_SLOTS);
    }
}

static const char *nodes_list(struct node *node)
{
    static struct listed l;

    l = (struct listed){0};
    store_read_nodes(node->f.store, on_nodes, &l);
    settle(&node->f);
    assert_true(l.is_there);
    return l.text;
}

// ---- who is there ----

static void test_join(void **state)
{
    struct nodes *n = *state;
    struct node *anna = node_join(n, 0, "anna"), *berta;

    assert_string_equal(anna->heard.nodes, "anna active");
    assert_true(store_has_nodes(anna->f.store));
    int64_t first = anna->heard.epoch;

    berta = node_join(n, 1, "berta");
    assert_string_equal(berta->heard.nodes, "anna active, berta active");
    assert_true(berta->heard.epoch > first && berta->heard.self > anna->heard.self);
    until(n, anna->heard.epochs > 0);
    assert_string_equal(anna->heard.nodes, "anna active, berta active");
    assert_int_equal(anna->heard.epoch, berta->heard.epoch);
    pass(n, LEASE_US * 3 / 2); // they renew their leases
    assert_int_equal(anna->heard.epochs, 1);
    assert_int_equal(anna->heard.losses + berta->heard.losses, 0);
    assert_true(store_may_start(anna->f.store) && store_may_start(berta->f.store));
}

static void test_same_name(void **state)
{
    struct nodes *n = *state;
    struct node *anna = node_join(n, 0, "anna");
    const struct node_ask ask = {.name = "anna", .lease_us = LEASE_US};
    char runs[1000];

    pass(n, LEASE_US / 5);
    assert_null(node_try(n, 1, &ask, runs));
    pass(n, LEASE_US);
    assert_int_equal(anna->heard.losses, 0);
}

static void test_nodes_are_listed(void **state)
{
    struct nodes *n = *state;
    const struct node_ask ask = {
        .name = "zoe", .address = "http://10.0.0.1:8080", .tags = "fast ssd", .lease_us = LEASE_US};
    char runs[1000];
    struct node *zoe = node_try(n, 0, &ask, runs), *anna = node_join(n, 1, "anna");

    store_tell(zoe->f.store, 3, 20, 1500);
    until(n, strcmp(nodes_list(anna), "anna  [] 0 0 0, "
                                      "zoe http://10.0.0.1:8080 [fast ssd] 3 20 1500, ") == 0);
}

static void test_drain(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    assert_int_equal(drain(anna, "clara", true), ERR_NOT_FOUND);
    assert_int_equal(drain(anna, "berta", true), ERR_NONE);
    until(n, strcmp(anna->heard.nodes, "anna active, berta draining") == 0);
    until(n, strcmp(berta->heard.nodes, "anna active, berta draining") == 0);
    int64_t epoch = anna->heard.epoch;

    assert_int_equal(drain(anna, "berta", true), ERR_NONE); // it is already
    assert_int_equal(drain(berta, "berta", false), ERR_NONE);
    until(n, strcmp(anna->heard.nodes, "anna active, berta active") == 0);
    assert_true(anna->heard.epoch > epoch);
}

static void test_leave(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    int64_t epoch = anna->heard.epoch;

    node_free(n, 1);
    until(n, anna->heard.epoch > epoch);
    assert_string_equal(anna->heard.nodes, "anna active");
    berta = node_join(n, 1, "berta"); // another one
    assert_string_equal(berta->heard.nodes, "anna active, berta active");
}

// ---- what the others change ----

static void test_edits_are_told(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;
    int64_t seq[4], id;

    two(n, &anna, &berta);
    seq[0] = put(&anna->f, "a", STORE_CREATE).change_seq;
    seq[1] = put(&berta->f, "b", STORE_CREATE).change_seq;
    id = put(&anna->f, "a", STORE_ANY).job_id;
    assert_int_equal(put(&berta->f, "a", 1).code, ERR_CONFLICT); // leaves no gap
    seq[2] = set_state(&berta->f, id, JOB_DELETED).change_seq;
    seq[3] = put(&anna->f, "c", STORE_CREATE).change_seq;
    assert_int_equal(seq[1], seq[0] + 1);
    assert_int_equal(seq[2], seq[1] + 2);
    assert_int_equal(seq[3], seq[2] + 1);
    until(n, anna->heard.last_seq == seq[3] && berta->heard.last_seq == seq[3]);
    assert_non_null(strstr(anna->heard.jobs, "b v1 s0, "));
    assert_non_null(strstr(anna->heard.jobs, "a v3 s3, "));
    assert_non_null(strstr(berta->heard.jobs, "a v3 s3, "));
    assert_non_null(strstr(berta->heard.jobs, "c v1 s0, "));
    int before = anna->heard.news;

    pass(n, LEASE_US);
    assert_int_equal(anna->heard.news, before); // nothing has happened, nothing is told
    assert_int_equal(anna->heard.epochs, 1);    // nor does any of that move jobs
}

static void test_calendars_are_told(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    (void)put_calendar(&anna->f, STORE_CALENDAR, "x", "{}", STORE_CREATE);
    (void)put_calendar(&anna->f, STORE_POOL, "db", "{}", STORE_CREATE);
    until(n, strcmp(berta->heard.rows, "0 x v1, 3 db v1, ") == 0);
    (void)put_calendar(&berta->f, STORE_CALENDAR, "x", "{}", STORE_ANY);
    until(n, strcmp(anna->heard.rows, "0 x v2, 3 db v1, ") == 0);
    (void)delete_calendar(&anna->f, STORE_CALENDAR, "x");
    until(n, strcmp(berta->heard.rows, "3 db v1, ") == 0);
    (void)delete_calendar(&anna->f, STORE_POOL, "db");
    until(n, berta->heard.rows[0] == '\0');
    assert_int_equal(berta->heard.epochs, 0);
}

// ---- epochs ----

static void test_moved(void **state)
{
    struct nodes *n = *state;
    const struct store_prune old = {.job_id = 1, .keep = 1, .before = {INT64_MIN}, .limit = 10};
    struct node *anna, *berta;
    struct answer a = {0};

    two(n, &anna, &berta);
    int64_t id = create(&anna->f, "a"), epoch = anna->heard.epoch;
    struct run run = run_of(1, id, 1);

    claim_queued(anna, 9, id, 9);
    assert_int_equal(put_moving(berta, "b").code, ERR_NONE);
    assert_int_equal(claim_code(anna, &run, SLOT(1)), ERR_MOVED);
    assert_int_equal(claim_code(anna, NULL, SLOT(1)), ERR_MOVED);
    assert_int_equal(start_one(anna, 9, 1, false).code, ERR_MOVED);
    store_prune_runs(anna->f.store, &old, on_answer, &a);
    settle(&anna->f);
    assert_int_equal(a.code, ERR_MOVED);
    assert_int_equal(state_of(&anna->f, 1), RUN_NONE);
    assert_int_equal(state_of(&anna->f, 9), RUN_QUEUED);
    until(n, anna->heard.epoch > epoch); // being told is not enough
    assert_int_equal(claim_code(anna, &run, SLOT(1)), ERR_MOVED);
    store_own(anna->f.store, anna->heard.epoch);
    assert_int_equal(claim_code(anna, &run, SLOT(1)), ERR_NONE);
    assert_true(start_one(anna, 9, 1, false).won[0]);
    assert_int_equal(state_of(&berta->f, 1), RUN_RUNNING);
}

// A refusal does not disturb its neighbours. What is asked behind a change that moves, in the same
// batch, may come before its epoch.
static void test_moved_in_a_batch(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;
    static struct answer a[4];
    struct job_row row = row_of("b");

    two(n, &anna, &berta);
    int64_t id = create(&anna->f, "a");
    const struct run before = run_of(1, id, 1), after = run_of(2, id, 2), third = run_of(3, id, 3);

    memset(a, 0, sizeof a);
    row.moves = true;
    store_claim(anna->f.store, &before, 1, SLOT(1), on_answer, &a[0]);
    store_put_job(anna->f.store, &row, STORE_ANY, on_answer, &a[1]);
    store_claim(anna->f.store, &after, 1, SLOT(2), on_answer, &a[2]);
    row.name = STR_LIT("c");
    store_put_job(anna->f.store, &row, STORE_ANY, on_answer, &a[3]);
    settle(&anna->f);
    assert_int_equal(a[0].code, ERR_NONE);
    assert_int_equal(a[1].code, ERR_NONE);
    assert_true(a[2].code == ERR_NONE || a[2].code == ERR_MOVED);
    assert_int_equal(a[3].code, ERR_NONE);
    assert_int_equal(state_of(&anna->f, 1), RUN_RUNNING);
    assert_int_equal(state_of(&anna->f, 2), a[2].code == ERR_NONE ? RUN_RUNNING : RUN_NONE);
    assert_int_equal(claim_code(anna, &third, SLOT(3)), ERR_MOVED);
}

static void test_pins(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;
    char pins[80];

    two(n, &anna, &berta);
    int64_t a = create(&anna->f, "a"), b = create(&anna->f, "b"), epoch = anna->heard.epoch;

    claim_run(anna, 1, a, 1);
    claim_run(anna, 2, a, 2);
    claim_run(berta, 3, b, 3);
    claim_queued(berta, 4, b, 4);
    (void)put_moving(anna, "c");
    epoch_pass(n, anna, epoch);
    epoch_pass(n, berta, epoch);
    snprintf(pins, sizeof pins, "%" PRId64 " anna, %" PRId64 " berta", a, b);
    assert_string_equal(anna->heard.pins, pins);
    assert_string_equal(berta->heard.pins, pins);
    assert_string_equal(berta->heard.runs, "4 queued, ");
    finish_as(anna, 1, 1, RUN_SUCCEEDED);
    finish_as(berta, 3, 1, RUN_FAILED);
    epoch = anna->heard.epoch;
    store_release(berta->f.store);
    store_release(berta->f.store);
    epoch_pass(n, anna, epoch);
    snprintf(pins, sizeof pins, "%" PRId64 " anna", a);
    assert_string_equal(anna->heard.pins, pins);
    pass(n, LEASE_US);
    assert_int_equal(anna->heard.epoch, epoch + 1); // both are released with one
}

static void test_low(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    int64_t a = create(&anna->f, "a"), epoch = anna->heard.epoch;
    struct answer last = put(&anna->f, "b", STORE_CREATE);
    int64_t b = last.job_id, seen = last.change_seq;
    char slots[80];

    until(n, anna->heard.last_seq == seen && berta->heard.last_seq == seen);
    struct run run = run_of(1, a, 50), by_hand = run_of(2, b, 60);

    by_hand.origin = RUN_MANUAL;
    assert_int_equal(claim_code(anna, &run, SLOT(50)), ERR_NONE);
    assert_int_equal(claim_code(anna, &by_hand, (wall){0}), ERR_NONE); // moves nothing
    run = run_of(3, b, 10);                                            // before low
    assert_int_equal(claim_code(anna, &run, (wall){0}), ERR_NONE);
    assert_int_equal(claim_code(berta, NULL, SLOT(20)), ERR_NONE);

    (void)put_moving(anna, "c");
    epoch_pass(n, anna, epoch);
    epoch_pass(n, berta, epoch);
    assert_int_equal(anna->heard.low.us, SLOT(20).us);
    assert_int_equal(anna->heard.low_seen, seen); // nobody reckoned with c
    assert_int_equal(berta->heard.low.us, SLOT(20).us);
    snprintf(slots, sizeof slots, "%" PRId64 " 50, ", a);
    assert_string_equal(berta->heard.slots, slots);

    // Until all have claimed under the new epoch, low stays: what they have gained is not planned.
    epoch = anna->heard.epoch;
    assert_int_equal(claim_code(anna, NULL, SLOT(80)), ERR_NONE);
    (void)put_moving(berta, "d");
    epoch_pass(n, anna, epoch);
    epoch_pass(n, berta, epoch);
    assert_int_equal(anna->heard.low.us, SLOT(20).us);
    assert_int_equal(anna->heard.low_seen, seen);
    epoch = anna->heard.epoch;
    node_free(n, 1);
    epoch_pass(n, anna, epoch);
    assert_int_equal(anna->heard.low.us, SLOT(20).us);
    epoch = anna->heard.epoch;
    (void)put_moving(anna, "e");
    epoch_pass(n, anna, epoch);
    assert_int_equal(anna->heard.low.us, SLOT(20).us);
    assert_int_equal(anna->heard.low_seen, seen);
    epoch = anna->heard.epoch;
    assert_int_equal(claim_code(anna, NULL, SLOT(80)), ERR_NONE);
    (void)put_moving(anna, "f");
    epoch_pass(n, anna, epoch);
    assert_int_equal(anna->heard.low.us, SLOT(80).us);
    assert_true(anna->heard.low_seen > seen);
}

// The next one that comes begins where all of them are.
static void test_low_stays(void **state)
{
    struct nodes *n = *state;
    struct node *anna = node_join(n, 0, "anna"), *berta;

    assert_int_equal(claim_code(anna, NULL, SLOT(40)), ERR_NONE);
    berta = node_join(n, 1, "berta");
    assert_int_equal(berta->heard.low.us, SLOT(40).us);
    node_free(n, 1);
    node_free(n, 0);
    anna = node_join(n, 0, "anna");
    assert_int_equal(anna->heard.low.us, SLOT(40).us);
}

// ---- leases ----

static void test_takeover(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;
    char runs[80];

    two(n, &anna, &berta);
    int64_t a = create(&anna->f, "a"), epoch = anna->heard.epoch;

    until(n, anna->heard.last_seq > 0 && berta->heard.last_seq > 0);
    int64_t seen = berta->heard.last_seq;

    claim_run(berta, 1, a, 1);
    claim_queued(berta, 2, a, 2);
    assert_int_equal(claim_code(berta, NULL, SLOT(30)), ERR_NONE);
    berta->is_frozen = true;
    (void)put(&anna->f, "b", STORE_CREATE); // berta never sees it
    until(n, anna->heard.last_seq > seen);
    assert_int_equal(claim_code(anna, NULL, SLOT(40)), ERR_NONE);
    mono before = clock_mono(n->clock);

    epoch_pass(n, anna, epoch);
    if (!n->kind->is_real)
        assert_true(clock_mono(n->clock).us - before.us <= LEASE_US + LEASE_US / 2);
    assert_string_equal(anna->heard.nodes, "anna active");
    assert_string_equal(anna->heard.pins, "");
    assert_int_equal(anna->heard.low.us, SLOT(30).us); // the dead one's too
    assert_int_equal(anna->heard.low_seen, seen);
    snprintf(runs, sizeof runs, "1 orphaned, 2 queued, ");
    assert_string_equal(anna->heard.runs, runs);
    assert_int_equal(anna->heard.losses, 0);
}

// Whoever was taken for dead changes nothing any more.
static void test_fenced(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;
    struct job_row row = row_of("late");
    static struct answer a;

    two(n, &anna, &berta);
    int64_t id = create(&anna->f, "a"), epoch = anna->heard.epoch;
    const struct run run = run_of(7, id, 7);
    const struct run_end end = end_of(1, 1);
    const struct run_start start = {2, 1, SLOT(60), false};

    claim_run(berta, 1, id, 1);
    claim_queued(berta, 2, id, 2);
    berta->is_frozen = true;
    epoch_pass(n, anna, epoch);
    finish_as(anna, 1, 1, RUN_LOST);
    assert_false(store_may_start(berta->f.store));
    a = (struct answer){0};
    store_claim(berta->f.store, &run, 1, SLOT(7), on_answer, &a);
    settle(&berta->f);
    assert_int_not_equal(a.code, ERR_NONE);
    a = (struct answer){0};
    store_put_job(berta->f.store, &row, STORE_CREATE, on_answer, &a);
    settle(&berta->f);
    assert_int_not_equal(a.code, ERR_NONE);
    a = (struct answer){0};
    store_finish(berta->f.store, &end, 1, on_answer, &a); // whatever it is told
    settle(&berta->f);
    a = (struct answer){0};
    store_start(berta->f.store, &start, 1, on_answer, &a);
    settle(&berta->f);
    assert_true(a.code != ERR_NONE || !a.won[0]);
    assert_int_equal(state_of(&anna->f, 7), RUN_NONE);
    assert_int_equal(state_of(&anna->f, 1), RUN_LOST);
    assert_int_equal(state_of(&anna->f, 2), RUN_QUEUED);
    assert_int_equal(put(&anna->f, "late", STORE_CREATE).code, ERR_NONE);
    berta->is_frozen = false;
    until(n, berta->heard.losses > 0);
    pass(n, LEASE_US);
    assert_int_equal(berta->heard.losses, 1);
    assert_false(store_may_start(berta->f.store));
}

// Nobody was there to bury it: it goes on, and has not been lost.
static void test_frozen_alone(void **state)
{
    struct nodes *n = *state;
    struct node *anna = node_join(n, 0, "anna");

    int64_t id = create(&anna->f, "a");

    claim_run(anna, 1, id, 1);
    anna->is_frozen = true;
    pass(n, LEASE_US + LEASE_US / 2);
    assert_false(store_may_start(anna->f.store));
    anna->is_frozen = false;
    until(n, store_may_start(anna->f.store));
    assert_int_equal(anna->heard.losses, 0);
    finish_as(anna, 1, 1, RUN_SUCCEEDED);
    assert_int_equal(state_of(&anna->f, 1), RUN_SUCCEEDED);
}

// An attempt ends where it is; what waits belongs to whoever owns the job.
static void test_ends_of_others(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    int64_t id = create(&anna->f, "a");

    claim_run(anna, 1, id, 1);
    claim_queued(anna, 2, id, 2);
    claim_queued(anna, 3, id, 3);
    finish_as(berta, 1, 1, RUN_SUCCEEDED);
    assert_int_equal(state_of(&anna->f, 1), RUN_RUNNING);
    finish_as(berta, 2, 0, RUN_SKIPPED);
    assert_int_equal(state_of(&anna->f, 2), RUN_SKIPPED);
    assert_true(start_one(berta, 3, 1, false).won[0]);
    finish_as(anna, 3, 1, RUN_FAILED);
    assert_int_equal(state_of(&anna->f, 3), RUN_RUNNING);
    finish_as(berta, 3, 1, RUN_SUCCEEDED);
    assert_int_equal(state_of(&anna->f, 3), RUN_SUCCEEDED);
    assert_false(start_one(berta, 1, 1, true).won[0]); // nor is it an orphan
    finish_as(anna, 1, 1, RUN_FAILED);
    assert_int_equal(state_of(&anna->f, 1), RUN_FAILED);
}

// ---- runs that go on without their belfry ----

static void test_away(void **state)
{
    struct nodes *n = *state;
    const int64_t kept[] = {1, 99};
    const struct node_ask ask = {
        .name = "berta", .lease_us = LEASE_US, .kept = kept, .kept_count = 2};
    struct node *anna, *berta;
    char runs[1000], pins[80];

    two(n, &anna, &berta);
    int64_t id = create(&anna->f, "a"), epoch = anna->heard.epoch, self = berta->heard.self;

    claim_run(berta, 1, id, 1);
    claim_run(berta, 2, id, 2);
    node_free(n, 1);
    epoch_pass(n, anna, epoch);
    assert_string_equal(anna->heard.nodes, "anna active, berta away");
    snprintf(pins, sizeof pins, "%" PRId64 " berta", id);
    assert_string_equal(anna->heard.pins, pins);
    epoch = anna->heard.epoch;
    berta = node_try(n, 1, &ask, runs);
    assert_string_equal(berta->heard.nodes, "anna active, berta active");
    assert_true(berta->heard.self > self);
    assert_string_equal(berta->heard.pins, pins);
    assert_string_equal(runs, "1 orphaned 1 0\n2 orphaned 1 0\n"); // it is to adopt or to end them
    assert_int_equal(state_of(&anna->f, 1), RUN_RUNNING);
    assert_int_equal(state_of(&anna->f, 2), RUN_ORPHANED);
    epoch_pass(n, anna, epoch);
    assert_string_equal(anna->heard.runs, "2 orphaned, ");
    assert_true(start_one(berta, 1, 1, true).won[0]);
    assert_false(start_one(anna, 1, 1, true).won[0]);
    finish_as(berta, 1, 1, RUN_SUCCEEDED);
    finish_as(berta, 2, 1, RUN_LOST);
    assert_int_equal(state_of(&anna->f, 1), RUN_SUCCEEDED);
    assert_int_equal(state_of(&anna->f, 2), RUN_LOST);
}

// It does not come back.
static void test_away_for_good(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    int64_t id = create(&anna->f, "a"), epoch = anna->heard.epoch;

    claim_run(berta, 1, id, 1);
    node_free(n, 1);
    epoch_pass(n, anna, epoch);
    assert_string_equal(anna->heard.nodes, "anna active, berta away");
    epoch_pass(n, anna, anna->heard.epoch);
    assert_string_equal(anna->heard.nodes, "anna active");
    assert_string_equal(anna->heard.runs, "1 orphaned, ");
}

// ---- what is planned ----

// It is never pinned, and goes with the epoch: whoever has the job then plans it.
static void test_planned_by_several(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    if (!store_can_plan(anna->f.store))
        return;
    int64_t id = create(&anna->f, "a"), epoch = anna->heard.epoch;
    struct run run = run_of(1, id, 50);
    struct answer a = {0};

    run.try_at = SLOT(50);
    assert_int_equal(claim_code(anna, &run, SLOT(0)), ERR_NONE);
    run = run_of(2, id, 51);
    run.try_at = SLOT(51);
    assert_int_equal(claim_code(berta, &run, SLOT(0)), ERR_NONE);
    store_launch(berta->f.store, 2, NULL, 0, on_answer, &a); // of its own only
    settle(&berta->f);
    assert_int_equal(a.code, ERR_NONE);
    (void)put_moving(berta, "b");
    a = (struct answer){0};
    store_launch(anna->f.store, 1, NULL, 0, on_answer, &a);
    settle(&anna->f);
    assert_int_equal(a.code, ERR_MOVED);
    epoch_pass(n, anna, epoch);
    assert_int_equal(state_of(&anna->f, 1), RUN_NONE);
    assert_int_equal(state_of(&anna->f, 2), RUN_RUNNING);
    run = run_of(3, id, 50);
    assert_true(claim(&anna->f, &run, 1, SLOT(0)).won[0]);
}

// It may be gone before anybody can build on it, so it is not told either.
static void test_planned_is_not_told(void **state)
{
    struct nodes *n = *state;
    struct node *anna, *berta;

    two(n, &anna, &berta);
    if (!store_can_plan(anna->f.store))
        return;
    int64_t id = create(&anna->f, "a"), epoch = berta->heard.epoch;
    struct run run = run_of(1, id, 50);

    anna->is_frozen = true;
    (void)put_moving(berta, "b");
    epoch_pass(n, berta, epoch);
    run.try_at = SLOT(50);
    assert_int_equal(claim_code(berta, &run, SLOT(0)), ERR_NONE);
    anna->is_frozen = false;
    epoch_pass(n, anna, epoch);
    assert_string_equal(anna->heard.slots, "");
    assert_string_equal(anna->heard.runs, "");
    assert_string_equal(anna->heard.pins, "");
}

#define NODES_CONTRACT(test, kind) \
    cmocka_unit_test_prestate_setup_teardown(test, nodes_setup, nodes_teardown, (void *)(kind))

static int nodes_contract_run(const char *name, const struct nodes_kind *kind)
{
    const struct CMUnitTest tests[] = {
        NODES_CONTRACT(test_join, kind),
        NODES_CONTRACT(test_same_name, kind),
        NODES_CONTRACT(test_nodes_are_listed, kind),
        NODES_CONTRACT(test_drain, kind),
        NODES_CONTRACT(test_leave, kind),
        NODES_CONTRACT(test_edits_are_told, kind),
        NODES_CONTRACT(test_calendars_are_told, kind),
        NODES_CONTRACT(test_moved, kind),
        NODES_CONTRACT(test_moved_in_a_batch, kind),
        NODES_CONTRACT(test_pins, kind),
        NODES_CONTRACT(test_low, kind),
        NODES_CONTRACT(test_low_stays, kind),
        NODES_CONTRACT(test_takeover, kind),
        NODES_CONTRACT(test_fenced, kind),
        NODES_CONTRACT(test_frozen_alone, kind),
        NODES_CONTRACT(test_ends_of_others, kind),
        NODES_CONTRACT(test_away, kind),
        NODES_CONTRACT(test_away_for_good, kind),
        NODES_CONTRACT(test_planned_by_several, kind),
        NODES_CONTRACT(test_planned_is_not_told, kind),
    };

    return _cmocka_run_group_tests(name, tests, sizeof tests / sizeof *tests, NULL, NULL);
}
