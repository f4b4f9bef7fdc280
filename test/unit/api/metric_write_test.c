// metric_write_test.c - the two text formats, byte for byte.
// SPDX-License-Identifier: Apache-2.0
#include "api/metric_write.h"

#include "unit.h"

static const struct histogram_bounds bounds = {3, {500, 1000000, 2500000}};

static void say(struct metric_write *w)
{
    struct histogram h = {0};

    metric_begin(w, "a_total", METRIC_COUNTER, "One \\ \"two\"\nthree.");
    metric_int(w, LABELS({"x", STR_LIT("q\"b\\n\n\u00e9")}, {"y", STR_LIT("")}), -3);
    metric_int(w, LABELS({"x", STR_LIT("\xff\"\\.")}), INT64_MIN);
    metric_begin(w, "b_seconds", METRIC_GAUGE, "B.");
    metric_seconds(w, LABELS(), 1500000);
    metric_seconds(w, LABELS(), -1);
    metric_seconds(w, LABELS(), 0);
    metric_moment(w, LABELS(), (wall){1767225600000100});
    metric_begin(w, "c_seconds", METRIC_HISTOGRAM, "C.");
    histogram_add(&h, &bounds, 400);
    histogram_add(&h, &bounds, 1000000);
    histogram_add(&h, &bounds, 9000000);
    metric_histogram(w, LABELS({"k", STR_LIT("v")}), &h, &bounds);
    metric_finish(w);
}

static void check(bool is_open, const char *expected)
{
    struct metric_write w = {.is_open = is_open};
    struct buf out;

    buf_init(&out, 10000);
    w.out = &out;
    say(&w);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void test_text(void **state)
{
    (void)state;
    check(false, "# HELP a_total One \\\\ \"two\"\\nthree.\n"
                 "# TYPE a_total counter\n"
                 "a_total{x=\"q\\\"b\\\\n\\n\u00e9\",y=\"\"} -3\n"
                 "a_total{x=\"???.\"} -9223372036854775808\n"
                 "# HELP b_seconds B.\n"
                 "# TYPE b_seconds gauge\n"
                 "b_seconds 1.5\n"
                 "b_seconds -0.000001\n"
                 "b_seconds 0\n"
                 "b_seconds 1767225600.0001\n"
                 "# HELP c_seconds C.\n"
                 "# TYPE c_seconds histogram\n"
                 "c_seconds_bucket{k=\"v\",le=\"0.0005\"} 1\n"
                 "c_seconds_bucket{k=\"v\",le=\"1\"} 2\n"
                 "c_seconds_bucket{k=\"v\",le=\"2.5\"} 2\n"
                 "c_seconds_bucket{k=\"v\",le=\"+Inf\"} 3\n"
                 "c_seconds_sum{k=\"v\"} 10.0004\n"
                 "c_seconds_count{k=\"v\"} 3\n");
}

static void test_openmetrics(void **state)
{
    (void)state;
    check(true, "# HELP a One \\\\ \\\"two\\\"\\nthree.\n"
                "# TYPE a counter\n"
                "a_total{x=\"q\\\"b\\\\n\\n\u00e9\",y=\"\"} -3\n"
                "a_total{x=\"???.\"} -9223372036854775808\n"
                "# HELP b_seconds B.\n"
                "# TYPE b_seconds gauge\n"
                "# UNIT b_seconds seconds\n"
                "b_seconds 1.5\n"
                "b_seconds -0.000001\n"
                "b_seconds 0\n"
                "b_seconds 1767225600.0001\n"
                "# HELP c_seconds C.\n"
                "# TYPE c_seconds histogram\n"
                "# UNIT c_seconds seconds\n"
                "c_seconds_bucket{k=\"v\",le=\"0.0005\"} 1\n"
                "c_seconds_bucket{k=\"v\",le=\"1.0\"} 2\n"
                "c_seconds_bucket{k=\"v\",le=\"2.5\"} 2\n"
                "c_seconds_bucket{k=\"v\",le=\"+Inf\"} 3\n"
                "c_seconds_sum{k=\"v\"} 10.0004\n"
                "c_seconds_count{k=\"v\"} 3\n"
                "# EOF\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_openmetrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
