// combination_test.c - trees of triggers against the sets of moments that they stand for.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/combination.h"

#include <stdlib.h>

#include "base/mem.h"
#include "trigger_fixture.h"

#define SLOTS_MAX 200000
#define FROM "2026-02-20"
#define UPTO "2026-04-20"

static uint64_t seed = 31;

static int64_t rnd(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 2) % n;
}

static const char *const leaves[] = {
    "{\"type\":\"cron\",\"expr\":\"30 2 * * *\"}",
    "{\"type\":\"cron\",\"expr\":\"*/20 * * * *\"}",
    "{\"type\":\"cron\",\"expr\":\"0 */2 * * mon-fri\"}",
    "{\"type\":\"cron\",\"expr\":\"0,30 * * * *\",\"start_date\":\"2026-03-01\"}",
    "{\"type\":\"cron\",\"hour\":\"1-4\",\"day\":\"last sun,1-9\"}",
    "{\"type\":\"cron\",\"hour\":\"*\",\"end_date\":\"2026-04-01 12:00\"}",
    "{\"type\":\"cron\",\"expr\":\"0 3 * * *\",\"timezone\":\"America/New_York\"}",
    "{\"type\":\"cron\",\"expr\":\"15 1-3 * * *\",\"dst\":\"both\"}",
    "{\"type\":\"cron\",\"expr\":\"0 2,3 * * *\",\"dst\":\"skip\"}",
    "{\"type\":\"cron\",\"expr\":\"0 0 13 * 5\"}",
    "{\"type\":\"interval\",\"minutes\":30,\"start_date\":\"2026-02-01\"}",
    "{\"type\":\"interval\",\"hours\":5,\"start_date\":\"2026-02-01 01:00\"}",
    "{\"type\":\"interval\",\"minutes\":50,\"start_date\":\"2026-02-01 00:20\",\"max_runs\":900}",
    "{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T02:30:00/P1D\"}",
    "{\"type\":\"iso8601\",\"expr\":\"R2000/2026-01-01T00:00:00/PT1H\"}",
    "{\"type\":\"calendarinterval\",\"weeks\":1,\"time\":\"03:00\",\"start_date\":\"2026-01-04\"}",
    "{\"type\":\"date\",\"run_dates\":[\"2026-03-01\",\"2026-03-01T02:30\",\"2026-03-05T03:00\","
    "\"2026-03-29T03:00\"]}",
};

// A random tree as JSON.
static json_t *random_tree(int depth)
{
    static const char *const bounds[] = {"start_date", "2026-03-10 00:00", "end_date",
                                         "2026-04-05 00:00"};
    json_t *spec, *list;

    if (depth == 0 || (depth < 3 && rnd(3) > 0)) {
        spec = json_loads(leaves[rnd(COUNT(leaves))], 0, NULL);
        assert_non_null(spec);
        return spec;
    }
    list = json_array();
    for (int64_t i = 1 + rnd(3); i >= 0; i--)
        json_array_append_new(list, random_tree(depth - 1));
    spec = json_pack("{sssO}", "type", rnd(2) ? "and" : "or", "triggers", list);
    json_decref(list);
    if (rnd(6) == 0) {
        int64_t which = rnd(2) * 2;

        json_object_set_new(spec, bounds[which], json_string(bounds[which + 1]));
    }
    return spec;
}

static int wall_cmp(const void *a, const void *b)
{
    int64_t x = ((const wall *)a)->us, y = ((const wall *)b)->us;

    return (x > y) - (x < y);
}

// The moments of a set that are in another, or both together; returns how many are left in a.
static size_t sets_join(bool is_and, wall *a, size_t count, const wall *b, size_t b_count)
{
    size_t kept = 0;

    if (is_and) {
        for (size_t i = 0; i < count; i++)
            if (bsearch(&a[i], b, b_count, sizeof *b, wall_cmp))
                a[kept++] = a[i];
        return kept;
    }
    assert_true(count + b_count <= SLOTS_MAX);
    memcpy(a + count, b, b_count * sizeof *b);
    qsort(a, count + b_count, sizeof *a, wall_cmp);
    for (size_t i = 0; i < count + b_count; i++)
        if (i == 0 || a[i].us != a[kept - 1].us)
            a[kept++] = a[i];
    return kept;
}

