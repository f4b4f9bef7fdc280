// radix.h - a table from numbers to pointers, for numbers that are given out in order: of jobs, of
// runs.
//
// A tree of nodes with 64 places; each level tells six bits of the number. Numbers that follow each
// other lie side by side, so who meets things in the order in which they were made finds the next
// one where the last one was. A hash would strew them over all of the memory: among a million jobs
// each look costs a miss of every cache. It takes 8 bytes an entry where numbers are dense, and a
// node of 520 bytes an entry at worst, so it is not for numbers that a stranger chooses (map.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

struct radix_node;

// {0} is an empty one. Values are borrowed.
struct radix {
    struct radix_node *top;
    unsigned height; // levels; numbers below 64 to this power have a place
    size_t len;
};

void radix_done(struct radix *r);

// Adds or replaces; value is not NULL. Returns the value that was replaced, or NULL.
void *radix_put(struct radix *r, uint64_t number, void *value);

// The value, or NULL when absent. radix_remove also takes the entry out.
void *radix_get(const struct radix *r, uint64_t number);
void *radix_remove(struct radix *r, uint64_t number);

// A walk over all entries, the smallest number first: for (size_t at = 0; (value = radix_next(&r,
// &at));) ... NULL at the end. at is the number behind the last one. What is added or removed
// during a walk is met, or not, as its number lies behind or before.
void *radix_next(const struct radix *r, size_t *at);
