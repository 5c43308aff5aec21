"""What is reported about copies is true: how many there are, how many were requested, and which
nodes can be reached."""

import contextlib
import re
import sys

from cluster import Cluster
from harness import equal, eventually, fails, main


def test_a_node_that_never_met_its_peers_does_not_have_all_copies():
    for mode in ('async', 'sync'):
        with Cluster('abc', '--replication_factor', '2', '--replication_mode', mode) as cluster:
            cluster.start('a')
            a = cluster['a']
            if mode == 'async':
                eventually(lambda: a.json('members')[0]['primaries'] == 8)
            fails(a.ctl('sync', '--for', '300'), 1,
                  ('0 of 8 partitions have no primary, and 8 do' if mode == 'async' else
                   '8 of 8 partitions have no primary, and 0 do')
                  + ' not have all their copies yet; unreachable: b, c')
            equal(a.json('cluster-stats')['replication_factor'], 2)
            lines = dict(line.split(maxsplit=1) for line in a.ask('cluster-stats').splitlines())
            equal(lines['replication'], f'{mode}, 2 copies of each record')
            assert lines['partitions'].endswith(', 8 with fewer copies'), lines
            if mode == 'async':
                cluster.start('b')
                equal(a.ask('sync'), 'every partition has a primary and all its copies')
                lines = dict(line.split(maxsplit=1) for line in a.ask('cluster-stats').splitlines())
                equal(lines['partitions'], '8: 0 without a primary, 0 being copied')


def test_a_cluster_of_fewer_nodes_than_copies_says_how_many_there_are():
    with Cluster('a') as cluster:
        cluster.start()
        a = cluster['a']
        equal(a.ask('sync'), 'every partition has a primary and 1 copy of the 3 asked for: '
                             'the cluster has no more nodes')
        equal(a.json('sync'), {'synced': True, 'copies': 1, 'asked_for': 3})
    with Cluster('ab') as cluster:
        cluster.start().ready()
        equal(cluster['b'].ask('sync'),
              'every partition has a primary and 2 copies of the 3 asked for: '
              'the cluster has no more nodes')


@contextlib.contextmanager
def frozen(*nodes):
    with contextlib.ExitStack() as all_paused:
        for node in nodes:
            all_paused.enter_context(node.paused())
        yield


def test_a_read_that_fails_says_how_many_can_be_reached_and_how_many_answered():
    with Cluster('abc', '--replication_mode', 'sync') as cluster:
        cluster.start().ready()
        with frozen(cluster['b'], cluster['c']):
            answer = cluster['a'].ctl('get', 'k', '--read-mode', 'quorum')
        found = re.fullmatch('supercachectl: partition [0-9] has 3 members, of which ([0-9]) can '
                             'be reached and ([0-9]) answered; that is too few within the '
                             'deadline\n', answer.err)
        assert found, answer
        equal([int(x) for x in found.groups()], [1, 1])


if __name__ == '__main__':
    main(sys.modules[__name__])
