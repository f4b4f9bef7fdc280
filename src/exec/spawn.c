// spawn.c - from clone to exec.
// SPDX-License-Identifier: Apache-2.0
#include "exec/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer takes every clone for a fork, whatever it shares, and afterwards misses what
// orders the threads of the parent. It does not know the other name.
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#endif

#define STACK_BYTES 16384
#define SIGNALS 64
#define PATHS_MAX 64
#define PATHS_BYTES 65536
#define PATH_USUAL "/usr/local/bin:/usr/bin:/bin"

// The child runs on memory that the sanitizers believe to be the caller's.
#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

struct child {
    const struct spawn_request *request;
    const char *paths[PATHS_MAX + 1]; // to be tried, NULL at the end
    int errnum;
    const char *step;
};

// What the kernel's sigaction takes; all zero is the default action.
struct kernel_action {
    unsigned long words[4];
};

static IN_CHILD bool child_fail(struct child *c, const char *step)
{
    c->errnum = errno;
    c->step = step;
    return false;
}

static IN_CHILD void signals_reset(void)
{
    const struct kernel_action none = {0};

    for (int i = 1; i <= SIGNALS; i++)
        (void)syscall(SYS_rt_sigaction, i, &none, NULL, SIGNALS / 8);
}

static IN_CHILD bool descriptors_set(struct child *c)
{
    const struct spawn_request *r = c->request;
    int in = r->in >= 0 ? r->in : (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);
    int next = 3;

    if (in < 0)
        return child_fail(c, "open /dev/null");
    if ((in == 0 ? syscall(SYS_fcntl, 0, F_SETFD, 0) : syscall(SYS_dup3, in, 0, 0)) < 0 ||
        syscall(SYS_dup3, r->out, 1, 0) < 0 || syscall(SYS_dup3, r->err, 2, 0) < 0)
        return child_fail(c, "set the standard streams");
    for (int i = 0; i < SPAWN_EXTRA_MAX && r->extra[i] > 0; i++)
        if (syscall(SYS_dup3, r->extra[i], next++, 0) < 0)
            return child_fail(c, "hand on descriptors");
    if (syscall(SYS_close_range, next, ~0U, 0) < 0)
        return child_fail(c, "close descriptors");
    return true;
}

static IN_CHILD bool cgroup_enter(struct child *c, int cgroup)
{
    int fd;

    if (cgroup < 0)
        return true;
    fd = (int)syscall(SYS_openat, cgroup, "cgroup.procs", O_WRONLY, 0);
    return (fd >= 0 && syscall(SYS_write, fd, "0", 1) == 1) ||
           child_fail(c, "enter its control group");
}

