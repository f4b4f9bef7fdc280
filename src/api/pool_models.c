// pool_models.c - parameters and replies about pools.
// SPDX-License-Identifier: Apache-2.0
#include "api/pool_models.h"

#include "api/model_rows.h"
#include "job/needs.h"

static const struct model_field pool_params[] = {
    {.name = "name",
     .type = MODEL_TEXT,
     .offset = offsetof(struct pool_params, name),
     .required = 1,
     .pattern = POOL_NAME_PATTERN,
     .check = pool_name_check,
     .doc = "Its name.",
     .example = "\"db\""},
};
MODEL(pool_params_model, "PoolParams", NULL, pool_params, .size = sizeof(struct pool_params),
      .is_loose = true)

#define FORM(member, kind, words, ...)                                               \
    {                                                                                \
        .name = #member, .type = kind, .offset = offsetof(struct pool_form, member), \
        .is_nullable = true, .doc = words, __VA_ARGS__                               \
    }

static const struct model_field pool_form[] = {
    FORM(name, MODEL_TEXT, "Its name, as in the path.", .max = 64),
    FORM(slots, MODEL_INT,
         "Places that attempts take while they are in progress; 0 closes it; null: any number.",
         .max = POOL_SLOTS_MAX, .example = "4"),
    FORM(rate, MODEL_TEXT,
         "How often attempts of all its jobs together may start, COUNT/PERIOD and perhaps burst N; "
         "null: as often as they are due.",
         .max = 100, .example = "\"10/m\""),
    FORM(description, MODEL_TEXT, "For people.", .max = 1000),
};
const struct model pool_put_model = {
    .name = "PoolPut",
    .doc = "A pool: slots, a rate, or both.",
    .example = "{\"slots\":4,\"description\":\"connections of the reporting database\"}",
    .fields = pool_form,
    .count = MODEL_COUNT(pool_form),
    .size = sizeof(struct pool_form),
    .extra = MODEL_EXTRA_FORBID,
};

enum {
    VIEW_POOL = 1,
    VIEW_ITEM = 2,
    VIEW_EVERY = 3,
};

static const struct model_field holder_fields[] = {
    TEXT("job_id", "The job; empty when it is gone.", "\"backup\""),
    INT("run_id", "Its run.", "226104192139265"),
    TIME("since", "When its attempt began; null: it is about to."),
};
static const struct model holder_model = {.name = "PoolHolder",
                                          .doc = "A run that has places of a pool.",
                                          .fields = holder_fields,
                                          .count = MODEL_COUNT(holder_fields)};

#define VIEW(key, kind, uses, words, ...)                                                  \
    {                                                                                      \
        .name = key, .type = kind, .in = uses, .required = uses, .doc = words, __VA_ARGS__ \
    }

static const struct model_field pool_fields[] = {
    VIEW("name", MODEL_TEXT, VIEW_EVERY, "Its name.", .example = "\"db\""),
    VIEW("description", MODEL_TEXT, VIEW_EVERY, "For people.", .is_nullable = true),
    VIEW("slots", MODEL_INT, VIEW_EVERY, "Its places; null: any number.", .is_nullable = true,
         .example = "4"),
    VIEW("rate", MODEL_TEXT, VIEW_EVERY, "How often attempts may start; null: it has none.",
         .is_nullable = true, .example = "\"10/m\""),
    VIEW("used", MODEL_INT, VIEW_EVERY,
         "Places that are taken; more than slots after these were made fewer.", .example = "2"),
    VIEW("waiting", MODEL_INT, VIEW_EVERY, "Runs that wait and need it.", .example = "0"),
    VIEW("version", MODEL_INT, VIEW_EVERY,
         "1 when created, one more for each change; the ETag is \"r<version>\".", .example = "1"),
    VIEW("created_at", MODEL_TIME, VIEW_EVERY, "When it was created."),
    VIEW("updated_at", MODEL_TIME, VIEW_EVERY, "When it was last changed."),
    VIEW("fault", MODEL_TEXT, VIEW_EVERY,
         "Why this version of belfry cannot use what is stored; null: it can.",
         .is_nullable = true),
    VIEW("held_by", MODEL_LIST, VIEW_POOL, "Who has its places, 100 runs at most.",
         .model = &holder_model),
    VIEW("used_by", MODEL_STRINGS, VIEW_POOL, "Jobs that name it, 1000 at most.",
         .example = "[\"backup\"]"),
};
const struct model pool_model = {.name = "Pool",
                                 .doc = "A pool in full.",
                                 .fields = pool_fields,
                                 .count = MODEL_COUNT(pool_fields),
                                 .use = VIEW_POOL};
static const struct model pool_item_model = {.name = "PoolItem",
                                             .doc = "A pool in a list.",
                                             .fields = pool_fields,
                                             .count = MODEL_COUNT(pool_fields),
                                             .use = VIEW_ITEM};

static const struct model_field pool_list[] = {
    INT("total", "Pools in the list.", "1"),
    LIST("pools", &pool_item_model, "All pools, by name."),
};
MODEL(pool_list_model, "PoolList", "All pools.", pool_list)
