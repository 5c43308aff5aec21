"""Nodes that find each other, and nodes that are refused."""

import json
import socket
import sys
import tempfile
import time

from cluster import Cluster, Writer
from harness import (NODE, Node, closed_within, equal, eventually, fails, main, nonsense, run)

PROGRAM = 'supercache-node'


def test_a_node_that_starts_before_its_peers_waits_for_them():
    with Cluster() as cluster:
        cluster.start('c')
        time.sleep(1)
        cluster.start('b')
        time.sleep(1)
        cluster.start('a').ready()
        cluster['c'].ask('put', '1', 'x')
        equal(cluster['a'].json('get', '1'), [[1, 'x']])


def test_all_nodes_may_start_at_once():
    for _ in range(3):
        with Cluster('abcde') as cluster:
            cluster.launch(*cluster.names)
            for node in cluster.nodes.values():
                node.await_ready()
            cluster.ready()
            for name in cluster.names:
                cluster[name].ask('put', name, 'x')
            for name in cluster.names:
                equal(set(cluster.states(name).values()), {'here', 'up'})
                equal(len(cluster[name].ask('dump').splitlines()), 5)
                assert 'refused' not in cluster[name].log().replace('Connection refused', '')


def test_a_node_with_other_options_is_refused_with_every_difference():
    with Cluster() as cluster:
        cluster.start('a', 'b')
        other = {'num_partition': '16', 'key_pos': '1', 'partition_pos': '2', 'table_type': 'bag',
                 'replication_factor': '2', 'replication_mode': 'async'}
        ours = {'num_partition': '8', 'key_pos': '0', 'partition_pos': '0', 'table_type': 'set',
                'replication_factor': '3', 'replication_mode': 'sync'}
        words = cluster.words('c', *(w for k, x in other.items() for w in (f'--{k}', x)))
        answer = run(NODE, *words, '--log-level', 'off')
        equal((answer.status, answer.out), (1, ''))
        equal(answer.err.count('\n'), 1)
        assert answer.err.startswith(
            f'{PROGRAM}: nodes of one cluster need the same options: '), answer
        both = ', '.join(f'{peer}@{cluster[peer].address}' for peer in 'ab')
        for key, text in other.items():
            sentence = f'{key}: {text} here, {ours[key]} at {both}'
            assert sentence in answer.err, (sentence, answer)
        for peer in 'ab':  # people look at this log, too
            eventually(lambda: f'node c@127.0.0.1:{cluster.ports["c"]} is refused: nodes of one '
                               'cluster need the same options: ' in cluster[peer].log())
            assert 'num_partition: 8 here, 16 at c@' in cluster[peer].log()
        eventually(lambda: cluster.states('a') == {'a': 'here', 'b': 'up', 'c': 'down'})


def test_a_node_checks_those_that_its_provider_names():
    with Cluster('ab') as cluster, tempfile.NamedTemporaryFile('w') as nodes:
        nodes.write(cluster.peers.replace(',', '\n'))
        nodes.flush()
        cluster.options = ('--cluster_peers', '', '--node_monitor.source', 'provider',
                           '--node_monitor.provider', nodes.name)
        cluster.start('a')
        answer = run(NODE, *cluster.words('b', '--num_partition', '16'), '--log-level', 'off')
        fails(answer, 1, 'nodes of one cluster need the same options: num_partition: 16 here, 8 at '
                         f'a@{cluster["a"].address}', PROGRAM)


def test_a_node_that_is_dialled_by_another_name_says_so():
    with Cluster('ab', '--replication_factor', '2') as cluster:
        cluster.start('a')
        a = cluster['a']
        cluster.peers += f',zz@{a.address}'
        cluster.start('b')
        b = cluster['b']
        eventually(lambda: f'node b@{b.address} is refused: it takes this node, \'a\', for \'zz\''
                   in a.log())
        sentence = f"no connection to node zz@{a.address}: the node there is called 'a', not 'zz'"
        eventually(lambda: sentence in b.log())
        time.sleep(2)  # it retries again and again
        assert a.log().count('is refused') <= 2, a.log()  # before they were connected, and then
        equal((a.log().count('cannot be reached'), b.log().count(sentence)), (0, 1))
        equal(cluster.states('a')['b'], 'up')


def test_nodes_with_other_options_that_meet_later_stay_apart():
    """Neither node sees the other when it starts: the dialled one refuses, and both log why."""
    with Cluster('ab') as cluster:
        with Node(*cluster.words('a')) as a:
            with Node(*cluster.words('b', '--cluster_peers', f'a@127.0.0.1:{cluster.ports["b"]}',
                                     '--num_partition', '16')) as b:
                eventually(lambda: 'num_partition: 8 here, 16 at b@' in a.log())
                eventually(lambda: 'is refused: nodes of one cluster need the same options: '
                                   'num_partition: 16 here, 8 at a@' in b.log())
                equal({m['node']: m['state'] for m in a.json('members')},
                      {'a': 'here', 'b': 'down'})
                equal({m['node']: m['state'] for m in b.json('members')},
                      {'a': 'down', 'b': 'here'})


def test_a_node_that_nobody_was_told_of_is_shown_as_such():
    with Cluster('xa', '--replication_factor', '1') as cluster:
        with Node(*cluster.words('x', '--cluster_peers', '')) as x, Node(*cluster.words('a')):
            eventually(lambda: {m['node']: m['state'] for m in x.json('members')}
                       == {'a': 'undeclared', 'x': 'here'})


