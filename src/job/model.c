// model.c - reads JSON into structs by a table of fields and collects every complaint.
// SPDX-License-Identifier: Apache-2.0
//
// The words of the complaints are pydantic 2's, because clients of FastAPI services compare them.
// One reader a type; each gets the field, the value and where it stands, and either sets the
// member or complains.
#include "job/model.h"

#include "base/buf.h"
#include "base/suggest.h"
#include "time/duration.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define INPUT_MAX 4096 // bytes of an input that a complaint repeats; longer ones become null

struct place {
    const struct model_field *field;
    const json_t *value;
    struct str parent; // loc of the object that value is a member of
    void *member;
    struct model_issues *issues;
};

static bool is_too_deep(struct str text);
static struct str place_loc(const struct place *at);
static void preset_set(const struct model_field *field, void *member);
static bool value_read(struct place *at);
static bool extras_check(const struct model *model, const json_t *value, struct str loc,
                         struct model_issues *issues);
static bool body_complain(const json_t *value, struct str loc, struct model_issues *issues);

// --- complaints ---------------------------------------------------------------------------------

void model_issues_init(struct model_issues *issues, struct arena *arena)
{
    *issues = (struct model_issues){.arena = arena};
}

static struct str input_text(struct arena *arena, const json_t *input)
{
    struct str text = STR_LIT("null");
    size_t len;
    char *p;

    if (!input)
        return text;
    len = json_dumpb(input, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    if (len == 0 || len > INPUT_MAX)
        return text;
    p = arena_alloc(arena, len + 1);
    (void)json_dumpb(input, p, len, JSON_COMPACT | JSON_ENCODE_ANY);
    return (struct str){p, len};
}

// The longest beginning of s of at most max bytes that does not end inside of a character.
static struct str text_cut(struct str s, size_t max)
{
    size_t len = max;

    if (s.len <= max)
        return s;
    while (len > 0 && ((unsigned char)s.p[len] & 0xc0) == 0x80)
        len--;
    return str_cut(s, 0, len);
}

struct str model_short(struct str s)
{
    return text_cut(s, 60);
}

static struct str text_of(struct arena *arena, const char *format, va_list args)
{
    char text[1024];
    int n = vsnprintf(text, sizeof text, format, args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;

    if ((size_t)n >= sizeof text) { // the last character may be half there
        while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
            len--;
        if (len > 0 && ((unsigned char)text[len - 1] & 0x80))
            len--;
    }
    return arena_copy(arena, (struct str){text, len});
}

bool model_complain(struct model_issues *issues, const char *type, struct str loc,
                    const json_t *input, const char *ctx, const char *format, ...)
{
    struct model_issue *issue;
    va_list args;

    if (issues->len >= MODEL_ISSUES_MAX)
        return false;
    if (!issues->v)
        issues->v = arena_array(issues->arena, MODEL_ISSUES_MAX, sizeof *issues->v);
    issue = &issues->v[issues->len++];
    issue->type = type;
    issue->loc = loc;
    issue->input = input_text(issues->arena, input);
    issue->ctx = arena_copy(issues->arena, str_of(ctx));
    va_start(args, format);
    issue->msg = text_of(issues->arena, format, args);
    va_end(args);
    return false;
}

bool model_complain_err(struct model_issues *issues, struct str loc, const json_t *input,
                        const struct err *e)
{
    struct json_write w;
    struct buf ctx;

    buf_init(&ctx, 4096);
    json_write_init(&w, &ctx);
    json_write_object(&w);
    json_write_key(&w, "error");
    json_write_text(&w, e->message);
    if (e->hint[0]) {
        json_write_key(&w, "hint");
        json_write_text(&w, e->hint);
    }
    if (e->column > 0) {
        json_write_key(&w, "column");
        json_write_int(&w, e->column);
    }
    json_write_object_end(&w);
    (void)model_complain(issues, "value_error", loc, input, buf_text(&ctx), "Value error, %s",
                         e->message);
    buf_done(&ctx);
    return false;
}

void model_warn(struct model_issues *issues, const char *format, ...)
{
    va_list args;

    if (issues->warning_count >= MODEL_WARNINGS_MAX)
        return;
    if (!issues->warnings)
        issues->warnings = arena_array(issues->arena, MODEL_WARNINGS_MAX, sizeof *issues->warnings);
    va_start(args, format);
    issues->warnings[issues->warning_count++] = text_of(issues->arena, format, args);
    va_end(args);
}

struct str model_loc(struct arena *arena, struct str loc, struct str name)
{
    struct json_write w;
    struct buf b;
    struct str text;

