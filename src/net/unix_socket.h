// unix_socket.h - a socket in the file system, for programs of this machine.
#pragma once

#include <stdbool.h>

#include "base/err.h"

// Listens on a new socket at path: non-blocking, close-on-exec, open to owner and group (0660). A
// socket that a dead process has left there is replaced; one on which somebody answers, and any
// other file, is not. Errors: ERR_INPUT for a path that is empty or too long for a socket (107
// bytes), ERR_SYSTEM.
[[nodiscard]] bool unix_socket_listen(const char *path, int backlog, int *ret_fd, struct err *e);
