// placement_test.c - which node owns which job: tables, and what must be true of any.
// SPDX-License-Identifier: Apache-2.0
#include "sched/placement.h"

#include "fixture.h"

#define MANUAL "{\"type\":\"manual\"}"
#define MANY 100000

static struct store_node node(int64_t id, const char *name, const char *tags,
                              enum store_node_state state)
{
    return (struct store_node){
        .id = id, .slot = (int)id, .name = str_of(name), .tags = str_of(tags), .state = state};
}

// A job as a table says it: "a>b,c" follows b and c, "a*p" names the pool p, "a@gpu" the nodes.
static struct job *job_of(struct fixture *f, int64_t id, const char *text)
{
    struct str all = str_of(text);
    size_t len = strcspn(text, ">*@");
    struct str what = str_cut(all, len + (len < all.len), all.len);
    char mark = len < all.len ? text[len] : '@', name[64], json[200];
    struct job *job;

    snprintf(name, sizeof name, "%.*s", (int)len, text);
    job = fixture_job(f, name, MANUAL);
    job->id = id;
    if (mark == '>') {
        struct depends *d = mem_alloc(sizeof *d + sizeof d->v[0]);

        d->count = 1;
        d->v[0].job = what;
        job->depends = d;
    } else if (mark == '*') {
        snprintf(json, sizeof json, "{\"%.*s\":1}", STR(what));
        json_t *pools = json_loads(json, 0, NULL);

        job_edit(job)->needs = needs_new(pools, &(struct throttle){0});
        json_decref(pools);
    } else {
        job_spec_set_text(&job_edit(job)->nodes, what);
    }
    return job;
}

// "a:1 b:2g " for all jobs by id: the owner's number, and l (leaving), n (nowhere), g (guest), o
// (ours).
struct told {
    const struct store_members *members;
    char text[64][32];
};

static void seat_told(struct entry *entry, const struct seat *seat, void *ctx)
{
    struct told *told = ctx;

    snprintf(told->text[entry->job->id], sizeof told->text[0], "%.*s:%d%s%s%s%s ",
             STR(entry->job->name),
             seat->node == SEAT_NOBODY ? 0 : (int)told->members->nodes[seat->node].id,
             seat->is_ours ? "o" : "", seat->is_leaving ? "l" : "", seat->is_nowhere ? "n" : "",
             seat->is_guest ? "g" : "");
}

static const char *seats_of(struct fixture *f, const char *const *jobs,
                            const struct store_members *members)
{
    static char out[2000];
    struct told told = {.members = members};
    struct due due;

    due_init(&due);
    for (int i = 0; jobs[i]; i++)
        (void)due_add(&due, job_of(f, i + 1, jobs[i]));
    placement_make(members, &due, seat_told, &told);
    due_done(&due);
    out[0] = '\0';
    for (size_t i = 0; i < COUNT(told.text); i++)
        strncat(out, told.text[i], sizeof out - strlen(out) - 1);
    return out;
}

static void test_rules(void **state)
{
    static const struct {
        const char *what;
        const char *tags[3];
        enum store_node_state states[3];
        const char *jobs[8];
        struct store_pin pins[4];
        size_t pin_count;
        const char *want;
    } rows[] = {
        {"the hashes of ids and names, which never change",
         {"", "", ""},
         {0},
         {"a", "b", "c", "d", "e", "f"},
         {{0}},
         0,
         "a:3 b:2 c:3 d:1o e:1o f:2 "},
        {"a group goes together, by its smallest id",
         {"", "", ""},
         {0},
         {"a", "b", "c>a", "d>c", "e>nobody", "f"},
         {{0}},
         0,
         "a:3 b:2 c:3 d:3 e:1o f:2 "},
        {"a pool links, and so do both together",
         {"", "", ""},
         {0},
         {"a*p", "b*q", "c*p", "d>b", "e*q", "f*r"},
         {{0}},
         0,
         "a:3 b:2 c:3 d:2 e:2 f:2 "},
        {"names and tags",
         {"", "gpu", "gpu big"},
         {0},
         {"a@big", "b@gpu", "c@one", "d@two big", "e@gpu", "f"},
         {{0}},
         0,
         "a:3 b:2 c:1o d:3 e:2 f:2 "},
        {"all of a group must allow it",
         {"", "gpu", "gpu big"},
         {0},
         {"a@gpu", "b>a", "c@big", "d>c"},
         {{0}},
         0,
         "a:3 b:3 c:3 d:3 "},
        {"no such node", {"", "", ""}, {0}, {"a@gpu", "b>a", "c"}, {{0}}, 0, "a:3n b:3n c:3 "},
        {"who drains or is away gets nothing",
         {"", "", ""},
         {NODE_DRAINING, NODE_AWAY, NODE_ACTIVE},
         {"a", "b", "c", "d"},
         {{0}},
         0,
         "a:3 b:3 c:3 d:3 "},
        {"nobody is active",
         {"", "", ""},
         {NODE_DRAINING, NODE_AWAY, NODE_DRAINING},
         {"a", "b"},
         {{2, 1}},
         1,
         "a:0 b:1olg "},
        {"a pin holds, and holds its group",
         {"", "", ""},
         {0},
         {"a", "b>a", "c", "d"},
         {{2, 1}, {3, 9}},
         2,
         "a:1o b:1og c:3 d:1o "},
        {"pins that contradict each other",
         {"", "", ""},
         {0},
         {"a", "b>a", "c>a", "d"},
         {{2, 3}, {3, 2}, {3, 3}},
         3,
         "a:2 b:3 c:2g d:1o "},
        {"a pin where it may not start any more",
         {"", "gpu", ""},
         {0},
         {"a@gpu", "b"},
         {{1, 1}},
         1,
         "a:1olg b:2 "},
        {"a pin while it is drained",
         {"", "", ""},
         {NODE_DRAINING},
         {"a", "b>a"},
         {{1, 1}},
         1,
         "a:1olg b:1ol "},
    };
    struct fixture f;

    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store_node nodes[3];
        const struct store_members members = {.self = 1,
                                              .nodes = nodes,
                                              .node_count = 3,
                                              .pins = rows[i].pins,
                                              .pin_count = rows[i].pin_count};
        static const char *const names[] = {"one", "two", "three"};

        for (int k = 0; k < 3; k++)
            nodes[k] = node(k + 1, names[k], rows[i].tags[k], rows[i].states[k]);
        const char *seats = seats_of(&f, rows[i].jobs, &members);

        if (strcmp(seats, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].what, seats);
    }
    store_close(f.store);
    fixture_close(&f);
}

