// merge.h - a change laid over what is there, as RFC 7396 (JSON Merge Patch) has it.
#pragma once

#include <jansson.h>

// Members of change replace those of present, null takes one away, and objects are merged in the
// same way. What is no object replaces the whole. Neither is changed; present may be NULL. End the
// result with json_decref.
[[nodiscard]] json_t *merge_over(const json_t *present, const json_t *change);
