// forecast_test.c - the coming slots, and the load that they will be.
// SPDX-License-Identifier: Apache-2.0
#include "sched/forecast.h"

#include "fixture.h"

#include "sched/learned.h"

struct world {
    struct fixture f;
    struct due due;
};

static struct entry *add(struct world *w, int64_t id, const char *name, const char *spec)
{
    struct job *job = fixture_job(&w->f, name, spec);

    job->id = id;
    struct entry *entry = due_add(&w->due, job);

    due_plan(&w->due, entry,
             trigger_is_relative(job->trigger) ? WALL_NEVER
                                               : trigger_next(job->trigger, (wall){T0}));
    return entry;
}

static void world_open(struct world *w)
{
    fixture_open(&w->f);
    due_init(&w->due);
}

static void world_close(struct world *w)
{
    due_done(&w->due);
    store_close(w->f.store);
    fixture_close(&w->f);
}

static struct freezes freezes_made(struct world *w)
{
    struct freezes all = {.zone = zones_utc(w->f.zones)};
    json_t *definition = json_pack("{s:s,s:s,s:s,s:[s]}", "from", "2026-01-01T00:00:25Z", "to",
                                   "2026-01-01T00:00:35Z", "reason", "audit", "jobs", "b");
    struct freeze *freeze;
    struct err e;

    assert_true(freeze_read(definition, STR_LIT("x"), w->f.zones, &freeze, &e));
    freezes_put(&all, freeze);
    json_decref(definition);
    return all;
}

static void test_slots(void **state)
{
    struct world w;
    struct forecast f;
    struct buf out;

    (void)state;
    world_open(&w);
    buf_init(&out, 1000);
    struct entry *a = add(&w, 1, "a", "{\"type\":\"interval\",\"seconds\":20}");
    struct entry *b = add(&w, 2, "b", EVERY_10), *paused = add(&w, 3, "c", EVERY_10);
    struct entry *follows = add(&w, 4, "d", "{\"type\":\"after\",\"delay\":\"5m\"}");
    struct freezes freezes = freezes_made(&w);

    paused->job->pause = pause_new(PAUSE_JOB, (struct str){0}, (struct str){0}, STR_LIT("api"),
                                   (wall){0}, WALL_NEVER);
    due_plan(&w.due, follows, (wall){T0 + 15 * S});
    forecast_fill(&f, &w.due, &(struct holds){.freezes = &freezes}, NULL, (wall){T0 + 10 * S},
                  (wall){T0 + 40 * S});
    for (size_t i = 0; i < f.slots.len; i++)
        buf_printf(&out, "%s%d ", f.slots.v[i].entry->job->name.p,
                   (int)((f.slots.v[i].at.us - T0) / S));
    assert_string_equal(buf_text(&out), "b10 d15 a20 b20 a40 b40 ");
    assert_int_equal(f.frozen, 5); // four of them are paused
    assert_false(f.is_cut);
    forecast_done(&f);
    forecast_fill(&f, &w.due, &(struct holds){.freezes = &freezes}, a, (wall){T0 + 1000 * S},
                  (wall){T0 + 1060 * S});
    assert_int_equal(f.slots.len, 4);
    forecast_done(&f);
    forecast_fill(&f, &w.due, &(struct holds){.freezes = &freezes}, b, (wall){T0},
                  (wall){T0 + 1000000 * S});
    assert_true(f.is_cut);
    assert_int_equal(f.slots.len + (size_t)f.frozen, FORECAST_SLOTS_MAX);
    forecast_done(&f);
    freezes_done(&freezes);
    buf_done(&out);
    world_close(&w);
}

static void test_load(void **state)
{
    struct world w;
    struct forecast f;
    struct forecast_bucket buckets[4];
    int64_t unknown;

    (void)state;
    world_open(&w);
    struct entry *a = add(&w, 1, "a", EVERY_10);

    (void)add(&w, 2, "b", EVERY_10);
    assert_int_equal(forecast_usual_us(a), -1);
    learned_add(&a->learned, 15 * S); // each run goes on into the next
    assert_true(forecast_usual_us(a) > 14 * S);
    forecast_fill(&f, &w.due, &(struct holds){0}, NULL, (wall){T0}, (wall){T0 + 39 * S});
    forecast_load(&f, (wall){T0}, 10 * S, 2 * S, buckets, 4, &unknown);
    assert_int_equal(unknown, 3);
    static const int fires[] = {0, 2, 2, 2}, peaks[] = {0, 2, 3, 3};

    for (int i = 0; i < 4; i++) {
        assert_int_equal(buckets[i].fires, fires[i]);
        assert_int_equal(buckets[i].peak, peaks[i]);
    }
    assert_int_equal(buckets[0].busy_us, 0);
    assert_int_equal(buckets[1].busy_us, 12 * S);
    assert_true(llabs(buckets[2].busy_us - 17 * S) < S / 10);
    forecast_done(&f);
    world_close(&w);
}

static void test_of_a_scheduler(void **state)
{
    struct fixture f;
    struct forecast slots;
    struct err e;

    (void)state;
    fixture_open(&f);
    const struct sched_options options = {.loop = f.loop,
                                          .store = f.store,
                                          .exec = &f.exec,
                                          .zones = f.zones,
                                          .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);

    assert_true(sched_start(s, &e));
    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_CREATE, NULL, NULL);
    sched_put(s, fixture_job(&f, "b", EVERY_10), STORE_CREATE, NULL, NULL);
    fixture_settle(&f);
    sched_forecast(s, NULL, (wall){T0}, (wall){T0 + 30 * S}, &slots);
    assert_int_equal(slots.slots.len, 6);
    forecast_done(&slots);
    sched_forecast(s, sched_find(s, STR_LIT("b")), (wall){T0}, (wall){T0 + 30 * S}, &slots);
    assert_int_equal(slots.slots.len, 3);
    forecast_done(&slots);
    sched_free(s);
    store_close(f.store);
    fixture_close(&f);
}

static void test_minutes(void **state)
{
    uint32_t counts[FORECAST_MINUTES] = {0};
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct job *job =
        fixture_job(&f, "a", "{\"type\":\"cron\",\"minute\":\"*/20\",\"second\":\"*\"}");

    assert_int_equal(forecast_minutes(job->trigger, (wall){T0}, counts, 100), 96);
    for (int minute = 0; minute < FORECAST_MINUTES; minute++)
        assert_int_equal(counts[minute], minute % 20 == 0);
    assert_int_equal(forecast_minutes(job->trigger, (wall){T0}, counts, 2), 0);
    job_free(job);
    store_close(f.store);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_minutes),
        cmocka_unit_test(test_of_a_scheduler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
