// merge.c - a change laid over what is there.
//
// It goes as deep as the change does, and the reader of a request's body bounds that.
// SPDX-License-Identifier: Apache-2.0
#include "job/merge.h"

json_t *merge_over(const json_t *present, const json_t *change)
{
    json_t *merged, *value;
    const char *key;

    if (!json_is_object(change))
        return json_incref((json_t *)change);
    merged = json_is_object(present) ? json_copy((json_t *)present) : json_object();
    json_object_foreach((json_t *)change, key, value)
    {
        if (json_is_null(value))
            (void)json_object_del(merged, key);
        else
            (void)json_object_set_new(merged, key, merge_over(json_object_get(merged, key), value));
    }
    return merged;
}
