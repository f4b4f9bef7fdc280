// content.c - unfolds iCalendar text and takes its lines apart.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/content.h"

static size_t line_end(struct str text, size_t at)
{
    while (at < text.len && text.p[at] != '\n')
        at++;
    return at;
}

void content_init(struct content *c, struct str text)
{
    size_t taken = 0;

    *c = (struct content){0};
    buf_init(&c->text, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        size_t feed = i + (text.p[i] == '\r' && i + 1 < text.len);

        if (text.p[feed] != '\n') {
            buf_add_byte(&c->text, text.p[i]);
            continue;
        }
        if (feed + 1 < text.len && (text.p[feed + 1] == ' ' || text.p[feed + 1] == '\t')) {
            taken += feed + 2 - i;
            vec_push(&c->folds, c->text.len);
            vec_push(&c->taken, taken);
            i = feed + 1;
            continue;
        }
        buf_add(&c->text, str_cut(text, i, feed + 1));
        i = feed;
    }
}

void content_done(struct content *c)
{
    buf_done(&c->text);
    vec_done(&c->folds);
    vec_done(&c->taken);
}

void content_column(const struct content *c, struct err *e)
{
    size_t i = c->folds.len;

    if (e->column == 0)
        return;
    while (i > 0 && c->folds.v[i - 1] > (size_t)e->column - 1)
        i--;
    e->column += i > 0 ? (int)c->taken.v[i - 1] : 0;
}

const struct content_param *content_param(const struct content_line *line, const char *name)
{
    for (int i = 0; i < line->param_count; i++)
        if (str_eq_nocase(line->params[i].name, str_of(name)))
            return &line->params[i];
    return NULL;
}

// Takes letters, digits and "-".
static struct str name_read(struct scan *s)
{
    size_t start = s->at;

    while (!scan_is_done(s)) {
        char c = scan_peek(s);

        if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            break;
        s->at++;
    }
    return str_cut(s->text, start, s->at);
}

// name=value or name="value", behind a semicolon.
static bool param_read(struct scan *s, struct content_line *line)
{
    struct content_param param = {.at = s->at};
    size_t start;

    if (line->param_count == CONTENT_PARAMS_MAX)
        return scan_fail(s, s->at, "has more than %d parameters", CONTENT_PARAMS_MAX);
    param.name = name_read(s);
    if (param.name.len == 0 || !scan_take(s, '='))
        return scan_fail(s, param.at, "needs a parameter such as TZID=Europe/Berlin behind \";\"");
    bool is_quoted = scan_take(s, '"');

    for (start = s->at; !scan_is_done(s); s->at++) {
        char c = scan_peek(s);

        if (is_quoted ? c == '"' : c == ';' || c == ':')
            break;
    }
    param.value = str_cut(s->text, start, s->at);
    if (is_quoted && !scan_take(s, '"'))
        return scan_fail(s, start - 1, "has a quote that does not end");
    line->params[line->param_count++] = param;
    return true;
}

static bool line_read(struct scan *s, struct content_line *line)
{
    line->name = name_read(s);
    while (scan_take(s, ';'))
        if (!param_read(s, line))
            return false;
    if (scan_take(s, ':') && line->name.len > 0) {
        line->value_at = s->at;
        return true;
    }
    if (line->param_count > 0 || scan_peek(s) != '=')
        return scan_fail(s, line->at, "needs a name and a colon, such as RRULE:FREQ=DAILY");
    line->name.len = 0;
    line->value_at = line->at;
    return true;
}

bool content_next(struct content *c, const char *key, struct content_line *ret_line, bool *ret_done,
                  struct err *e)
{
    struct str text = buf_str(&c->text), found;
    struct scan s = {.text = text, .key = key, .what = "a line", .e = e};
    struct content_line line = {0};

    do {
        if (c->at >= text.len) {
            *ret_done = true;
            return true;
        }
        size_t end = line_end(text, c->at);

        found = str_trim(str_cut(text, c->at, end));
        c->at = end + 1;
    } while (found.len == 0);
    s.at = line.at = (size_t)(found.p - text.p);
    s.end = line.end = s.at + found.len;
    if (!line_read(&s, &line))
        return false;
    *ret_line = line;
    *ret_done = false;
    return true;
}
