// model_test.c - bodies against a model: what is read, and every complaint word for word.
// SPDX-License-Identifier: Apache-2.0
#include "job/model.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

struct thing {
    struct str name;
    int64_t count;
    bool is_on;
    int color;
    int64_t wait;
    const json_t *words;
    const json_t *extra;
    struct str code;
};

static const char *const colors[] = {"red", "green", "blue", NULL};

static bool code_check(struct str s, struct err *e)
{
    return s.len == 2 || fail(e, ERR_INPUT, "code", "has %zu bytes", s.len);
}

#define AT(member) .offset = offsetof(struct thing, member)
static const struct model_field fields[] = {
    {.name = "name",
     .type = MODEL_TEXT,
     AT(name),
     .required = 1,
     .min = 1,
     .max = 5,
     .doc = "A name.",
     .example = "\"x\""},
    {.name = "count", .type = MODEL_INT, AT(count), .preset_n = 7, .min = 1, .max = 9},
    {.name = "is_on", .type = MODEL_BOOL, AT(is_on), .preset_n = 1},
    {.name = "color",
     .type = MODEL_ENUM,
     AT(color),
     .choices = colors,
     .preset_n = -1,
     .is_nullable = true},
    {.name = "wait",
     .type = MODEL_DURATION,
     AT(wait),
     .none_word = "none",
     .none_n = -2,
     .is_nullable = true,
     .preset_n = -1},
    {.name = "words", .type = MODEL_STRINGS, AT(words), .max = 3, .is_nullable = true},
    {.name = "extra", .type = MODEL_OBJECT, AT(extra), .in = 2},
    {.name = "code", .type = MODEL_TEXT_OR_INT, AT(code), .pattern = "^..$", .check = code_check},
};
static const struct model thing_model = {
    .name = "Thing",
    .doc = "For tests.",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .size = sizeof(struct thing),
    .extra = MODEL_EXTRA_FORBID,
};
static const struct model loose_model = {
    .name = "Loose",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .use = 2,
    .size = sizeof(struct thing),
    .extra = MODEL_EXTRA_WARN,
    .strict_with = "extra",
};

struct fixture {
    struct arena *arena;
    struct model_issues issues;
    struct buf out;
    json_t *body;
    struct thing thing;
    uint64_t given;
    bool ok;
};

// Reads text by model; the complaints are then in f->out.
static void decode(struct fixture *f, const struct model *model, const char *text)
{
    struct json_write w;

    f->arena = arena_new(4096);
    buf_init(&f->out, 1 << 20);
    model_issues_init(&f->issues, f->arena);
    f->body = model_load(str_of(text), "body", &f->issues);
    f->ok = f->body &&
            model_decode(model, f->body, STR_LIT("\"body\""), &f->thing, &f->given, &f->issues);
    json_write_init(&w, &f->out);
    model_issues_write(&f->issues, &w);
}

static void done(struct fixture *f)
{
    json_decref(f->body);
    buf_done(&f->out);
    arena_free(f->arena);
}

