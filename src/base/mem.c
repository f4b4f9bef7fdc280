// mem.c - allocation that ends the process rather than fail.
// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void mem_exhausted(void)
{
    static const char text[] = "belfry: out of memory\n";

    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    abort();
}

void *mem_alloc(size_t n)
{
    return mem_array(1, n);
}

void *mem_array(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);

    if (!p)
        mem_exhausted();
    return p;
}

void *mem_resize(void *p, size_t n)
{
    p = realloc(p, n ? n : 1);
    if (!p)
        mem_exhausted();
    return p;
}

char *mem_copy(const void *p, size_t n)
{
    if (n == SIZE_MAX)
        mem_exhausted();
    char *copy = mem_alloc(n + 1);

    if (n > 0)
        memcpy(copy, p, n);
    return copy;
}
