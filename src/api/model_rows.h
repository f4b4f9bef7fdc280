// model_rows.h - short forms of what the tables of replies say again and again.
#pragma once

#include "job/model.h"

#define MODEL(constant, label, text, table, ...) \
    const struct model constant = {              \
        .name = label, .doc = text, .fields = table, .count = MODEL_COUNT(table), __VA_ARGS__};

// Members that are always there.
#define TEXT(key, words, sample)                                                        \
    {                                                                                   \
        .name = key, .type = MODEL_TEXT, .required = 1, .doc = words, .example = sample \
    }
#define INT(key, words, sample)                                                        \
    {                                                                                  \
        .name = key, .type = MODEL_INT, .required = 1, .doc = words, .example = sample \
    }
#define TIME(key, words)                                                                   \
    {                                                                                      \
        .name = key, .type = MODEL_TIME, .required = 1, .is_nullable = true, .doc = words, \
        .example = "\"2026-11-22T04:49:33Z\""                                              \
    }
#define LIST(key, inner, words)                                                      \
    {                                                                                \
        .name = key, .type = MODEL_LIST, .required = 1, .model = inner, .doc = words \
    }
#define OBJECT(key, inner, words)                                                      \
    {                                                                                  \
        .name = key, .type = MODEL_OBJECT, .required = 1, .model = inner, .doc = words \
    }
#define BOOL(key, words, sample)                                                        \
    {                                                                                   \
        .name = key, .type = MODEL_BOOL, .required = 1, .doc = words, .example = sample \
    }
