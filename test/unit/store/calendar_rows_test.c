// calendar_rows_test.c - versions count, refusals write nothing.
// SPDX-License-Identifier: Apache-2.0
#include "store/calendar_rows.h"

#include "scratch.h"
#include "store/migrate.h"

static struct request *put(int expect_version)
{
    const struct store_calendar row = {
        .kind = STORE_FREEZE, .name = STR_LIT("x"), .body = STR_LIT("{}")};

    return request_put_calendar(&row, expect_version);
}

static void test_versions(void **state)
{
    static const struct {
        int expect, version;
        enum err_code code;
    } rows[] = {
        {1, 0, ERR_NOT_FOUND},
        {STORE_CREATE, 1, ERR_NONE},
        {STORE_CREATE, 1, ERR_EXISTS},
        {2, 1, ERR_CONFLICT},
        {1, 2, ERR_NONE},
        {STORE_ANY, 3, ERR_NONE},
    };
    struct scratch s;
    struct err e;

    (void)state;
    scratch_init(&s);
    struct sql *sql = sql_open(s.path, true, &e);

    assert_true(migrate(sql, &e));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *r = put(rows[i].expect);

        assert_true(calendar_rows_put(&sql->base, r));
        assert_int_equal(r->is_refused ? r->err.code : ERR_NONE, rows[i].code);
        if (!r->is_refused)
            assert_int_equal(r->version, rows[i].version);
        request_free(r);
    }
    for (int i = 0; i < 2; i++) {
        struct request *r = request_delete_calendar(STORE_FREEZE, STR_LIT("x"));

        assert_true(calendar_rows_delete(&sql->base, r));
        assert_int_equal(r->is_refused, i == 1);
        request_free(r);
    }
    assert_int_equal(sql_script(sql, "DROP TABLE calendar"), SQLITE_OK);
    struct request *r = put(STORE_ANY);

    assert_false(calendar_rows_put(&sql->base, r));
    request_free(r);
    sql_close(sql);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_versions)};

    return cmocka_run_group_tests_name("store/calendar_rows", tests, NULL, NULL);
}
