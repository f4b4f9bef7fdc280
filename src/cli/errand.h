// errand.h - what every command that asks a server does first and last: reads its words, finds the
// server and the screen; prints, complains and cleans up.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/client.h"
#include "cli/screen.h"
#include "cli/typed.h"

struct errand {
    struct typed typed;
    struct client *client;
    struct screen screen;
    struct buf out; // for stdout
    struct err e;   // why it failed
};

enum {
    EXIT_RUN_FAILED = 9 // the run that was waited for did not end well
};

// False when the words are not understood: it has been said, and *ret_status is the exit status.
// argument: what must be typed besides options, such as "a job" (NULL: nothing need be); how many
// words there may be at most.
[[nodiscard]] bool errand_open(struct errand *x, int argc, char **argv, const char *argument,
                               int args_max, int *ret_status);

// Prints what is in x->out, and x->e when !is_ok; returns the exit status.
int errand_close(struct errand *x, bool is_ok);

// One request, as client_ask. Each {} of pattern is one of the texts behind it, escaped; there are
// as many. When there is no such job, the first text is taken for its id, and one with a name like
// it is looked for.
[[nodiscard]] bool errand_ask(struct errand *x, const char *method, const json_t *body,
                              struct client_reply *ret_reply, const char *pattern, ...);

// The path that errand_ask would ask for; added to path.
void errand_path(struct buf *path, const char *pattern, ...);

// Says something to the person, on stderr, unless --quiet.
void errand_say(const struct errand *x, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Asks a yes-or-no question on the terminal. True without asking when --yes; false with an error
// when there is no terminal.
[[nodiscard]] bool errand_confirm(struct errand *x, const char *question);

// Removes what the words behind the first one name, having asked: what is "pool", path the place of
// one in the API, with {} for its name. Stops at the first that cannot be removed.
[[nodiscard]] bool errand_remove(struct errand *x, const char *what, const char *path);
