// changes_test.c - what a definition, a freeze, a pause, a pool do to the jobs in memory.
// SPDX-License-Identifier: Apache-2.0
#include "sched/changes.h"

#include "fixture.h"
#include "sched/sched_state.h"

struct life {
    struct fixture f;
    struct sched *s;
};

static int setup(void **state)
{
    static struct life l;
    struct sched_options options = {.timezone = STR_LIT("UTC")};
    struct err e;

    fixture_open(&l.f);
    options.loop = l.f.loop;
    options.store = l.f.store;
    options.exec = &l.f.exec;
    options.zones = l.f.zones;
    l.s = sched_new(&options);
    assert_true(sched_start(l.s, &e));
    *state = &l;
    return 0;
}

static int teardown(void **state)
{
    struct life *l = *state;

    memory_store_crash(l->f.store);
    sched_free(l->s);
    fixture_close(&l->f);
    return 0;
}

static struct job *job_of(struct life *l, int64_t id, const char *spec, int version)
{
    struct job *job = fixture_job(&l->f, "x", spec);

    job->id = id;
    job->version = version;
    job->updated_at = clock_wall(&l->f.clock.base);
    return job;
}

static void test_put(void **state)
{
    struct life *l = *state;
    struct entry *entry = changes_put(l->s, job_of(l, 1, EVERY_10, 1), false);

    assert_int_equal(entry->slot.us, T0 + 10 * S); // a new one is always planned
    entry->claimed = (wall){T0 + 10 * S};
    due_plan(&l->s->due, entry, (wall){T0 + 20 * S});
    assert_ptr_equal(changes_put(l->s, job_of(l, 1, EVERY_10, 2), false), entry);
    assert_int_equal(entry->slot.us, T0 + 20 * S);
    assert_int_equal(entry->job->version, 2);
    (void)changes_put(l->s, job_of(l, 1, "{\"type\":\"interval\",\"seconds\":7}", 3), true);
    assert_int_equal(entry->slot.us, T0 + 7 * S);
    assert_int_equal(entry->claimed.us, 0);
    changes_look(l->s, entry);
    // Another job of that name: the old one had ended.
    entry = changes_put(l->s, job_of(l, 2, EVERY_10, 1), false);
    assert_int_equal(due_count(&l->s->due), 1);
    assert_null(due_find_id(&l->s->due, 1));
    changes_remove(l->s, entry);
    assert_int_equal(due_count(&l->s->due), 0);
}

// What was put off is looked at again.
static void test_thaw(void **state)
{
    const struct pause pause = {.scope = PAUSE_ALL, .since = {T0}, .until = WALL_NEVER};
    struct life *l = *state;
    struct entry *entry = changes_put(l->s, job_of(l, 1, EVERY_10, 1), true);
    wall slot = entry->slot;

    for (int i = 0; i < 4; i++) {
        due_plan_late(&l->s->due, entry, slot, WALL_NEVER);
        assert_int_equal(due_next(&l->s->due).us, WALL_NEVER.us);
        if (i == 0)
            changes_thaw(l->s, entry);
        else if (i == 1)
            changes_freezes(l->s);
        else if (i == 2)
            changes_pause(&pause, l->s);
        else
            changes_calendars(l->s); // of which it uses none
        assert_int_equal(due_next(&l->s->due).us, i < 3 ? slot.us : WALL_NEVER.us);
    }
    assert_int_equal(events_next(&l->s->events, events_last(&l->s->events) - 1)->type,
                     EVENT_SCHED_PAUSED);
    changes_pools(l->s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put, setup, teardown),
        cmocka_unit_test_setup_teardown(test_thaw, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
