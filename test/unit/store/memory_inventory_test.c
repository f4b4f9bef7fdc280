// memory_inventory_test.c - the inventory in plain memory, alone; inventory_sql_test holds it
// against the one in SQLite, and test/contract against what a store promises.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_inventory.h"

#include "unit.h"

static int told;

static void on_sighting(const struct store_sighting *row, void *ctx)
{
    (void)ctx;
    told++;
    assert_true(str_eq(row->sha256, STR_LIT("b")));
    assert_true(str_eq(row->replaced, STR_LIT("a")));
}

static void see(struct memory_inventory *inventory, const char *sha256, int64_t at)
{
    struct store_certificate chain = {.sha256 = str_of(sha256), .not_after = {at}};
    struct store_seen seen = {
        .place = {.host = STR_LIT("x"), .port = 1}, .at = {at}, .chain = &chain, .count = 1};
    struct request *r = request_see(&seen);

    memory_inventory_see(inventory, r);
    request_free(r);
}

static void test_see_and_read(void **state)
{
    struct memory_inventory inventory = {0};
    struct request *r;

    (void)state;
    see(&inventory, "a", 1);
    see(&inventory, "b", 2);
    memory_inventory_load(&inventory, on_sighting, NULL);
    assert_int_equal(told, 1);
    r = request_read_certificates(
        &(struct store_certificate_query){.limit = 1, .expires_before = WALL_NEVER});
    memory_inventory_read(&inventory, r);
    assert_int_equal(r->total, 2);
    assert_int_equal(r->page_count, 1);
    request_free(r);
    r = request_read_sightings(STR_LIT("a"), 10);
    memory_inventory_read_sightings(&inventory, r);
    assert_int_equal(r->page_count, 1);
    assert_false(r->sightings[0].is_current);
    request_free(r);
    memory_inventory_done(&inventory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_see_and_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
