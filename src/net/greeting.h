// greeting.h - what a server said, made safe to show, and what kind of server speaks so.
#pragma once

#include "base/str.h"

enum {
    GREETING_MAX = 80,
};

// The first line of bytes, at most GREETING_MAX of them, into out; what is no printable ASCII
// becomes a dot. Returns out.
const char *greeting_line(struct str bytes, char out[GREETING_MAX + 1]);

// A hint about who begins like this, never NULL: "this looks like IMAP; ...".
const char *greeting_hint(struct str bytes);
