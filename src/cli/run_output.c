// run_output.c - prints the output that is kept with a run.
// SPDX-License-Identifier: Apache-2.0
#include "cli/run_output.h"

#include <stdio.h>

static void part_print(const json_t *text, FILE *to)
{
    if (json_string_length(text) > 0)
        fwrite(json_string_value(text), 1, json_string_length(text), to);
}

static void stream_print(const struct errand *x, const json_t *stream, FILE *to)
{
    const json_t *head = json_object_get(stream, "head"), *tail = json_object_get(stream, "tail");
    json_int_t total = json_integer_value(json_object_get(stream, "total"));
    json_int_t gap = total - (json_int_t)(json_string_length(head) + json_string_length(tail));

    part_print(head, to);
    fflush(to);
    if (gap > 0 && json_string_length(tail) > 0)
        errand_say(x, "\n... %lld bytes are not kept ...", (long long)gap);
    part_print(tail, to);
    fflush(to);
}

void run_output_print(const struct errand *x, const json_t *run, bool is_out, bool is_err)
{
    if (is_out)
        stream_print(x, json_object_get(run, "stdout"), stdout);
    if (is_err)
        stream_print(x, json_object_get(run, "stderr"), stderr);
}
