// inventory_sql_test.c - the inventory in SQLite and in plain memory are told the same things at
// random, and tell the same.
// SPDX-License-Identifier: Apache-2.0
#include "store/inventory_sql.h"

#include "base/rand.h"
#include "scratch.h"
#include "store/memory_inventory.h"
#include "store/sqlite_file.h"
#include "store/takeover.h"

enum {
    REPORTS = 1500,
};

struct both {
    struct scratch scratch;
    struct sql *sql;
    struct memory_inventory memory;
};

static void both_open(struct both *b)
{
    struct err e = {0};

    *b = (struct both){0};
    scratch_init(&b->scratch);
    b->sql = sqlite_file_open(b->scratch.path, &e);
    if (!b->sql)
        fail_msg("%s", e.message);
}

static void both_close(struct both *b)
{
    sql_close(b->sql);
    memory_inventory_done(&b->memory);
    scratch_done(&b->scratch);
}

static void see(struct both *b, const struct store_seen *seen)
{
    struct request *r = request_see(seen);

    assert_true(inventory_write(&b->sql->base, r));
    request_free(r);
    r = request_see(seen);
    memory_inventory_see(&b->memory, r);
    request_free(r);
}

static void same(struct str a, struct str b)
{
    if (!str_eq(a, b))
        fail_msg("%.*s is not %.*s", STR(a), STR(b));
}

static void same_certificates(struct both *b, const struct store_certificate_query *query)
{
    struct request *x = request_read_certificates(query), *y = request_read_certificates(query);

    assert_true(inventory_read(&b->sql->base, x));
    memory_inventory_read(&b->memory, y);
    assert_int_equal(x->total, y->total);
    assert_int_equal(x->page_count, y->page_count);
    for (size_t i = 0; i < x->page_count; i++) {
        same(x->certificates[i].sha256, y->certificates[i].sha256);
        same(x->certificates[i].der, y->certificates[i].der);
        assert_int_equal(x->certificates[i].first_seen.us, y->certificates[i].first_seen.us);
        assert_int_equal(x->certificates[i].last_seen.us, y->certificates[i].last_seen.us);
        assert_int_equal(x->certificates[i].places, y->certificates[i].places);
    }
    request_free(x);
    request_free(y);
}

static void same_sightings(struct both *b, struct str sha256)
{
    struct request *x = request_read_sightings(sha256, 1000);
    struct request *y = request_read_sightings(sha256, 1000);

    assert_true(inventory_read_sightings(&b->sql->base, x));
    memory_inventory_read_sightings(&b->memory, y);
    assert_int_equal(x->page_count, y->page_count);
    for (size_t i = 0; i < x->page_count; i++) {
        same(x->sightings[i].place.host, y->sightings[i].place.host);
        same(x->sightings[i].place.address, y->sightings[i].place.address);
        same(x->sightings[i].chain, y->sightings[i].chain);
        same(x->sightings[i].replaced, y->sightings[i].replaced);
        assert_int_equal(x->sightings[i].position, y->sightings[i].position);
        assert_int_equal(x->sightings[i].first_seen.us, y->sightings[i].first_seen.us);
        assert_int_equal(x->sightings[i].since.us, y->sightings[i].since.us);
        assert_int_equal(x->sightings[i].last_seen.us, y->sightings[i].last_seen.us);
        assert_int_equal(x->sightings[i].is_current, y->sightings[i].is_current);
    }
    request_free(x);
    request_free(y);
}

// 60 certificates; each text is "00" to "59".
static char names[60][3];

static void report(struct both *b, struct rand_seq *rand, wall at)
{
    static const char *const hosts[] = {"x", "y", "z"}, *const addresses[] = {"1", "2"};
    struct store_certificate chain[4];
    struct store_seen seen = {.status = STR_LIT("ok"), .code = STR_LIT("ok"), .at = at};

    seen.place.host = str_of(hosts[rand_below(rand, 3)]);
    seen.place.address = str_of(addresses[rand_below(rand, 2)]);
    seen.place.port = 443;
    seen.chain = chain;
    seen.count = 1 + rand_below(rand, 4);
    for (size_t i = 0; i < seen.count; i++) {
        uint64_t which = rand_below(rand, 60);

        chain[i] = (struct store_certificate){.sha256 = {names[which], 2},
                                              .issuer = STR_LIT("CN = Some CA"),
                                              .der = {names[which], 2},
                                              .not_after = {(int64_t)(which / 3)}};
    }
    see(b, &seen);
}

static void on_load(const struct store_sighting *row, void *ctx)
{
    struct buf *text = ctx;

    buf_printf(text, "%.*s %.*s %.*s\n", STR(row->place.host), STR(row->place.address),
               STR(row->sha256));
}

static void test_both_are_one(void **state)
{
    struct rand_seq rand;
    struct both b;
    struct buf x, y;
    wall at = {INT64_C(1800000000000000)};

    (void)state;
    rand_seq_init(&rand, 4711);
    both_open(&b);
    for (int i = 0; i < 60; i++)
        memcpy(names[i], (const char[]){(char)('0' + i / 10), (char)('0' + i % 10), '\0'}, 3);
    for (int i = 0; i < REPORTS; i++) {
        at.us += (int64_t)rand_below(&rand, 3) * INVENTORY_STALE_US / 4;
        report(&b, &rand, at);
        if (i % 50 != 0)
            continue;
        same_certificates(
            &b, &(struct store_certificate_query){.limit = 1000, .expires_before = WALL_NEVER});
        same_certificates(&b, &(struct store_certificate_query){.limit = 5,
                                                                .host = STR_LIT("y"),
                                                                .issuer = STR_LIT("some"),
                                                                .is_current = true,
                                                                .expires_before = {12}});
        same_certificates(
            &b, &(struct store_certificate_query){.sha256 = {names[i % 60], 2}, .limit = 1});
        for (int k = 0; k < 60; k++)
            same_sightings(&b, (struct str){names[k], 2});
    }
    buf_init(&x, 100000);
    buf_init(&y, 100000);
    assert_true(inventory_load(&b.sql->base, on_load, &x));
    memory_inventory_load(&b.memory, on_load, &y);
    assert_string_equal(buf_text(&x), buf_text(&y));
    assert_true(x.len > 10);
    buf_done(&x);
    buf_done(&y);
    both_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_are_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
