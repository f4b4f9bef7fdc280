// due_test.c - the table of jobs: order of ringing, holding, the watermark.
// SPDX-License-Identifier: Apache-2.0
#include "sched/due.h"

#include "unit.h"

#include <stdlib.h>

#include "base/mem.h"

#define S 1000000LL

static struct job *job_made(struct zones *zones, int64_t id, const char *name,
                            const char *spec_text)
{
    struct trigger_context context = {zones, STR_LIT("UTC"), {0}, {0}, NULL};
    struct job *job = job_new(str_of(name));
    json_t *spec = json_loads(spec_text, 0, NULL);
    struct err e;

    job->id = id;
    assert_true(trigger_parse(spec, &context, &job->trigger, &e));
    json_decref(spec);
    return job;
}

#define EVERY "{\"type\":\"interval\",\"seconds\":10,\"start_date\":\"1970-01-01T00:00:00Z\"}"
#define JITTERED                                                                                 \
    "{\"type\":\"interval\",\"seconds\":100,\"start_date\":\"1970-01-01T00:00:00Z\",\"jitter\":" \
    "50}"

static void soon_count(const struct entry *entry, void *ctx)
{
    assert_non_null(entry->job);
    ++*(int *)ctx;
}

static wall slot_shown(const struct entry *entry, void *ctx)
{
    (void)ctx;
    return entry->slot;
}

static void test_order(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct due d;

    (void)state;
    due_init(&d);
    struct entry *b = due_add(&d, job_made(zones, 2, "b", EVERY));
    struct entry *a = due_add(&d, job_made(zones, 1, "a", EVERY));
    struct entry *c = due_add(&d, job_made(zones, 3, "c", EVERY));

    assert_int_equal(due_next(&d).us, WALL_NEVER.us);
    due_plan(&d, b, (wall){10 * S});
    due_plan(&d, a, (wall){10 * S});
    due_plan(&d, c, (wall){5 * S});
    assert_int_equal(due_count(&d), 3);
    assert_int_equal(due_next(&d).us, 5 * S);
    assert_null(due_pop(&d, (wall){5 * S - 1}));
    int soon = 0;
    due_soon(&d, (wall){5 * S}, 10, soon_count, &soon);
    assert_int_equal(soon, 1);
    due_soon(&d, (wall){10 * S}, 10, soon_count, &soon);
    assert_int_equal(soon, 1 + 3);
    assert_ptr_equal(due_pop(&d, (wall){20 * S}), c);
    assert_int_equal(due_watermark(&d, (wall){20 * S}).us, 10 * S - 1);
    // Equal times leave in the order they were planned.
    assert_ptr_equal(due_pop(&d, (wall){20 * S}), b);
    assert_ptr_equal(due_pop(&d, (wall){20 * S}), a);
    assert_null(due_pop(&d, (wall){20 * S}));
    assert_int_equal(due_watermark(&d, (wall){20 * S}).us, 20 * S);
    // The list is by slot, then name; an entry without a slot comes last.
    due_plan(&d, a, (wall){30 * S});
    due_plan(&d, b, (wall){30 * S});
    due_plan(&d, c, WALL_NEVER);
    struct entry **list = due_list(&d, slot_shown, NULL);
    assert_ptr_equal(list[0], a);
    assert_ptr_equal(list[1], b);
    assert_ptr_equal(list[2], c);
    free(list);
    assert_ptr_equal(due_find(&d, STR_LIT("b")), b);
    assert_ptr_equal(due_find_id(&d, 3), c);
    due_remove(&d, b);
    assert_null(due_find(&d, STR_LIT("b")));
    due_done(&d);
    zones_free(zones);
}

