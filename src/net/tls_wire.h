// tls_wire.h - the OpenSSL BIO under a handshake: a non-blocking socket that counts.
//
// Three things OpenSSL's own socket BIO does not do. It writes without MSG_NOSIGNAL, so a server
// that hangs up kills the process. It reads as long as there is something to read, so a server that
// never stops sending (a TLS 1.2 client must skip HelloRequest messages for ever) keeps the thread:
// here a turn ends after WIRE_TURN_BYTES and the connection after WIRE_MAX_BYTES. And it forgets
// what came first, which tells SMTP from HTTP when it is not TLS.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <openssl/bio.h>

enum {
    WIRE_TURN_BYTES = 128 << 10,
    WIRE_MAX_BYTES = 4 << 20,
    WIRE_FIRST_BYTES = 80,
};

struct tls_wire {
    int fd;           // borrowed
    size_t turn_left; // bytes that may still be read in this turn
    size_t in_bytes;
    int errnum;      // of the call that failed, 0: none
    bool is_ended;   // the peer closed its side
    bool is_flooded; // the peer sent more than WIRE_MAX_BYTES
    size_t first_count;
    unsigned char first[WIRE_FIRST_BYTES]; // what came first
};

// A method for BIO_new; tls_wire_attach gives the BIO its wire, borrowed.
BIO_METHOD *tls_wire_method(void);
void tls_wire_attach(BIO *bio, struct tls_wire *wire);

// Fills `first` with what else has arrived already: OpenSSL stops at the first 5 bytes that are not
// TLS.
void tls_wire_peek(struct tls_wire *wire);
