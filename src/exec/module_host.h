// module_host.h - the child side of the ring: a process that loads modules and calls them.
#pragma once

// What `belfry run-module --host` does: serves the ring at descriptor RING_MEMORY_FD until belfry
// is gone, asks it to quit, or a module has left the process in a state that the next one should
// not meet. Returns the exit status.
int module_host_main(void);
