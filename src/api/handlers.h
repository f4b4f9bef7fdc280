// handlers.h - the functions behind the rows of routes.def, and the pages beside them.
#pragma once

#include <stdbool.h>

#include "api/router.h"

#define X(method, path, id, handler, ...) void handler(struct call *call);
#include "api/routes.def"
#undef X

// Answers a request for one of the pages that are not part of the API: /, /docs and what it loads,
// /redoc, /favicon.ico, /problems/NAME. False when the path is none of them: then nothing has been
// answered.
bool docs_handle(struct call *call);

// Whether there is such a page.
bool docs_has(struct str path);
