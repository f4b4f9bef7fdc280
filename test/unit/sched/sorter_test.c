// sorter_test.c - whatever happens to jobs, pages taken from the order say what the sorted list
// says.
// SPDX-License-Identifier: Apache-2.0
#include "sched/sorter.h"

#include "fixture.h"

#include "base/rand.h"
#include "sched/asks.h"
#include "sched/page.h"
#include "sched/sched_state.h"

#define JOBS 30
#define MINUTE (60 * S)

struct world {
    struct fixture f;
    struct sched *s;
    struct rand_seq rand;
    const struct sched_item *expected; // of the page that comes
    size_t at;
    wall after;
    char after_name[16];
    bool has_more;
    int answers;
};

static void world_open(struct world *w)
{
    struct err e;

    *w = (struct world){0};
    fixture_open(&w->f);
    rand_seq_init(&w->rand, 11);
    struct sched_options options = {.loop = w->f.loop,
                                    .store = w->f.store,
                                    .exec = &w->f.exec,
                                    .zones = w->f.zones,
                                    .timezone = STR_LIT("UTC")};

    w->s = sched_new(&options);
    assert_true(sched_start(w->s, &e));
}

static void world_close(struct world *w)
{
    store_close(w->f.store);
    sched_free(w->s);
    fixture_close(&w->f);
}

static void came(const struct sched_item *items, size_t count, size_t matching, bool has_more,
                 void *ctx)
{
    struct world *w = ctx;

    assert_int_equal(matching, sched_count(w->s));
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(items[i].job, w->expected[w->at + i].job);
        assert_int_equal(items[i].next_at.us, w->expected[w->at + i].next_at.us);
    }
    if (count > 0) {
        w->after = items[count - 1].next_at;
        (void)snprintf(w->after_name, sizeof w->after_name, "%.*s",
                       STR(items[count - 1].job->name));
    }
    w->at += count;
    w->has_more = has_more;
    w->answers++;
}

// All pages, one after the other, are the list, and come from the order at once.
static void pages_check(struct world *w)
{
    struct sched_item *list = sched_list(w->s);
    int answers = w->answers;

    w->expected = list;
    w->at = 0;
    do {
        const struct sched_page_ask ask = {.has_after = w->at > 0,
                                           .after = w->after,
                                           .after_name = str_of(w->after_name),
                                           .limit = 4,
                                           .done = came,
                                           .ctx = w};

        sched_page(w->s, &ask);
        assert_int_equal(w->answers, ++answers);
        assert_true(w->s->sorter.is_whole);
        assert_int_equal(w->s->due.order.moved.len, 0);
    } while (w->has_more);
    assert_int_equal(w->at, sched_count(w->s));
    free(list);
}

static void written(const struct err *err, const struct job *job, void *ctx)
{
    (void)err;
    (void)job;
    (void)ctx;
}

static struct job *job_any(struct world *w)
{
    static const char *const specs[] = {
        "{\"type\":\"interval\",\"seconds\":3600}",
        "{\"type\":\"interval\",\"seconds\":20000,\"jitter\":3000}",
        "{\"type\":\"cron\",\"expr\":\"0 3 * * *\"}",
        "{\"type\":\"date\",\"run_date\":\"2026-01-01T05:00:00Z\"}",
        "{\"type\":\"after\",\"delay\":\"50m\"}",
        "{\"type\":\"manual\"}",
    };
    char name[16];

    (void)snprintf(name, sizeof name, "job%d", (int)rand_below(&w->rand, JOBS));
    struct job *job = fixture_job(&w->f, name, specs[rand_below(&w->rand, COUNT(specs))]);

    if (rand_below(&w->rand, 2))
        job_spec_set_text(&job_edit(job)->tags, STR_LIT("etl"));
    return job;
}

static wall later(struct world *w)
{
    return (wall){sched_now(w->s).us + (int64_t)(1 + rand_below(&w->rand, 90)) * MINUTE};
}

static void something_happens(struct world *w)
{
    struct job *job = job_any(w);
    struct str name = job->name, nobody = {0};
    struct pauses *pauses = sched_pauses(w->s);

    switch (rand_below(&w->rand, 12)) {
    case 0:
        asks_pause(w->s, name, nobody, nobody, WALL_NEVER, written, NULL);
        break;
    case 1:
        asks_pause(w->s, name, nobody, nobody, later(w), written, NULL);
        break;
    case 2:
        asks_resume(w->s, name, false, ASKS_CATCH_UP_NONE, written, NULL);
        break;
    case 3:
        asks_skip(w->s, name, 2, nobody, nobody, written, NULL);
        break;
    case 4:
        asks_unskip(w->s, name, written, NULL);
        break;
    case 5:
        sched_delete(w->s, name, written, NULL);
        break;
    case 6:
        pauses_set(pauses, rand_below(&w->rand, 2) ? STR_LIT("etl") : nobody, nobody, nobody,
                   sched_now(w->s), rand_below(&w->rand, 2) ? later(w) : WALL_NEVER, NULL, NULL);
        break;
    case 7:
        pauses_lift(pauses, STR_LIT("etl"), false, sched_now(w->s), NULL, NULL);
        pauses_lift(pauses, nobody, false, sched_now(w->s), NULL, NULL);
        break;
    default:
        sched_put(w->s,
                  job_copy(job, &(struct trigger_context){.zones = w->f.zones,
                                                          .timezone = STR_LIT("UTC"),
                                                          .now = sched_now(w->s)}),
                  STORE_ANY, written, NULL);
        break;
    }
    fixture_settle(&w->f);
    job_free(job);
}

