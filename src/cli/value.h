// value.h - a member of a reply as a person reads it.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"

// Null, or a text, list or object with nothing in it.
bool value_is_empty(const json_t *value);

// Texts bare, lists and objects flat, without what is not said.
void value_write(const json_t *value, struct buf *out);
