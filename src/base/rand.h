// rand.h - randomness: the system's, for secrets and seeds, and a repeatable sequence for tests and
// jitter.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Fills p with n unpredictable bytes (getrandom); ends the process if the kernel cannot give them.
void rand_bytes(void *p, size_t n);
[[nodiscard]] uint64_t rand_u64(void);

// A repeatable sequence (xoshiro256**, Blackman and Vigna): the same seed gives the same numbers on
// every machine. Not for secrets.
struct rand_seq {
    uint64_t s[4];
};

void rand_seq_init(struct rand_seq *r, uint64_t seed);
[[nodiscard]] uint64_t rand_next(struct rand_seq *r);
[[nodiscard]] uint64_t rand_below(struct rand_seq *r,
                                  uint64_t n); // 0 <= result < n, without bias; n > 0
