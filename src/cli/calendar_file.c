// calendar_file.c - from a file to a calendar in the registry.
// SPDX-License-Identifier: Apache-2.0
#include "cli/calendar_file.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "trigger/almanac_read.h"

#define FILE_MAX (1024 * 1024) // as much as the API takes

// The base name of a path without what follows its last point.
static struct str name_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *point = strrchr(base, '.');

    return (struct str){base, point && point > base ? (size_t)(point - base) : strlen(base)};
}

static bool is_ics(struct str text)
{
    if (str_starts(text, STR_LIT("\xef\xbb\xbf")))
        text = str_cut(text, 3, text.len);
    text = str_trim(text);
    return text.len >= 6 && str_eq_nocase(str_cut(text, 0, 6), STR_LIT("BEGIN:"));
}

static json_t *definition_of(struct str text, struct err *e)
{
    json_error_t fault;
    json_t *definition;

    if (!str_is_utf8(text)) {
        fail(e, ERR_INPUT, NULL, "the file is not UTF-8 text");
        return NULL;
    }
    if (is_ics(text))
        return json_pack("{ss%}", "ics", text.p, text.len);
    definition = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, &fault);
    if (!definition) {
        fail_at(e, ERR_JSON, NULL, fault.column,
                "line %d: this is neither JSON nor a calendar "
                "file: %s",
                fault.line, fault.text);
        e->line = fault.line;
    }
    return definition;
}

// Puts path and member in front of an error.
static bool located(const char *path, struct err *e)
{
    struct err why = *e;

    fail(e, why.code, why.field, "%s: %s%s%s", path, why.field, why.field[0] ? ": " : "",
         why.message);
    e->line = why.line;
    e->column = why.column;
    return why.hint[0] ? fail_hint(e, "%s", why.hint) : false;
}

bool calendar_file_read(const char *path, struct zones *zones, struct almanacs *all,
                        const char **ret_name, struct err *e)
{
    struct almanac *almanac = NULL;
    json_t *definition = NULL;
    struct buf text;

    buf_init(&text, FILE_MAX);
    bool ok = file_read_all(AT_FDCWD, path, &text, e);

    if (!ok) {
        buf_done(&text);
        return false;
    }
    definition = definition_of(buf_str(&text), e);
    ok = definition && almanac_read(definition, name_of(path), zones, &almanac, e) &&
         almanacs_check(all, almanac, e);
    json_decref(definition);
    buf_done(&text);
    if (!ok) {
        almanac_drop(almanac);
        return located(path, e);
    }
    *ret_name = almanac->name;
    almanacs_put(all, almanac);
    return true;
}
