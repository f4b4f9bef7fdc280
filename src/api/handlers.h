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

struct store_run;
struct json_write;

// Writes the members of a run, as in a list, into the open object.
void runs_write_item(const struct call *call, const struct store_run *item, struct json_write *w);

// Answers GET /api/v1/jobs with a page of the jobs, as the query says.
void job_page(struct call *call);