static void test_complaints(void **state)
{
    static const struct {
        const char *body, *want;
    } rows[] = {
        {"{\"name\":\"a\"}", "[]"},
        {"{}", "[{\"type\":\"missing\",\"loc\":[\"body\",\"name\"],\"msg\":\"Field "
               "required\",\"input\":{}}]"},
        {"[1]", "[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],\"msg\":\"Input should be "
                "a valid dictionary or "
                "object to extract fields from\",\"input\":[1]}]"},
        {"{\"name\":\"a\",\"count\":\"x\"}",
         "[{\"type\":\"int_parsing\",\"loc\":[\"body\",\"count\"],\"msg\":\"Input should be a "
         "valid integer, unable to parse "
         "string as an integer\",\"input\":\"x\"}]"},
        {"{\"name\":\"a\",\"count\":1.5}",
         "[{\"type\":\"int_from_float\",\"loc\":[\"body\",\"count\"],\"msg\":\"Input should be a "
         "valid integer, got a number with a fractional part\",\"input\":1.5}]"},
        {"{\"name\":\"a\",\"count\":[]}",
         "[{\"type\":\"int_type\",\"loc\":[\"body\",\"count\"],\"msg\":\"Input should be a valid "
         "integer\",\"input\":[]}]"},
        {"{\"name\":\"a\",\"count\":0}",
         "[{\"type\":\"greater_than_equal\",\"loc\":[\"body\",\"count\"],\"msg\":\"Input should be "
         "greater than or equal to "
         "1\",\"input\":0,\"ctx\":{\"ge\":1}}]"},
        {"{\"name\":\"a\",\"count\":10}",
         "[{\"type\":\"less_than_equal\",\"loc\":[\"body\",\"count\"],\"msg\":\"Input should be "
         "less than or equal to "
         "9\",\"input\":10,\"ctx\":{\"le\":9}}]"},
        {"{\"name\":\"a\",\"is_on\":\"maybe\"}",
         "[{\"type\":\"bool_parsing\",\"loc\":[\"body\",\"is_on\"],\"msg\":\"Input should be a "
         "valid boolean, unable to "
         "interpret input\",\"input\":\"maybe\"}]"},
        {"{\"name\":\"a\",\"is_on\":null}",
         "[{\"type\":\"bool_type\",\"loc\":[\"body\",\"is_on\"],\"msg\":\"Input should be a valid "
         "boolean\",\"input\":null}]"},
        {"{\"name\":5}", "[{\"type\":\"string_type\",\"loc\":[\"body\",\"name\"],\"msg\":\"Input "
                         "should be a valid string\",\"input\":5}]"},
        {"{\"name\":\"\"}", "[{\"type\":\"string_too_short\",\"loc\":[\"body\",\"name\"],\"msg\":"
                            "\"String should have at least 1 "
                            "character\",\"input\":\"\",\"ctx\":{\"min_length\":1}}]"},
        {"{\"name\":\"abcdef\"}",
         "[{\"type\":\"string_too_long\",\"loc\":[\"body\",\"name\"],\"msg\":\"String should have "
         "at most "
         "5 characters\",\"input\":\"abcdef\",\"ctx\":{\"max_length\":5}}]"},
        {"{\"name\":\"a\",\"color\":\"pink\"}",
         "[{\"type\":\"enum\",\"loc\":[\"body\",\"color\"],\"msg\":\"Input should be 'red', "
         "'green' or "
         "'blue'\",\"input\":\"pink\",\"ctx\":{\"expected\":\"'red', 'green' or 'blue'\"}}]"},
        {"{\"name\":\"a\",\"words\":\"b\"}",
         "[{\"type\":\"list_type\",\"loc\":[\"body\",\"words\"],\"msg\":\"Input should be a valid "
         "list\",\"input\":\"b\"}]"},
        {"{\"name\":\"a\",\"words\":[\"b\",{}]}",
         "[{\"type\":\"string_type\",\"loc\":[\"body\",\"words\",1],\"msg\":\"Input should be a "
         "valid string\",\"input\":{}}]"},
        {"{\"name\":\"a\",\"code\":\"abc\"}",
         "[{\"type\":\"string_pattern_mismatch\",\"loc\":[\"body\",\"code\"],\"msg\":\"String "
         "should match pattern "
         "'^..$'\",\"input\":\"abc\",\"ctx\":{\"pattern\":\"^..$\",\"error\":\"has 3 bytes\"}}]"},
        {"{\"name\":\"a\",\"cuont\":3}",
         "[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"cuont\"],\"msg\":\"Extra inputs are "
         "not "
         "permitted\",\"input\":3,\"ctx\":{\"hint\":\"did you mean count?\"}}]"},
        {"{\"name\":1,\"count\":\"x\"}",
         "[{\"type\":\"string_type\",\"loc\":[\"body\",\"name\"],\"msg\":\"Input should be a valid "
         "string\",\"input\":1},"
         "{\"type\":\"int_parsing\",\"loc\":[\"body\",\"count\"],\"msg\":\"Input should be a valid "
         "integer, unable to parse "
         "string as an integer\",\"input\":\"x\"}]"},
        {"{\"name\":\"a\",", "[{\"type\":\"json_invalid\",\"loc\":[\"body\",12],\"msg\":\"JSON "
                             "decode error\",\"input\":{},"
                             "\"ctx\":{\"error\":\"string or '}' expected near end of file\"}}]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;

        decode(&f, &thing_model, rows[i].body);
        assert_string_equal(buf_text(&f.out), rows[i].want);
        assert_int_equal(f.ok, strcmp(rows[i].want, "[]") == 0);
        done(&f);
    }
}

static void test_json_refused(void **state)
{
    static const struct {
        const char *body;
        const char *part;
    } rows[] = {
        {"{\"name\":\"a\",\"name\":\"b\"}", "duplicate object key"},
        {"\xff", "unable to decode byte"},
        {"", "json_invalid"},
        {"{\"name\":\"\\u0000\"}", "\\\\u0000 is not allowed in a text\""},
        {"{\"name\":\"\\ud800\"}", "json_invalid"},
        {"{\"name\":1e999}", "json_invalid"},
        {"{\"count\":123456789012345678901234567890}", "json_invalid"},
    };
    char deep[300];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;

        decode(&f, &thing_model, rows[i].body);
        assert_false(f.ok);
        assert_non_null(strstr(buf_text(&f.out), rows[i].part));
        done(&f);
    }
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    struct fixture f;

    decode(&f, &thing_model, deep);
    assert_non_null(strstr(buf_text(&f.out), "nested too deeply"));
    done(&f);
}

