// metrics_nodes.c - what /metrics tells of the nodes that share a database.
// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"
#include "api/node_models.h"

void metric_cluster_nodes(struct metrics *m)
{
    const struct store_members *members = sched_members(m->api->o.sched);

    for (int state = 0; members && node_state_names[state]; state++) {
        int64_t count = 0;

        for (size_t i = 0; i < members->node_count; i++)
            count += (int)members->nodes[i].state == state;
        metric_int(&m->w, LABELS({"state", str_of(node_state_names[state])}), count);
    }
}

void metric_cluster_epoch(struct metrics *m)
{
    const struct store_members *members = sched_members(m->api->o.sched);

    if (members)
        metric_int(&m->w, LABELS(), members->epoch);
}

void metric_node_info(struct metrics *m)
{
    if (sched_members(m->api->o.sched))
        metric_int(&m->w, LABELS({"node", str_of(m->api->o.node.name)}), 1);
}

void metric_node_lease(struct metrics *m)
{
    if (sched_members(m->api->o.sched))
        metric_int(&m->w, LABELS(), store_may_start(m->api->o.store));
}
