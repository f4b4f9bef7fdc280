// job_spec_test.c - shared by jobs that are alike; a change makes it one job's own.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_spec.h"

#include "job/job.h"

#include "unit.h"

static void test_sharing(void **state)
{
    struct job *a = job_new(STR_LIT("a")), *b = job_copy(a, NULL);
    struct job_spec *own;

    (void)state;
    assert_ptr_equal(a->spec, b->spec);
    own = job_edit(b);
    assert_ptr_equal(b->spec, own);
    assert_ptr_not_equal(a->spec, own);
    assert_ptr_equal(job_edit(b), own); // it has one already
    own->keep = 7;
    assert_int_equal(a->spec->keep, 0);
    assert_ptr_equal(job_spec_share(a->spec), a->spec);
    assert_int_equal(a->spec->owners, 2);
    job_spec_drop(a->spec);
    job_free(b);
    assert_int_equal(a->spec->owners, 1);
    job_free(a);
    job_spec_drop(NULL);
}

static void test_copy(void **state)
{
    struct job_spec *spec = job_spec_new(), *copy;
    struct throttle throttle = {0};
    json_t *pools = json_pack("{si}", "db", 2), *args = json_pack("[s]", "x");
    json_t *options = json_pack("{ss}", "umask", "027"), *rules = json_array();
    struct str *const texts[] = {&spec->description, &spec->tags, &spec->nodes, &spec->quarantine};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        job_spec_set_text(texts[i], STR_LIT("said"));
    job_spec_set_args(spec, args);
    job_spec_set_options(spec, options);
    job_spec_set_notify(spec, rules);
    spec->needs = needs_new(pools, &throttle);
    spec->priority = -3;
    copy = job_spec_copy(spec);
    assert_string_equal(copy->args.p, "[\"x\"]");
    assert_string_equal(copy->options.p, "{\"umask\":\"027\"}");
    assert_string_equal(copy->notify.p, "[]");
    job_spec_drop(spec);
    assert_string_equal(copy->description.p, "said");
    assert_string_equal(copy->quarantine.p, "said");
    assert_true(needs_name(copy->needs, STR_LIT("db")));
    assert_int_equal(copy->priority, -3);
    job_spec_set_notify(copy, NULL);
    assert_null(copy->notify.p);
    job_spec_set_text(&copy->args, STR_LIT("[]"));
    assert_string_equal(copy->args.p, "[]");
    job_spec_drop(copy);
    json_decref(pools);
    json_decref(args);
    json_decref(options);
    json_decref(rules);
}

static void test_presets(void **state)
{
    struct job_presets presets = job_presets_built_in;
    struct job_spec *spec = job_spec_new();

    (void)state;
    assert_int_equal(spec->preset, UINT64_MAX);
    assert_int_equal(spec->max_instances, job_presets_built_in.max_instances);
    presets.keep = 5;
    presets.priority = 9;
    spec->preset &= ~(UINT64_C(1) << POLICY_priority); // it says so itself
    job_spec_set_presets(spec, &presets);
    assert_int_equal(spec->keep, 5);
    assert_int_equal(spec->priority, 0);
    job_spec_drop(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_presets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
