// placement.h - which node owns which job: a pure function of what every node reads alike.
//
// Where several belfry share a store (store/nodes.h), each job belongs to one of them, which alone
// acts for it. All of them work out the same answer from the members, the pins and the jobs of an
// epoch:
//
// - Jobs that are linked - by depends_on, or by a pool that both name - are a group, which goes
//   together: so chains begin, and pools are counted, in the memory of one node. The group's key is
//   its smallest job id.
// - A node is eligible if it is active and, of each job of the group that names nodes, its name or
//   one of its tags is among them. If none is, all active ones are, and the slots are skipped
//   (is_nowhere).
// - A job with attempts in progress stays where they are (a pin), and its group with it; where pins
//   contradict each other, each pinned job stays where it is, and the others go to the node with
//   the lowest id.
// - Otherwise it goes to the eligible node whose hash with the key is the highest (rendezvous;
// Thaler
//   and Ravishankar, 1996): who leaves loses only its own jobs, who comes takes only its share.
//
// The answer must be the same in every version that may be there at the same time: hashes and rules
// never change. Nothing here costs anything a slot; a million jobs take some tenths of a second.
#pragma once

#include <stdbool.h>

#include "job/job.h"
#include "sched/due.h"
#include "store/nodes.h"

#define PLACEMENT_NODES_MAX 64

// Tells the seat of every job. Nothing may be added or removed meanwhile.
typedef void placement_fn(struct entry *entry, const struct seat *seat, void *ctx);
void placement_make(const struct store_members *members, const struct due *due, placement_fn *fn,
                    void *ctx);

// The seat of a job that is linked to no other and has no pin.
void placement_single(const struct store_members *members, const struct job *job,
                      struct seat *ret_seat);

// Whether a job may make others move, or move itself, when it comes, goes or is changed: it names
// nodes or pools, follows others, or is followed.
bool placement_moves(const struct due *due, const struct job *job);

// Who sees to what is nobody's: the active node with the lowest id, of members->nodes; SEAT_NOBODY.
int placement_duties(const struct store_members *members);
