// job_shelf_test.c - what is read once means the same as what is read each time.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_shelf.h"

#include "base/arena.h"

#include "unit.h"

static struct zones *zones;
static struct trigger_context context;

static int setup(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    context = (struct trigger_context){
        .zones = zones, .timezone = STR_LIT("UTC"), .now = {1700000000000000}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

#define HOURLY "{\"type\":\"cron\",\"expr\":\"0 * * * *\"}"
#define DAILY "{\"type\":\"cron\",\"expr\":\"0 4 * * *\"}"
#define RICH                                                                                    \
    "\",\"args\":[\"a\",\"b\"],\"coalesce\":\"all\",\"max_instances\":3,\"description\":\"d\"," \
    "\"tags\":[\"x\",\"y\"],\"options\":{\"env\":{\"A\":\"1\"}},\"timeout_us\":5,"              \
    "\"notify\":[],\"retries\":{\"max\":2}}"

struct row {
    int64_t id;
    const char *name, *trigger, *spec;
    int state;
    const char *trigger_of; // the row whose trigger it shares; NULL: it has its own
};

// Each row is read from the shelf and by itself.
static const struct row rows[] = {
    {1, "a", HOURLY, "{\"target\":\"t\"}", 0, NULL},
    {2, "b", HOURLY, "{\"target\":\"u\"}", 0, "a"},
    {3, "c", DAILY, "{\"target\":\"u\"}", 0, NULL},
    {4, "d", HOURLY, "{\"target\":\"v" RICH, 0, "a"},
    {5, "e", DAILY, "{\"target\":\"w" RICH, 0, "c"},
    {6, "f", DAILY,
     "{\"target\":\"\""
     ",\"args\":[]}",
     0, "c"},
    {7, "g", DAILY, "{\"target\":\"a\\\"b" RICH, 0, "c"},
    {8, "h", DAILY, "{\"target\":\"\xc3\xa9" RICH, 0, "c"},
    {9, "i", DAILY, "{\"args\":[\"1\"],\"target\":\"x\"}", 0, "c"},
    {10, "paused", DAILY, "{\"target\":\"p\",\"keep\":4}", JOB_PAUSED, "c"},
    {11, "after it", DAILY, "{\"target\":\"q\",\"keep\":4}", 0, NULL},
    {12, "j", DAILY, "{\"target\":\"q\",\"keep\":4}", 0, "c"},
    {13, "k", DAILY, "{\"target\":\"q\",\"keep\":4}", 42, NULL},
    {14, "l", "{\"type\":\"cron\"", "{\"target\":\"t\"}", 0, NULL},
    {15, "m", HOURLY, "{\"target\":\"t\",\"target\":\"t\"}", 0, NULL},
    {16, "n", HOURLY, "{\"target\":\"t\",\"target\":\"t\"}", 0, NULL},
    {17, "o", HOURLY, "{\"target\":\"t", 0, NULL},
    {18, "p", HOURLY, "{\"target\":\"t\"", 0, NULL},
    {19, "q", HOURLY, "", 0, NULL},
};

#define ROWS (sizeof rows / sizeof *rows)

static void same(const struct job *a, const struct job *b)
{
    struct arena *arena = arena_new(4096);
    struct job_row x, y;

    assert_true(str_eq(a->name, b->name));
    assert_true(str_eq(a->spec->quarantine, b->spec->quarantine));
    assert_int_equal(a->state, b->state);
    assert_true(str_eq(a->spec->args, b->spec->args));
    assert_int_equal(a->spec->preset, b->spec->preset);
    assert_int_equal(!a->pause, !b->pause);
    if (a->trigger) {
        job_to_row(a, arena, &x);
        job_to_row(b, arena, &y);
        assert_true(str_eq(x.spec, y.spec) && str_eq(x.trigger, y.trigger));
        assert_int_equal(x.id, y.id);
        assert_int_equal(x.version, y.version);
    }
    arena_free(arena);
}

static const struct job *job_named(struct job *const jobs[ROWS], const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (str_eq(jobs[i]->name, str_of(name)))
            return jobs[i];
    return NULL;
}

static void test_same_as_read(void **state)
{
    struct job_presets presets = job_presets_built_in;
    struct job_shelf *shelf = job_shelf_new(&context, &presets);
    struct job *jobs[ROWS];

    (void)state;
    presets.priority = 3; // read and shared alike
    for (size_t i = 0; i < ROWS; i++) {
        struct job_row row = {.id = rows[i].id,
                              .name = str_of(rows[i].name),
                              .trigger = str_of(rows[i].trigger),
                              .spec = str_of(rows[i].spec),
                              .state = rows[i].state,
                              .version = 2};
        struct job *plain = job_from_row(&row, &context);

        jobs[i] = job_shelf_read(shelf, &row);
        job_set_presets(plain, &presets);
        same(jobs[i], plain);
        assert_int_equal(jobs[i]->spec->priority, 3);
        job_free(plain);
    }
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].trigger_of)
            assert_ptr_equal(jobs[i]->trigger, job_named(jobs, rows[i].trigger_of)->trigger);
    job_shelf_free(shelf);
    for (size_t i = 0; i < ROWS; i++) { // each goes by itself
        if (jobs[i]->trigger)
            assert_true(trigger_next(jobs[i]->trigger, context.now).us > context.now.us);
        job_free(jobs[i]);
    }
    job_shelf_free(NULL);
}

static void test_known(void **state)
{
    struct job_row row = {.name = STR_LIT("j"), .trigger = STR_LIT(HOURLY)};
    struct job *model, *job;

    (void)state;
    row.spec = STR_LIT("{\"target\":\"t" RICH);
    model = job_from_row(&row, &context);
    row.spec = row.trigger = STR_LIT("never looked at");
    job = job_from_row_known(&row, &context,
                             &(struct job_known){model, STR_LIT("u"), model->trigger});
    assert_true(str_eq(job->target, STR_LIT("u")) && str_eq(job->spec->tags, model->spec->tags));
    assert_ptr_equal(job->trigger, model->trigger);
    assert_int_equal(job->spec->max_instances, 3);
    assert_ptr_equal(job->spec, model->spec);
    job_free(model);
    assert_int_equal(trigger_kind(job->trigger), TRIGGER_CRON);
    job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_read),
        cmocka_unit_test(test_known),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
