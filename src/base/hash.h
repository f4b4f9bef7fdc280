// hash.h - SipHash-1-3: a keyed hash that a stranger who does not know the key cannot make collide.
//
// After Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012); 1-3 are the rounds Python
// and Rust use.
#pragma once

#include <stdint.h>

#include "base/str.h"

struct hash_key {
    uint64_t k0;
    uint64_t k1;
};

uint64_t hash_str(const struct hash_key *key, struct str s);

// A fast keyless scrambling of 64 bits (every input bit changes about half of the output bits): for
// spreading and jitter, where nobody gains by a collision. The finaliser of splitmix64; a
// bijection.
static inline uint64_t hash_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}
