// node_models.c - parameters and replies about nodes.
// SPDX-License-Identifier: Apache-2.0
#include "api/node_models.h"

#include <stddef.h>

#include "api/model_rows.h"
#include "job/tags.h"
#include "store/nodes.h"

const char *const node_state_names[] = {
    [NODE_ACTIVE] = "active",
    [NODE_DRAINING] = "draining",
    [NODE_AWAY] = "away",
    NULL,
};

static const struct model_field node_params[] = {
    {.name = "name",
     .type = MODEL_TEXT,
     .offset = offsetof(struct node_params, name),
     .required = 1,
     .pattern = TAG_PATTERN,
     .check = tag_check,
     .doc = "Its name (`belfry serve --node`).",
     .example = "\"belfry-1\""},
};
MODEL(node_params_model, "NodeParams", NULL, node_params, .size = sizeof(struct node_params),
      .is_loose = true)

static const struct model_field node_fields[] = {
    TEXT("name", "Its name.", "\"belfry-1\""),
    BOOL("is_self", "Whether it is the one that answers.", "true"),
    {.name = "state",
     .type = MODEL_ENUM,
     .required = 1,
     .choices = node_state_names,
     .doc = "active; draining: what runs there may end, and nothing starts; away: it was stopped "
            "while runs of it go on, and is expected back.",
     .example = "\"active\""},
    TEXT("version", "Of belfry.", "\"0.1.0\""),
    {.name = "address",
     .type = MODEL_TEXT,
     .required = 1,
     .is_nullable = true,
     .doc = "URL by which the other nodes reach it; null: they do not.",
     .example = "\"http://127.0.0.1:8000\""},
    {.name = "tags",
     .type = MODEL_STRINGS,
     .required = 1,
     .doc = "Words by which jobs choose it, as by its name.",
     .example = "[\"gpu\"]"},
    TIME("started_at", "When it came."),
    TIME("seen_at", "When it has renewed its lease last; null: it needs none."),
    TIME("lease_until", "When others take over, if it does not renew it; null: it needs none."),
    INT("jobs", "Jobs that are its own.", "120"),
    INT("running", "Runs in progress.", "3"),
    INT("waiting", "Runs that have a row and wait.", "0"),
    {.name = "late_ms",
     .type = MODEL_INT,
     .required = 1,
     .is_nullable = true,
     .doc = "How late the latest start of the last minute was; null: nobody else wants to know.",
     .example = "4"},
};
MODEL(node_model, "Node", "One belfry of those that share a database.", node_fields)

static const struct model_field node_list[] = {
    {.name = "epoch",
     .type = MODEL_INT,
     .required = 1,
     .is_nullable = true,
     .doc = "Goes up whenever jobs may move from node to node; null: there is one node alone.",
     .example = "17"},
    INT("total", "Nodes in the list.", "1"),
    LIST("nodes", &node_model, "All nodes, by name."),
};
MODEL(node_list_model, "NodeList", "All nodes.", node_list)
