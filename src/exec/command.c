// command.c - a child process: pidfd and two pipes on the loop.
// SPDX-License-Identifier: Apache-2.0
#include "exec/command.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "exec/cgroup.h"

struct stream {
    struct command *command;
    struct loop_fd *handle;
    int fd; // -1 at its end
    struct output output;
};

struct command {
    struct loop *loop;
    struct launch_result child; // its pidfd is -1 before the start
    struct stream out, err, result;
    int64_t grace_us; // from TERM to KILL
    int cgroup;       // that it is in, borrowed; -1
    void (*on_start)(void *ctx);
    void *start_ctx;
    struct loop_fd *exit_handle;
    struct loop_timer timer; // KILL while it is being ended, else the end of lingering
    bool is_launching;
    bool is_stopping;
    bool is_killed;  // the KILL of a stop has been sent
    bool has_exited; // and is a zombie: its number, and its group's, are not given to others yet
    struct command_end end;
    command_done *done;
    void *ctx;
};

static void command_launched(const struct launch_result *result, void *ctx);
static void command_watch(struct command *c);
static void exit_seen(int fd, uint32_t events, void *ctx);
static void stream_ready(int fd, uint32_t events, void *ctx);
static void stream_close(struct stream *s);
static void group_term(struct command *c);
static void group_kill(void *ctx);
static void linger(struct command *c);
static void command_finish(void *ctx);

static void stream_init(struct stream *s, struct command *c, output_sink *sink,
                        const struct command_options *options)
{
    bool is_kept = s != &c->result;

    s->command = c;
    s->fd = -1;
    output_init(&s->output, is_kept ? options->head_max : 0, is_kept ? options->tail_max : 0);
    s->output.sink = sink;
    s->output.sink_ctx = options->sink_ctx;
}

struct command *command_start(const struct command_options *options, command_done *done, void *ctx,
                              struct err *e)
{
    struct command *c = mem_alloc(sizeof *c);

    c->loop = options->loop;
    c->done = done;
    c->ctx = ctx;
    c->is_launching = true;
    c->cgroup = options->spec.setting ? options->spec.setting->cgroup : -1;
    c->child = (struct launch_result){.pidfd = -1, .out = -1, .err = -1, .result = -1};
    c->on_start = options->on_start;
    c->start_ctx = options->sink_ctx;
    stream_init(&c->out, c, options->on_out, options);
    stream_init(&c->err, c, options->on_err, options);
    stream_init(&c->result, c, options->on_result, options);
    if (launch_start(options->launcher, &options->spec, command_launched, c, e))
        return c;
    c->is_launching = false;
    command_free(c);
    return NULL;
}

static void group_signal(struct command *c, int signo)
{
    if (c->child.pidfd >= 0)
        kill(-c->child.pid, signo);
}

// Out of its control group, too, nobody gets by a session or group of his own.
static void all_kill(struct command *c)
{
    group_signal(c, SIGKILL);
    if (c->cgroup >= 0 && c->child.pidfd >= 0)
        cgroup_kill(c->cgroup);
}

bool command_stop(struct command *c, int64_t grace_us)
{
    bool is_news = !c->is_stopping || grace_us < c->grace_us;

    if (c->has_exited || c->end.errnum != 0)
        return c->is_stopping;
    if (is_news)
        c->grace_us = grace_us;
    c->is_stopping = true; // while it is launching, command_launched comes back to it
    if (is_news && !c->is_launching)
        group_term(c);
    return true;
}

static void group_term(struct command *c)
{
    if (c->grace_us == 0) {
        group_kill(c);
        return;
    }
    group_signal(c, SIGTERM);
    loop_timer_set(c->loop, &c->timer, mono_after_us(loop_now(c->loop), c->grace_us), group_kill,
                   c);
}

bool command_started(const struct command *c, mono *ret_started)
{
    if (c->is_launching || c->child.pidfd < 0)
        return false;
    *ret_started = c->child.started;
    return true;
}

wall command_started_at(const struct command *c)
{
    return c->is_launching ? (wall){0} : c->child.started_at;
}

pid_t command_pid(const struct command *c)
{
    return c->is_launching || c->child.pidfd < 0 ? 0 : c->child.pid;
}

void command_free(struct command *c)
{
    if (!c)
        return;
    assert(!c->is_launching);
    loop_timer_stop(c->loop, &c->timer);
    loop_remove(c->loop, c->exit_handle);
    stream_close(&c->out);
    stream_close(&c->err);
    stream_close(&c->result);
    if (c->child.pidfd >= 0) {
        if (!c->has_exited || c->is_stopping)
            all_kill(c);
        while (waitid(P_PIDFD, (id_t)c->child.pidfd, &(siginfo_t){0}, WEXITED) < 0 &&
               errno == EINTR)
            ;
        file_close(&c->child.pidfd);
    }
    output_done(&c->out.output);
    output_done(&c->err.output);
    output_done(&c->result.output);
    free(c);
}

