// node_models.h - parameters and replies about nodes.
#pragma once

#include "job/model.h"

struct node_params {
    struct str name;
};

extern const struct model node_params_model, node_model, node_list_model;

// By enum store_node_state; ends with NULL.
extern const char *const node_state_names[];
