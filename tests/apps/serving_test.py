"""What a node prints when it can be reached and when it can take writes, and what it logs about its
cluster."""

import json
import signal
import sys
import threading
import time

from cluster import Cluster
from harness import Node, equal, eventually, main


def said(node, seconds):
    """The next line of a node's standard output, if it comes in time."""
    if not hasattr(node, 'reader'): # the reader may wait for a later line
        node.lines = []
        node.reader = threading.Thread(target=lambda: node.lines.append(node.process.stdout.readline()),
                                       daemon=True)
        node.reader.start()
    node.reader.join(seconds)
    if node.reader.is_alive():
        return None
    del node.reader
    return json.loads(node.lines.pop())


def test_a_single_node_serves_at_once():
    with Node() as node:
        line = said(node, 10)
        equal(line['event'], 'serving')
        equal({**line, 'event': 'ready'}, node.ready)
        equal(node.stop()[0], 0)
        equal(node.process.stdout.read(), '')


def test_a_cluster_serves_once_a_majority_of_it_is_there():
    with Cluster() as cluster:
        cluster.start('a')
        equal(said(cluster['a'], 1), None)
        equal(cluster['a'].json('stats', 'cluster')['writable'], 0)
        cluster.start('b')
        for name in 'ab':
            equal(said(cluster[name], 30)['event'], 'serving')
            equal(cluster[name].ctl('put', name, '1').status, 0)
            node, usable = cluster[name], 'the cluster is usable: each of 8 partitions can be written'
            eventually(lambda: usable in node.log()) # the log is told a moment later
            equal(cluster[name].json('stats', 'cluster')['writable'], 8)
        cluster.start('c')
        equal(said(cluster['c'], 30)['event'], 'serving')
        equal(said(cluster['a'], 0.2), None) # printed once only


def test_a_node_that_never_serves_can_be_stopped():
    with Cluster() as cluster:
        cluster.start('a')
        status, seconds = cluster['a'].stop()
        equal(status, 0)
        assert seconds < 15, seconds
        equal(cluster['a'].process.stdout.read(), '')


def test_failovers_are_logged():
    with Cluster() as cluster:
        cluster.start().ready()
        primaries = {p['partition']: p['primary'] for p in cluster['a'].json('partitions')}
        lost = [i for i, name in primaries.items() if name == 'c']
        eventually(lambda: 'the cluster is usable: ' in cluster['a'].log())
        cluster['c'].kill()
        eventually(lambda: 'in place of node c' in cluster['a'].log())
        eventually(lambda: all(p['primary'] in ('a', 'b') for p in cluster['a'].json('partitions')))

        def told():
            log = cluster['a'].log()
            return [int(n) for line in log.splitlines() if 'in place of node c' in line
                    for n in line.split(' in place')[0].split(' leads partition')[1].lstrip('s ').split(', ')]
        eventually(lambda: set(lost) <= set(told()))
        assert ' info ' in next(x for x in cluster['a'].log().splitlines() if 'in place of' in x)
        cluster['b'].process.send_signal(signal.SIGSTOP)
        eventually(lambda: 'of 8 partitions cannot be written: ' in cluster['a'].log())
        cluster['b'].process.send_signal(signal.SIGCONT)
        cluster.start('c')
        cluster.ready()
        eventually(lambda: 'the cluster is usable again, after ' in cluster['a'].log())


main(sys.modules[__name__])
