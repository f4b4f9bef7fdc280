// starttls.c - the table of protocols.
// SPDX-License-Identifier: Apache-2.0
#include "net/starttls.h"

#include "net/starttls_line.h"
#include "net/starttls_packet.h"
#include "net/starttls_xmpp.h"

static const struct {
    const char *word;
    int port;
    struct dialogue_kind kind;
} protocols[STARTTLS_COUNT] = {
#define X(protocol, w, n, asked, p, piece, first, each) \
    [STARTTLS_##protocol] = {                           \
        w, p, {.name = n, .what = asked, .open = first, .part = piece, .take = each}},
#include "net/starttls.def"
#undef X
};

const char *const starttls_words[] = {
#define X(protocol, word, ...) word,
#include "net/starttls.def"
#undef X
    NULL,
};

enum starttls starttls_find(struct str word)
{
    for (enum starttls s = STARTTLS_NONE + 1; s < STARTTLS_COUNT; s++)
        if (str_eq(word, str_of(protocols[s].word)))
            return s;
    return STARTTLS_NONE;
}

const char *starttls_word(enum starttls protocol)
{
    return protocols[protocol].word;
}

int starttls_port(enum starttls protocol)
{
    return protocols[protocol].port;
}

enum starttls starttls_of_port(int port)
{
    static const int submission = 587;

    if (port == submission)
        return STARTTLS_SMTP;
    for (enum starttls s = STARTTLS_NONE + 1; s < STARTTLS_COUNT; s++)
        if (protocols[s].port == port)
            return s;
    return STARTTLS_NONE;
}

const struct dialogue_kind *starttls_kind(enum starttls protocol)
{
    return &protocols[protocol].kind;
}
