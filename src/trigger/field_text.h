// field_text.h - masks back into the fields of the cron family: "*/5", "9-17", "mon-fri".
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "trigger/calendar.h"

// How a language writes the lists of one of its fields.
struct field_style {
    int min, max;
    const char *const *names; // of min, min + 1, ...; NULL: numbers
    const char *range;        // "-" or ".."
    int digits;               // numbers have at least so many
    bool has_star_step;       // */5
    bool has_open_step;       // 5/15 for 5-59/15, and better so
    bool steps_fit;           // no step is wider than the field
};

// What a field may begin with.
enum field_star {
    STAR_FREE,  // whatever is shortest
    STAR_NEVER, // anything but `*`
    STAR_MUST,  // `*`
};

// Adds a set that is not empty. False, and nothing added, when it must begin with `*` and has no
// such form.
[[nodiscard]] bool field_text(uint64_t mask, const struct field_style *style, enum field_star star,
                              struct buf *out);

// Would field_text of STAR_FREE begin with `*`?
bool field_has_star(uint64_t mask, const struct field_style *style);

// The years of a calendar as such a field; "*" for all of them. style's min and max do not matter.
void field_years(const struct calendar *c, const struct field_style *style, struct buf *out);