def test_the_second_node_of_a_name_is_refused():
    with Cluster('ab') as cluster:
        cluster.start().ready()
        second = cluster.words('a', '--port', '0')
        start = time.monotonic()
        answer = run(NODE, *second, '--log-level', 'off')
        fails(answer, 1, f"another node is called 'a' too, at {cluster['a'].address}; node.name "
                         'must be unique in a cluster', PROGRAM)
        eventually(lambda: "is refused: another node is called 'a' too" in cluster['b'].log())
        assert time.monotonic() - start < 10
        equal(cluster.states('b'), {'a': 'up', 'b': 'here'})
        cluster['b'].ask('put', '1', 'x')


def test_two_nodes_of_a_name_that_meet_later_are_told_on_both_sides():
    """The second node joins while the first, which it cannot see, is already there."""
    with Cluster('ab') as cluster:
        second = cluster.words('a', '--port', '0')
        with Node(*second) as other:  # no other node is there
            cluster.start('a', 'b')
            # One of the two finds b first; the other is refused.
            eventually(lambda: cluster.states('b').get('a') == 'up')
            sentence = "another node is called 'a' too, at 127.0.0.1:"
            eventually(lambda: sentence in cluster['b'].log())
            eventually(lambda: sentence in other.log() or sentence in cluster['a'].log())
            time.sleep(1)
            equal(cluster['b'].log().count('node a cannot be reached'), 0)
            equal(cluster['b'].log().count('is refused'), 1)
        cluster['b'].ask('put', '1', 'x')


def test_a_node_may_move_to_another_address():
    with Cluster('abc') as cluster:
        cluster.start().ready()
        for i in range(20):
            cluster['a'].ask('put', str(i), 'x')
        cluster['c'].kill()
        with Node(*cluster.words('c', '--port', '0')) as moved:
            eventually(lambda: cluster.states('a')['c'] == 'up')
            cluster['a'].ask('sync')
            equal(len(moved.ask('dump').splitlines()), 20)
            equal([m['address'] for m in cluster['a'].json('members') if m['node'] == 'c'],
                  [moved.address])


def test_a_node_may_be_found_elsewhere_than_where_it_listens():
    with Cluster('ab', '--node.advertise', 'localhost', '--node_monitor.source', 'all') as cluster:
        cluster.start().ready()
        for here, there in ('ab', 'ba'):
            address = {m['node']: m['address'] for m in cluster[here].json('members')}
            equal(address[there], f'localhost:{cluster.ports[there]}')
        fails(run(NODE, '--cluster', 'distributed', '--node.advertise', 'here:99999'), 2,
              "--node.advertise is 'here:99999'; allowed is a host, or host:port (text)",
              'supercache-node')


def test_strangers_are_ended_in_bounded_time_and_disturb_nobody():
    with Cluster('ab', '--replication_factor', '2') as cluster:
        cluster.start().ready()
        a = cluster['a']
        greetings = nonsense()
        sockets = [socket.create_connection(('127.0.0.1', a.port), 5) for _ in greetings]
        for s, greeting in zip(sockets, greetings):
            s.sendall(greeting)
        with Writer(a) as writer:
            for i in range(20):
                equal(writer.put(i, 'x'), None)
        for s, greeting in zip(sockets, greetings):
            with s:
                assert closed_within(s, 20), greeting
        with open(f'/proc/{a.process.pid}/status', encoding='utf-8') as status:
            size = next(int(line.split()[1]) for line in status if line.startswith('VmHWM'))
        # kB: it reserved no memory for what was only announced
        assert size < 200_000 or a.sanitized(), size
        equal(cluster.states('b'), {'a': 'up', 'b': 'here'})
        assert 'cannot be reached' not in cluster['b'].log()
        # A known peer may be silent for longer.
        equal(len(cluster['b'].ask('dump').splitlines()), 20)


def test_a_silent_client_that_is_known_is_not_ended():
    with Cluster('a') as cluster:
        cluster.start()
        with Writer(cluster['a']) as writer:
            equal(writer.put(1, 'x'), None)
            time.sleep(5)
            equal(writer.put(2, 'x'), None)


def test_clients_may_come_while_a_node_starts():
    """No node meets a node that is only half started."""
    for _ in range(3):
        with Cluster('a') as cluster:
            cluster.launch('a')
            a = cluster['a']
            a.address = f'127.0.0.1:{cluster.ports["a"]}'
            answers = []
            end = time.monotonic() + 10
            while time.monotonic() < end and not (answers and answers[-1].status == 0):
                answers.append(a.ctl('members', '--json'))
            equal(json.loads(answers[-1].out)[0]['node'], 'a')
            for answer in answers[:-1]:
                assert 'Connection refused' in answer.err, answer
            a.await_ready()


def test_a_peer_that_is_no_node_is_told_apart():
    with Node() as alone, socket.socket() as silent:
        silent.bind(('127.0.0.1', 0))
        silent.listen(8)
        peers = f'b@127.0.0.1:{silent.getsockname()[1]},c@{alone.address}'
        with Node('--cluster', 'distributed', '--node.name', 'a', '--cluster_peers', peers,
                  '--num_partition', str(alone.ready['partitions'])) as a:
            eventually(lambda: 'no connection to node b@' in a.log()
                       and 'this node is no member of a cluster' in a.log())
            assert 'it does not answer' in a.log(), a.log()
            equal({m['node']: m['state'] for m in a.json('members')},
                  {'a': 'here', 'b': 'down', 'c': 'down'})
            equal(a.stop()[0], 0)


def test_the_port_of_a_node_of_a_cluster_is_named_when_it_is_taken():
    with Node() as node:
        answer = run(NODE, '--cluster', 'distributed', '--port', str(node.port), '--log-level',
                     'off')
        fails(answer, 1, f'cannot listen on {node.address}: Address already in use', PROGRAM)


main(sys.modules[__name__])
