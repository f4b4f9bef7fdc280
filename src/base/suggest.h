// suggest.h - "did you mean": the known word closest to one that is not known.
#pragma once

#include <stddef.h>

#include "base/str.h"

// The name of the list that is fewest edits away from word (insert, delete, replace, swap two
// neighbours; ASCII case does not count): at most one edit for words of up to 4 bytes, two up to
// 8, three beyond. NULL when none is that near; the first one listed when several are. Words over
// 64 bytes have no neighbours.
const char *suggest_find(struct str word, const char *const *names, size_t count);