    buf_init(&b, loc.len + name.len * 6 + 16);
    buf_add(&b, loc);
    if (loc.len > 0)
        buf_add_byte(&b, ',');
    json_write_init(&w, &b);
    json_write_str(&w, name);
    text = arena_copy(arena, buf_str(&b));
    buf_done(&b);
    return text;
}

static struct str loc_index(struct arena *arena, struct str loc, int64_t n)
{
    struct str text;
    struct buf b;

    buf_init(&b, loc.len + 24);
    buf_printf(&b, "%.*s,%lld", STR(loc), (long long)n);
    text = arena_copy(arena, buf_str(&b));
    buf_done(&b);
    return text;
}

struct str model_loc_path(struct arena *arena, struct str loc, struct str path,
                          const json_t **value)
{
    struct str part, rest = path;
    int64_t n;

    while (str_next(&rest, '.', &part)) {
        if (json_is_array(*value) && str_to_int(part, &n)) {
            loc = loc_index(arena, loc, n);
            *value = json_array_get(*value, (size_t)n);
            continue;
        }
        // A stranger's member may have points in its name.
        const json_t *member = json_object_getn(*value, part.p, part.len);
        if (!member)
            part = str_cut(path, (size_t)(part.p - path.p), path.len);
        loc = model_loc(arena, loc, part);
        *value = member ? member : json_object_getn(*value, part.p, part.len);
        if (!member)
            break;
    }
    return loc;
}

void model_issues_write(const struct model_issues *issues, struct json_write *w)
{
    json_write_array(w);
    for (size_t i = 0; i < issues->len; i++) {
        const struct model_issue *issue = &issues->v[i];

        json_write_object(w);
        json_write_key(w, "type");
        json_write_text(w, issue->type);
        json_write_key(w, "loc");
        json_write_raw(w, arena_printf(issues->arena, "[%.*s]", STR(issue->loc)));
        json_write_key(w, "msg");
        json_write_str(w, issue->msg);
        json_write_key(w, "input");
        json_write_raw(w, issue->input);
        if (issue->ctx.len > 0) {
            json_write_key(w, "ctx");
            json_write_raw(w, issue->ctx);
        }
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

void model_issues_words(const struct model_issues *issues, struct buf *out)
{
    const struct model_issue *issue = issues->v;
    struct str rest, part, last = {0};

    if (issues->len == 0)
        return;
    rest = issue->loc;
    while (str_next(&rest, ',', &part))
        last = part;
    if (last.len > 1 && last.p[0] == '"')
        last = str_cut(last, 1, last.len - 1);
    buf_add(out, last);
    buf_add_text(out, ": ");
    buf_add(out, issue->msg);
}

// --- text to JSON -------------------------------------------------------------------------------

json_t *model_load(struct str text, const char *loc, struct model_issues *issues)
{
    struct arena *arena = issues->arena;
    struct json_write w;
    json_error_t error;
    json_t *value;
    struct buf ctx;
    bool is_zero;

    if (is_too_deep(text)) {
        (void)model_complain(issues, "json_invalid", arena_printf(arena, "\"%s\",0", loc), NULL,
                             "{\"error\":\"nested too deeply\"}", "JSON decode error");
        return NULL;
    }
    value = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
                       &error);
    if (value)
        return value;
    buf_init(&ctx, 2048);
    json_write_init(&w, &ctx);
    json_write_object(&w);
    json_write_key(&w, "error");
    // the library's own words on this name one of its flags
    is_zero = json_error_code(&error) == json_error_null_character;
    json_write_text(&w, is_zero ? "\\u0000 is not allowed in a text" : error.text);
    json_write_object_end(&w);
    (void)model_complain(issues, "json_invalid",
                         arena_printf(arena, "\"%s\",%d", loc, error.position), json_null(),
                         buf_text(&ctx), "JSON decode error");
    issues->v[issues->len - 1].input = STR_LIT("{}");
    buf_done(&ctx);
    return NULL;
}

static bool is_too_deep(struct str text)
{
    bool in_text = false;
    int depth = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];

        if (in_text) {
            if (c == '\\')
                i++;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            if (++depth > MODEL_DEPTH_MAX)
                return true;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return false;
}

// --- JSON to struct -----------------------------------------------------------------------------

bool model_has_field(const struct model *model, const struct model_field *field)
{
    return !field->in || (field->in & (model->use ? model->use : 1));
}

bool model_needs_field(const struct model *model, const struct model_field *field)
{
    return field->required & (model->use ? model->use : 1);
}

bool model_decode(const struct model *model, const json_t *value, struct str loc, void *ret_object,
                  uint64_t *ret_given, struct model_issues *issues)
{
    uint64_t given = 0;
    bool ok = true;

    assert(model->count <= 64);
    memset(ret_object, 0, model->size);
    if (value && !json_is_object(value))
        return body_complain(value, loc, issues);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_field *field = &model->fields[i];
        void *member = (char *)ret_object + field->offset;
        const json_t *got = value ? json_object_get(value, field->name) : NULL;

        preset_set(field, member);
        if (!model_has_field(model, field))
            continue;
        if (json_is_null(got) && field->is_nullable) {
            given |= (uint64_t)model->null_counts << i;
            continue;
        }
        if (!got && !model_needs_field(model, field))
            continue;
        if (!got) {
            ok = model_complain(issues, "missing",
                                model_loc(issues->arena, loc, str_of(field->name)),
                                model->is_loose ? NULL : value, "", "Field required");
            continue;
        }
        given |= UINT64_C(1) << i;
        ok = value_read(&(struct place){field, got, loc, member, issues}) && ok;
    }
    ok = extras_check(model, value, loc, issues) && ok;
    if (ret_given)
        *ret_given = given;
    return ok;
}

static bool body_complain(const json_t *value, struct str loc, struct model_issues *issues)
{
    return model_complain(issues, "model_attributes_type", loc, value, "",
                          "Input should be a valid dictionary or object to extract fields from");
}

static void preset_set(const struct model_field *field, void *member)
{
    switch (field->type) {
    case MODEL_TEXT:
    case MODEL_TEXT_OR_INT:
    case MODEL_TIME:
        *(struct str *)member = str_of(field->preset);
        break;
    case MODEL_INT:
    case MODEL_DURATION:
        *(int64_t *)member = field->preset_n;
        break;
    case MODEL_NUMBER:
        *(double *)member = (double)field->preset_n;
        break;
    case MODEL_BOOL:
        *(bool *)member = field->preset_n != 0;
        break;
    case MODEL_ENUM:
        *(int *)member = (int)field->preset_n;
        break;
    default:
        break; // JSON members are NULL
    }
}

static bool extras_check(const struct model *model, const json_t *value, struct str loc,
                         struct model_issues *issues)
{
    bool is_strict = model->extra == MODEL_EXTRA_FORBID ||
                     (model->strict_with && json_object_get(value, model->strict_with));
    const char *names[64], *key, *near;
    const json_t *member;
    size_t count = 0;
    bool ok = true;

