// json_write.h - writes JSON (RFC 8259) straight into a struct buf, commas included.
//
//     struct json_write w;
//     json_write_init(&w, &out);
//     json_write_object(&w);
//     json_write_key(&w, "id");
//     json_write_text(&w, job->id);
//     json_write_object_end(&w);
//     if (out.is_full) ...
//
// Compact, as Python's json.dumps(separators=(",", ":"), ensure_ascii=False) writes it. Writing out
// of order (a value without a key in an object, an end without a start) is our own mistake and
// asserts. What exceeds the buffer is dropped; look at out.is_full once at the end.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define JSON_WRITE_DEPTH_MAX 64

struct json_write {
    struct buf *out;    // borrowed
    uint64_t is_object; // bit d: the container at depth d is an object
    uint64_t has_items; // bit d: a comma is due before the next item at depth d
    int depth;          // open containers
    bool has_key;       // a key waits for its value
    bool has_value;     // the document is complete
};

void json_write_init(struct json_write *w, struct buf *out);

// True when exactly one whole value has been written.
bool json_write_is_done(const struct json_write *w);

void json_write_object(struct json_write *w);
void json_write_object_end(struct json_write *w);
void json_write_array(struct json_write *w);
void json_write_array_end(struct json_write *w);

void json_write_key(struct json_write *w, const char *key);
void json_write_key_str(struct json_write *w, struct str key);

// Text is UTF-8; each byte that is not part of a well-formed character is written as U+FFFD.
void json_write_str(struct json_write *w, struct str s);
void json_write_text(struct json_write *w, const char *text); // NULL is written as null
void json_write_int(struct json_write *w, int64_t n);
void json_write_uint(struct json_write *w, uint64_t n);
void json_write_double(struct json_write *w, double x); // as Python's repr; not finite: null
void json_write_bool(struct json_write *w, bool value);
void json_write_null(struct json_write *w);

// A value that is JSON already: a number of any length, or a stored document. It is copied as it
// is.
void json_write_raw(struct json_write *w, struct str json);
