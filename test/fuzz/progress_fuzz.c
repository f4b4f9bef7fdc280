// progress_fuzz.c - any bytes on descriptor 3, cut anywhere: whatever is kept is JSON again.
// SPDX-License-Identifier: Apache-2.0
#include "exec/progress.h"

#include <jansson.h>
#include <stdlib.h>

static void check(struct str json)
{
    json_t *value = json_loadb(json.p ? json.p : "", json.len, JSON_DECODE_ANY, NULL);

    if (json.len > 0 && !value)
        abort();
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = {(const char *)data, size};
    struct arena *arena = arena_new(4096);
    struct progress *p = progress_new();
    size_t step = size > 0 ? data[0] % 32 + 1 : 1;

    for (; all.len > step; all = str_cut(all, step, all.len))
        progress_add(p, str_cut(all, 0, step));
    progress_add(p, all);
    progress_close(p);
    (void)progress_is_new(p);
    check(progress_json(p, arena));
    check(progress_result(p, arena));
    (void)progress_warning(p, arena);
    progress_free(p);
    arena_free(arena);
    return 0;
}
