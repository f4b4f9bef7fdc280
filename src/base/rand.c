// rand.c - getrandom, and xoshiro256** for repeatable sequences.
// SPDX-License-Identifier: Apache-2.0
#include "base/rand.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"

void rand_bytes(void *p, size_t n)
{
    char *to = p;

    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        to += got;
        n -= (size_t)got;
    }
}

uint64_t rand_u64(void)
{
    uint64_t x;

    rand_bytes(&x, sizeof x);
    return x;
}

void rand_seq_init(struct rand_seq *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        r->s[i] = hash_mix(seed);
    }
}

static uint64_t turn(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

uint64_t rand_next(struct rand_seq *r)
{
    uint64_t result = turn(r->s[1] * 5, 7) * 9;
    uint64_t t = r->s[1] << 17;

    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = turn(r->s[3], 45);
    return result;
}

uint64_t rand_below(struct rand_seq *r, uint64_t n)
{
    assert(n > 0);
    uint64_t least = -n % n; // values below this would make the first remainders likelier
    uint64_t x;

    do
        x = rand_next(r);
    while (x < least);
    return x % n;
}
