// arena.h - memory for one request or one run: taken in pieces, given back at once.
#pragma once

#include <stddef.h>

#include "base/str.h"

struct arena;

// A new arena; its first block holds about first_bytes. End it with arena_free (which accepts
// NULL).
[[nodiscard]] struct arena *arena_new(size_t first_bytes);
void arena_free(struct arena *a);

// Forgets every allocation but keeps the first block, for the next request.
void arena_reset(struct arena *a);

// Zeroed, aligned for any type; lives until arena_reset or arena_free.
[[nodiscard]] void *arena_alloc(struct arena *a, size_t n);
[[nodiscard]] void *arena_array(struct arena *a, size_t count, size_t size);

// Copies, NUL-terminated behind their length.
[[nodiscard]] struct str arena_copy(struct arena *a, struct str s);
[[nodiscard]] struct str arena_path(struct arena *a, struct str folder,
                                    struct str name); // folder/name
[[nodiscard]] struct str arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Bytes taken from the system for this arena.
size_t arena_size(const struct arena *a);
