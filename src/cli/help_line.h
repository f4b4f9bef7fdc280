// help_line.h - what a line of a command's help is: the one place that knows how they are written.
#pragma once

#include "base/str.h"

enum help_kind {
    HELP_END,
    HELP_BLANK,
    HELP_TEXT,   // a remark
    HELP_OPTION, // "  -n, --count COUNT   at most so many": names and what is told behind two
                 // blanks
    HELP_MORE    // deeply indented: what is told of the option above goes on
};

struct help_line {
    enum help_kind kind;
    struct str names; // of an option: "-n, --count COUNT"
    struct str text;  // without blanks around
};

// Takes the first line of *rest. HELP_END when nothing is left.
struct help_line help_line_next(struct str *rest);