// A mount namespace of its own, in which nothing of what is done here is seen by others.
static IN_CHILD bool tmp_mount(struct child *c, const char *tmp)
{
    if (!tmp)
        return true;
    if (syscall(SYS_unshare, CLONE_NEWNS) < 0 ||
        syscall(SYS_mount, "none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
        syscall(SYS_mount, tmp, "/var/tmp", NULL, MS_BIND, NULL) < 0 ||
        syscall(SYS_mount, tmp, "/tmp", NULL, MS_BIND, NULL) < 0)
        return child_fail(c, "mount a private /tmp");
    return true;
}

static IN_CHILD bool limits_set(struct child *c, const struct spawn_setting *s)
{
    for (int i = 0; i < s->limit_count; i++) {
        struct rlimit limit = {s->limits[i].value, s->limits[i].value};

        if (s->limits[i].resource == RLIMIT_CPU) // SIGXCPU, which says why, and KILL a second later
            limit.rlim_max++;
        if (syscall(SYS_prlimit64, 0, s->limits[i].resource, &limit, NULL) < 0)
            return child_fail(c, "set its limits");
    }
    return s->nice == SPAWN_NICE_NONE || syscall(SYS_setpriority, PRIO_PROCESS, 0, s->nice) == 0 ||
           child_fail(c, "set its niceness");
}

static IN_CHILD bool ids_set(struct child *c, const struct spawn_setting *s)
{
    if (!s->has_ids)
        return true;
    if (syscall(SYS_setgroups, s->group_count, s->groups) < 0 && errno != EPERM)
        return child_fail(c, "set its groups");
    if (syscall(SYS_setresgid, s->gid, s->gid, s->gid) < 0)
        return child_fail(c, "become its group");
    if (syscall(SYS_setresuid, s->uid, s->uid, s->uid) < 0)
        return child_fail(c, "become its user");
    return true;
}

static IN_CHILD bool setting_apply(struct child *c, const struct spawn_setting *s)
{
    if (!s)
        return true;
    if (!cgroup_enter(c, s->cgroup) || !tmp_mount(c, s->tmp) || !limits_set(c, s) || !ids_set(c, s))
        return false;
    if (s->umask >= 0)
        (void)syscall(SYS_umask, s->umask);
    // After the change of user, which undoes it.
    if (s->dies_with_parent)
        (void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    return !s->no_new_privs || syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ||
           child_fail(c, "give up new privileges");
}

static IN_CHILD bool folder_enter(struct child *c)
{
    return !c->request->folder || syscall(SYS_chdir, c->request->folder) == 0 ||
           child_fail(c, SPAWN_STEP_WORKDIR);
}

// Tries each path, as a shell would: what is not there or may not be run is passed over.
static IN_CHILD void program_exec(struct child *c)
{
    int denied = 0;

    errno = ENOENT;
    for (int i = 0; c->paths[i]; i++) {
        (void)syscall(SYS_execve, c->paths[i], c->request->argv, c->request->envp);
        if (errno == EACCES)
            denied = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR)
            break;
    }
    if (denied && (errno == ENOENT || errno == ENOTDIR))
        errno = denied;
    (void)child_fail(c, "");
}

static IN_CHILD int child_main(void *ctx)
{
    struct child *c = ctx;
    const uint64_t none = 0;

    signals_reset();
    (void)syscall(SYS_setsid);
    if (setting_apply(c, c->request->setting) && folder_enter(c) && descriptors_set(c)) {
        (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
        program_exec(c);
    }
    (void)syscall(SYS_exit_group, 127);
    return 127;
}

// ---- the caller's side ----

static struct str path_variable(char *const *envp)
{
    for (; *envp; envp++)
        if (strncmp(*envp, "PATH=", 5) == 0)
            return str_of(*envp + 5);
    return STR_LIT(PATH_USUAL);
}

// Fills c->paths; texts holds them.
static void paths_fill(struct child *c, struct buf *texts)
{
    size_t at[PATHS_MAX];
    const char *program = c->request->program;
    struct str rest = path_variable(c->request->envp), dir;
    size_t count = 0;

    if (strchr(program, '/')) {
        c->paths[0] = program;
        return;
    }
    while (count < PATHS_MAX && *program && str_next(&rest, ':', &dir)) {
        at[count++] = texts->len;
        buf_printf(texts, "%.*s/%s", STR(dir.len > 0 ? dir : STR_LIT(".")), program);
        buf_add_byte(texts, '\0');
    }
    for (size_t i = 0; i < count && !texts->is_full; i++)
        c->paths[i] = texts->p + at[i];
}

static void child_reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void spawn(const struct spawn_request *request, struct spawn_result *ret)
{
    char stack[STACK_BYTES] __attribute__((aligned(16)));
    struct child c = {.request = request, .step = ""};
    sigset_t all, before;
    struct buf texts;
    int pidfd = -1;
    pid_t pid;

    buf_init(&texts, PATHS_BYTES);
    paths_fill(&c, &texts);
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                &c, &pidfd);
    if (pid < 0)
        c = (struct child){.errnum = errno, .step = "make a process"};
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    buf_done(&texts);
    if (pid >= 0 && c.errnum != 0) {
        child_reap(pid);
        close(pidfd);
        pidfd = -1;
    }
    *ret = (struct spawn_result){c.errnum, c.step, c.errnum ? 0 : pid, pidfd};
}
