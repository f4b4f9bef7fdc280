// followers_test.c - who follows whom, as definitions come, change and go.
// SPDX-License-Identifier: Apache-2.0
#include "sched/followers.h"

#include "fixture.h"

static struct job *follower(struct fixture *f, int64_t id, const char *name, const char *depends_on)
{
    struct job *job = fixture_job(f, name, "{\"type\":\"manual\"}");
    json_t *value = json_loads(depends_on, 0, NULL);
    struct arena *arena = arena_new(1024);
    struct model_issues issues;

    model_issues_init(&issues, arena);
    assert_true(depends_read(value, STR_LIT("\"depends_on\""), &issues, &job->depends));
    job->id = id;
    json_decref(value);
    arena_free(arena);
    return job;
}

// "b c ": the names of those that follow.
static const char *names_of(const struct due *due, const char *name)
{
    static char text[200];
    size_t count, len = 0;
    struct entry *const *entries = followers_of(&due->followers, str_of(name), &count);

    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s ", STR(entries[i]->job->name));
    return text;
}

static void test_follow(void **state)
{
    struct fixture f;
    struct due due;

    (void)state;
    fixture_open(&f);
    due_init(&due);
    struct entry *b = due_add(&due, follower(&f, 2, "b", "[\"a\"]"));

    (void)due_add(&due, follower(&f, 3, "c", "[\"a\",\"b\"]"));
    assert_string_equal(names_of(&due, "a"), "b c ");
    assert_string_equal(names_of(&due, "b"), "c ");
    assert_string_equal(names_of(&due, "c"), "");
    due_replace(&due, b, follower(&f, 2, "b", "[\"x\"]"));
    assert_string_equal(names_of(&due, "a"), "c ");
    assert_string_equal(names_of(&due, "x"), "b ");
    due_remove(&due, b);
    assert_string_equal(names_of(&due, "x"), "");
    due_remove(&due, due_find(&due, STR_LIT("c")));
    assert_string_equal(names_of(&due, "a"), "");
    due_done(&due);
    store_close(f.store);
    fixture_close(&f);
}

// The table alone; due.c calls these.
static void test_alone(void **state)
{
    struct followers followers;
    struct fixture f;
    struct entry entry = {0};
    size_t count;

    (void)state;
    fixture_open(&f);
    followers_init(&followers);
    entry.job = follower(&f, 1, "b", "[\"a\"]");
    assert_null(followers_of(&followers, STR_LIT("a"), &count));
    followers_join(&followers, &entry);
    assert_ptr_equal(followers_of(&followers, STR_LIT("a"), &count)[0], &entry);
    assert_int_equal(count, 1);
    followers_leave(&followers, &entry);
    followers_leave(&followers, &entry);
    assert_null(followers_of(&followers, STR_LIT("a"), &count));
    followers_join(&followers, &entry);
    followers_done(&followers);
    job_free(entry.job);
    store_close(f.store);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_follow), cmocka_unit_test(test_alone)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
