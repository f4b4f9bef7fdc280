// starttls_xmpp.h - the dialogue of XMPP, between client and server or between servers (RFC 6120,
// 5).
//
// For the table in starttls.c. A piece is a tag, with the text before it.
#pragma once

#include "net/dialogue.h"

void xmpp_client_open(struct dialogue *d);
void xmpp_server_open(struct dialogue *d);
enum dialogue_part xmpp_part(struct dialogue *d);
enum dialogue_step xmpp_take(struct dialogue *d, struct str piece);
