// run_output.h - what a run wrote, on our own stdout and stderr.
#pragma once

#include <stdbool.h>

#include "cli/errand.h"

// What is kept of both streams of a run in full: stdout's goes to stdout, stderr's to stderr.
void run_output_print(const struct errand *x, const json_t *run, bool is_out, bool is_err);
