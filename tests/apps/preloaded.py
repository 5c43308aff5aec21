"""Nodes with a preloaded library that changes the time they get from the system."""

import contextlib
import os

from harness import Node, eventually

ALONE = ()
CLUSTER_OF_ONE = ('--cluster', 'distributed', '--num_partition', '8', '--replication_factor', '1',
                  '--replication_mode', 'sync', '--table_prefix', f't{os.getpid()}')


def preloading(library, **environment):
    """What a program that loads a library first has in its environment."""
    asan = os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'
    return {'LD_PRELOAD': library, 'ASAN_OPTIONS': asan, **environment}


@contextlib.contextmanager
def node_with(library, options, **environment):
    """A node that is ready to use."""
    with Node(*options, environment=preloading(library, **environment)) as node:
        eventually(lambda: node.ctl('put', 'usable', '1').status == 0)
        yield node