    if (!value || (model->extra == MODEL_EXTRA_IGNORE && !is_strict))
        return true;
    for (size_t i = 0; i < model->count; i++)
        if (model_has_field(model, &model->fields[i]))
            names[count++] = model->fields[i].name;
    json_object_foreach((json_t *)value, key, member)
    {
        bool is_known = false;

        for (size_t i = 0; i < count && !is_known; i++)
            is_known = strcmp(names[i], key) == 0;
        if (is_known)
            continue;
        near = suggest_find(str_of(key), names, count);
        if (is_strict)
            ok = model_complain(
                issues, "extra_forbidden", model_loc(issues->arena, loc, str_of(key)), member,
                near ? arena_printf(issues->arena, "{\"hint\":\"did you mean %s?\"}", near).p : "",
                "Extra inputs are not permitted");
        else
            model_warn(issues, "unknown member \"%.*s\" was ignored%s%s%s",
                       STR(model_short(str_of(key))), near ? "; did you mean \"" : "",
                       near ? near : "", near ? "\"?" : "");
    }
    return ok;
}

// --- one reader a type --------------------------------------------------------------------------

static struct str place_loc(const struct place *at)
{
    return model_loc(at->issues->arena, at->parent, str_of(at->field->name));
}

static bool complain(struct place *at, const char *type, const char *msg)
{
    return model_complain(at->issues, type, place_loc(at), at->value, "", "%s", msg);
}

static bool limit_complain(struct place *at, const char *type, const char *key, int64_t limit,
                           const char *words, const char *unit)
{
    struct str ctx = arena_printf(at->issues->arena, "{\"%s\":%lld}", key, (long long)limit);

    return model_complain(at->issues, type, place_loc(at), at->value, ctx.p, "%s %lld%s", words,
                          (long long)limit, unit);
}

static bool length_check(struct place *at, size_t len)
{
    const struct model_field *field = at->field;
    const char *s;

    if (field->min > 0 && len < (size_t)field->min) {
        s = field->min == 1 ? " character" : " characters";
        return limit_complain(at, "string_too_short", "min_length", field->min,
                              "String should have at least", s);
    }
    if (field->max > 0 && len > (size_t)field->max) {
        s = field->max == 1 ? " character" : " characters";
        return limit_complain(at, "string_too_long", "max_length", field->max,
                              "String should have at most", s);
    }
    return true;
}

static size_t char_count(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return count;
}

static bool text_read(struct place *at)
{
    const struct model_field *field = at->field;
    struct arena *arena = at->issues->arena;
    struct str text;
    struct err e = {0};

    if (field->type == MODEL_TEXT_OR_INT && json_is_integer(at->value))
        text = arena_printf(arena, "%lld", (long long)json_integer_value(at->value));
    else if (json_is_string(at->value))
        text = (struct str){json_string_value(at->value), json_string_length(at->value)};
    else
        return complain(at, "string_type", "Input should be a valid string");
    if (!length_check(at, char_count(text)))
        return false;
    if (field->check && !field->check(text, &e)) {
        json_t *ctx;
        char *dump;
        bool ok;

        if (!field->pattern)
            return model_complain_err(at->issues, place_loc(at), at->value, &e);
        ctx = json_pack("{s:s,s:s}", "pattern", field->pattern, "error", e.message);
        dump = json_dumps(ctx, JSON_COMPACT);
        ok = model_complain(at->issues, "string_pattern_mismatch", place_loc(at), at->value, dump,
                            "String should match pattern '%s'", field->pattern);
        free(dump);
        json_decref(ctx);
        return ok;
    }
    *(struct str *)at->member = text;
    return true;
}

static bool range_check(struct place *at, int64_t n)
{
    const struct model_field *field = at->field;

    if (field->min == 0 && field->max == 0)
        return true;
    if (n < field->min)
        return limit_complain(at, "greater_than_equal", "ge", field->min,
                              "Input should be greater than or equal to", "");
    if (field->max > field->min && n > field->max)
        return limit_complain(at, "less_than_equal", "le", field->max,
                              "Input should be less than or equal to", "");
    return true;
}

// "15", "+15", " 15 ", "15.0", "1_000": what pydantic takes for an integer.
static bool int_from_text(struct str s, int64_t *ret_n)
{
    char digits[32];
    ptrdiff_t dot;
    size_t len = 0;

    s = str_trim(s);
    if (s.len > 1 && s.p[0] == '+' && s.p[1] != '-')
        s = str_cut(s, 1, s.len);
    dot = str_find(s, '.');
    if (dot > 0) {
        for (size_t i = (size_t)dot + 1; i < s.len; i++)
            if (s.p[i] != '0')
                return false;
        s = str_cut(s, 0, (size_t)dot);
    }
    for (size_t i = 0; i < s.len; i++) {
        bool is_between = i > 0 && i + 1 < s.len && s.p[i - 1] != '_' && s.p[i - 1] != '-';

        if (s.p[i] == '_' && is_between)
            continue;
        if (len >= sizeof digits)
            return false;
        digits[len++] = s.p[i];
    }
    return str_to_int((struct str){digits, len}, ret_n);
}

static bool int_read(struct place *at)
{
    const json_t *value = at->value;
    double x = json_real_value(value);
    int64_t n = 0;

    if (json_is_integer(value)) {
        n = json_integer_value(value);
    } else if (json_is_boolean(value)) {
        n = json_is_true(value);
    } else if (json_is_real(value)) {
        if (x != floor(x))
            return complain(at, "int_from_float",
                            "Input should be a valid integer, got a number with a fractional part");
        if (fabs(x) > 9e18)
            return complain(at, "int_parsing_size",
                            "Unable to parse input string as an integer, exceeded maximum size");
        n = (int64_t)x;
    } else if (json_is_string(value)) {
        if (!int_from_text((struct str){json_string_value(value), json_string_length(value)}, &n))
            return complain(
                at, "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer");
    } else {
        return complain(at, "int_type", "Input should be a valid integer");
    }
    if (!range_check(at, n))
        return false;
    *(int64_t *)at->member = n;
    return true;
}

static bool number_read(struct place *at)
{
    double x = json_number_value(at->value);

    if (!json_is_number(at->value) || fabs(x) > 9e15)
        return complain(at, "float_type", "Input should be a valid number");
    if (!range_check(at, (int64_t)floor(x)) ||
        (x != floor(x) && !range_check(at, (int64_t)ceil(x))))
        return false;
    *(double *)at->member = x;
    return true;
}

static bool bool_read(struct place *at)
{
    static const char *const words[] = {"0", "off", "f", "false", "n", "no",
                                        "1", "on",  "t", "true",  "y", "yes"};
    const json_t *value = at->value;
    double x;

    if (json_is_boolean(value)) {
        *(bool *)at->member = json_is_true(value);
        return true;
    }
    if (json_is_string(value)) {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (str_eq_nocase(str_of(json_string_value(value)), str_of(words[i]))) {
                *(bool *)at->member = i >= 6;
                return true;
            }
    }
    if (json_is_number(value)) {
        x = json_number_value(value);
        if (x == 0 || x == 1) {
            *(bool *)at->member = x == 1;
            return true;
        }
    }
    if (json_is_string(value) || json_is_number(value))
        return complain(at, "bool_parsing",
                        "Input should be a valid boolean, unable to interpret input");
    return complain(at, "bool_type", "Input should be a valid boolean");
}

// 'a', 'b' or 'c'
static struct str choices_text(struct arena *arena, const char *const *choices)
{
    struct str text = {0};

