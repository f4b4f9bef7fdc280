// dialogue.h - the talk in the clear that comes before TLS on some ports: bytes in, bytes out, go
// on or give up.
//
// Pure: no sockets, no clock. Whoever owns a dialogue sends what is in `out`, hands in what
// arrives, and reads on exactly where the dialogue ended: what follows belongs to somebody else. A
// dialogue is of a kind (SMTP, SOCKS5...), which says where a piece of what comes in ends - a line,
// a packet, a tag - and what each piece means. starttls.h and proxy.h have the kinds.
//
// Whatever the other side does, a dialogue takes DIALOGUE_MAX bytes, DIALOGUE_PIECES pieces of
// DIALOGUE_PIECE_MAX bytes each, and fails.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
    DIALOGUE_MAX = 64 << 10,
    DIALOGUE_PIECES = 128,
    DIALOGUE_PIECE_MAX = 4 << 10,
};

enum dialogue_step {
    DIALOGUE_ON,   // the other side's turn, once `out` is sent
    DIALOGUE_OVER, // it agreed, once `out` is sent
    DIALOGUE_FAIL, // see code and error
};

enum dialogue_part {
    PART_OPEN,  // more has to come
    PART_WHOLE, // this is a piece
    PART_WRONG, // whatever comes, this never becomes one
};

struct dialogue;

struct dialogue_kind {
    const char *name;                               // "SMTP", for messages
    const char *what;                               // what is asked for: "STARTTLS", "AUTH TLS"
    void (*open)(struct dialogue *d);               // who speaks first; NULL: the other side
    enum dialogue_part (*part)(struct dialogue *d); // of d->in, at each byte
    enum dialogue_step (*take)(struct dialogue *d, struct str piece);
};

struct dialogue {
    const struct dialogue_kind *kind;
    const char *where; // whom we talk to, for messages: "mail.example.org:25". Borrowed
    const char *name;  // who is to be named: we to SMTP, the domain to XMPP, the host to a proxy
    int port;          // for a proxy: of that host
    const char *user, *password; // for a proxy; NULL: none. All borrowed
    int state;                   // the kind's own, 0 at first: what it waits for,
    char mark;                   // where within a piece it is,
    bool is_offered;             // and whether what is asked for was in a list
    struct buf in;               // the piece that is coming in
    struct buf out;              // to be sent; the owner empties it
    size_t in_bytes, pieces;     // so far
    const char *code;            // why it failed: "starttls_refused"; never freed
    struct err error;
};

// kind, where and name (and, set afterwards, user and password) are borrowed.
void dialogue_init(struct dialogue *d, const struct dialogue_kind *kind, const char *where,
                   const char *name);
void dialogue_done(struct dialogue *d); // leaves no password in memory

// Puts the first words into `out`, if they are ours.
void dialogue_open(struct dialogue *d);

// Takes in what has arrived. *ret_used says how many of the bytes belong to this dialogue: all of
// them, unless it is over or has failed.
[[nodiscard]] enum dialogue_step dialogue_take(struct dialogue *d, struct str bytes,
                                               size_t *ret_used);

// ---- for the kinds ----

// A line that ends with LF, which a CR may precede; take gets it without either.
enum dialogue_part dialogue_line(struct dialogue *d);
struct str dialogue_chomp(struct str line);

// Whether line begins with word, in any case, and a blank or the end follows.
bool dialogue_has_word(struct str line, struct str word);

// Ways to fail; all return DIALOGUE_FAIL. said is what the other side said.
enum dialogue_step dialogue_unsupported(struct dialogue *d);
enum dialogue_step dialogue_refused(struct dialogue *d, struct str said);
enum dialogue_step dialogue_turned_away(struct dialogue *d, struct str said); // before it was asked
enum dialogue_step dialogue_odd(struct dialogue *d, struct str said); // not what this kind says