static void test_values(void **state)
{
    struct fixture f;

    (void)state;
    decode(&f, &thing_model,
           "{\"name\":\"h\xc3\xa9\",\"count\":\" +5.0 "
           "\",\"is_on\":\"Off\",\"color\":\"blue\",\"wait\":\"1m30s\","
           "\"words\":[\"a\",1],\"code\":42}");
    assert_true(f.ok);
    assert_true(str_eq(f.thing.name, STR_LIT("h\xc3\xa9")));
    assert_int_equal(f.thing.count, 5);
    assert_false(f.thing.is_on);
    assert_int_equal(f.thing.color, 2);
    assert_int_equal(f.thing.wait, 90000000);
    assert_int_equal(json_array_size(f.thing.words), 2);
    assert_true(str_eq(f.thing.code, STR_LIT("42")));
    assert_int_equal(f.given, 0xbf);
    done(&f);
    decode(&f, &thing_model, "{\"name\":\"a\",\"color\":null,\"wait\":null}");
    assert_true(f.ok);
    assert_int_equal(f.thing.count, 7);
    assert_true(f.thing.is_on);
    assert_int_equal(f.thing.color, -1);
    assert_int_equal(f.thing.wait, -1);
    assert_int_equal(f.given, 1);
    done(&f);
    decode(&f, &thing_model, "{\"name\":\"a\",\"wait\":\"none\",\"count\":true,\"is_on\":0}");
    assert_true(f.ok);
    assert_int_equal(f.thing.wait, -2);
    assert_int_equal(f.thing.count, 1);
    assert_false(f.thing.is_on);
    done(&f);
    decode(&f, &thing_model, "{\"name\":\"a\",\"wait\":1.5}");
    assert_int_equal(f.thing.wait, 1500000);
    done(&f);
}

static void test_extras(void **state)
{
    struct fixture f;

    (void)state;
    decode(&f, &loose_model, "{\"wrods\":1}");
    assert_true(f.ok);
    assert_int_equal(f.issues.warning_count, 1);
    assert_true(str_eq(f.issues.warnings[0],
                       STR_LIT("unknown member \"wrods\" was ignored; did you mean \"words\"?")));
    done(&f);
    decode(&f, &loose_model, "{\"wrods\":1,\"extra\":{}}");
    assert_false(f.ok);
    done(&f);
    decode(&f, &thing_model, "{\"name\":\"a\",\"extra\":{}}"); // not in this use
    assert_false(f.ok);
    done(&f);
}

static void test_many_complaints_have_a_limit(void **state)
{
    struct fixture f;
    struct buf body;

    (void)state;
    buf_init(&body, 1 << 16);
    buf_add_text(&body, "{\"name\":\"a\"");
    for (int i = 0; i < 100; i++)
        buf_printf(&body, ",\"x%d\":0", i);
    buf_add_text(&body, "}");
    decode(&f, &thing_model, buf_text(&body));
    assert_int_equal(f.issues.len, MODEL_ISSUES_MAX);
    done(&f);
    buf_done(&body);
}

static void test_encode(void **state)
{
    struct thing thing = {
        .name = STR_LIT("n"), .count = 3, .is_on = true, .color = 1, .wait = 1500000};
    json_t *value = model_encode(&thing_model, &thing, UINT64_MAX);
    char *text = json_dumps(value, JSON_COMPACT);

    (void)state;
    assert_string_equal(
        text, "{\"name\":\"n\",\"count\":3,\"is_on\":true,\"color\":\"green\",\"wait\":1.5}");
    free(text);
    json_decref(value);
    value = model_encode(&thing_model, &thing, 2); // the second field alone
    text = json_dumps(value, JSON_COMPACT);
    assert_string_equal(text, "{\"count\":3}");
    free(text);
    json_decref(value);
}

static void test_schema(void **state)
{
    struct json_write w;
    struct buf out;
    json_t *schema;
    json_error_t error;

    (void)state;
    buf_init(&out, 1 << 16);
    json_write_init(&w, &out);
    model_schema(&thing_model, &w);
    schema = json_loadb(out.p, out.len, 0, &error);
    assert_non_null(schema);
    assert_string_equal(json_string_value(json_object_get(schema, "title")), "Thing");
    assert_int_equal(json_array_size(json_object_get(schema, "required")), 1);
    assert_int_equal(json_object_size(json_object_get(schema, "properties")), 7);
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    json_decref(schema);
    buf_clear(&out);
    json_write_init(&w, &out);
    model_field_schema(&thing_model, &fields[0], &w);
    assert_string_equal(buf_text(&out),
                        "{\"type\":\"string\",\"minLength\":1,\"maxLength\":5,\"description\":\"A "
                        "name.\",\"examples\":[\"x\"]}");
    buf_done(&out);
    assert_true(model_has_field(&loose_model, &fields[6]));
    assert_false(model_has_field(&thing_model, &fields[6]));
    assert_true(model_needs_field(&thing_model, &fields[0]));
    assert_false(model_needs_field(&loose_model, &fields[0]));
}

