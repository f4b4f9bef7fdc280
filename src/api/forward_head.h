// forward_head.h - which headers go along with a request that is handed on, and come back with its
// reply: all but those that are about one connection, or one server.
#pragma once

#include <stdbool.h>

#include "base/str.h"
#include "net/http_request.h"

// The headers of r, for http_call.h, in its arena; and who hands it on to whom. Origin stays
// behind: it has been looked at here, and the other server has another name.
const char **forward_head_request(struct http_request *r, const char *self, const char *node);

// Adds the headers of a reply to that of r, and which node it comes from. The result is the type of
// its body, NULL when it has none.
const char *forward_head_reply(struct http_request *r, struct str head, const char *node);

// The next header of a head; false at its end.
bool forward_head_next(struct str *rest, struct str *ret_name, struct str *ret_value);

bool forward_head_has(struct str head, const char *wanted);
