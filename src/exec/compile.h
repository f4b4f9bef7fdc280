// compile.h - makes main.so out of main.c, once for everybody who waits for it.
//
// The compiler writes to a hidden name, which is then renamed: nobody ever sees half a module.
// main.so gets the time of the main.c it was made of, so a change made during the compilation is
// newer and compiled next time. A source that does not compile is not tried again for
// COMPILE_AGAIN_US, unless it changes.
//
// belfry_job.h need not be installed: its text is in the binary, and a temporary directory with it
// is in the compiler's include path.
#pragma once

#include "base/loop.h"
#include "exec/launch.h"
#include "job/run.h"

#define COMPILE_LIMIT_US 60000000
#define COMPILE_AGAIN_US 60000000
#define COMPILE_AT_ONCE 2

struct compiler;
struct compile_wait;

struct compile_end {
    bool is_ok;            // main.so is there
    const char *message;   // otherwise: why not
    struct run_stream err; // and what the compiler said
};

typedef void compile_done(const struct compile_end *end, void *ctx);

struct compiler_options {
    struct loop *loop;
    struct launcher *launcher;
    const char *program; // "cc"; borrowed
    char *const *envp;   // borrowed
};

[[nodiscard]] struct compiler *compiler_new(const struct compiler_options *options);

// Kills what is being compiled; nothing is reported any more. compiler_close, then launcher_free,
// then this. Accepts NULL.
void compiler_close(struct compiler *c);
void compiler_free(struct compiler *c);

// Compiles folder/main.c (folder is absolute) or joins those who wait for it already. done is
// called exactly once, after this call has returned, unless compile_forget comes first.
[[nodiscard]] struct compile_wait *compile_start(struct compiler *c, const char *folder,
                                                 compile_done *done, void *ctx);
void compile_forget(struct compile_wait *wait);

// The same without a loop, for the command line: waits, the compiler writing to this process's
// stderr. Returns whether folder/main.so is there and fresh.
[[nodiscard]] bool compile_now(const char *program, const char *folder, struct err *e);
