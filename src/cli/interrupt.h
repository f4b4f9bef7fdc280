// interrupt.h - Ctrl-C as something to wait for.
#pragma once

#include <stdbool.h>

// From now on SIGINT does not end the process: it makes the descriptor readable. -1 when the system
// has none to give: then Ctrl-C ends the process as ever. Close it to be done; SIGINT stays held
// back.
[[nodiscard]] int interrupt_open(void);

// Waits for ms milliseconds, or until Ctrl-C (true). fd may be -1.
[[nodiscard]] bool interrupt_wait(int fd, int ms);

// Whether the person means it: a second Ctrl-C is true, Enter or the end of standard input false.
[[nodiscard]] bool interrupt_again(int fd);