// ---- what is true of any ----

struct spread {
    size_t count[5];   // of jobs, by node
    int16_t *node_ids; // of each job, by its id
    const struct store_members *members;
};

static void seat_count(struct entry *entry, const struct seat *seat, void *ctx)
{
    struct spread *s = ctx;

    s->count[seat->node]++;
    s->node_ids[entry->job->id] = (int16_t)s->members->nodes[seat->node].id;
}

static void due_fill(struct due *due, bool is_backwards)
{
    char name[32];

    due_init(due);
    for (int i = 1; i <= MANY; i++) {
        int id = is_backwards ? MANY + 1 - i : i;

        snprintf(name, sizeof name, "j%d", id);
        struct job *job = job_new(str_of(name));

        job->id = id;
        (void)due_add(due, job);
    }
}

// Every node works out the same, in whatever order its jobs lie; the spread is even; and when one
// leaves, no job moves but its own.
static void test_properties(void **state)
{
    const struct store_node nodes[] = {
        node(11, "n1", "", NODE_ACTIVE), node(12, "n2", "", NODE_ACTIVE),
        node(13, "n3", "", NODE_ACTIVE), node(14, "n4", "", NODE_ACTIVE),
        node(15, "n5", "", NODE_ACTIVE)};
    const struct store_members all = {.self = 11, .nodes = nodes, .node_count = 5};
    const struct store_members left = {.self = 12, .nodes = nodes + 1, .node_count = 4};
    struct spread before = {.members = &all}, again = before, after = {.members = &left};
    struct due due, backwards;

    (void)state;
    before.node_ids = mem_array(MANY + 1, sizeof *before.node_ids);
    again.node_ids = mem_array(MANY + 1, sizeof *again.node_ids);
    after.node_ids = mem_array(MANY + 1, sizeof *after.node_ids);
    due_fill(&due, false);
    due_fill(&backwards, true);
    placement_make(&all, &due, seat_count, &before);
    placement_make(&all, &backwards, seat_count, &again);
    placement_make(&left, &due, seat_count, &after);
    for (int id = 1; id <= MANY; id++) {
        assert_int_equal(before.node_ids[id], again.node_ids[id]);
        if (before.node_ids[id] != 11)
            assert_int_equal(before.node_ids[id], after.node_ids[id]);
    }
    for (int i = 0; i < 5; i++)
        assert_in_range(before.count[i], MANY / 5 * 97 / 100, MANY / 5 * 103 / 100);
    for (int i = 0; i < 4; i++)
        assert_in_range(after.count[i], MANY / 4 * 97 / 100, MANY / 4 * 103 / 100);
    due_done(&due);
    due_done(&backwards);
    free(before.node_ids);
    free(again.node_ids);
    free(after.node_ids);
}

// A job that has just been made goes where the next epoch leaves it, and which changes make jobs
// move.
static void test_single(void **state)
{
    static const struct {
        const char *job;
        bool moves;
    } rows[] = {{"a", true}, {"b>a", true}, {"c", false}, {"d*p", true}, {"e@gpu", true}};
    const struct store_node nodes[] = {node(1, "one", "", NODE_DRAINING),
                                       node(2, "two", "gpu", NODE_ACTIVE),
                                       node(3, "three", "", NODE_ACTIVE)};
    const struct store_members members = {.self = 2, .nodes = nodes, .node_count = 3};
    struct told told = {.members = &members};
    struct fixture f;
    struct seat seat;
    struct due due;

    (void)state;
    fixture_open(&f);
    due_init(&due);
    for (size_t i = 0; i < COUNT(rows); i++)
        (void)due_add(&due, job_of(&f, (int64_t)i + 1, rows[i].job));
    placement_make(&members, &due, seat_told, &told);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct entry *entry = due_find_id(&due, (int64_t)i + 1);
        char text[32];

        assert_int_equal(placement_moves(&due, entry->job), rows[i].moves);
        if (entry->job->depends)
            continue;
        snprintf(text, sizeof text, "%s", told.text[i + 1]);
        placement_single(&members, entry->job, &seat);
        seat_told((struct entry *)entry, &seat, &told);
        assert_string_equal(told.text[i + 1], text);
    }
    assert_int_equal(placement_duties(&members), 1);
    assert_int_equal(placement_duties(&(struct store_members){.nodes = nodes, .node_count = 1}),
                     SEAT_NOBODY);
    due_done(&due);
    store_close(f.store);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules),
                                              cmocka_unit_test(test_properties),
                                              cmocka_unit_test(test_single)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
