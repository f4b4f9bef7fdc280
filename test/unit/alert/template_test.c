// template_test.c - names in braces: what becomes of them, and which are refused.
// SPDX-License-Identifier: Apache-2.0
#include "alert/template.h"

#include "unit.h"

static void test_fill(void **state)
{
    static const struct {
        const char *text;
        bool is_json;
        const char *expected;
    } rows[] = {
        {"", true, ""},
        {"plain }} {", true, "plain }} {"},
        {"{{title}}", false, "a \"b\"\n"},
        {"{\"t\":\"{{title}}\"}", true, "{\"t\":\"a \\\"b\\\"\\n\"}"},
        {"{{ title }}{{count}}{{none}}{{empty}}", false, "a \"b\"\n3"},
        {"<{{everything}}>", true,
         "<{\"title\":\"a \\\"b\\\"\\n\",\"count\":3,\"empty\":null,\"list\":[1]}>"},
        {"{{list}}", true, "[1]"},
        {"{{open", false, "{{open"},
    };
    json_t *event = json_pack("{sssisns[i]}", "title", "a \"b\"\n", "count", 3, "empty", "list", 1);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;

        buf_init(&out, 1000);
        template_fill(str_of(rows[i].text), event, rows[i].is_json, &out);
        assert_string_equal(buf_text(&out), rows[i].expected);
        buf_done(&out);
    }
    json_decref(event);
}

static void test_check(void **state)
{
    static const struct {
        const char *text;
        int column; // 0: it is fine
    } rows[] = {{"", 0},     {"{{title}}", 0}, {"a {{ count }} }} {", 0}, {"ab{{title", 3},
                {"{{}}", 1}, {"{{a-b}}", 1},   {"{{a}}{{Title}}", 6},     {"{{a}}{{", 6}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};

        assert_int_equal(template_check(str_of(rows[i].text), &e), rows[i].column == 0);
        assert_int_equal(e.column, rows[i].column);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
