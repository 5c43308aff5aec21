"""What nodes compare when they meet: options on which safety rests are the same on all of them."""

import sys
import time

from cluster import Cluster
from harness import NODE, equal, eventually, main, run

PROGRAM = 'supercache-node'
NEED = 'nodes of one cluster need the same options: '


def test_a_node_with_other_times_for_leases_is_refused_and_the_difference_is_named_once():
    with Cluster() as cluster:
        cluster.start('b', 'c')
        words = cluster.words('a', '--node_monitor.down_ms', '9000')
        answer = run(NODE, *words, '--log-level', 'off')
        b, c = (f'{n}@{cluster[n].address}' for n in 'bc')
        equal((answer.status, answer.err),
              (1, f'{PROGRAM}: {NEED}node_monitor.down_ms: 9000ms here, 1500ms at {b}, {c}\n'))
        for peer in 'bc':  # people look at this log, too
            eventually(lambda: 'node_monitor.down_ms: 1500ms here, 9000ms at a@'
                       in cluster[peer].log())


def test_all_that_differs_is_named_in_one_sentence():
    with Cluster() as cluster:
        cluster.launch('b')
        cluster['b'].await_ready()
        cluster.options = ('--node_monitor.down_ms', '2000', '--cluster_peers', '')
        cluster.start('c')  # it knows of no other node
        cluster.options = ()
        answer = run(NODE, *cluster.words('a', '--node_monitor.down_ms', '9000', '--key_pos', '1'),
                     '--log-level', 'off')
        equal(answer.status, 1)
        b, c = (f'{n}@{cluster[n].address}' for n in 'bc')
        assert f'key_pos: 1 here, 0 at {b}, {c}; ' in answer.err, answer
        assert (f'node_monitor.down_ms: 9000ms here, 1500ms at {b}, 2000ms at {c}'
                in answer.err), answer
        equal((answer.err.count('\n'), answer.err.count('key_pos:'), answer.err.count('down_ms')),
              (1, 1, 1))


def test_nodes_that_meet_later_say_once_what_keeps_them_apart():
    """The node with wrong options is there first, alone; it meets the others when they start
    elsewhere."""
    with Cluster() as cluster:
        cluster.options = ('--node_monitor.down_ms', '9000')
        cluster.launch('a')
        a = cluster['a']
        a.await_ready()
        cluster.options = ('--cluster_peers', f'b@127.0.0.1:{cluster.ports["b"]},'
                                              f'c@127.0.0.1:{cluster.ports["c"]}')
        cluster.start('b', 'c')
        eventually(lambda: 'node_monitor.down_ms: 9000ms here, 1500ms at ' in a.log())
        time.sleep(3)  # they retry again and again
        equal(a.log().count('down_ms'), 1)
        for n in 'bc':
            assert cluster[n].log().count('down_ms') <= 1, cluster[n].log()
        equal(cluster.states('a'), {'a': 'here', 'b': 'down', 'c': 'down'})
        assert a.ctl('put', 'x', '1', '--timeout', '8000').status != 0


main(sys.modules[__name__])