static void command_launched(const struct launch_result *result, void *ctx)
{
    struct command *c = ctx;

    c->is_launching = false;
    c->child = *result;
    c->end = (struct command_end){.errnum = result->errnum,
                                  .is_limit = result->is_limit,
                                  .step = result->step,
                                  .started_at = result->started_at,
                                  .finished_at = result->started_at,
                                  .exit_code = -1,
                                  .words = ""};
    if (result->errnum != 0) {
        command_finish(c);
        return;
    }
    c->out.fd = result->out;
    c->err.fd = result->err;
    c->result.fd = result->result;
    command_watch(c);
    if (c->on_start && c->end.errnum == 0)
        c->on_start(c->start_ctx);
    if (c->is_stopping && c->end.errnum == 0)
        group_term(c);
}

// The kernel refuses to watch only when it is out of memory or over max_user_watches: then the
// child is of no use.
static void command_watch(struct command *c)
{
    c->exit_handle = loop_add(c->loop, c->child.pidfd, EPOLLIN, exit_seen, c);
    c->out.handle = loop_add(c->loop, c->out.fd, EPOLLIN, stream_ready, &c->out);
    c->err.handle = loop_add(c->loop, c->err.fd, EPOLLIN, stream_ready, &c->err);
    if (c->result.fd >= 0)
        c->result.handle = loop_add(c->loop, c->result.fd, EPOLLIN, stream_ready, &c->result);
    if (c->exit_handle && c->out.handle && c->err.handle && (c->result.fd < 0 || c->result.handle))
        return;
    c->end.errnum = errno;
    c->end.is_limit = true;
    loop_timer_set(c->loop, &c->timer, loop_now(c->loop), command_finish, c);
}

static void stream_close(struct stream *s)
{
    loop_remove(s->command->loop, s->handle);
    s->handle = NULL;
    file_close(&s->fd);
}

// One read a turn: a child that floods its pipe gets no more of the loop's time than the others.
static void stream_ready(int fd, uint32_t events, void *ctx)
{
    struct stream *s = ctx;
    struct command *c = s->command;

    (void)events;
    if (output_read(&s->output, fd, INT64_MAX) != 0)
        return;
    stream_close(s);
    if (c->has_exited && c->out.fd < 0 && c->err.fd < 0)
        command_finish(c);
}

// What the child itself has left in the pipe.
static void stream_drain(struct stream *s)
{
    if (s->fd >= 0 && !output_drain(&s->output, s->fd))
        stream_close(s);
}

static int64_t timeval_us(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void exit_seen(int fd, uint32_t events, void *ctx)
{
    struct command *c = ctx;
    siginfo_t info = {0};
    struct rusage usage = {0};

    (void)events;
    // libc's waitid has no place for the fifth argument.
    if (syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED | WNOHANG | WNOWAIT, &usage) < 0 ||
        info.si_pid == 0)
        return;
    c->end.usage = (struct run_usage){.user_us = timeval_us(usage.ru_utime),
                                      .system_us = timeval_us(usage.ru_stime),
                                      .max_rss_bytes = (int64_t)usage.ru_maxrss * 1024};
    loop_remove(c->loop, c->exit_handle);
    c->exit_handle = NULL;
    c->has_exited = true;
    c->end.finished_at = clock_wall(loop_clock(c->loop));
    c->end.exit_code = info.si_code == CLD_EXITED ? info.si_status : -1;
    c->end.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
    stream_drain(&c->out);
    stream_drain(&c->err);
    stream_drain(&c->result);
    if (c->out.fd < 0 && c->err.fd < 0)
        command_finish(c);
    else if (!c->is_stopping || c->is_killed)
        linger(c);
}

static void linger(struct command *c)
{
    loop_timer_set(c->loop, &c->timer, mono_after_us(loop_now(c->loop), COMMAND_LINGER_US),
                   command_finish, c);
}

// The KILL of a command that is being ended. After it, nobody of its group holds the pipes; who has
// left the group, where there is no control group, is listened to for as long as after any other
// end.
static void group_kill(void *ctx)
{
    struct command *c = ctx;

    all_kill(c);
    c->is_killed = true;
    if (c->has_exited)
        linger(c);
}

static void command_finish(void *ctx)
{
    struct command *c = ctx;

    c->end.out = output_stream(&c->out.output);
    c->end.err = output_stream(&c->err.output);
    c->done(&c->end, c->ctx);
    command_free(c);
}
