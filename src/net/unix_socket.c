// unix_socket.c - listens in the file system.
// SPDX-License-Identifier: Apache-2.0
#include "net/unix_socket.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MODE 0660

// Whether the socket at address has nobody behind it any more.
static bool is_left_behind(const struct sockaddr_un *address)
{
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat st;

    return fd >= 0 && lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
           connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
           errno == ECONNREFUSED;
}

static bool bind_at(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *any = (const struct sockaddr *)address;

    // The mode of the descriptor is that of the file from its first moment on, less the umask.
    if (fchmod(fd, MODE) != 0)
        return false;
    if (bind(fd, any, sizeof *address) != 0 &&
        (errno != EADDRINUSE || !is_left_behind(address) || unlink(address->sun_path) != 0 ||
         bind(fd, any, sizeof *address) != 0))
        return false;
    return chmod(address->sun_path, MODE) == 0;
}

bool unix_socket_listen(const char *path, int backlog, int *ret_fd, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof address.sun_path)
        return fail(e, ERR_INPUT, "listen", "the path of a socket has 1 to %zu bytes, not %zu",
                    sizeof address.sun_path - 1, len);
    memcpy(address.sun_path, path, len);
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || !bind_at(fd, &address) || listen(fd, backlog) != 0) {
        int errnum = errno;

        (void)fail_errno(e, ERR_SYSTEM, errnum, "cannot listen on unix:%s", path);
        return errnum == EADDRINUSE
                   ? fail_hint(e, "another program listens there, or the file is no socket")
                   : false;
    }
    *ret_fd = take(fd);
    return true;
}