    for (size_t i = 0; choices[i]; i++) {
        const char *before = i == 0 ? "" : choices[i + 1] ? ", " : " or ";

        text = arena_printf(arena, "%.*s%s'%s'", STR(text), before, choices[i]);
    }
    return text;
}

static bool enum_read(struct place *at)
{
    const char *const *choices = at->field->choices;
    struct arena *arena = at->issues->arena;
    struct str list;

    for (int i = 0; choices[i]; i++)
        if (json_is_string(at->value) && strcmp(json_string_value(at->value), choices[i]) == 0) {
            *(int *)at->member = i;
            return true;
        }
    list = choices_text(arena, choices);
    return model_complain(at->issues, "enum", place_loc(at), at->value,
                          arena_printf(arena, "{\"expected\":\"%.*s\"}", STR(list)).p,
                          "Input should be %.*s", STR(list));
}

static bool duration_read(struct place *at)
{
    const json_t *value = at->value;
    const struct model_field *field = at->field;
    struct err e = {0};
    struct str text;

    if (json_is_string(value)) {
        text = (struct str){json_string_value(value), json_string_length(value)};
        if (field->none_word && str_eq(text, str_of(field->none_word))) {
            *(int64_t *)at->member = field->none_n;
            return true;
        }
    } else if (json_is_integer(value)) {
        text = arena_printf(at->issues->arena, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value) && json_real_value(value) < 1e12) {
        text = arena_printf(at->issues->arena, "%.6f", json_real_value(value));
    } else {
        return complain(at, "time_delta_type", "Input should be a valid timedelta");
    }
    if (!duration_parse(text, field->name, at->member, &e))
        return model_complain(at->issues, "time_delta_parsing", place_loc(at), value, "",
                              "Input should be a valid timedelta, %s", e.message);
    if (field->max > 0 && *(int64_t *)at->member > field->max)
        return limit_complain(at, "less_than_equal", "le", field->max / 1000000,
                              "Input should be less than or equal to", " seconds");
    return true;
}

static bool list_length_check(struct place *at, size_t count)
{
    int64_t max = at->field->max;
    struct arena *arena = at->issues->arena;

    if (max <= 0 || count <= (size_t)max)
        return true;
    return model_complain(at->issues, "too_long", place_loc(at), at->value,
                          arena_printf(arena,
                                       "{\"field_type\":\"List\",\"max_length\":%lld,"
                                       "\"actual_length\":%zu}",
                                       (long long)max, count)
                              .p,
                          "List should have at most %lld items after validation, not %zu",
                          (long long)max, count);
}

static bool strings_read(struct place *at)
{
    size_t index;
    const json_t *item;
    bool ok = true;

    if (!json_is_array(at->value))
        return complain(at, "list_type", "Input should be a valid list");
    if (!list_length_check(at, json_array_size(at->value)))
        return false;
    json_array_foreach((json_t *)at->value, index, item)
    {
        struct str list, loc;

        if (json_is_string(item) || json_is_number(item) || json_is_boolean(item))
            continue;
        list = place_loc(at);
        loc = arena_printf(at->issues->arena, "%.*s,%zu", STR(list), index);
        ok = model_complain(at->issues, "string_type", loc, item, "",
                            "Input should be a valid string");
    }
    *(const json_t **)at->member = at->value;
    return ok;
}

static bool json_read(struct place *at)
{
    enum model_type type = at->field->type;
    bool is_object = json_is_object(at->value), is_list = json_is_array(at->value);

    if (type == MODEL_OBJECT && !is_object)
        return complain(at, "dict_type", "Input should be a valid dictionary");
    if (type == MODEL_LIST && !is_list)
        return complain(at, "list_type", "Input should be a valid list");
    if (type == MODEL_OBJECT_OR_LIST && !is_object && !is_list)
        return complain(at, "dict_type", "Input should be a valid dictionary or list");
    if (type == MODEL_TEXT_OR_LIST && !json_is_string(at->value) && !is_list)
        return complain(at, "string_type", "Input should be a valid string or list");
    if (type == MODEL_INT_OR_OBJECT && !is_object && !json_is_integer(at->value))
        return complain(at, "dict_type", "Input should be a valid integer or dictionary");
    if (is_list && !list_length_check(at, json_array_size(at->value)))
        return false;
    *(const json_t **)at->member = at->value;
    return true;
}

static bool value_read(struct place *at)
{
    switch (at->field->type) {
    case MODEL_TEXT:
    case MODEL_TEXT_OR_INT:
    case MODEL_TIME:
        return text_read(at);
    case MODEL_INT:
        return int_read(at);
    case MODEL_NUMBER:
        return number_read(at);
    case MODEL_BOOL:
        return bool_read(at);
    case MODEL_ENUM:
        return enum_read(at);
    case MODEL_DURATION:
        return duration_read(at);
    case MODEL_STRINGS:
        return strings_read(at);
    default:
        return json_read(at);
    }
}
