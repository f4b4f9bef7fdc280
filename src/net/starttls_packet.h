// starttls_packet.h - the dialogues that are held in packets: LDAP, PostgreSQL, MySQL.
//
// For the table in starttls.c.
#pragma once

#include "net/dialogue.h"

// LDAP, RFC 4511, 4.14: one extended request, one extended response, both BER.
void ldap_open(struct dialogue *d);
enum dialogue_part ldap_part(struct dialogue *d);
enum dialogue_step ldap_take(struct dialogue *d, struct str message);

// PostgreSQL: SSLRequest, and a byte for an answer.
void postgres_open(struct dialogue *d);
enum dialogue_part postgres_part(struct dialogue *d);
enum dialogue_step postgres_take(struct dialogue *d, struct str byte);

// MySQL and MariaDB: the server's handshake packet says whether it can; our request has no answer.
enum dialogue_part mysql_part(struct dialogue *d);
enum dialogue_step mysql_take(struct dialogue *d, struct str packet);
