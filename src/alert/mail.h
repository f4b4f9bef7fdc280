// mail.h - a plain text mail as RFC 5322 and MIME have it.
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

struct mail {
    struct str from;
    const char *const *to; // NULL at the end
    struct str subject;    // UTF-8, one line
    struct str text;       // UTF-8
    struct str id;         // unique: for Message-ID
    struct str thread;     // the same for mails that belong together; empty: none
    struct str host;       // behind the @ of both
    wall at;
};

// Appends the message; lines end with CR LF.
void mail_write(const struct mail *mail, struct buf *out);
