// openapi.h - the OpenAPI 3.1 document, made from the route table and the models.
#pragma once

#include <stddef.h>

#include "api/router.h"
#include "base/buf.h"

// Writes the whole document as JSON: one operation a route, one schema a model that a route
// mentions, directly or inside another.
void openapi_write(const struct route *routes, size_t count, const char *version, struct buf *out);
