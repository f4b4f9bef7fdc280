// mem.h - heap memory that never comes back NULL: out of memory ends the process.
//
// The store makes a sudden end safe, so nobody above has to unwind a failed malloc. Whatever a
// stranger can grow has a ceiling of its own (struct buf, request limits), so running out here
// means that the machine is out, not one client.
#pragma once

#include <stddef.h>

// Zeroed memory of n bytes (n may be 0); end it with free().
[[nodiscard]] void *mem_alloc(size_t n);

// Zeroed array of count items of size bytes; aborts on overflow. End it with free().
[[nodiscard]] void *mem_array(size_t count, size_t size);

// As realloc; new bytes are not zeroed.
[[nodiscard]] void *mem_resize(void *p, size_t n);

// A NUL-terminated copy of n bytes of p; end it with free().
[[nodiscard]] char *mem_copy(const void *p, size_t n);
