// trigger_schema.h - schemas of triggers for the OpenAPI document: one for each type, made from
// trigger_form.def.
#pragma once

#include "job/model.h"

// Only a schema: any of those of the types. trigger_parse reads the value.
extern const struct model trigger_spec_model;
