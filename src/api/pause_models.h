// pause_models.h - parameters and replies about pauses, tags and slots that are not wanted.
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "job/model.h"

struct tag_params {
    struct str tag;
};
struct pause_form {
    struct str reason, until;
};
struct resume_form {
    int catch_up;
};
struct skip_form {
    int64_t n;
    struct str reason;
};

extern const struct model tag_params_model, pause_form_model, resume_form_model, skip_form_model;
extern const struct model tag_pause_model, scheduler_pause_model, tag_list_model;
