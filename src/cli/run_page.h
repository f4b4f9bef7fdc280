// run_page.h - `belfry run show`: everything about one run.
#pragma once

#include <stdbool.h>

#include "base/err.h"

// Whether "run show RUN" was typed, RUN being a number, and not a job called show to be run.
bool run_page_is_meant(int argc, char **argv);

// The command; argv[0] is "run". Returns the exit status.
int run_page(int argc, char **argv);

// Whether a word can be the number of a run.
bool run_page_is_number(const char *word);

// The same; when it is not, says how runs are found.
[[nodiscard]] bool run_page_check(const char *word, struct err *e);
