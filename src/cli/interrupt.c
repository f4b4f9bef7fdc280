// interrupt.c - SIGINT through a descriptor.
// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

int interrupt_open(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    if (fd < 0)
        (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    return fd;
}

static bool interrupt_take(int fd)
{
    struct signalfd_siginfo info;

    return fd >= 0 && read(fd, &info, sizeof info) == (ssize_t)sizeof info;
}

bool interrupt_wait(int fd, int ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    (void)poll(&wait, 1, ms);
    return interrupt_take(fd);
}

bool interrupt_again(int fd)
{
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    char byte;

    for (;;) {
        if (poll(wait, 2, -1) < 0)
            continue;
        if (interrupt_take(fd))
            return true;
        if (wait[1].revents && (read(STDIN_FILENO, &byte, 1) <= 0 || byte == '\n'))
            return false;
    }
}