static void test_held_slots_hold_the_watermark(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct due d;

    (void)state;
    due_init(&d);
    struct entry *j = due_add(&d, job_made(zones, 7, "jittered", JITTERED));
    struct entry *w = due_add(&d, job_made(zones, 8, "waiting", EVERY));
    wall slot = {100 * S};

    while (trigger_jitter_us(j->job->trigger, 7, slot) == 0)
        slot.us += 100 * S;
    due_plan(&d, j, slot);
    assert_true(due_next(&d).us > slot.us);
    assert_int_equal(due_watermark(&d, (wall){slot.us + 49 * S}).us, slot.us - 1);
    assert_ptr_equal(due_pop(&d, (wall){slot.us + 50 * S}), j);
    assert_int_equal(due_watermark(&d, (wall){slot.us + 50 * S}).us, slot.us + 50 * S);

    due_plan(&d, w, (wall){40 * S});
    assert_ptr_equal(due_pop(&d, (wall){40 * S}), w);
    due_hold(&d, w);
    assert_true(w->is_waiting);
    assert_int_equal(due_next(&d).us, WALL_NEVER.us);
    assert_int_equal(due_watermark(&d, (wall){90 * S}).us, 40 * S - 1);
    due_plan(&d, w, w->slot);
    assert_false(w->is_waiting);
    assert_int_equal(due_next(&d).us, 40 * S);
    due_done(&d);
    zones_free(zones);
}

// An entry that is looked at later than its slot holds the watermark as well.
static void test_late(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct due d;

    (void)state;
    due_init(&d);
    struct entry *e = due_add(&d, job_made(zones, 9, "frozen", EVERY));
    wall slot = {40 * S};

    due_plan_late(&d, e, slot, (wall){90 * S});
    assert_int_equal(due_next(&d).us, 90 * S);
    assert_null(due_pop(&d, (wall){89 * S}));
    assert_int_equal(due_watermark(&d, (wall){89 * S}).us, slot.us - 1);
    assert_ptr_equal(due_pop(&d, (wall){90 * S}), e);
    due_plan_late(&d, e, slot, (wall){10 * S});
    assert_int_equal(due_next(&d).us, slot.us);
    due_plan_late(&d, e, slot, WALL_NEVER);
    assert_int_equal(due_next(&d).us, WALL_NEVER.us);
    assert_int_equal(due_watermark(&d, (wall){60 * S}).us, slot.us - 1);
    due_plan(&d, e, slot);
    assert_int_equal(due_next(&d).us, slot.us);
    due_done(&d);
    zones_free(zones);
}

static void test_replace(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct due d;

    (void)state;
    due_init(&d);
    struct entry *entry = due_add(&d, job_made(zones, 1, "x", EVERY));

    due_plan(&d, entry, (wall){10 * S});
    due_replace(&d, entry, job_made(zones, 1, "x", JITTERED));
    assert_ptr_equal(due_find(&d, STR_LIT("x")), entry);
    assert_int_equal(entry->slot.us, 10 * S);
    assert_false(entry->is_relative);
    // An event is kept by a trigger of the same kind only.
    due_replace(&d, entry, job_made(zones, 1, "x", "{\"type\":\"after\",\"delay\":\"1m\"}"));
    assert_true(entry->is_relative);
    entry->event = (wall){5 * S};
    due_replace(&d, entry, job_made(zones, 1, "x", "{\"type\":\"after\",\"delay\":\"2m\"}"));
    assert_int_equal(entry->event.us, 5 * S);
    due_replace(&d, entry, job_made(zones, 1, "x", "{\"type\":\"startup\"}"));
    assert_int_equal(entry->event.us, 0);
    due_done(&d);
    zones_free(zones);
}

static void test_mark_goes_back_with_the_clock(void **state)
{
    struct due d;

    (void)state;
    due_init(&d);
    assert_int_equal(due_mark(&d, (wall){50}).us, 50);
    assert_int_equal(due_mark(&d, (wall){40}).us, 50);
    d.is_set_back = true;
    assert_int_equal(due_mark(&d, (wall){40}).us, 40);
    assert_int_equal(due_mark(&d, (wall){30}).us, 40);
    due_done(&d);
}