// All slots of a tree in (from, upto], set by set.
static size_t naive(const struct trigger *t, wall from, wall upto, wall *slots)
{
    const struct combination *c = t->own;
    size_t count = 0, kept = 0;
    wall *more;

    if (t->kind->id != TRIGGER_AND && t->kind->id != TRIGGER_OR)
        return trigger_between(t, from, upto, SLOTS_MAX, slots);
    more = mem_array(SLOTS_MAX, sizeof *more);
    for (int i = 0; i < c->count; i++) {
        size_t n = naive(c->triggers[i], from, upto, i ? more : slots);

        count = i ? sets_join(c->is_and, slots, count, more, n) : n;
    }
    free(more);
    for (size_t i = 0; i < count; i++)
        if (!t->bounds || (slots[i].us >= t->bounds->start.us && slots[i].us <= t->bounds->last.us))
            slots[kept++] = slots[i];
    return kept;
}

static bool tree_check(struct zones *zones, const json_t *spec)
{
    struct trigger_context context = {zones, STR_LIT("Europe/Berlin"), {0}, {0}, NULL};
    wall from = at_of(zones, FROM), upto = at_of(zones, UPTO);
    wall *slots = mem_array(SLOTS_MAX, sizeof *slots), at = from;
    struct trigger *t = NULL;
    struct err e;
    bool ok = trigger_parse(spec, &context, &t, &e);
    size_t count = ok ? naive(t, from, upto, slots) : 0;

    if (!ok)
        assert_true(e.code == ERR_SCHEDULE || strstr(e.message, "at most 32 triggers"));
    for (size_t i = 0; ok && i <= count; i++) {
        wall want = i < count ? slots[i] : WALL_NEVER, next = trigger_next(t, at);

        if (i < count ? next.us != want.us : next.us <= upto.us)
            fail_msg("%s: slot %zu is %lld, not %lld", json_dumps(spec, 0), i, (long long)next.us,
                     (long long)want.us);
        at = next;
    }
    if (ok) {
        wall last;

        assert_int_equal(trigger_count(t, from, upto, SLOTS_MAX, &last), count);
        assert_int_equal(last.us, count ? slots[count - 1].us : WALL_NEVER.us);
        if (count)
            assert_int_equal(trigger_prev(t, upto).us, slots[count - 1].us);
    }
    trigger_free(t);
    free(slots);
    return ok;
}

static void test_sets(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    int accepted = 0;

    (void)state;
    for (int i = 0; i < 120; i++) {
        json_t *spec = random_tree(3);

        accepted += tree_check(zones, spec);
        json_decref(spec);
    }
    assert_true(accepted > 70);
    zones_free(zones);
}

// A search ends when its work is done, and says so.
static void test_exhausted(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(
        zones,
        "{\"type\":\"and\",\"triggers\":[{\"type\":\"cron\",\"expr\":\"0 9 * * *\",\"timezone\":"
        "\"America/New_York\"},{\"type\":\"cron\",\"expr\":\"0 14 * * *\",\"timezone\":\"Europe/"
        "Berlin\"}]}",
        "UTC");
    wall from = at_of(zones, "2026-04-01"), slot = at_of(zones, "2026-10-25 13:00");
    struct search s;

    (void)state;
    search_begin(&s, t, 1000);
    assert_int_equal(search_next(&s, from).us, slot.us);
    assert_false(s.is_exhausted);
    assert_int_equal(search_next(&s, slot).us, at_of(zones, "2026-10-26 13:00").us);
    search_begin(&s, t, 100);
    assert_int_equal(search_next(&s, from).us, WALL_NEVER.us);
    assert_true(s.is_exhausted);
    trigger_free(t);
    zones_free(zones);
}

// Leaves, cursors and sieves are counted through the tree.
static void test_prepare(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(
        zones,
        "{\"type\":\"or\",\"triggers\":[{\"expr\":\"* * * * *\"},{\"type\":\"and\",\"triggers\":[{"
        "\"expr\":\"* * * * *\"},{\"expr\":\"0 * * * *\"},{\"expr\":\"0 * * * *\",\"timezone\":"
        "\"UTC\"},{\"type\":\"interval\",\"hours\":1,\"start_date\":\"2026-01-01\"}]}]}",
        "Europe/Berlin");
    struct combination *outer = combination_of(t);
    struct combination *inner = combination_of(outer->triggers[1]);

    (void)state;
    assert_null(combination_of(outer->triggers[0]));
    assert_int_equal(inner->leaves, 4);
    assert_int_equal(inner->sieve_count, 2); // Europe/Berlin; UTC with the interval
    assert_int_equal(inner->cursors, 6);
    assert_int_equal(outer->leaves, 5);
    assert_int_equal(outer->sieve_count, 0);
    assert_int_equal(outer->cursors, 7);
    trigger_free(t);

    // Nothing to prepare is possible, too.
    struct combination *none = mem_alloc(sizeof *none);
    none->is_and = true;
    combination_prepare(none);
    assert_int_equal(none->cursors, 0);
    combination_free(none);
    combination_free(NULL);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_exhausted),
        cmocka_unit_test(test_prepare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
