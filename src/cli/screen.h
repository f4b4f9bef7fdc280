// screen.h - where results are printed: a terminal of some width for a person, or a pipe for a
// program.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/typed.h"
#include "time/zone.h"

// How something stands: it decides colour and icon. Words always say the same.
enum tone {
    TONE_NONE,
    TONE_GOOD,
    TONE_BAD,
    TONE_BUSY, // something is going on
    TONE_HELD, // paused, skipped
    TONE_DIM,
};

struct screen {
    bool is_terminal; // stdout is one
    bool has_colour;  // a terminal that NO_COLOR, TERM=dumb and --color do not forbid
    bool has_icons;   // a terminal in UTF-8
    size_t width;     // columns; 0: a pipe, any width will do
    wall now;
    const struct zone *zone; // in which times are shown to a person
    struct zones *zones;     // owned
};

// Looks at stdout, the environment (NO_COLOR, CLICOLOR_FORCE, TERM, COLUMNS, LC_ALL, LC_CTYPE,
// LANG, BELFRY_TZ, TZ) and the options --color WHEN and --tz ZONE where the command has them.
// Errors are ERR_USAGE. End it with screen_done.
[[nodiscard]] bool screen_open(const struct typed *typed, struct screen *ret_screen, struct err *e);
void screen_done(struct screen *screen);

// "✓ " and the like; "" where there are no icons.
const char *screen_icon(const struct screen *screen, enum tone tone);

// Adds text in the colour of tone, where there are colours.
void screen_paint(const struct screen *screen, enum tone tone, struct str text, struct buf *out);

// Writes out to stdout and empties it. False when that fails (a closed pipe is no failure).
[[nodiscard]] bool screen_print(struct buf *out);

// Characters of a text in UTF-8, each taken as one column wide.
size_t screen_columns(struct str text);

// A time for a column of a table. For a person: as short as it goes from now, "14:05:00" today,
// "Mon 02:00" within six days, "2027-03-01 02:00" else; for a pipe RFC 3339.
void screen_moment(const struct screen *screen, wall at, struct buf *out);

// How long until (or since) at: "41s", "13h 55m", "5m ago".
void screen_distance(const struct screen *screen, wall at, struct buf *out);

// A length of time as people read it: "0.2s", "3.1s", "1m 12s".
void screen_took(int64_t ms, struct buf *out);
