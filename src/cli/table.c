// table.c - lays tables out.
// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

// What becomes of the columns on a screen.
struct layout {
    size_t width[TABLE_COLUMNS_MAX]; // 0: the column has left
    size_t count;
    bool has_titles;
};

void table_init(struct table *t, const struct table_column *columns, size_t count)
{
    assert(count <= TABLE_COLUMNS_MAX);
    *t = (struct table){.columns = columns, .column_count = count, .arena = arena_new(16 << 10)};
}

void table_done(struct table *t)
{
    free(t->cells);
    arena_free(t->arena);
    *t = (struct table){0};
}

void table_row(struct table *t)
{
    if (t->row_count == t->row_room) {
        t->row_room = t->row_room ? 2 * t->row_room : 64;
        t->cells = mem_resize(t->cells, t->row_room * t->column_count * sizeof *t->cells);
    }
    for (size_t i = 0; i < t->column_count; i++)
        t->cells[t->row_count * t->column_count + i] = (struct table_cell){0};
    t->row_count++;
}

void table_set(struct table *t, size_t column, struct str text, enum tone tone)
{
    struct str copy = arena_copy(t->arena, text);
    char *p = (char *)(uintptr_t)copy.p;

    assert(t->row_count > 0 && column < t->column_count);
    for (size_t i = 0; i < copy.len; i++)
        if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
            p[i] = ' ';
    t->cells[(t->row_count - 1) * t->column_count + column] = (struct table_cell){copy, tone};
}

static const struct table_cell *cell_at(const struct table *t, size_t row, size_t column)
{
    return &t->cells[row * t->column_count + column];
}

static size_t cell_columns(const struct screen *screen, const struct table_cell *cell)
{
    return screen_columns(cell->text) + screen_columns(str_of(screen_icon(screen, cell->tone)));
}

static size_t layout_width(const struct layout *l)
{
    size_t all = 0;

    for (size_t i = 0; i < l->count; i++)
        all += l->width[i] > 0 ? l->width[i] + (all > 0 ? TABLE_GAP : 0) : 0;
    return all;
}

// The column that leaves next: the last one of the highest rank; -1: none may.
static int column_to_leave(const struct table *t, const struct layout *l)
{
    int found = -1;

    for (size_t i = 0; i < l->count; i++)
        if (l->width[i] > 0 && t->columns[i].rank > 0 &&
            (found < 0 || t->columns[i].rank >= t->columns[found].rank))
            found = (int)i;
    return found;
}

// What could be cut from the widest column that may be.
static void columns_cut(const struct table *t, struct layout *l, size_t width)
{
    while (layout_width(l) > width) {
        size_t widest = l->count;

        for (size_t i = 0; i < l->count; i++)
            if (t->columns[i].may_break && l->width[i] > TABLE_CUT_MIN &&
                (widest == l->count || l->width[i] > l->width[widest]))
                widest = i;
        if (widest == l->count)
            return;
        l->width[widest]--;
    }
}

// The width that is needed when each column that may break is as narrow as it may be.
static size_t least_width(const struct table *t, const struct layout *l)
{
    struct layout narrow = *l;

    for (size_t i = 0; i < l->count; i++)
        if (t->columns[i].may_break && narrow.width[i] > TABLE_CUT_MIN)
            narrow.width[i] = TABLE_CUT_MIN;
    return layout_width(&narrow);
}

static struct layout layout_make(const struct table *t, const struct screen *screen,
                                 bool has_titles)
{
    struct layout l = {.count = t->column_count, .has_titles = has_titles};
    int leaving;

    for (size_t i = 0; i < l.count; i++) {
        l.width[i] = has_titles ? screen_columns(str_of(t->columns[i].title)) : 1;
        for (size_t row = 0; row < t->row_count; row++) {
            size_t width = cell_columns(screen, cell_at(t, row, i));

            l.width[i] = width > l.width[i] ? width : l.width[i];
        }
    }
    if (screen->width == 0)
        return l;
    while (least_width(t, &l) > screen->width && (leaving = column_to_leave(t, &l)) >= 0)
        l.width[leaving] = 0;
    columns_cut(t, &l, screen->width);
    return l;
}

// At most width characters of a text, the last one "…" when it is cut.
static struct str text_cut(struct str text, size_t width, bool *ret_is_cut)
{
    size_t count = 0, at = 0;

    *ret_is_cut = screen_columns(text) > width;
    if (!*ret_is_cut)
        return text;
    for (; at < text.len; at++) {
        if (((unsigned char)text.p[at] & 0xc0) == 0x80)
            continue;
        if (++count == width)
            break;
    }
    return str_cut(text, 0, at);
}

static void cell_write(const struct screen *screen, const struct table_column *column,
                       const struct table_cell *cell, size_t width, bool is_last, struct buf *out)
{
    struct str icon = str_of(screen_icon(screen, cell->tone));
    size_t room = width - (screen_columns(icon) < width ? screen_columns(icon) : 0);
    struct buf text;
    bool is_cut;

    buf_init(&text, 1 << 16);
    if (room < width)
        buf_add(&text, icon);
    buf_add(&text, text_cut(cell->text, room, &is_cut));
    if (is_cut)
        buf_add_text(&text, "…");
    size_t blanks = width - screen_columns(buf_str(&text));

    for (size_t i = 0; column->is_right && i < blanks; i++)
        buf_add_byte(out, ' ');
    screen_paint(screen, cell->tone, buf_str(&text), out);
    for (size_t i = 0; !column->is_right && !is_last && i < blanks; i++)
        buf_add_byte(out, ' ');
    buf_done(&text);
}

static void line_write(const struct table *t, const struct screen *screen, const struct layout *l,
                       const struct table_cell *cells, struct buf *out)
{
    bool is_first = true;
    size_t last = 0;

    for (size_t i = 0; i < l->count; i++)
        last = l->width[i] > 0 ? i : last;
    for (size_t i = 0; i < l->count; i++) {
        if (l->width[i] == 0)
            continue;
        for (int k = 0; !is_first && k < TABLE_GAP; k++)
            buf_add_byte(out, ' ');
        is_first = false;
        cell_write(screen, &t->columns[i], &cells[i], l->width[i], i == last, out);
    }
    while (out->len > 0 && out->p[out->len - 1] == ' ')
        out->len--; // of empty cells
    buf_add_byte(out, '\n');
}

void table_write(const struct table *t, const struct screen *screen, bool has_titles,
                 struct buf *out)
{
    struct layout l = layout_make(t, screen, has_titles);
    struct table_cell titles[TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < t->column_count; i++)
        titles[i].text = str_of(t->columns[i].title);
    if (has_titles)
        line_write(t, screen, &l, titles, out);
    for (size_t row = 0; row < t->row_count; row++)
        line_write(t, screen, &l, cell_at(t, row, 0), out);
}
