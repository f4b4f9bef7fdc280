// unit.h - what every unit test includes: cmocka with the headers it needs before it.
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// cmocka's fail() takes the name of base/err.h's; fail_msg stays, without it.
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// Whether fn(ctx) ends the process, as a failed assert does. It runs in a child that cannot speak.
static inline bool unit_dies(void (*fn)(void *ctx), void *ctx)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        const struct rlimit none = {0, 0};
        int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

        setrlimit(RLIMIT_CORE, &none);
        dup2(quiet, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL); // cmocka catches it
        fn(ctx);
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
