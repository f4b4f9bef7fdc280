// message.h - an event as a channel's receiver wants to have it: the request, the mail, the
// program's input.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "alert/channel.h"
#include "base/arena.h"
#include "exec/filter.h"
#include "net/post.h"

// One of the two is to be carried out. Everything lies in the arena.
struct message {
    bool is_command;
    struct post post;
    struct filter filter;
    const char *where; // for logs: a URL without its secrets, the program's name
};

// event: the JSON object of a delivery. host: who we are. now: for the signature and the mail.
void message_make(const struct channel *channel, const json_t *event, struct str host, wall now,
                  struct arena *arena, struct message *ret);

// What would be sent, without secrets, for people: {"url","method","headers","body"}, a mail
// likewise, or {"command","stdin"}.
void message_write(const struct channel *channel, const struct message *message,
                   struct json_write *w);

// The first so many characters of a text, and "..." when there were more.
struct str message_cut(struct str text, size_t characters_max, struct arena *arena);
