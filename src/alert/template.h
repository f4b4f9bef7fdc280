// template.h - texts with {{names}} in them, filled in from an event.
//
// {{title}} is the member title of the event: a text as it is, anything else as JSON;
// {{everything}} is the whole event as JSON. In JSON the texts are escaped, so they belong between
// quotes: {"text":
// "{{title}}"}. A name that the event does not have becomes nothing.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

// Whether braces are closed and hold names. Fails with ERR_INPUT and the column.
[[nodiscard]] bool template_check(struct str text, struct err *e);

void template_fill(struct str text, const json_t *event, bool is_json, struct buf *out);
