// field_source.h - what was written for a field of a trigger of the cron family, and where.
#pragma once

#include <stdbool.h>

#include "base/str.h"
#include "trigger/cron_field.h"
#include "trigger/trigger.h"

struct field_source {
    const char *key; // of the spec: "expr" or "minute"
    struct str text; // inside of the trigger's own copy
    int column;      // in that key's text
};

// False when nothing was written for it, or the trigger is of another family. Of a macro, the whole
// text is that of no field.
bool field_source(const struct trigger *t, enum cron_field field, struct field_source *ret_source);