static void test_words(void **state)
{
    struct fixture f;
    struct buf words;

    (void)state;
    decode(&f, &thing_model, "{}");
    buf_init(&words, 1000);
    model_issues_words(&f.issues, &words);
    assert_string_equal(buf_text(&words), "name: Field required");
    buf_done(&words);
    done(&f);
}

static void test_texts_are_cut_between_characters(void **state)
{
    struct arena *arena = arena_new(1024);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct str e_acute = STR_LIT("\xc3\xa9");
    struct buf text;

    (void)state;
    model_issues_init(issues, arena);
    buf_init(&text, 4096);
    buf_add_byte(&text, 'x');
    for (int i = 0; i < 1000; i++)
        buf_add(&text, e_acute);
    assert_int_equal(model_short(buf_str(&text)).len, 59);
    assert_int_equal(model_short(STR_LIT("abc")).len, 3);
    model_warn(issues, "%s", buf_text(&text));
    assert_true(str_is_utf8(issues->warnings[0]));
    assert_in_range(issues->warnings[0].len, 1021, 1023);
    model_warn(issues, "%sy", buf_text(&text) + 1);
    assert_true(str_is_utf8(issues->warnings[1]));
    assert_int_equal(issues->warnings[1].len, 1022);
    buf_done(&text);
    arena_free(arena);
}

static void test_errors_become_complaints(void **state)
{
    struct arena *arena = arena_new(1024);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct json_write w;
    struct buf out;
    struct err e = {0};

    (void)state;
    model_issues_init(issues, arena);
    (void)fail_at(&e, ERR_INPUT, "hour", 3, "hour \"99\" is not 0-23");
    (void)fail_hint(&e, "use 0-23");
    assert_false(model_complain_err(issues, model_loc(arena, STR_LIT("\"body\""), STR_LIT("hour")),
                                    NULL, &e));
    assert_false(model_complain(issues, "x", STR_LIT("\"body\""), NULL, "", "%d", 1));
    issues->len--;
    model_warn(issues, "warned %d", 1);
    assert_int_equal(issues->warning_count, 1);
    buf_init(&out, 4096);
    json_write_init(&w, &out);
    model_issues_write(issues, &w);
    assert_string_equal(
        buf_text(&out),
        "[{\"type\":\"value_error\",\"loc\":[\"body\",\"hour\"],\"msg\":\"Value error, hour "
        "\\\"99\\\" is not "
        "0-23\",\"input\":null,\"ctx\":{\"error\":\"hour \\\"99\\\" is not 0-23\",\"hint\":\"use "
        "0-23\",\"column\":3}}]");
    buf_done(&out);
    arena_free(arena);
}

static void test_loc_path(void **state)
{
    static const struct {
        const char *path, *loc, *value; // the value as JSON; NULL: none
    } rows[] = {
        {"type", "\"t\",\"type\"", "\"and\""},
        {"triggers.1.hour", "\"t\",\"triggers\",1,\"hour\"", "99"},
        {"triggers.2", "\"t\",\"triggers\",2", NULL},
        {"triggers.0.hour", "\"t\",\"triggers\",0,\"hour\"", NULL},
        {"a.b", "\"t\",\"a.b\"", "7"},
        {"none.of.these", "\"t\",\"none.of.these\"", NULL},
        {"type.x", "\"t\",\"type\",\"x\"", NULL},
    };
    struct arena *arena = arena_new(1024);
    json_t *spec =
        json_loads("{\"type\":\"and\",\"triggers\":[{},{\"hour\":99}],\"a.b\":7}", 0, NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const json_t *value = spec;
        struct str loc = model_loc_path(arena, STR_LIT("\"t\""), str_of(rows[i].path), &value);
        char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

        if (!str_eq(loc, str_of(rows[i].loc)))
            fail_msg("%s: %.*s", rows[i].path, STR(loc));
        assert_int_equal(text == NULL, rows[i].value == NULL);
        if (text)
            assert_string_equal(text, rows[i].value);
        free(text);
    }
    json_decref(spec);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loc_path),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_json_refused),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_extras),
        cmocka_unit_test(test_many_complaints_have_a_limit),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_texts_are_cut_between_characters),
        cmocka_unit_test(test_errors_become_complaints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
