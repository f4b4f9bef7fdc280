// starttls_xmpp.c - asks for TLS in XMPP, by the tags of its stream.
//
// No XML parser: a stream holds tags and text only (RFC 6120, 11.1 forbids the rest), and of the
// tags their local names decide. Which prefix a server has given to the stream's namespace does not
// matter; of `starttls` the namespace must be right.
// SPDX-License-Identifier: Apache-2.0
#include "net/starttls_xmpp.h"

#define TLS_NAMESPACE "urn:ietf:params:xml:ns:xmpp-tls"

enum {
    STREAM,   // we wait for its first tag
    FEATURES, // to their end
    ANSWER,   // proceed or failure
    PROCEED,  // for its closing tag
    WHY,      // what is inside a stream error
};

struct tag {
    struct str name; // without prefix
    bool is_end;     // </name>
    bool is_empty;   // <name/>
};

static void stream_open(struct dialogue *d, const char *namespace)
{
    buf_printf(&d->out,
               "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='%s' to='%s' "
               "version='1.0'>",
               namespace, d->name);
}

void xmpp_client_open(struct dialogue *d)
{
    stream_open(d, "jabber:client");
}

void xmpp_server_open(struct dialogue *d)
{
    stream_open(d, "jabber:server");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The mark is '<' inside a tag, the quote inside an attribute's value, 0 in text.
enum dialogue_part xmpp_part(struct dialogue *d)
{
    char c = d->in.p[d->in.len - 1];

    if (!d->mark) {
        if (c == '<')
            d->mark = c;
        return d->state == STREAM && c != '<' && !is_blank(c) ? PART_WRONG : PART_OPEN;
    }
    if (d->mark == '<' && c == '>') {
        d->mark = 0;
        return PART_WHOLE;
    }
    if (d->mark == '<' && (c == '\'' || c == '"'))
        d->mark = c;
    else if (d->mark == c)
        d->mark = '<';
    return PART_OPEN;
}

// text is "<...>".
static struct tag tag_read(struct str text)
{
    struct str in = str_cut(text, 1, text.len - 1);
    struct tag tag = {0};
    ptrdiff_t colon;
    size_t n = 0;

    tag.is_end = str_starts(in, STR_LIT("/"));
    tag.is_empty = str_ends(in, STR_LIT("/"));
    in = str_cut(in, tag.is_end && in.len > 0, in.len);
    while (n < in.len && !is_blank(in.p[n]) && in.p[n] != '/')
        n++;
    tag.name = str_cut(in, 0, n);
    colon = str_find(tag.name, ':');
    tag.name = str_cut(tag.name, (size_t)(colon + 1), n);
    return tag;
}

static bool is_called(const struct tag *tag, const char *name)
{
    return str_eq(tag->name, str_of(name));
}

static enum dialogue_step features_take(struct dialogue *d, const struct tag *tag, struct str text)
{
    if (is_called(tag, "starttls") &&
        memmem(text.p, text.len, TLS_NAMESPACE, strlen(TLS_NAMESPACE)))
        d->is_offered = true;
    if (!is_called(tag, "features") || !(tag->is_end || tag->is_empty))
        return DIALOGUE_ON;
    if (!d->is_offered)
        return dialogue_unsupported(d);
    buf_add_text(&d->out, "<starttls xmlns='" TLS_NAMESPACE "'/>");
    d->state = ANSWER;
    return DIALOGUE_ON;
}

static enum dialogue_step error_take(struct dialogue *d, const struct tag *tag)
{
    (void)dialogue_turned_away(d, tag->name);
    if (is_called(tag, "host-unknown"))
        fail_hint(&d->error, "it does not serve the domain %s: give its own with starttls_name",
                  d->name);
    return DIALOGUE_FAIL;
}

static enum dialogue_step answer_take(struct dialogue *d, const struct tag *tag, struct str text)
{
    if (is_called(tag, "failure"))
        return dialogue_refused(d, text);
    if (!is_called(tag, "proceed"))
        return dialogue_odd(d, text);
    d->state = PROCEED;
    return tag->is_empty ? DIALOGUE_OVER : DIALOGUE_ON;
}

enum dialogue_step xmpp_take(struct dialogue *d, struct str piece)
{
    struct str text = str_cut(piece, (size_t)str_find(piece, '<'), piece.len);
    struct tag tag = tag_read(text);

    if (str_starts(text, STR_LIT("<?xml ")) && d->state == STREAM)
        return DIALOGUE_ON;
    if ((d->state == FEATURES || d->state == ANSWER) && is_called(&tag, "stream")) // its end
        return dialogue_turned_away(d, text);
    if ((d->state == FEATURES || d->state == ANSWER) && is_called(&tag, "error")) {
        d->state = WHY;
        return DIALOGUE_ON;
    }
    switch (d->state) {
    case STREAM:
        d->state = FEATURES;
        return is_called(&tag, "stream") && !tag.is_end ? DIALOGUE_ON : dialogue_odd(d, text);
    case FEATURES:
        return features_take(d, &tag, text);
    case ANSWER:
        return answer_take(d, &tag, text);
    case WHY:
        return error_take(d, &tag);
    }
    return is_called(&tag, "proceed") && tag.is_end ? DIALOGUE_OVER : dialogue_odd(d, text);
}
