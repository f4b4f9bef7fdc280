// calendar_file.h - calendars from files named on the command line, so that they can be tried
// without a server.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "time/zone.h"
#include "trigger/almanacs.h"

// Reads a definition in JSON, or a calendar file (.ics, known by how it begins), and puts it into
// the registry under the file's base name without what follows its last point ("holidays" for
// /etc/holidays.json). *ret_name is that name and lives as long as the registry. Errors begin with
// the path; e->line and e->column are those in a JSON text.
[[nodiscard]] bool calendar_file_read(const char *path, struct zones *zones, struct almanacs *all,
                                      const char **ret_name, struct err *e);
