"""A real Ray of two nodes on this machine, for tests."""

from __future__ import annotations

import os
from contextlib import contextmanager

CPUS_PER_NODE = 1


@contextmanager
def two_nodes():
    """Start two nodes of one CPU each; give the cluster, the second node and the environment."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": CPUS_PER_NODE})
    try:
        second = cluster.add_node(num_cpus=CPUS_PER_NODE)
        cluster.wait_for_nodes()
        yield cluster, second, {**os.environ, "RAY_ADDRESS": cluster.address}
    finally:
        cluster.shutdown()
