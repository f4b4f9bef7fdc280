// help_line.c - tells the lines of a help apart.
// SPDX-License-Identifier: Apache-2.0
#include "cli/help_line.h"

#include <stdbool.h>

enum {
    MORE_INDENT = 10
};

// Where two blanks stand, or the end.
static size_t gap_find(struct str line)
{
    for (size_t at = 0; at + 1 < line.len; at++)
        if (line.p[at] == ' ' && line.p[at + 1] == ' ')
            return at;
    return line.len;
}

struct help_line help_line_next(struct str *rest)
{
    struct help_line l = {.kind = HELP_END};
    struct str line;
    size_t indent = 0;

    if (rest->len == 0 || !str_next(rest, '\n', &line))
        return l;
    while (indent < line.len && line.p[indent] == ' ')
        indent++;
    l.text = str_trim(line);
    if (l.text.len == 0) {
        l.kind = HELP_BLANK;
    } else if (str_starts(line, STR_LIT("  -"))) {
        size_t gap = gap_find(str_cut(line, 2, line.len));

        l.kind = HELP_OPTION;
        l.names = str_cut(line, 2, 2 + gap);
        l.text = str_trim(str_cut(line, 2 + gap, line.len));
    } else {
        l.kind = indent >= MORE_INDENT ? HELP_MORE : HELP_TEXT;
    }
    return l;
}
