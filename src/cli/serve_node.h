// serve_node.h - who this belfry is among the others of its database: its name, its tags, where the
// others reach it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/settings.h"
#include "job/tags.h"

#define NODE_LEASE_MIN_US INT64_C(1000000)
#define NODE_LEASE_MAX_US INT64_C(600000000)

struct serve_node {
    char name[TAG_MAX + 1];
    char tags[TAGS_MAX * (TAG_MAX + 1)]; // job/tags.h
    char address[256];                   // as --advertise says; empty: it does not
    char host[256];                      // of that address, as a Host header has it without port
};

// Reads the settings of the node. Without a name it has that of the host, in which what no name may
// have becomes '-'. ERR_USAGE.
[[nodiscard]] bool serve_node_read(const struct settings *settings, struct serve_node *ret,
                                   struct err *e);

// Where the others reach it, when nothing says so: where it listens. That helps nodes of the same
// machine only, as loopback is all that there is to listen on. address empty: it stays empty.
void serve_node_listens(struct serve_node *node, const char *address, int port);

// The directory in which output of runs is kept: beside a SQLite database; of a node among several,
// one of its own. ERR_USAGE when the path is too long.
[[nodiscard]] bool serve_node_runs_dir(const struct serve_node *node, const char *db_path,
                                       bool is_server, char *ret_path, size_t size, struct err *e);
