// tls_wire.c - reads and writes for OpenSSL, within limits and without SIGPIPE.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static int wire_read(BIO *bio, char *p, size_t n, size_t *ret_count);
static int wire_write(BIO *bio, const char *p, size_t n, size_t *ret_count);
static long wire_control(BIO *bio, int command, long number, void *p);

BIO_METHOD *tls_wire_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "belfry");

    if (!method)
        return NULL;
    BIO_meth_set_read_ex(method, wire_read);
    BIO_meth_set_write_ex(method, wire_write);
    BIO_meth_set_ctrl(method, wire_control);
    return method;
}

void tls_wire_attach(BIO *bio, struct tls_wire *wire)
{
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
}

static void first_keep(struct tls_wire *wire, const char *p, size_t n)
{
    size_t room = sizeof wire->first - wire->first_count;
    size_t count = n < room ? n : room;

    memcpy(wire->first + wire->first_count, p, count);
    wire->first_count += count;
}

void tls_wire_peek(struct tls_wire *wire)
{
    size_t room = sizeof wire->first - wire->first_count;
    ssize_t n = recv(wire->fd, wire->first + wire->first_count, room, MSG_DONTWAIT);

    if (n > 0)
        wire->first_count += (size_t)n;
}

static bool is_transient(int errnum)
{
    return errnum == EAGAIN || errnum == EINTR;
}

static int wire_read(BIO *bio, char *p, size_t n, size_t *ret_count)
{
    struct tls_wire *wire = BIO_get_data(bio);
    ssize_t count;

    BIO_clear_retry_flags(bio);
    *ret_count = 0;
    if (wire->in_bytes >= WIRE_MAX_BYTES) {
        wire->is_flooded = true;
        return 0;
    }
    if (wire->turn_left == 0) { // the socket stays readable: the next turn goes on here
        BIO_set_retry_read(bio);
        return 0;
    }
    count = recv(wire->fd, p, n < wire->turn_left ? n : wire->turn_left, 0);
    if (count > 0) {
        wire->turn_left -= (size_t)count;
        wire->in_bytes += (size_t)count;
        first_keep(wire, p, (size_t)count);
        *ret_count = (size_t)count;
        return 1;
    }
    if (count == 0)
        wire->is_ended = true;
    else if (is_transient(errno))
        BIO_set_retry_read(bio);
    else
        wire->errnum = errno;
    return 0;
}

static int wire_write(BIO *bio, const char *p, size_t n, size_t *ret_count)
{
    struct tls_wire *wire = BIO_get_data(bio);
    ssize_t count = send(wire->fd, p, n, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    *ret_count = count > 0 ? (size_t)count : 0;
    if (count >= 0)
        return 1;
    if (is_transient(errno))
        BIO_set_retry_write(bio);
    else
        wire->errnum = errno;
    return 0;
}

static long wire_control(BIO *bio, int command, long number, void *p)
{
    const struct tls_wire *wire = BIO_get_data(bio);

    (void)number;
    (void)p;
    if (command == BIO_CTRL_EOF)
        return wire->is_ended;
    return command == BIO_CTRL_FLUSH;
}
