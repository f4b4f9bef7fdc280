// filter.c - runs a program with a text on its stdin.
// SPDX-License-Identifier: Apache-2.0
#include "exec/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#define LOOK_MS 100 // between two looks whether anybody still waits

struct child {
    pid_t pid;
    int pidfd;
    int in, out; // our ends
};

// The program's stdin is a socket, so that writing to one that has gone raises no signal.
static bool pipes_open(struct child *c, int *ret_in, int *ret_out)
{
    int in[2], out[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
        return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    c->in = in[0];
    c->out = out[0];
    *ret_in = in[1];
    *ret_out = out[1];
    return file_set_nonblocking(c->in) && file_set_nonblocking(c->out);
}

static int spawn(const struct filter *filter, int in, int out, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int errnum;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    errnum = posix_spawn_file_actions_adddup2(&actions, in, 0) |
             posix_spawn_file_actions_adddup2(&actions, out, 1) |
             posix_spawn_file_actions_adddup2(&actions, out, 2) |
             posix_spawn_file_actions_addclosefrom_np(&actions, 3) |
             posix_spawnattr_setsigmask(&attributes, &none) |
             posix_spawnattr_setsigdefault(&attributes, &all) |
             posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF);
    if (errnum == 0)
        errnum = posix_spawnp(ret_pid, filter->argv[0], &actions, &attributes, filter->argv,
                              filter->envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return errnum;
}

// Writes what the program takes; false when there is no more to give, or nobody to take it.
static bool input_give(struct child *c, struct str *left)
{
    ssize_t n = send(c->in, left->p, left->len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n > 0)
        *left = str_cut(*left, (size_t)n, left->len);
    return left->len > 0 && (n > 0 || errno == EAGAIN || errno == EINTR);
}

// False at the end of what it says.
static bool output_take(struct child *c, struct buf *said)
{
    char bytes[4096];
    ssize_t n = file_read(c->out, bytes, sizeof bytes);
    size_t room = said->max - said->len;

    if (n > 0)
        buf_add(said, (struct str){bytes, (size_t)n < room ? (size_t)n : room});
    return n > 0 || (n < 0 && errno == EAGAIN);
}

// Until the program has ended, whoever still holds its output; false when the time is over before.
static bool talk(struct child *c, struct str input, const struct filter *filter,
                 const atomic_bool *ends, struct buf *said)
{
    const struct clock *clock = clock_real();
    int64_t until = clock_mono(clock).us + filter->timeout_ms * 1000;

    if (input.len == 0 || !input_give(c, &input))
        file_close(&c->in);
    for (;;) {
        struct pollfd fds[3] = {{c->pidfd, POLLIN, 0}, {c->out, POLLIN, 0}, {c->in, POLLOUT, 0}};

        if (clock_mono(clock).us > until || (ends && atomic_load(ends)))
            return false;
        (void)poll(fds, 3, LOOK_MS);
        if (fds[2].revents && !input_give(c, &input))
            file_close(&c->in);
        if (fds[1].revents && !output_take(c, said))
            file_close(&c->out);
        if (fds[0].revents && !fds[1].revents)
            return true;
    }
}

static void end_tell(int status, bool is_late, const struct filter *filter, struct filter_end *ret)
{
    ret->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    ret->is_good = ret->status == 0 && !is_late;
    if (is_late)
        (void)fail(&ret->err, ERR_TIMEOUT, NULL, "it took longer than its limit of %lld s",
                   (long long)filter->timeout_ms / 1000);
    else if (WIFSIGNALED(status))
        (void)fail(&ret->err, ERR_UNREACHABLE, NULL, "it was ended by signal %d", WTERMSIG(status));
    else if (ret->status != 0)
        (void)fail(&ret->err, ERR_UNREACHABLE, NULL, "exit status %d", ret->status);
}

void filter_run(const struct filter *filter, const atomic_bool *ends, struct arena *arena,
                struct filter_end *ret)
{
    struct child c = {.pidfd = -1, .in = -1, .out = -1};
    int in = -1, out = -1, errnum, status = 0;
    struct buf said;

    *ret = (struct filter_end){.status = -1};
    errnum = pipes_open(&c, &in, &out) ? spawn(filter, in, out, &c.pid) : errno;
    file_close(&in);
    file_close(&out);
    buf_init(&said, FILTER_OUTPUT_MAX);
    if (errnum == 0) {
        c.pidfd = pidfd_open(c.pid, 0);

        bool is_done = talk(&c, filter->input, filter, ends, &said);

        if (!is_done) // not reaped yet, so its number is still its own
            kill(-c.pid, SIGKILL);
        while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
            ;
        end_tell(status, !is_done, filter, ret);
    } else {
        (void)fail_errno(&ret->err, ERR_SYSTEM, errnum, "%s cannot be started", filter->argv[0]);
    }
    ret->output = arena_copy(arena, buf_str(&said));
    buf_done(&said);
    file_close(&c.pidfd);
    file_close(&c.in);
    file_close(&c.out);
}
