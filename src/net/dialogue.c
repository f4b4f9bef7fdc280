// dialogue.c - cuts what comes in into pieces, within limits, and words the ways it can fail.
//
// Every byte is looked at on its own, so a dialogue cannot depend on how the network cut it, and
// ends exactly at its last byte.
// SPDX-License-Identifier: Apache-2.0
#include "net/dialogue.h"

#include "net/greeting.h"

static enum dialogue_step too_much(struct dialogue *d, const char *of_what);

void dialogue_init(struct dialogue *d, const struct dialogue_kind *kind, const char *where,
                   const char *name)
{
    *d = (struct dialogue){.kind = kind, .where = where, .name = name};
    buf_init(&d->in, DIALOGUE_PIECE_MAX);
    buf_init(&d->out, DIALOGUE_PIECE_MAX);
}

void dialogue_done(struct dialogue *d)
{
    if (d->out.p)
        explicit_bzero(d->out.p, d->out.cap);
    buf_done(&d->in);
    buf_done(&d->out);
}

void dialogue_open(struct dialogue *d)
{
    if (d->kind->open)
        d->kind->open(d);
}

static enum dialogue_step piece_take(struct dialogue *d)
{
    enum dialogue_step step = d->kind->take(d, buf_str(&d->in));

    buf_clear(&d->in);
    if (step == DIALOGUE_ON && ++d->pieces >= DIALOGUE_PIECES)
        return too_much(d, "lines without end");
    return step;
}

enum dialogue_step dialogue_take(struct dialogue *d, struct str bytes, size_t *ret_used)
{
    enum dialogue_step step = DIALOGUE_ON;
    size_t i = 0;

    while (i < bytes.len && step == DIALOGUE_ON) {
        enum dialogue_part part;

        buf_add_byte(&d->in, bytes.p[i++]);
        part = d->kind->part(d);
        if (part == PART_WHOLE)
            step = piece_take(d);
        else if (part == PART_WRONG)
            step = dialogue_odd(d, buf_str(&d->in));
        else if (d->in.len == DIALOGUE_PIECE_MAX)
            step = too_much(d, "a reply without end");
        if (++d->in_bytes >= DIALOGUE_MAX && step == DIALOGUE_ON)
            step = too_much(d, "more and more");
    }
    *ret_used = i;
    return step;
}

enum dialogue_part dialogue_line(struct dialogue *d)
{
    return d->in.p[d->in.len - 1] == '\n' ? PART_WHOLE : PART_OPEN;
}

struct str dialogue_chomp(struct str line)
{
    if (line.len > 0 && line.p[line.len - 1] == '\n')
        line.len--;
    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

bool dialogue_has_word(struct str line, struct str word)
{
    return line.len >= word.len && str_eq_nocase(str_cut(line, 0, word.len), word) &&
           (line.len == word.len || line.p[word.len] == ' ');
}

enum dialogue_step dialogue_unsupported(struct dialogue *d)
{
    d->code = "starttls_unsupported";
    fail(&d->error, ERR_TLS, "host", "%s speaks %s, but does not offer %s", d->where, d->kind->name,
         d->kind->what);
    fail_hint(&d->error, "is TLS configured there, or does it begin at once on another port?");
    return DIALOGUE_FAIL;
}

enum dialogue_step dialogue_refused(struct dialogue *d, struct str said)
{
    char line[GREETING_MAX + 1];

    d->code = "starttls_refused";
    fail(&d->error, ERR_TLS, "host", "%s refuses %s: it says \"%s\"", d->where, d->kind->what,
         greeting_line(said, line));
    return DIALOGUE_FAIL;
}

enum dialogue_step dialogue_turned_away(struct dialogue *d, struct str said)
{
    char line[GREETING_MAX + 1];

    d->code = "starttls_refused";
    fail(&d->error, ERR_TLS, "host", "%s turns us away: it says \"%s\"", d->where,
         greeting_line(said, line));
    fail_hint(&d->error, "does the server let this machine in?");
    return DIALOGUE_FAIL;
}

enum dialogue_step dialogue_odd(struct dialogue *d, struct str said)
{
    char line[GREETING_MAX + 1];

    d->code = "protocol_error";
    fail(&d->error, ERR_TLS, "host", "%s does not speak %s: it says \"%s\"", d->where,
         d->kind->name, greeting_line(said, line));
    fail_hint(&d->error, "%s", greeting_hint(said));
    return DIALOGUE_FAIL;
}

static enum dialogue_step too_much(struct dialogue *d, const char *of_what)
{
    d->code = "protocol_error";
    fail(&d->error, ERR_TLS, "host", "%s sends %s instead of answering as %s does", d->where,
         of_what, d->kind->name);
    return DIALOGUE_FAIL;
}
