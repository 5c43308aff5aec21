"""Nodes that have never had a list of their peers wait for one: they bootstrap nothing, are let
into nothing and acknowledge nothing. When the list comes they continue as if it had come at the
start."""

import concurrent.futures
import contextlib
import itertools
import json
import os
import sys
import tempfile

from cluster import Cluster
from harness import equal, eventually, main

WAITS = 'this node waits for its first list of nodes, and takes part in nothing until then: '


class List:
    """The file that a provider reads."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'nodes')

    def write(self, text):
        with open(self.path + '.new', 'wb') as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.rename(self.path + '.new', self.path)


@contextlib.contextmanager
def cluster_with_list(mode='sync'):
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        nodes = List(folder)
        cluster.options = ('--cluster_peers', '', '--replication_mode', mode,
                           '--node_monitor.source', 'provider',
                           '--node_monitor.provider', nodes.path,
                           '--node_monitor.refresh_ms', '100')
        cluster.lines = cluster.peers.replace(',', '\n') + '\n'
        yield cluster, nodes


def nothing_is_acknowledged(nodes):
    """All writes at once, since each is tried until its deadline; every answer gives the reason."""
    writes = [['put', 'x', '1'], ['kv', 'k', 'put', 'x', '1'], ['queue', 'q', 'add', '1'],
              ['stack', 's', 'push', '1'], ['kv', 'k', 'incr', 'n']]
    with concurrent.futures.ThreadPoolExecutor(3 * len(writes)) as pool:
        answers = list(pool.map(lambda x: x[0].ctl(*x[1], '--timeout', '60000'),
                                itertools.product(nodes, writes)))
    for answer in answers:
        assert answer.status == 1 and 'waits for its first list of nodes: ' in answer.err, answer


def all_is_kept(cluster):
    """Each node takes writes, and all nodes have them."""
    for name in cluster.names:
        for i in range(4):
            cluster[name].ask('put', f'{name}{i}', '1')
    cluster.ready()
    for name in cluster.names:
        equal(len(cluster[name].ask('dump').splitlines()), 4 * len(cluster.names))


def test_without_a_usable_list_nothing_is_acknowledged_until_it_comes():
    bad = [None, '', '# a comment\n\n', b'\0\xff\xfe\x01' * 100, '<html>502 Bad Gateway</html>\n']
    for mode in 'sync', 'async':
        for text in bad + ['one bad line']:
            with cluster_with_list(mode) as (cluster, nodes):
                if text is not None:
                    nodes.write(cluster.lines + 'd@nowhere\n' if text == 'one bad line' else text)
                cluster.start()
                for node in cluster.nodes.values():
                    eventually(lambda: WAITS in node.log())
                    assert nodes.path in node.log()
                nothing_is_acknowledged(cluster.nodes.values())
                nodes.write(cluster.lines)
                cluster.ready()
                all_is_kept(cluster)


def test_a_folder_is_no_list():
    with cluster_with_list() as (cluster, nodes):
        os.mkdir(nodes.path)
        cluster.start()
        eventually(lambda: WAITS + nodes.path + ' is a folder'
                   in cluster['a'].log())
        nothing_is_acknowledged(cluster.nodes.values())
        os.rmdir(nodes.path)
        nodes.write(cluster.lines)
        cluster.ready()
        all_is_kept(cluster)


def test_peers_on_the_command_line_are_no_list_when_a_provider_has_it():
    with cluster_with_list() as (cluster, nodes):
        cluster.options = (*cluster.options, '--cluster_peers', cluster.peers)
        cluster.start()
        for node in cluster.nodes.values():
            assert ('no effect with node_monitor.source = provider: cluster_peers\n'
                    in node.log()), node.log()
            eventually(lambda: WAITS in node.log())
        nothing_is_acknowledged(cluster.nodes.values())
        nodes.write(cluster.lines)
        cluster.ready()
        all_is_kept(cluster)


def test_a_node_that_waits_says_so_wherever_it_is_asked():
    with cluster_with_list() as (cluster, nodes):
        cluster.start('a')
        a = cluster['a']
        why = f'waits for its first list of nodes: {nodes.path} cannot be read: No such file'
        eventually(lambda: WAITS in a.log())
        for words in (['put', 'x', '1'], ['get', 'x'], ['get', 'x', '--read-mode', 'primary'],
                      ['get', 'x', '--read-mode', 'quorum'], ['sync', '--for', '100'], ['dump'],
                      ['kv', 'k', 'list'], ['queue', 'q', 'wait', '--for', '100']):
            answer = a.ctl(*words)
            assert 'node a ' + why in answer.err and answer.status == 1, answer
        equal([m['state'] for m in a.json('members')], ['waiting'])
        assert 'node a waits for its first list of nodes' in a.ask('members')
        assert why.split(': ')[1] in a.json('cluster-stats')['waits_for']
        assert why.removeprefix('waits ') in a.ask('cluster-stats')
        equal(a.stop()[0], 0)


def test_one_without_a_list_is_let_in_when_it_has_one():
    """The other nodes are a cluster meanwhile; the new one takes nothing from them."""
    with cluster_with_list() as (cluster, nodes):
        nodes.write(cluster.lines)
        cluster.start('a', 'b')
        eventually(lambda: cluster['a'].ctl('put', 'x', '1').status == 0)
        with tempfile.TemporaryDirectory() as folder:
            late = List(folder)
            options = cluster.options
            cluster.options = tuple(late.path if x == nodes.path else x for x in options)
            cluster.start('c')
            eventually(lambda: 'node c waits for its first list of nodes' in cluster['a'].log())
            equal(cluster.states('a'), {'a': 'here', 'b': 'up', 'c': 'down'})
            nothing_is_acknowledged([cluster['c']])
            cluster['a'].ask('put', 'z', '1')
            late.write(cluster.lines)
            cluster.ready_at('a', 'b', 'c')
        equal(len(cluster['c'].ask('dump').splitlines()), 2)
        all_records = {json.loads(line)[0] for line in cluster['c'].ask('dump').splitlines()}
        equal(all_records, {'x', 'z'})


def test_a_list_that_fails_later_changes_nothing():
    with cluster_with_list() as (cluster, nodes):
        nodes.write(cluster.lines)
        cluster.start().ready()
        os.remove(nodes.path)
        eventually(lambda: 'the list of nodes stays as it is: ' in cluster['a'].log())
        cluster['a'].ask('put', 'x', '1')
        equal(set(cluster.states('a')), {'a', 'b', 'c'})


def test_a_node_that_is_alone_in_its_list_is_a_cluster_of_one_after_a_while():
    """Its provider may still be counting; `membership_test` covers the consequences."""
    with cluster_with_list() as (cluster, nodes):
        nodes.write(cluster.lines.splitlines()[0])
        cluster.start('a')
        eventually(lambda: cluster['a'].ctl('put', 'x', '1').status == 0, 60)
        equal(cluster.states('a'), {'a': 'here'})


def test_a_list_with_a_byte_order_mark_names_nobody_else():
    with cluster_with_list() as (cluster, nodes):
        nodes.write(b'\xef\xbb\xbf' + cluster.lines.replace('\n', '\r\n').encode())
        cluster.start().ready()
        equal(set(cluster.states('c')), {'a', 'b', 'c'})


def test_names_of_nodes_in_a_list_are_checked():
    wrong = {'a b': 'a b@h:1', 'é': 'é@h:1', 'x' * 65: 'x' * 65 + '@h:1', 'a\x1b[31m': None}
    for name, text in wrong.items():
        with cluster_with_list() as (cluster, nodes):
            nodes.write(cluster.lines + f'{name}@h:1\n')
            cluster.start('a')
            eventually(lambda: WAITS in cluster['a'].log())
            if text:
                assert (f"node '{text}' is not of the form name@host:port; a name has 1 to 64 "
                        'letters, digits, _ or -') in cluster['a'].log(), cluster['a'].log()
    with cluster_with_list() as (cluster, nodes):
        nodes.write(cluster.lines + 'b@h:1\n')
        cluster.start('a')
        eventually(lambda: f"node 'b' has two addresses: b@127.0.0.1:{cluster.ports['b']} and "
                           'b@h:1' in cluster['a'].log())


main(sys.modules[__name__])
