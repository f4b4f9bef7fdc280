// field_source.c - finds a field in the text that a trigger keeps.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/field_source.h"

#include "trigger/crontab.h"
#include "trigger/fields.h"
#include "trigger/kind.h"

static bool text_source(const struct trigger *t, enum cron_field field,
                        struct field_source *ret_source)
{
    struct str expr = str_of(t->texts), zone;
    struct cron_text text;
    struct err e;

    if (!cron_split(expr, crontab_zone(expr, &zone), 5, &text, &e) ||
        !cron_field_is_given(&text, field))
        return false;
    *ret_source = (struct field_source){
        .key = "expr",
        .text = str_cut(expr, text.fields[field].from, text.fields[field].to),
        .column = (int)text.fields[field].from + 1,
    };
    return true;
}

// Texts of the fields lie one behind the other.
static bool field_text_source(const struct trigger *t, enum cron_field field,
                              struct field_source *ret_source)
{
    static const enum field fields[CRON_FIELD_COUNT] = {
        FIELD_SECOND, FIELD_MINUTE,      FIELD_HOUR, FIELD_DAY,
        FIELD_MONTH,  FIELD_DAY_OF_WEEK, FIELD_YEAR};
    const char *text = t->texts;

    if (!(t->given >> fields[field] & 1))
        return false;
    for (int i = 0; i < (int)fields[field]; i++)
        if (t->given >> i & 1)
            text += strlen(text) + 1;
    *ret_source = (struct field_source){field_names[fields[field]], str_of(text), 1};
    return true;
}

bool field_source(const struct trigger *t, enum cron_field field, struct field_source *ret_source)
{
    if (t->kind == &cron_kind && !t->is_crontab)
        return field_text_source(t, field, ret_source);
    return (t->kind == &cron_kind || t->kind == &quartz_kind) && text_source(t, field, ret_source);
}
