// starttls.h - the protocols that can begin without TLS and change to it: how each is asked.
//
// Each is a dialogue (net/dialogue.h): starttls_kind gives it to dialogue_init. When it is over,
// the next byte of either side is TLS. Bytes of the server behind its go-ahead are not the
// dialogue's; whoever owns the connection must refuse them, because somebody between us and the
// server may have put them there (CVE-2011-0411 and its many relatives).
#pragma once

#include "base/str.h"
#include "net/dialogue.h"

enum starttls {
    STARTTLS_NONE, // TLS from the start
#define X(protocol, word, name, what, port, part, open, take) STARTTLS_##protocol,
#include "net/starttls.def"
#undef X
    STARTTLS_COUNT,
};

// The words for them ("smtp", "xmpp-server"), without NONE; ends with NULL.
extern const char *const starttls_words[];

// The protocol that word names, STARTTLS_NONE when there is none.
enum starttls starttls_find(struct str word);

// "smtp", or NULL for STARTTLS_NONE.
const char *starttls_word(enum starttls protocol);

// Where the protocol usually listens.
int starttls_port(enum starttls protocol);

// The protocol that usually listens there; STARTTLS_NONE for all other ports.
enum starttls starttls_of_port(int port);

// Its dialogue. The dialogue's name is how we call ourselves in EHLO and LHLO, and the domain that
// is asked for in XMPP; the others do not use it. It must be a host name or address.
const struct dialogue_kind *starttls_kind(enum starttls protocol);
