// throttle_test.c - rates of starts, read and written.
// SPDX-License-Identifier: Apache-2.0
#include "job/throttle.h"

#include "unit.h"

static void test_texts(void **state)
{
    static const struct {
        const char *text, *again; // again: as it is written; NULL: no rate
        int64_t step_us;
    } rows[] = {
        {"10/m", "10/m", 6000000},
        {"1/s", "1/s", 1000000},
        {" 100 / h ", "100/h", 36000000},
        {"5/d", "5/d", 17280000000},
        {"3/30s", "3/30s", 10000000},
        {"2/1h30m", "2/1h30m", 2700000000},
        {"2/1h 30m", "2/1h30m", 2700000000},
        {"1/60", "1/m", 60000000},
        {"1000000/s", "1000000/s", 1},
        {"10/m burst 5", "10/m burst 5", 6000000},
        {"10/1h30m   burst  20 ", "10/1h30m burst 20", 540000000},
        {"10/m burst 1", "10/m", 6000000},
        {"", NULL, 0},
        {"10", NULL, 0},
        {"10/", NULL, 0},
        {"/m", NULL, 0},
        {"0/m", NULL, 0},
        {"-1/m", NULL, 0},
        {"1.5/m", NULL, 0},
        {"10/0s", NULL, 0},
        {"10/w", NULL, 0},
        {"10/m/m", NULL, 0},
        {"10/m burst", NULL, 0},
        {"10/m burst 0", NULL, 0},
        {"10/m burst x", NULL, 0},
        {"10/m bursts 2", NULL, 0},
        {"1000001/d", NULL, 0},
        {"1000000/1ms", NULL, 0}, // closer than a microsecond
        {"1/400d", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct throttle t;
        struct buf out;
        struct err e;

        assert_int_equal(throttle_parse(str_of(rows[i].text), "rate", &t, &e),
                         rows[i].again != NULL);
        if (!rows[i].again) {
            assert_int_equal(e.code, ERR_INPUT);
            assert_string_equal(e.field, "rate");
            assert_non_null(strstr(e.hint, "10/m"));
            continue;
        }
        buf_init(&out, 200);
        throttle_write(&t, &out);
        assert_string_equal(buf_text(&out), rows[i].again);
        assert_int_equal(throttle_step_us(&t), rows[i].step_us);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
