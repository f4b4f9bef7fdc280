// model_schema.c - a model as JSON schema, and a struct back into JSON, by the same table.
// SPDX-License-Identifier: Apache-2.0
#include "job/model.h"

#include <assert.h>
#include <string.h>

static void type_write(const struct model_field *field, struct json_write *w);
static void bounds_write(const struct model_field *field, struct json_write *w);
static void preset_write(const struct model_field *field, struct json_write *w);
static json_t *member_json(const struct model_field *field, const void *member);

static void pair(struct json_write *w, const char *key, const char *text)
{
    json_write_key(w, key);
    json_write_text(w, text);
}

static void pair_int(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void ref_write(const struct model *model, struct json_write *w)
{
    char ref[96];

    snprintf(ref, sizeof ref, "#/components/schemas/%s", model->name);
    json_write_object(w);
    pair(w, "$ref", ref);
    json_write_object_end(w);
}

static void variants_write(const struct model *model, struct json_write *w)
{
    json_write_key(w, "anyOf");
    json_write_array(w);
    for (const struct model *const *variant = model->variants; *variant; variant++)
        ref_write(*variant, w);
    json_write_array_end(w);
}

static void properties_write(const struct model *model, struct json_write *w)
{
    bool has_required = false;

    json_write_key(w, "properties");
    json_write_object(w);
    for (size_t i = 0; i < model->count; i++) {
        if (!model_has_field(model, &model->fields[i]))
            continue;
        json_write_key(w, model->fields[i].name);
        model_field_schema(model, &model->fields[i], w);
    }
    json_write_object_end(w);
    for (size_t i = 0; i < model->count; i++) {
        if (!model_has_field(model, &model->fields[i]) ||
            !model_needs_field(model, &model->fields[i]))
            continue;
        if (!has_required) {
            json_write_key(w, "required");
            json_write_array(w);
            has_required = true;
        }
        json_write_text(w, model->fields[i].name);
    }
    if (has_required)
        json_write_array_end(w);
    if (model->extra == MODEL_EXTRA_FORBID) {
        json_write_key(w, "additionalProperties");
        json_write_bool(w, false);
    }
}

void model_schema(const struct model *model, struct json_write *w)
{
    json_write_object(w);
    pair(w, "title", model->name);
    pair(w, "type", "object");
    if (model->doc)
        pair(w, "description", model->doc);
    if (model->example) {
        json_write_key(w, "examples");
        json_write_array(w);
        json_write_raw(w, str_of(model->example));
        json_write_array_end(w);
    }
    if (model->variants)
        variants_write(model, w);
    else
        properties_write(model, w);
    json_write_object_end(w);
}

void model_field_schema(const struct model *model, const struct model_field *field,
                        struct json_write *w)
{
    json_write_object(w);
    type_write(field, w);
    bounds_write(field, w);
    if (!model->null_counts && !model_needs_field(model, field)) // in a change, what is left out
                                                                 // stays
        preset_write(field, w);
    if (field->doc)
        pair(w, "description", field->doc);
    if (field->example) {
        json_write_key(w, "examples");
        json_write_array(w);
        json_write_raw(w, str_of(field->example));
        json_write_array_end(w);
    }
    json_write_object_end(w);
}

static void types_write(struct json_write *w, const char *a, const char *b, bool is_nullable)
{
    json_write_key(w, "type");
    if (!b && !is_nullable) {
        json_write_text(w, a);
        return;
    }
    json_write_array(w);
    json_write_text(w, a);
    if (b)
        json_write_text(w, b);
    if (is_nullable)
        json_write_text(w, "null");
    json_write_array_end(w);
}

// A reference beside "null" needs anyOf.
static void object_write(const struct model_field *field, struct json_write *w)
{
    char ref[96];

    if (!field->model) {
        types_write(w, "object", NULL, field->is_nullable);
        return;
    }
    snprintf(ref, sizeof ref, "#/components/schemas/%s", field->model->name);
    if (!field->is_nullable) {
        pair(w, "$ref", ref);
        return;
    }
    json_write_key(w, "anyOf");
    json_write_array(w);
    json_write_object(w);
    pair(w, "$ref", ref);
    json_write_object_end(w);
    json_write_object(w);
    pair(w, "type", "null");
    json_write_object_end(w);
    json_write_array_end(w);
}

static void int_or_object_write(const struct model_field *field, struct json_write *w)
{
    char ref[96];

    json_write_key(w, "anyOf");
    json_write_array(w);
    json_write_object(w);
    types_write(w, "integer", NULL, field->is_nullable);
    json_write_object_end(w);
    json_write_object(w);
    snprintf(ref, sizeof ref, "#/components/schemas/%s", field->model->name);
    pair(w, "$ref", ref);
    json_write_object_end(w);
    json_write_array_end(w);
}

static void list_write(const struct model_field *field, struct json_write *w)
{
    char ref[96];

    types_write(w, "array", NULL, field->is_nullable);
    json_write_key(w, "items");
    json_write_object(w);
    if (field->type == MODEL_STRINGS) {
        pair(w, "type", "string");
    } else if (field->model) {
        snprintf(ref, sizeof ref, "#/components/schemas/%s", field->model->name);
        pair(w, "$ref", ref);
    }
    json_write_object_end(w);
}

static void type_write(const struct model_field *field, struct json_write *w)
{
    switch (field->type) {
    case MODEL_TEXT:
        types_write(w, "string", NULL, field->is_nullable);
        break;
    case MODEL_TEXT_OR_INT:
        types_write(w, "string", "integer", field->is_nullable);
        break;
    case MODEL_TIME:
        types_write(w, "string", NULL, field->is_nullable);
        pair(w, "format", "date-time");
        break;
    case MODEL_INT:
        types_write(w, "integer", NULL, field->is_nullable);
        break;
    case MODEL_NUMBER:
        types_write(w, "number", NULL, field->is_nullable);
        break;
    case MODEL_BOOL:
        types_write(w, "boolean", NULL, field->is_nullable);
        break;
    case MODEL_ENUM:
        types_write(w, "string", NULL, field->is_nullable);
        break;
    case MODEL_DURATION:
        types_write(w, "string", "number", field->is_nullable);
        break;
    case MODEL_STRINGS:
    case MODEL_LIST:
        list_write(field, w);
        break;
    case MODEL_OBJECT:
        object_write(field, w);
        break;
    case MODEL_TEXT_OR_LIST:
        types_write(w, "string", "array", field->is_nullable);
        break;
    case MODEL_OBJECT_OR_LIST:
        types_write(w, "object", "array", field->is_nullable);
        break;
    case MODEL_ANY: // a schema without type
        break;
    case MODEL_INT_OR_OBJECT:
        int_or_object_write(field, w);
        break;
    }
}

static void bounds_write(const struct model_field *field, struct json_write *w)
{
    bool is_text = field->type == MODEL_TEXT || field->type == MODEL_TEXT_OR_INT;
    bool is_list = field->type == MODEL_STRINGS || field->type == MODEL_LIST;

    if (field->type == MODEL_ENUM) {
        json_write_key(w, "enum");
        json_write_array(w);
        for (size_t i = 0; field->choices[i]; i++)
            json_write_text(w, field->choices[i]);
        if (field->is_nullable)
            json_write_null(w);
        json_write_array_end(w);
    }
    if (field->pattern)
        pair(w, "pattern", field->pattern);
    if (is_text && field->min > 0)
        pair_int(w, "minLength", field->min);
    if ((is_text || is_list) && field->max > 0)
        pair_int(w, is_list ? "maxItems" : "maxLength", field->max);
    if (field->type == MODEL_INT && (field->min != 0 || field->max != 0)) {
        pair_int(w, "minimum", field->min);
        if (field->max > field->min)
            pair_int(w, "maximum", field->max);
    }
}

static void preset_write(const struct model_field *field, struct json_write *w)
{
    if (field->is_nullable)
        return;
    if (field->type == MODEL_TEXT || field->type == MODEL_TEXT_OR_INT) {
        if (field->preset)
            pair(w, "default", field->preset);
    } else if (field->type == MODEL_INT && (field->preset_n || field->max > field->min)) {
        pair_int(w, "default", field->preset_n);
    } else if (field->type == MODEL_BOOL && field->preset_n >= 0) {
        json_write_key(w, "default");
        json_write_bool(w, field->preset_n != 0);
    } else if (field->type == MODEL_ENUM && field->preset_n >= 0) {
        pair(w, "default", field->choices[field->preset_n]);
    }
}

json_t *model_encode(const struct model *model, const void *object, uint64_t given)
{
    json_t *out = json_object();

    assert(out);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_field *field = &model->fields[i];
        json_t *value;

        if (!model_has_field(model, field) || !(given >> i & 1))
            continue;
        value = member_json(field, (const char *)object + field->offset);
        if (value)
            (void)json_object_set_new(out, field->name, value);
    }
    return out;
}

static json_t *member_json(const struct model_field *field, const void *member)
{
    struct str text;
    int choice;

    switch (field->type) {
    case MODEL_TEXT:
    case MODEL_TEXT_OR_INT:
    case MODEL_TIME:
        text = *(const struct str *)member;
        return text.p ? json_stringn(text.p, text.len) : NULL;
    case MODEL_INT:
        return json_integer(*(const int64_t *)member);
    case MODEL_DURATION:
        return json_real((double)*(const int64_t *)member / 1e6);
    case MODEL_NUMBER:
        return json_real(*(const double *)member);
    case MODEL_BOOL:
        return json_boolean(*(const bool *)member);
    case MODEL_ENUM:
        choice = *(const int *)member;
        return choice < 0 ? json_null() : json_string(field->choices[choice]);
    default:
        return json_incref(*(json_t *const *)member);
    }
}
