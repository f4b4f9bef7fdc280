// tagged_test.c - the tags that jobs have, counted.
// SPDX-License-Identifier: Apache-2.0
#include "sched/tagged.h"

#include "unit.h"

static size_t tags_there(const struct tagged *t)
{
    const struct tagged_tag *tag;
    size_t count = 0;

    for (size_t at = 0; (tag = tagged_next(t, &at));) {
        assert_int_equal(tag->jobs, tagged_count(t, tag->tag));
        count++;
    }
    return count;
}

static void test_counts(void **state)
{
    struct tagged t;

    (void)state;
    tagged_init(&t);
    assert_int_equal(tags_there(&t), 0);
    tagged_add(&t, (struct str){0});
    tagged_add(&t, STR_LIT("etl"));
    tagged_add(&t, STR_LIT("nightly etl"));
    tagged_add(&t, STR_LIT("nightly"));
    assert_int_equal(tags_there(&t), 2);
    assert_int_equal(tagged_count(&t, STR_LIT("etl")), 2);
    assert_int_equal(tagged_count(&t, STR_LIT("night")), 0);
    tagged_remove(&t, STR_LIT("etl"));
    assert_int_equal(tagged_count(&t, STR_LIT("etl")), 1);
    tagged_remove(&t, STR_LIT("nightly etl"));
    assert_int_equal(tagged_count(&t, STR_LIT("etl")), 0);
    assert_int_equal(tagged_count(&t, STR_LIT("nightly")), 1);
    assert_int_equal(tags_there(&t), 1);
    tagged_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
