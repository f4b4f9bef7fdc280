// starttls_packet.c - asks for TLS in the protocols that talk in packets.
// SPDX-License-Identifier: Apache-2.0
#include "net/starttls_packet.h"

static unsigned byte_at(struct str s, size_t i)
{
    return (unsigned char)s.p[i];
}

// ---- LDAP ----

enum {
    BER_INTEGER = 0x02,
    BER_OCTETS = 0x04,
    BER_ENUMERATED = 0x0a,
    BER_SEQUENCE = 0x30,
    LDAP_EXTENDED_RESPONSE = 0x78,
};

void ldap_open(struct dialogue *d)
{
    // message 1, extended request, name 1.3.6.1.4.1.1466.20037
    buf_add(&d->out, STR_LIT("\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                             "1.3.6.1.4.1.1466.20037"));
}

// The header of the BER value that s begins with: bytes of tag and length, and of the contents.
// PART_WRONG for lengths that no reply of use has.
static enum dialogue_part ber_header(struct str s, size_t *ret_header, size_t *ret_length)
{
    size_t more, length = 0;

    if (s.len < 2)
        return PART_OPEN;
    more = byte_at(s, 1) & 0x80 ? byte_at(s, 1) & 0x7f : 0;
    if (more > 4 || byte_at(s, 1) == 0x80)
        return PART_WRONG;
    if (s.len < 2 + more)
        return PART_OPEN;
    for (size_t i = 0; i < more; i++)
        length = length << 8 | byte_at(s, 2 + i);
    *ret_header = 2 + more;
    *ret_length = more > 0 ? length : byte_at(s, 1);
    return PART_WHOLE;
}

enum dialogue_part ldap_part(struct dialogue *d)
{
    struct str in = buf_str(&d->in);
    size_t header, length;
    enum dialogue_part part = ber_header(in, &header, &length);

    if (byte_at(in, 0) != BER_SEQUENCE)
        return PART_WRONG;
    if (part != PART_WHOLE)
        return part;
    return in.len < header + length ? PART_OPEN : PART_WHOLE;
}

// Takes the value with this tag off the front of *rest.
static bool ber_next(struct str *rest, unsigned tag, struct str *ret_value)
{
    size_t header, length;

    if (ber_header(*rest, &header, &length) != PART_WHOLE || byte_at(*rest, 0) != tag ||
        rest->len - header < length)
        return false;
    *ret_value = str_cut(*rest, header, header + length);
    *rest = str_cut(*rest, header + length, rest->len);
    return true;
}

static enum dialogue_step ldap_answer(struct dialogue *d, unsigned code, struct str said)
{
    enum {
        PROTOCOL_ERROR = 2
    }; // what a server says that does not know the request

    if (code == 0)
        return DIALOGUE_OVER;
    if (code == PROTOCOL_ERROR)
        return dialogue_unsupported(d);
    (void)dialogue_refused(d, said);
    fail_hint(&d->error, "LDAP result code %u", code);
    return DIALOGUE_FAIL;
}

// SEQUENCE { INTEGER id, [APPLICATION 24] { ENUMERATED code, matched DN, message, ... } }
enum dialogue_step ldap_take(struct dialogue *d, struct str message)
{
    struct str rest = message, body, id, response, code, dn, said = {0};

    if (!ber_next(&rest, BER_SEQUENCE, &body) || !ber_next(&body, BER_INTEGER, &id) ||
        !ber_next(&body, LDAP_EXTENDED_RESPONSE, &response) ||
        !ber_next(&response, BER_ENUMERATED, &code) || code.len != 1)
        return dialogue_odd(d, message);
    if (ber_next(&response, BER_OCTETS, &dn))
        (void)ber_next(&response, BER_OCTETS, &said);
    if (id.len == 1 && id.p[0] == 0) // a notice of disconnection
        return dialogue_turned_away(d, said);
    if (id.len != 1 || id.p[0] != 1)
        return dialogue_odd(d, message);
    return ldap_answer(d, byte_at(code, 0), said);
}

// ---- PostgreSQL ----

void postgres_open(struct dialogue *d)
{
    buf_add(&d->out, STR_LIT("\0\0\0\x08\x04\xd2\x16\x2f"));
}

enum dialogue_part postgres_part(struct dialogue *d)
{
    return memchr("SNE", d->in.p[0], 3) ? PART_WHOLE : PART_WRONG;
}

enum dialogue_step postgres_take(struct dialogue *d, struct str byte)
{
    if (byte.p[0] == 'S')
        return DIALOGUE_OVER;
    return byte.p[0] == 'N' ? dialogue_unsupported(d) : dialogue_refused(d, STR_LIT("an error"));
}

// ---- MySQL ----

enum {
    MYSQL_HEADER = 4, // length, low byte first, and a number
    MYSQL_VERSION = 0x0a,
    MYSQL_ERROR = 0xff,
    MYSQL_CAN_TLS = 0x08, // in the second byte of the server's capabilities
};

enum dialogue_part mysql_part(struct dialogue *d)
{
    struct str in = buf_str(&d->in);
    size_t length;

    if (in.len < MYSQL_HEADER)
        return PART_OPEN;
    length = byte_at(in, 0) | byte_at(in, 1) << 8 | byte_at(in, 2) << 16;
    if (length == 0 || length > DIALOGUE_PIECE_MAX - MYSQL_HEADER || in.p[3] != 0)
        return PART_WRONG;
    return in.len < MYSQL_HEADER + length ? PART_OPEN : PART_WHOLE;
}

enum dialogue_step mysql_take(struct dialogue *d, struct str packet)
{
    // 32 bytes, number 1: can 4.1, long passwords, plugins and TLS; packets of 16 MiB; UTF-8
    static const char request[4 + 32] = "\x20\0\0\x01\x85\xae\x7f\0\0\0\0\x01\x21";
    const size_t behind_version = 1 + 4 + 8 + 1; // NUL, thread, salt, filler: then capabilities
    struct str body = str_cut(packet, MYSQL_HEADER, packet.len);
    ptrdiff_t version = str_find(body, '\0');

    if (byte_at(body, 0) == MYSQL_ERROR) // and the error's number in two bytes
        return dialogue_turned_away(d, str_cut(body, body.len < 3 ? body.len : 3, body.len));
    if (byte_at(body, 0) != MYSQL_VERSION || version < 0 ||
        body.len < (size_t)version + behind_version + 2)
        return dialogue_odd(d, packet);
    if (!(byte_at(body, (size_t)version + behind_version + 1) & MYSQL_CAN_TLS))
        return dialogue_unsupported(d);
    buf_add(&d->out, (struct str){request, sizeof request});
    return DIALOGUE_OVER;
}