// What is set aside comes back as it was; what is planned does not ring until that is over.
static void test_aside_and_planned(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct due d;

    (void)state;
    due_init(&d);
    struct entry *a = due_add(&d, job_made(zones, 1, "a", EVERY));
    struct entry *b = due_add(&d, job_made(zones, 2, "b", EVERY));

    assert_null(due_first(&d, (wall){100 * S}));
    due_plan_late(&d, a, (wall){10 * S}, (wall){12 * S}); // it holds its slot as well
    due_plan(&d, b, (wall){20 * S});
    assert_null(due_first(&d, (wall){11 * S}));
    assert_ptr_equal(due_first(&d, (wall){12 * S}), a);
    due_set_aside(&d, a);
    assert_ptr_equal(due_first(&d, (wall){20 * S}), b);
    due_set_back(&d, a);
    assert_int_equal(due_next(&d).us, 12 * S);
    assert_int_equal(due_watermark(&d, (wall){100 * S}).us, 10 * S - 1);

    a->planned = (wall){10 * S};
    due_plan(&d, a, a->slot);
    assert_int_equal(due_next(&d).us, 20 * S);
    assert_int_equal(a->slot.us, 10 * S);
    assert_int_equal(due_watermark(&d, (wall){100 * S}).us, 20 * S - 1);
    d.planned = a->planned;
    assert_int_equal(due_watermark(&d, (wall){100 * S}).us, 10 * S - 1);
    a->planned = (wall){0};
    due_plan(&d, a, a->slot);
    assert_int_equal(due_next(&d).us, 10 * S);
    due_done(&d);
    zones_free(zones);
}

static void test_fill(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct due d;
    struct entry *a, *b;

    (void)state;
    due_init(&d);
    due_fill_begin(&d);
    a = due_add(&d, job_made(zones, 1, "a", EVERY));
    b = due_add(&d, job_made(zones, 2, "b", EVERY));
    assert_null(due_find(&d, STR_LIT("a")));
    assert_ptr_equal(due_find_id(&d, 2), b);
    due_fill_end(&d);
    due_fill_end(&d);
    assert_ptr_equal(due_find(&d, STR_LIT("a")), a);
    assert_ptr_equal(due_find(&d, STR_LIT("b")), b);
    a = due_add(&d, job_made(zones, 3, "c", EVERY));
    assert_ptr_equal(due_find(&d, STR_LIT("c")), a);
    due_done(&d);
    zones_free(zones);
}

static void test_slot_after(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct job *job = job_made(zones, 1, "a", EVERY), *alike = job_made(zones, 2, "b", JITTERED);
    struct due d;
    struct entry *a, *b, *c;

    (void)state;
    trigger_free(alike->trigger);
    alike->trigger = trigger_share(job->trigger);
    due_init(&d);
    a = due_add(&d, job);
    b = due_add(&d, alike);
    c = due_add(&d, job_made(zones, 3, "c", JITTERED));
    assert_int_equal(due_slot_after(&d, a, (wall){15 * S}).us, 20 * S);
    assert_int_equal(due_slot_after(&d, b, (wall){15 * S}).us, 20 * S);
    assert_int_equal(due_slot_after(&d, b, (wall){25 * S}).us, 30 * S);
    assert_int_equal(due_slot_after(&d, c, (wall){25 * S}).us, 100 * S);
    assert_int_equal(due_slot_after(&d, a, (wall){25 * S}).us, 30 * S);
    due_replace(&d, a, job_made(zones, 1, "a", JITTERED)); // nothing is known of what has gone
    assert_null(d.asked.trigger);
    assert_int_equal(due_slot_after(&d, a, (wall){25 * S}).us, 100 * S);
    due_remove(&d, a);
    assert_null(d.asked.trigger);
    assert_int_equal(due_slot_after(&d, b, (wall){25 * S}).us, 30 * S);
    due_done(&d);
    zones_free(zones);
}

// A change on its way is about the slots that come after it was asked for.
static void test_changing(void **state)
{
    struct zones *zones = zones_new(NULL);
    struct due d;
    wall asked_at = {20 * S};

    (void)state;
    due_init(&d);
    struct entry *a = due_add(&d, job_made(zones, 1, "a", EVERY));

    due_plan(&d, a, (wall){20 * S});
    assert_false(due_is_changing(&d, a));
    a->writes = 1;
    radix_put(&d.changing, 1, &asked_at);
    assert_false(due_is_changing(&d, a));
    due_plan(&d, a, (wall){30 * S});
    assert_true(due_is_changing(&d, a));
    a->writes = 0;
    assert_false(due_is_changing(&d, a));
    due_done(&d);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_held_slots_hold_the_watermark),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_mark_goes_back_with_the_clock),
        cmocka_unit_test(test_aside_and_planned),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_slot_after),
        cmocka_unit_test(test_changing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
