// value_test.c - values of the API in words.
// SPDX-License-Identifier: Apache-2.0
#include "cli/value.h"

#include <string.h>

#include "unit.h"

static const struct {
    const char *json, *words; // NULL: it is empty
} cases[] = {
    {"null", NULL},
    {"\"\"", NULL},
    {"[]", NULL},
    {"{}", NULL},
    {"\"two words\"", "two words"},
    {"true", "true"},
    {"-7", "-7"},
    {"[\"sh\",\"-c\",\"a b\",\"\"]", "sh -c 'a b' ''"},
    {"{\"a\":1,\"none\":null,\"b\":[\"x\",2]}", "a 1, b x 2"},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *value = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
        struct buf words;

        buf_init(&words, 1000);
        value_write(value, &words);
        if (value_is_empty(value) != !cases[i].words ||
            (cases[i].words && strcmp(buf_text(&words), cases[i].words) != 0))
            fail_msg("%s: %s", cases[i].json, buf_text(&words));
        buf_done(&words);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
