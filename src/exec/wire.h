// wire.h - messages between belfry and its keeper: frames of tagged fields.
//
//     frame   length of what follows (4 bytes, little endian), type (1 byte), fields
//     field   tag (1 byte), length (4 bytes), bytes; a number is 8 bytes, little endian
//
// A reader passes over tags and types that it does not know, so that belfry and a keeper of another
// version understand each other as far as their common part goes. A field may come several times.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define WIRE_FRAME_MAX (8u << 20) // bytes behind the length

enum wire_read {
    WIRE_MORE,    // the frame is not whole yet
    WIRE_MESSAGE, // one was taken
    WIRE_BROKEN,  // no sense can be made of it
};

struct wire_field {
    uint8_t tag;
    struct str bytes;
};

// Begins a frame in b and returns its place, for wire_end. What does not fit into b leaves
// b->is_full.
size_t wire_begin(struct buf *b, uint8_t type);
void wire_end(struct buf *b, size_t at);

void wire_int(struct buf *b, uint8_t tag, int64_t n);
void wire_text(struct buf *b, uint8_t tag, struct str s);

// Takes a frame off the front of *in.
enum wire_read wire_take(struct str *in, uint8_t *ret_type, struct str *ret_fields);

// Takes a field off the front of *fields. False at the end; when what is left is no whole field,
// fields->p is NULL then.
bool wire_next(struct str *fields, struct wire_field *ret);

// The number in a field; 0 when it holds none.
int64_t wire_number(const struct wire_field *field);
