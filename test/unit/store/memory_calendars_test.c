// memory_calendars_test.c - calendars in plain memory: their order, versions and refusals.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_calendars.h"

#include "unit.h"

static int put(struct memory_calendars *calendars, enum store_calendar_kind kind, const char *name,
               int expect)
{
    struct store_calendar row = {.kind = kind, .name = str_of(name), .body = STR_LIT("{}")};
    struct request *r = request_put_calendar(&row, expect);

    memory_calendars_put(calendars, r);
    int version = r->err.code == ERR_NONE ? r->version : -1;

    request_free(r);
    return version;
}

static bool delete (struct memory_calendars *calendars, enum store_calendar_kind kind,
                    const char *name)
{
    struct request *r = request_delete_calendar(kind, str_of(name));

    memory_calendars_delete(calendars, r);
    bool ok = r->err.code == ERR_NONE;

    request_free(r);
    return ok;
}

static void test_all(void **state)
{
    struct memory_calendars calendars = {0};

    (void)state;
    assert_int_equal(put(&calendars, STORE_FREEZE, "a", STORE_CREATE), 1);
    assert_int_equal(put(&calendars, STORE_CALENDAR, "z", STORE_ANY), 1);
    assert_int_equal(put(&calendars, STORE_CALENDAR, "b", STORE_CREATE), 1);
    assert_int_equal(put(&calendars, STORE_CALENDAR, "b", STORE_CREATE), -1);
    assert_int_equal(put(&calendars, STORE_CALENDAR, "b", 1), 2);
    assert_int_equal(put(&calendars, STORE_CALENDAR, "b", 1), -1);
    assert_int_equal(calendars.len, 3);
    assert_true(str_eq(calendars.v[0].name, STR_LIT("b")));
    assert_true(str_eq(calendars.v[1].name, STR_LIT("z")));
    assert_int_equal(calendars.v[2].kind, STORE_FREEZE);
    assert_true(delete (&calendars, STORE_CALENDAR, "z"));
    assert_false(delete (&calendars, STORE_CALENDAR, "z"));
    assert_false(delete (&calendars, STORE_CALENDAR, "a"));
    assert_int_equal(calendars.len, 2);
    memory_calendars_done(&calendars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
