// pool_models.h - parameters and replies about pools.
#pragma once

#include "job/model.h"

struct pool_params {
    struct str name;
};

// What a pool may say; pools_put reads the values.
struct pool_form {
    struct str name, description, rate;
    int64_t slots;
};

extern const struct model pool_params_model, pool_put_model, pool_model, pool_list_model;
