// command_test.c - the command table: help for each row, and what an unknown word gets.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdlib.h>

#include <string.h>

#include "unit.h"

static int run(char *a, char *b)
{
    char *argv[] = {"belfry", a, b, NULL};

    return command_main(b ? 3 : a ? 2 : 1, argv);
}

static char *help_of(const struct command *command)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    command_help(command, out);
    fclose(out);
    return text;
}

static void test_each_command_has_help(void **state)
{
    char *all = help_of(NULL);

    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        char *one = help_of(&commands[i]);

        assert_non_null(strstr(all, commands[i].help));
        assert_non_null(strstr(one, commands[i].synopsis));
        assert_ptr_equal(command_find(commands[i].name), &commands[i]);
        assert_int_equal(run((char *)commands[i].name, "--help"), 0);
        free(one);
    }
    free(all);
}

static void test_exit_statuses(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, NULL), 2);
    assert_int_equal(run("--help", NULL), 0);
    assert_int_equal(run("version", NULL), 0);
    assert_int_equal(run("--version", NULL), 0);
    assert_int_equal(run("version", "--verbose"), 0);
    assert_int_equal(run("version", "--loud"), 2);
    assert_int_equal(run("sreve", NULL), 2);
    assert_int_equal(run("help", "nosuch"), 2);
    assert_int_equal(run("help", "serve"), 0);
    assert_null(command_find("sreve"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_command_has_help),
        cmocka_unit_test(test_exit_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
