// tags.h - the words by which jobs are found and paused together.
//
// In memory the tags of a job are one text, the words with a blank between: "nightly etl". So are
// the nodes on which it may run.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"
#include "job/model.h"

#define TAG_PATTERN "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
#define TAG_MAX 64 // bytes
#define TAGS_MAX 32

// True when the text may be a tag; otherwise err.field is "tag".
[[nodiscard]] bool tag_check(struct str tag, struct err *e);

// Reads a list of texts; a word that comes twice counts once. *ret_tags is to be freed. False with
// complaints at ["body", "tags", n].
[[nodiscard]] bool tags_read(const json_t *list, struct model_issues *issues, struct str *ret_tags);

// The same of a job's nodes: their names or tags.
[[nodiscard]] bool nodes_read(const json_t *list, struct model_issues *issues,
                              struct str *ret_nodes);

bool tags_have(struct str tags, struct str tag);
[[nodiscard]] json_t *tags_encode(struct str tags); // a list of texts; NULL when there are none
void tags_write(struct str tags, struct json_write *w);
