// listing.c - lists of the API in each form.
// SPDX-License-Identifier: Apache-2.0
#include "cli/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/suggest.h"
#include "time/iso8601.h"

enum {
    CELL_MAX_BYTES = 64 << 10,
    FIELDS_MAX = TABLE_COLUMNS_MAX
};

static const char *const form_names[] = {"table", "wide", "json", "ndjson", "csv", "name"};

// The members that are printed.
struct fields {
    const char *names[FIELDS_MAX];
    char texts[FIELDS_MAX][64]; // what --fields says
    size_t count;
};

static void table_of_columns(const struct listing *listing, bool is_wide,
                             const struct screen *screen, const json_t *items, bool has_titles,
                             struct buf *out);
static bool fields_read(const struct typed *typed, const json_t *items, struct fields *ret_fields,
                        struct err *e);
static void table_of_fields(const struct fields *fields, const struct screen *screen,
                            const json_t *items, bool has_titles, struct buf *out);
static void csv_write(const struct fields *fields, const json_t *items, bool has_titles,
                      struct buf *out);
static void names_write(const json_t *items, const char *name, struct buf *out);
static void ndjson_write(const struct fields *fields, const json_t *items, struct buf *out);

bool form_read(const struct typed *typed, enum form *ret_form, struct err *e)
{
    const char *name = typed_value(typed, "-o");
    const char *origin = "-o";

    if (!name) {
        name = getenv("BELFRY_OUTPUT");
        origin = "$BELFRY_OUTPUT";
    }
    for (int i = 0; i < FORM_COUNT; i++)
        if (!name || !name[0] || strcmp(name, form_names[i]) == 0) {
            *ret_form = (enum form)i;
            return true;
        }
    return fail(e, ERR_USAGE, NULL, "%s must be table, wide, json, ndjson, csv or name, not \"%s\"",
                origin, name);
}

bool listing_write(const struct listing *listing, const struct typed *typed, enum form form,
                   const struct screen *screen, const json_t *reply, struct buf *out, struct err *e)
{
    const json_t *items = json_object_get(reply, listing->items);
    bool has_titles = !typed_has(typed, "--no-headers");
    bool has_fields = typed_has(typed, "--fields");
    struct fields fields = {0};

    if ((has_fields || form == FORM_CSV) && !fields_read(typed, items, &fields, e))
        return false;
    if (form == FORM_JSON) {
        char *text = json_dumps(reply, JSON_COMPACT);

        buf_add_text(out, text);
        buf_add_byte(out, '\n');
        free(text);
    } else if (form == FORM_NDJSON) {
        ndjson_write(&fields, items, out);
    } else if (form == FORM_CSV) {
        csv_write(&fields, items, has_titles, out);
    } else if (form == FORM_NAME) {
        names_write(items, listing->name, out);
    } else if (has_fields) {
        table_of_fields(&fields, screen, items, has_titles, out);
    } else {
        table_of_columns(listing, form == FORM_WIDE, screen, items, has_titles, out);
    }
    return true;
}

const char *item_text(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));

    return text ? text : "";
}

const char *item_held(const json_t *slot)
{
    static const char *const reasons[] = {"freeze", "paused", "asked", "no_node"};
    const char *text = "";

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons && !text[0]; i++)
        text = item_text(slot, reasons[i]);
    return text;
}

bool item_moment(const json_t *item, const char *key, wall *ret_at)
{
    const char *text = item_text(item, key);
    struct err e;

    return text[0] && iso8601_moment(str_of(text), NULL, key, ret_at, &e);
}

// ---- tables ----

static void cell_set(struct table *t, size_t column, const struct screen *screen, struct buf *text,
                     enum tone tone)
{
    if (text->len > 0)
        table_set(t, column, buf_str(text), tone);
    else // a column for awk is never missing
        table_set(t, column, str_of(screen->is_terminal ? "–" : "-"), TONE_NONE);
    buf_clear(text);
}

static void table_of_columns(const struct listing *listing, bool is_wide,
                             const struct screen *screen, const json_t *items, bool has_titles,
                             struct buf *out)
{
    struct table_column columns[TABLE_COLUMNS_MAX];
    const struct listing_column *shown[TABLE_COLUMNS_MAX];
    struct table t;
    struct buf text;
    size_t count = 0, row;
    json_t *item;

    for (size_t i = 0; i < listing->count; i++)
        if (is_wide || !listing->columns[i].is_wide) {
            columns[count] = listing->columns[i].column;
            shown[count++] = &listing->columns[i];
        }
    table_init(&t, columns, count);
    buf_init(&text, CELL_MAX_BYTES);
    json_array_foreach(items, row, item)
    {
        table_row(&t);
        for (size_t i = 0; i < count; i++) {
            enum tone tone = TONE_NONE;

            shown[i]->write(item, screen, &text, &tone);
            cell_set(&t, i, screen, &text, tone);
        }
    }
    table_write(&t, screen, has_titles, out);
    buf_done(&text);
    table_done(&t);
}

// ---- fields ----

