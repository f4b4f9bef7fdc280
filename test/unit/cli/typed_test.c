// typed_test.c - options as the help declares them, and words as people type them.
// SPDX-License-Identifier: Apache-2.0
#include "cli/typed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void test_declarations(void **state)
{
    static const char text[] = "Remarks come first -x.\n"
                               "  -n, --count COUNT   at most so many\n"
                               "                      --more of the same\n"
                               "  --quiet             say nothing\n"
                               "  -4, -6              addresses\n"
                               "  --min V, --max V    bounds\n"
                               "\n"
                               "  no option\n"
                               "  --last\n";
    static const char *const rows[][4] = {
        {"--count", "-n", "COUNT", "at most so many"},
        {"--quiet", "", "", "say nothing"},
        {"-4", "", "", "addresses"},
        {"-6", "", "", "addresses"},
        {"--min", "", "V", "bounds"},
        {"--max", "", "V", "bounds"},
        {"--last", "", "", ""},
    };
    struct typed_option options[TYPED_OPTIONS_MAX];

    (void)state;
    assert_int_equal(typed_options(str_of(text), options), COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(str_eq(options[i].name, str_of(rows[i][0])));
        assert_true(str_eq(options[i].other, str_of(rows[i][1])));
        assert_true(str_eq(options[i].value, str_of(rows[i][2])));
        assert_true(str_eq(options[i].help, str_of(rows[i][3])));
    }
}

// Reads words with blanks between them; what was understood as "args|rest|name=value ...", or
// "! message".
static void read_words(const char *line, char *out, size_t size)
{
    char copy[256], *argv[32], *save = NULL;
    struct typed t;
    struct err e = {0};
    int argc = 0;
    size_t len = 0;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    if (!typed_read(argc, argv, &t, &e)) {
        snprintf(out, size, "! %s%s%s", e.message, e.hint[0] ? "; " : "", e.hint);
        assert_int_equal(e.code, ERR_USAGE);
        return;
    }
    for (int i = 0; i < t.arg_count; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? " " : "", t.args[i]);
    len += (size_t)snprintf(out + len, size - len, "|");
    for (int i = 0; i < t.rest_count; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? " " : "", t.rest[i]);
    len += (size_t)snprintf(out + len, size - len, "|");
    for (size_t i = 0; i < t.given_count; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%.*s=%s", i > 0 ? " " : "",
                                STR(t.given[i].name), t.given[i].value);
}

static void test_words(void **state)
{
    static const struct {
        const char *line, *understood;
    } rows[] = {
        {"history", "||"},
        {"history web", "web||"},
        {"history web -n 5", "web||--count=5"},
        {"history -n5 web", "web||--count=5"},
        {"history --count=5 web", "web||--count=5"},
        {"history --count= web", "web||--count="},
        {"history - -- -n", "-|-n|"},
        {"history --", "||"},
        {"run -wf web -- -x --y", "web|-x --y|--wait= --follow="},
        {"run -w web a b", "web a b||--wait="},
        {"rm -y a b", "a b||--yes="},
        {"rm -qy a", "a||--quiet= --yes="},
        {"rm --yes=1", "! --yes takes no value"},
        {"history -n", "! -n needs COUNT"},
        {"history --count", "! --count needs COUNT"},
        {"history --coutn 3", "! there is no option --coutn; did you mean --count?"},
        {"history --zzzzzzzz", "! there is no option --zzzzzzzz"},
        {"history -x", "! there is no option -x"},
        {"rm -yx", "! there is no option -x"},
    };
    char out[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        read_words(rows[i].line, out, sizeof out);
        assert_string_equal(out, rows[i].understood);
    }
}

static void test_numbers(void **state)
{
    char *argv[] = {"history", "-n", "7", "-n", "12", NULL};
    struct typed t;
    struct err e;
    int64_t n = 0;

    (void)state;
    assert_true(typed_read(5, argv, &t, &e));
    assert_string_equal(typed_value(&t, "--count"), "12");
    assert_true(typed_has(&t, "--count"));
    assert_false(typed_has(&t, "--fields"));
    assert_true(typed_number(&t, "--count", 1, 12, 5, &n, &e));
    assert_int_equal(n, 12);
    assert_true(typed_number(&t, "--fields", 1, 12, 5, &n, &e));
    assert_int_equal(n, 5);
    assert_false(typed_number(&t, "--count", 1, 11, 5, &n, &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.message, "--count must be 1-11, not \"12\"");
}

// What every command's help declares can be typed: a name of two dashes once, a short one once.
static void test_each_help_is_a_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_text_count; i++) {
        struct typed_option options[TYPED_OPTIONS_MAX];
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);

        command_text_options(&command_texts[i], out);
        fclose(out);
        size_t count = typed_options((struct str){text, len}, options);

        for (size_t a = 0; a < count; a++)
            for (size_t b = 0; b < a; b++) {
                assert_false(str_eq(options[a].name, options[b].name));
                assert_false(options[a].other.len > 0 &&
                             str_eq(options[a].other, options[b].other));
            }
        free(text);
    }
    assert_non_null(command_text_find("serve"));
    assert_null(command_text_find("serv"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_each_help_is_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
