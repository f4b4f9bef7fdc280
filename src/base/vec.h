// vec.h - a typed growing array.
//
//     struct { VEC(struct job *); } due = {0};       or     VEC_OF(int) numbers = {0};
//     vec_push(&numbers, 3);  numbers.v[0];  numbers.len;  vec_done(&numbers);
#pragma once

#include <stdlib.h>

#include "base/mem.h"

#define VEC(type) \
    type *v;      \
    size_t len;   \
    size_t cap

#define VEC_OF(type) \
    struct {         \
        VEC(type);   \
    }

#define vec_reserve(vec, count)                                          \
    do {                                                                 \
        size_t vec_want = (count);                                       \
        if (vec_want > (vec)->cap) {                                     \
            size_t vec_cap = (vec)->cap < 8 ? 8 : (vec)->cap * 2;        \
            if (vec_cap < vec_want)                                      \
                vec_cap = vec_want;                                      \
            (vec)->v = mem_resize((vec)->v, vec_cap * sizeof *(vec)->v); \
            (vec)->cap = vec_cap;                                        \
        }                                                                \
    } while (0)

#define vec_push(vec, item)                 \
    do {                                    \
        vec_reserve((vec), (vec)->len + 1); \
        (vec)->v[(vec)->len++] = (item);    \
    } while (0)

#define vec_clear(vec) ((vec)->len = 0)

#define vec_done(vec)                \
    do {                             \
        free((vec)->v);              \
        (vec)->v = NULL;             \
        (vec)->len = (vec)->cap = 0; \
    } while (0)