// Any member as one text: texts as they are, null as nothing, everything else as JSON.
static void member_write(const json_t *value, struct buf *out)
{
    char *text;

    if (!value || json_is_null(value))
        return;
    if (json_is_string(value)) {
        buf_add(out, (struct str){json_string_value(value), json_string_length(value)});
        return;
    }
    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_add_text(out, text);
    free(text);
}

static bool has_field(const json_t *items, const char *name)
{
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item) if (json_object_get(item, name)) return true;
    return json_array_size(items) == 0;
}

static bool field_unknown(const json_t *items, const char *name, struct err *e)
{
    const char *names[64], *key;
    json_t *first = json_array_get(items, 0), *value;
    size_t count = 0;

    json_object_foreach(first, key, value) if (count < 64) names[count++] = key;
    const char *near = suggest_find(str_of(name), names, count);

    (void)fail(e, ERR_USAGE, NULL, "--fields: nothing here is called \"%s\"", name);
    return near ? fail_hint(e, "did you mean %s?", near) : false;
}

// What --fields names, else the members of the first item that are no lists or objects.
static bool fields_read(const struct typed *typed, const json_t *items, struct fields *ret_fields,
                        struct err *e)
{
    struct str rest = str_of(typed_value(typed, "--fields")), name;
    struct fields *f = ret_fields;
    const char *key;
    json_t *value;

    if (!rest.p) {
        json_object_foreach(json_array_get(items, 0), key,
                            value) if (!json_is_array(value) && !json_is_object(value) &&
                                       f->count < FIELDS_MAX) f->names[f->count++] = key;
        return true;
    }
    while (rest.len > 0 && str_next(&rest, ',', &name)) {
        if (f->count == FIELDS_MAX)
            return fail(e, ERR_USAGE, NULL, "--fields: more than %d", FIELDS_MAX);
        snprintf(f->texts[f->count], sizeof f->texts[0], "%.*s", STR(str_trim(name)));
        f->names[f->count] = f->texts[f->count];
        if (!has_field(items, f->names[f->count]))
            return field_unknown(items, f->names[f->count], e);
        f->count++;
    }
    return true;
}

static void table_of_fields(const struct fields *fields, const struct screen *screen,
                            const json_t *items, bool has_titles, struct buf *out)
{
    struct table_column columns[TABLE_COLUMNS_MAX] = {0};
    struct table t;
    struct buf text;
    size_t row;
    json_t *item;

    for (size_t i = 0; i < fields->count; i++)
        columns[i] = (struct table_column){.title = fields->names[i], .may_break = true};
    table_init(&t, columns, fields->count);
    buf_init(&text, CELL_MAX_BYTES);
    json_array_foreach(items, row, item)
    {
        table_row(&t);
        for (size_t i = 0; i < fields->count; i++) {
            member_write(json_object_get(item, fields->names[i]), &text);
            cell_set(&t, i, screen, &text, TONE_NONE);
        }
    }
    table_write(&t, screen, has_titles, out);
    buf_done(&text);
    table_done(&t);
}

// RFC 4180: quotes around what has a comma, a quote or a line break in it.
static void csv_cell(struct str text, struct buf *out)
{
    bool is_quoted = false;

    for (size_t i = 0; i < text.len; i++)
        is_quoted = is_quoted || strchr(",\"\r\n", text.p[i]);
    if (!is_quoted) {
        buf_add(out, text);
        return;
    }
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '"')
            buf_add_byte(out, '"');
        buf_add_byte(out, text.p[i]);
    }
    buf_add_byte(out, '"');
}

static void csv_write(const struct fields *fields, const json_t *items, bool has_titles,
                      struct buf *out)
{
    struct buf text;
    size_t row;
    json_t *item;

    for (size_t i = 0; has_titles && i < fields->count; i++)
        buf_printf(out, "%s%s", i > 0 ? "," : "", fields->names[i]);
    if (has_titles)
        buf_add_text(out, "\r\n");
    buf_init(&text, CELL_MAX_BYTES);
    json_array_foreach(items, row, item)
    {
        for (size_t i = 0; i < fields->count; i++) {
            if (i > 0)
                buf_add_byte(out, ',');
            member_write(json_object_get(item, fields->names[i]), &text);
            csv_cell(buf_str(&text), out);
            buf_clear(&text);
        }
        buf_add_text(out, "\r\n");
    }
    buf_done(&text);
}

static void names_write(const json_t *items, const char *name, struct buf *out)
{
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item)
    {
        member_write(json_object_get(item, name), out);
        buf_add_byte(out, '\n');
    }
}

static void ndjson_write(const struct fields *fields, const json_t *items, struct buf *out)
{
    size_t row;
    json_t *item;

    json_array_foreach(items, row, item)
    {
        json_t *some = fields->count > 0 ? json_object() : json_incref(item);

        for (size_t i = 0; i < fields->count; i++) {
            json_t *value = json_object_get(item, fields->names[i]);

            json_object_set(some, fields->names[i], value ? value : json_null());
        }
        char *text = json_dumps(some, JSON_COMPACT);

        buf_add_text(out, text);
        buf_add_byte(out, '\n');
        free(text);
        json_decref(some);
    }
}