static void runs_end(struct world *w)
{
    while (w->f.ended < w->f.started)
        fixture_end(&w->f, w->f.ended, RUN_SUCCEEDED);
    w->f.started = w->f.ended = 0;
}

static void test_whatever_happens(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    pages_check(&w);
    for (int i = 0; i < 400; i++) {
        something_happens(&w);
        pages_check(&w);
        fixture_pass(&w.f, (int64_t)rand_below(&w.rand, 10) * MINUTE);
        runs_end(&w);
        pages_check(&w);
    }
    world_close(&w);
}

static struct entry *job_made(struct world *w, const char *name)
{
    sched_put(w->s, fixture_job(&w->f, name, "{\"type\":\"cron\",\"expr\":\"0 3 * * *\"}"),
              STORE_CREATE, written, NULL);
    fixture_settle(&w->f);
    return due_find(&w->s->due, str_of(name));
}

// A pause with an end makes a job odd until then; one that has no end does not; one that begins
// later (another node's clock is ahead) does so too.
static void test_pauses(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    const struct entry *a = job_made(&w, "a"), *b = job_made(&w, "b");
    struct pauses *pauses = sched_pauses(w.s);
    const struct str none = {0};

    asks_pause(w.s, STR_LIT("a"), none, none, (wall){T0 + 30 * MINUTE}, written, NULL);
    asks_pause(w.s, STR_LIT("b"), none, none, WALL_NEVER, written, NULL);
    fixture_settle(&w.f);
    pages_check(&w);
    assert_int_equal(a->listed.where, ORDER_ODD);
    assert_int_equal(b->listed.where, ORDER_PLACED);
    sim_clock_advance(&w.f.clock, 31 * MINUTE);
    pages_check(&w);
    assert_int_equal(a->listed.where, ORDER_PLACED);
    pauses_set(pauses, none, none, none, (wall){T0 + 33 * MINUTE}, WALL_NEVER, NULL, NULL);
    fixture_settle(&w.f);
    pages_check(&w);
    assert_int_equal(a->listed.where, ORDER_ODD);
    sim_clock_advance(&w.f.clock, 3 * MINUTE);
    pages_check(&w);
    assert_int_equal(a->listed.where, ORDER_PLACED);
    world_close(&w);
}

// What waits for its own earlier run is not planned anew by a pause, and shown otherwise.
static void test_a_job_that_waits(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    struct entry *entry = job_made(&w, "a");

    due_hold(&w.s->due, entry);
    pages_check(&w);
    pauses_set(sched_pauses(w.s), (struct str){0}, (struct str){0}, (struct str){0}, sched_now(w.s),
               WALL_NEVER, NULL, NULL);
    fixture_settle(&w.f);
    assert_true(entry->is_waiting);
    assert_int_equal(entry->listed.where, ORDER_MOVED);
    pages_check(&w);
    world_close(&w);
}

// Jobs of another node show the next slot that their trigger has, as time passes.
static void test_jobs_of_others(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    for (int i = 0; i < JOBS; i++)
        something_happens(&w);
    const struct store_node nodes[2] = {{.id = 1, .name = STR_LIT("a")},
                                        {.id = 2, .name = STR_LIT("b")}};
    struct entry *entry;

    members_take(&w.s->members, &(struct store_members){.nodes = nodes, .node_count = 2});
    for (size_t at = 0; (entry = radix_next(&w.s->due.by_id, &at));) {
        entry->seat.is_ours = entry->job->id % 2;
        due_plan(&w.s->due, entry, entry->slot);
    }
    for (int i = 0; i < 20; i++) {
        pages_check(&w);
        sim_clock_advance(&w.f.clock, 30 * MINUTE);
    }
    world_close(&w);
}

// Among many the first list need not wait until all have their places.
static void test_many(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    for (int i = 1; i <= 5000; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "job%d", i);
        struct job *job = fixture_job(&w.f, name, "{\"type\":\"manual\"}");

        job->id = i;
        (void)due_add(&w.s->due, job);
    }
    assert_false(sorter_is_near(w.s));
    assert_true(w.s->sorter.is_going);
    fixture_settle(&w.f);
    assert_false(w.s->sorter.is_going);
    assert_true(sorter_is_near(w.s));
    assert_true(sorter_settle(w.s));
    for (int i = 1; i <= 4000; i++)
        due_plan(&w.s->due, due_find_id(&w.s->due, i), (wall){T0 + i * S});
    assert_false(sorter_is_near(w.s));
    assert_false(sorter_settle(w.s));
    sorter_done(w.s); // it was going on
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_happens),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_a_job_that_waits),
        cmocka_unit_test(test_jobs_of_others),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
