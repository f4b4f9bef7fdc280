// lint_check.c - writes findings down.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/lint_check.h"

#include <stdarg.h>
#include <stdio.h>

void lint_add(struct lint *l, enum lint_code code, const struct field_source *source,
              const char *format, ...)
{
    struct lint_finding *f = &l->v[l->count];
    va_list args;

    l->is_full = l->count == LINT_MAX;
    if (l->is_full)
        return;
    l->count++;
    *f = (struct lint_finding){
        .code = code,
        .field = source ? source->key : NULL,
        .column = source ? source->column : 0,
    };
    if (l->is_part) {
        f->field = "triggers";
        f->column = 0;
    }
    va_start(args, format);
    vsnprintf(f->message, sizeof f->message, format, args);
    va_end(args);
}

void lint_hint(struct lint *l, const char *format, ...)
{
    struct lint_finding *f = &l->v[l->count - 1];
    va_list args;

    if (l->is_full)
        return;
    va_start(args, format);
    vsnprintf(f->hint, sizeof f->hint, format, args);
    va_end(args);
}
