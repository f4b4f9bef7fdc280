// page_test.c - pages of jobs say what the sorted list says.
// SPDX-License-Identifier: Apache-2.0
#include "sched/page.h"

#include "fixture.h"

#include "sched/hold.h"
#include "sched/sched_state.h"

#define MANY 45000 // more than one turn looks at

struct world {
    struct fixture f;
    struct sched *s;
    // What came last.
    struct str names[SCHED_PAGE_MAX];
    wall last;
    size_t count, matching;
    bool has_more;
    int answers;
};

static void world_open(struct world *w)
{
    struct err e;

    *w = (struct world){0};
    fixture_open(&w->f);
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
    sched_free(w->s);
    store_close(w->f.store);
    fixture_close(&w->f);
}

// Job n is due in n % 7 hours, but for each fifth, which is never due.
static struct entry *job_add(struct world *w, int n)
{
    static const struct str spec = STR_LIT("{\"type\":\"interval\",\"seconds\":50}");
    char name[32];

    (void)snprintf(name, sizeof name, "job%d", n * 7919 % 100003);
    struct job *job = fixture_job(&w->f, name, spec.p);

    job->id = n + 1;
    job_edit(job)->priority = n % 3;
    if (n % 11 == 0) {
        job_set_paused(job, true, (wall){T0});
        job->updated_at = (wall){T0};
        hold_keep(NULL, false, job);
    }
    struct entry *entry = due_add(&w->s->due, job);

    due_plan(&w->s->due, entry, n % 5 ? (wall){T0 + (1 + n % 7) * 3600 * S} : WALL_NEVER);
    return entry;
}

static void came(const struct sched_item *items, size_t count, size_t matching, bool has_more,
                 void *ctx)
{
    struct world *w = ctx;

    for (size_t i = 0; i < count; i++)
        w->names[i] = items[i].job->name;
    w->last = count > 0 ? items[count - 1].next_at : (wall){0};
    w->count = count;
    w->matching = matching;
    w->has_more = has_more;
    w->answers++;
}

static void page_get(struct world *w, struct sched_page_ask *ask)
{
    int before = w->answers;

    ask->done = came;
    ask->ctx = w;
    sched_page(w->s, ask);
    for (int i = 0; i < 100 && w->answers == before; i++)
        (void)loop_turn(w->f.loop, 0);
    assert_int_equal(w->answers, before + 1);
    if (w->count > 0) { // the next page begins behind this one
        ask->has_after = true;
        ask->after = w->last;
        ask->after_name = w->names[w->count - 1];
    }
}

static bool is_first_class(const struct sched_item *item, void *ctx)
{
    (void)ctx;
    return item->job->spec->priority == 2;
}

static bool is_paused(const struct sched_item *item, void *ctx)
{
    (void)ctx;
    return item->paused;
}

// All pages, one after the other, are the list.
static void pages_check(struct world *w, size_t limit,
                        bool (*wanted)(const struct sched_item *item, void *ctx))
{
    struct sched_item *list = sched_list(w->s);
    struct sched_page_ask ask = {
        .limit = limit, .wanted = wanted, .only_paused = wanted == is_paused};
    size_t at = 0, matching = 0;

    for (size_t i = 0; i < sched_count(w->s); i++)
        matching += !wanted || wanted(&list[i], NULL);
    do {
        page_get(w, &ask);
        assert_int_equal(w->matching, matching);
        for (size_t i = 0; i < w->count; i++, at++) {
            while (wanted && !wanted(&list[at], NULL))
                at++;
            assert_true(str_eq(w->names[i], list[at].job->name));
        }
    } while (w->has_more);
    while (at < sched_count(w->s) && wanted && !wanted(&list[at], NULL))
        at++;
    assert_int_equal(at, sched_count(w->s));
    free(list);
}

static void test_pages(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    pages_check(&w, 10, NULL); // of nothing
    for (int n = 0; n < 500; n++)
        (void)job_add(&w, n);
    pages_check(&w, 1, NULL);
    pages_check(&w, 7, NULL);
    pages_check(&w, 7, is_first_class);
    pages_check(&w, 7, is_paused);
    pauses_set(sched_pauses(w.s), (struct str){0}, (struct str){0}, (struct str){0}, (wall){T0},
               WALL_NEVER, NULL, NULL);
    fixture_settle(&w.f);
    pages_check(&w, 7, is_paused); // everything
    pauses_lift(sched_pauses(w.s), (struct str){0}, false, (wall){T0}, NULL, NULL);
    fixture_settle(&w.f);
    pages_check(&w, SCHED_PAGE_MAX, NULL);
    world_close(&w);
}

static void test_many(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    for (int n = 0; n < MANY; n++)
        (void)job_add(&w, n);
    pages_check(&w, 1000, is_first_class);
    // While one is gathered, jobs that it had found go, others come, the table grows.
    struct sched_page_ask ask = {.limit = 50, .done = came, .ctx = &w};
    int before = w.answers;
    struct sched_item *list = sched_list(w.s);

    sched_page(w.s, &ask);
    assert_int_equal(w.answers, before);
    for (int i = 0; i < 30; i++)
        due_remove(&w.s->due, due_find_id(&w.s->due, list[i].job->id));
    free(list);
    for (int n = MANY; n < 2 * MANY; n++)
        (void)job_add(&w, n);
    for (int i = 0; i < 100 && w.answers == before; i++)
        (void)loop_turn(w.f.loop, 0);
    list = sched_list(w.s);
    assert_int_equal(w.count, 50);
    for (int i = 0; i < 50; i++)
        assert_true(str_eq(w.names[i], list[i].job->name));
    free(list);
    sched_page(w.s, &ask); // nobody waits for this one
    sched_pages_done(w.s);
    sched_page(w.s, &ask);
    world_close(&w);
}

// How many are paused is known without looking at the others.
static void test_paused(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    for (int n = 0; n < 110; n++)
        (void)job_add(&w, n);
    assert_int_equal(sched_paused_count(w.s), 10);
    assert_int_equal(w.s->due.paused.len, 10);
    due_remove(&w.s->due, due_find_id(&w.s->due, 1));
    assert_int_equal(sched_paused_count(w.s), 9);
    assert_int_equal(sched_item(w.s, due_find_id(&w.s->due, 2)).next_at.us, T0 + 2 * 3600 * S);
    assert_false(pauses_wide(&w.s->pauses, (wall){T0}));
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_paused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
