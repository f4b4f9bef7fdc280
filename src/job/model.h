// model.h - declared once, used four times: a table of fields reads JSON into a struct, writes it
// back, complains as FastAPI does, and becomes a schema of the OpenAPI document.
//
//     struct greeting { struct str name; int64_t times; };
//     static const struct model_field fields[] = {
//         {.name = "name", .type = MODEL_TEXT, .required = 1, .max = 20,
//          .offset = offsetof(struct greeting, name), .doc = "Whom to greet."},
//         {.name = "times", .type = MODEL_INT, .preset_n = 1, .min = 1, .max = 9,
//          .offset = offsetof(struct greeting, times), .doc = "How often."},
//     };
//     static const struct model greeting_model = {.name = "Greeting", .fields = fields, .count = 2,
//                                                 .size = sizeof(struct greeting)};
//
// Tables of real models lie in .def files, so that the struct is made from the same rows. Values
// are read as pydantic 2 reads them in its lax mode: "15" is an integer, "yes" is true. All
// complaints are collected, not only the first; each has pydantic's type, words and ctx.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"

enum model_type {         // the member's C type
    MODEL_TEXT,           // struct str
    MODEL_TEXT_OR_INT,    // struct str; an integer is taken as its digits
    MODEL_INT,            // int64_t
    MODEL_BOOL,           // bool
    MODEL_ENUM,           // int: index into choices; -1 when null
    MODEL_DURATION,       // int64_t, microseconds: "5m", "PT5M", or a number of seconds
    MODEL_STRINGS,        // const json_t *: a list of texts; numbers in it are taken as texts
    MODEL_OBJECT,         // const json_t *: any object (its members: see model, if given)
    MODEL_LIST,           // const json_t *: any list (its items: see model, if given)
    MODEL_OBJECT_OR_LIST, // const json_t *
    MODEL_ANY,            // const json_t *: whoever uses it looks into it
    MODEL_TEXT_OR_LIST,   // const json_t *: a text or a list
    MODEL_INT_OR_OBJECT,  // const json_t *
    MODEL_TIME,           // struct str, not looked into; for schemas: RFC 3339
    MODEL_NUMBER,         // double; bounds and presets are whole numbers
};

struct model;

struct model_field {
    const char *name;
    enum model_type type;
    size_t offset;         // of the member in the struct
    unsigned in;           // which uses of the table have this field (bits); 0: all
    unsigned required;     // in which uses it must be given (bits)
    bool is_nullable;      // null is the same as not given
    int64_t min, max;      // INT: bounds; texts: characters; lists: items. 0, 0: none
    const char *preset;    // TEXT: value when not given
    int64_t preset_n;      // other types: value when not given
    const char *none_word; // DURATION: this word gives none_n
    int64_t none_n;
    const char *const *choices; // ENUM: ends with NULL
    const char *pattern;        // TEXT: shown in complaints and in the schema ...
    bool (*check)(struct str value, struct err *e); // ... and this decides
    const struct model *model;                      // OBJECT, LIST: what is inside, for the schema
    const char *doc;                                // a sentence or two
    const char *example;                            // JSON
};

enum model_extra {
    MODEL_EXTRA_IGNORE, // members that no field names: ignored
    MODEL_EXTRA_WARN,   // ignored with a warning
    MODEL_EXTRA_FORBID, // a complaint, with the nearest name as hint
};

struct model {
    const char *name; // in the OpenAPI document
    const char *doc;
    const char *example;                 // JSON, a whole one; NULL: made of the fields' examples
    const struct model *const *variants; // only in schemas: it is any of these, NULL at the end
    const struct model_field *fields;
    size_t count; // at most 64
    unsigned use; // this model's bit in `in` and `required`; 0 counts as 1
    size_t size;  // of the struct
    enum model_extra extra;
    bool is_loose;           // parameters: a missing one has no object around it as its input
    bool null_counts;        // null is "given" as well, with the preset as value: for merge patches
    const char *media;       // of replies that are no JSON but a text of this type
    const char *strict_with; // when this member is given, extra members are complaints; may be NULL
};

#define MODEL_COUNT(fields) (sizeof(fields) / sizeof *(fields))

enum {
    MODEL_ISSUES_MAX = 32,
    MODEL_WARNINGS_MAX = 16,
    MODEL_DEPTH_MAX = 64
};

// One complaint; texts in the arena. loc is the inside of a JSON array: "body","args",0
struct model_issue {
    const char *type;
    struct str loc;
    struct str msg;
    struct str input; // JSON
    struct str ctx;   // JSON, or empty
};

// What is wrong with a request, and what is only odd. What exceeds the maximum is not kept.
struct model_issues {
    struct arena *arena;   // borrowed
    struct model_issue *v; // room for MODEL_ISSUES_MAX, made for the first one: most requests need
                           // none
    size_t len;
    struct str *warnings; // sentences without a full stop; room for MODEL_WARNINGS_MAX, likewise
    size_t warning_count;
};

void model_issues_init(struct model_issues *issues, struct arena *arena);

// Adds a complaint. input may be NULL (written as null), ctx "" for none. Returns false.
bool model_complain(struct model_issues *issues, const char *type, struct str loc,
                    const json_t *input, const char *ctx, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

// Adds what an error says as a complaint of type value_error; ctx gets hint and column.
bool model_complain_err(struct model_issues *issues, struct str loc, const json_t *input,
                        const struct err *e);

void model_warn(struct model_issues *issues, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The beginning of a stranger's text, for a message: whole characters, at most 60 bytes.
struct str model_short(struct str s);

// loc with one more name.
struct str model_loc(struct arena *arena, struct str loc, struct str name);

// loc with the parts of a dotted name, as in "triggers.1.hour"; a number is a place in a list.
// *value is led along to what the name means, NULL when there is no such value.
struct str model_loc_path(struct arena *arena, struct str loc, struct str path,
                          const json_t **value);

// Reads JSON text: at most MODEL_DEPTH_MAX deep, no repeated members, UTF-8. NULL with a complaint
// json_invalid at [loc, offset]. End the value with json_decref.
[[nodiscard]] json_t *model_load(struct str text, const char *loc, struct model_issues *issues);

// Reads value (NULL: nothing was sent) into *ret_object, of model->size bytes: what is not given
// gets its preset. Texts and JSON members point into value. Bit i of *ret_given (may be NULL) says
// whether field i was given and not null (see null_counts). False when there was a complaint;
// *ret_object is then only partly filled.
[[nodiscard]] bool model_decode(const struct model *model, const json_t *value, struct str loc,
                                void *ret_object, uint64_t *ret_given, struct model_issues *issues);

// Writes the members of object that model has, in order, into a new JSON object: field i when bit i
// of given is set. NULL texts and NULL JSON members are left out. End it with json_decref.
[[nodiscard]] json_t *model_encode(const struct model *model, const void *object, uint64_t given);

// Writes {"type","loc","msg","input","ctx"} for each complaint, as one list.
void model_issues_write(const struct model_issues *issues, struct json_write *w);

// The first complaint as one sentence: "job_id: Field required".
void model_issues_words(const struct model_issues *issues, struct buf *out);

// The model as a JSON schema (2020-12, as in OpenAPI 3.1). Models inside are references to
// #/components/schemas/NAME.
void model_schema(const struct model *model, struct json_write *w);

// The schema of one field.
void model_field_schema(const struct model *model, const struct model_field *field,
                        struct json_write *w);

// Whether the field belongs to this use of the table, and must be given there.
bool model_has_field(const struct model *model, const struct model_field *field);
bool model_needs_field(const struct model *model, const struct model_field *field);
