// args.c - reads a job's args.
// SPDX-License-Identifier: Apache-2.0
#include "exec/args.h"

#include <jansson.h>
#include <stdlib.h>

static char *word_make(const json_t *value, struct arena *arena)
{
    char *text;
    struct str word;

    if (json_is_string(value)) {
        word = arena_copy(arena, (struct str){json_string_value(value), json_string_length(value)});
    } else {
        text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        word = arena_copy(arena, str_of(text));
        free(text);
    }
    return (char *)(uintptr_t)word.p;
}

bool args_read(struct str json, const char *first, struct arena *arena, struct args *ret,
               struct err *e)
{
    json_error_t error;
    json_t *array = NULL;
    size_t count;

    if (json.len > 0 && !str_eq(json, STR_LIT("[]"))) {
        array = json_loadb(json.p, json.len, 0, &error);
        if (!json_is_array(array)) {
            json_decref(array);
            return fail(e, ERR_INPUT, "args", "args are not a JSON array");
        }
    }
    count = json_array_size(array);
    ret->v = arena_array(arena, count + 2, sizeof *ret->v);
    ret->v[0] = (char *)(uintptr_t)arena_copy(arena, str_of(first)).p;
    for (size_t i = 0; i < count; i++)
        ret->v[i + 1] = word_make(json_array_get(array, i), arena);
    ret->count = (int)count + 1;
    json_decref(array);
    return true;
}
