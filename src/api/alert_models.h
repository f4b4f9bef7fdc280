// alert_models.h - parameters and replies about channels, default rules and incidents.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "base/str.h"
#include "job/model.h"

struct channel_params {
    struct str name;
};
struct alert_params {
    int64_t id;
};
struct alerts_query {
    int state; // open, closed, all
    struct str job_id;
    int64_t limit, cursor;
};
struct ack_form {
    struct str until; // a moment, or how long; empty: until it ends
    struct str note;
};
struct notify_form {
    const json_t *notify;
};

enum {
    ALERTS_OPEN,
    ALERTS_CLOSED,
    ALERTS_ALL
};

extern const struct model channel_params_model, alert_params_model, alerts_query_model;
extern const struct model ack_form_model, notify_form_model;
extern const struct model channel_model, channel_list_model, channel_test_model;
extern const struct model notify_model, alert_model, alert_full_model, alert_list_model;
