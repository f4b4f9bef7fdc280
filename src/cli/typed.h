// typed.h - what was typed behind a command's name, read by the lines of its own help.
//
// The help is the table: a line that begins with two blanks and a dash declares an option,
//
//       -n, --count COUNT   at most so many
//
// by its names, a value when one is named, and what it is for behind two blanks more. So the help,
// what is understood, what the shells complete and the manual cannot differ. A short name before a
// long one is another name of it; "-4, -6" and "--tls-min VERSION, --tls-max VERSION" are options
// of their own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "cli/command_text.h"

enum {
    TYPED_OPTIONS_MAX = 64
};

// Texts point into the lines that were read.
struct typed_option {
    struct str name;  // "--count"
    struct str other; // "-n"; empty when there is none
    struct str value; // "COUNT"; empty when it takes none
    struct str help;  // the first line of it
};

// The options that text declares, in its order. Returns their count.
size_t typed_options(struct str text, struct typed_option ret_options[TYPED_OPTIONS_MAX]);

struct typed {
    const char *command;
    char **args; // what is no option, in order
    int arg_count;
    char **rest; // what stands behind "--"; NULL when there was none
    int rest_count;
    size_t given_count;
    struct {
        struct str name; // of the option
        const char *value;
    } given[TYPED_OPTIONS_MAX];
};

// Reads argv (argv[0] is the command) by the help of the command; the words of argv are put in
// another order. Options may stand anywhere before "--"; "--name=value", "-n5" and "-wf" are
// understood, "-" is no option. What is not understood is ERR_USAGE, with the nearest option as a
// hint.
[[nodiscard]] bool typed_read(int argc, char **argv, struct typed *ret_typed, struct err *e);

// The last value that an option was given; NULL when it was not. name as in the help: "--count".
const char *typed_value(const struct typed *typed, const char *name);
bool typed_has(const struct typed *typed, const char *name);

// The number that was given, or preset. False with ERR_USAGE when it is not one from min to max.
[[nodiscard]] bool typed_number(const struct typed *typed, const char *name, int64_t min,
                                int64_t max, int64_t preset, int64_t *ret_n, struct err *e);
