// spawn.h - a child process, with everything that a run may ask for between fork and exec.
//
// The child is made by clone with CLONE_VM and CLONE_VFORK: it borrows the caller's memory until it
// has called exec and so costs the same however large the caller is, and it stops the calling
// thread that long, about 0.4 ms. Its side makes bare system calls only: libc's own would act on
// the caller's memory, and its setuid on the caller's other threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SPAWN_LIMITS_MAX 8
#define SPAWN_EXTRA_MAX 4
#define SPAWN_NICE_NONE 100
#define SPAWN_STEP_WORKDIR "enter its working directory" // of a result, when that is what failed

struct spawn_limit {
    int resource; // RLIMIT_...
    uint64_t value;
};

// What a run asked for. {.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1} is: nothing.
struct spawn_setting {
    int umask;
    int nice;
    bool has_ids;
    uid_t uid;
    gid_t gid;
    const gid_t *groups; // supplementary ones
    size_t group_count;
    bool no_new_privs;
    bool dies_with_parent; // KILL when the calling thread ends
    int cgroup;            // directory of the control group to be in; -1: the caller's
    const char *tmp;       // directory that the child sees as /tmp and /var/tmp; NULL: those of all
    struct spawn_limit limits[SPAWN_LIMITS_MAX];
    int limit_count;
};

// Everything is borrowed. Descriptors that are handed on must be 16 or greater, clear of where they
// go.
struct spawn_request {
    const char *program; // a path, or a name to be looked for in the PATH of envp
    char *const *argv;
    char *const *envp;
    const char *folder;         // working directory; NULL: the caller's
    int in, out, err;           // in < 0: /dev/null
    int extra[SPAWN_EXTRA_MAX]; // the child's 3, 4, ...; the first one below 1 ends the list
    const struct spawn_setting *setting; // NULL: nothing
};

struct spawn_result {
    int errnum;       // 0: it runs
    const char *step; // what failed, for a message; "" when it was exec itself
    pid_t pid;
    int pidfd;
};

// The child has a session and process group of its own, a clean signal mask and dispositions, and
// no other descriptors. What fails leaves no child.
void spawn(const struct spawn_request *request, struct spawn_result *ret);
