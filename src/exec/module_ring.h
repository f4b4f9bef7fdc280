// module_ring.h - the memory that belfry and one module host share: a ring of slots, a run each.
//
// A process for each run of a module would cost 0.7 ms. A host is a process that stays, loads
// modules and calls them; runs reach it through this ring, so that a thousand runs need a handful
// of system calls. The states of a slot:
//
//     FREE --belfry--> QUEUED --host--> RUNNING --host--> DONE --belfry--> FREE
//                        |                 |
//                        +-belfry-> FREE   +-belfry-> ATTENDED --host--> DRAIN --belfry--> FREE
//
// QUEUED to RUNNING and QUEUED to FREE are compare-and-swap: what waits behind a call that takes
// long is taken back and given to another host, and either side may win, never both. belfry takes
// back from the newest on, so that the slots in use stay one row.
//
// Output: runs of a host write into the same two pipes, yet every byte must land on the run that
// wrote it.
// - A host goes from one run straight to the next only when both pipes are empty after the call;
// otherwise the slot is
//   DRAIN and the host waits until belfry has read them. So bytes in a pipe are always those of the
//   one slot that runs.
// - belfry must not read with one slot in mind while the host goes on to the next. So before
// reading it moves the slot
//   from RUNNING to ATTENDED, by compare-and-swap; the host leaves RUNNING by compare-and-swap as
//   well, and one that finds ATTENDED waits in DRAIN.
// A run that is silent costs no round trip; one that speaks costs one.
//
// Sleeping: a host without work sets host_sleeps, looks once more, and polls wake_fd. Who makes
// work or answers DRAIN stores the state first and then rings, if host_sleeps was set. The host
// rings done_fd when it is about to sleep, and after every RING_NOTE runs; in between belfry looks
// by itself every few milliseconds.
//
// belfry trusts nothing in here: the host runs foreign code that may write anywhere. Numbers are
// clamped, states that cannot be are the end of the host, texts are cut, and what a run is and who
// waits for it is never kept here.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define RING_SLOTS 512 // a power of two
#define RING_NOTE 64
#define RING_SLOT_BYTES 4096
#define RING_ARGS_MAX 1024 // arguments of one run

// The host's descriptors beside 0-2.
#define RING_MEMORY_FD 3
#define RING_WAKE_FD 4
#define RING_DONE_FD 5

enum ring_state {
    RING_FREE,
    RING_QUEUED,
    RING_RUNNING,
    RING_ATTENDED,
    RING_DRAIN,
    RING_DONE,
};

// Words rather than small numbers, so that memory overwritten by accident is not taken for an
// answer.
enum ring_outcome {
    RING_RETURNED = 0x52455455, // call came back; exit_code is what it returned
    RING_UNUSABLE = 0x554e5553, // the module could not be used; data holds the words
    RING_STALE = 0x5354414c, // not run: the host has an older version of the file; it retires, the
                             // run goes to another host
};

// Which version of a module file: a host that has loaded another one retires.
struct ring_key {
    uint64_t device, inode;
    int64_t size;
    int64_t changed_ns;
};

// What belfry asks for. data holds NUL-terminated strings, one behind the other: the module's path,
// its folder, the settings of the identity, then argc arguments.
struct ring_request {
    struct ring_key key;
    uint32_t argc;
    uint32_t size; // bytes of data in use
};

struct ring_slot {
    _Atomic uint32_t state;
    uint32_t outcome;
    int32_t exit_code;
    int64_t started_at; // wall, when it became RUNNING
    int64_t finished_at;
    _Atomic int64_t started; // stopwatch
    struct ring_request request;
    char data[RING_SLOT_BYTES - 80];
};

_Static_assert(sizeof(struct ring_slot) == RING_SLOT_BYTES, "a slot is a page");

struct ring {
    _Atomic uint32_t host_sleeps;
    _Atomic uint32_t is_quitting; // set by belfry: exit when there is nothing to do
    _Atomic uint32_t is_retiring; // set by the host: takes no more runs
    struct ring_slot slots[RING_SLOTS] __attribute__((aligned(4096)));
};
