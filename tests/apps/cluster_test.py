"""supercachectl's commands about a cluster: members, partitions, cluster-stats, sync, leave and
force-primary."""

import signal
import sys
import tempfile
import time

from cluster import Cluster
from harness import CTL, Node, equal, eventually, fails, main, run

COMMANDS = (['members'], ['partitions'], ['sync'], ['leave'], ['force-primary', '0', '--yes'])


def test_members():
    with Cluster() as cluster:
        cluster.start().ready()
        lines = cluster['b'].ask('members').splitlines()
        equal(lines[0].split(), ['node', 'state', 'address', 'primaries', 'replicas'])
        equal([line.split()[:3] for line in lines[1:-1]],
              [[n, 'here' if n == 'b' else 'up', f'127.0.0.1:{cluster.ports[n]}']
               for n in 'bac'])
        equal(lines[-1], '3 members, all reachable')
        rows = cluster['c'].json('members')
        equal(list(rows[0]), ['address', 'node', 'primaries', 'replicas', 'state'])
        equal(sum(m['primaries'] for m in rows), 8)
        equal(sum(m['replicas'] for m in rows), 16)
        cluster['a'].kill()
        eventually(lambda: cluster.states('b')['a'] == 'down')
        equal(cluster['b'].ask('members').splitlines()[-1], '3 members, unreachable: a')


def test_partitions():
    with Cluster() as cluster:
        cluster.start().ready()
        a = cluster['a']
        for i in range(20):
            a.ask('put', str(i), 'x')
        rows = a.json('partitions')
        equal([p['partition'] for p in rows], list(range(8)))
        equal(sorted(set(p['primary'] for p in rows)), ['a', 'b', 'c'])
        for p in rows:
            equal(sorted([p['primary'], *p['replicas']]), ['a', 'b', 'c'])
        eventually(lambda: sum(p['records'] for p in a.json('partitions')) == 20)
        lines = a.ask('partitions').splitlines()
        equal(lines[0].split(), ['partition', 'primary', 'replicas', 'coming', 'epoch', 'written',
                                 'committed', 'records'])
        equal(lines[-1], '8 partitions, all with a primary')
        cluster['b'].kill()
        eventually(lambda: a.ask('partitions').splitlines()[-2:]
                   == ['8 partitions, all with a primary', 'unreachable: b'])
        assert 'b (down), c' in a.ask('partitions')
        cluster['c'].kill()
        eventually(lambda: a.ask('partitions').splitlines()[-1] == 'unreachable: b, c')
        headless = [p['partition'] for p in a.json('partitions') if p['primary'] is None]
        assert headless
        numbers = ', '.join(map(str, headless))
        assert f'8 partitions; without a primary: {numbers}' in a.ask('partitions')


def test_cluster_stats():
    with Cluster() as cluster:
        cluster.start().ready()
        a = cluster['a']
        stats = a.json('cluster-stats')
        equal(stats['live_nodes'], ['a', 'b', 'c'])
        equal(stats['unreachable'], [])
        equal((stats['partitions'], stats['replication_mode'], stats['replication_factor']),
              (8, 'sync', 3))
        equal(stats['primaries_here'] + stats['replicas_here'], 8)
        cluster['c'].kill()
        eventually(lambda: a.json('cluster-stats')['unreachable'] == ['c'])
        lines = dict(line.split(maxsplit=1) for line in a.ask('cluster-stats').splitlines())
        equal(lines['node'], f'a@{a.address}')
        equal(lines['replication'], 'sync, 3 copies of each record')
        equal((lines['live'], lines['unreachable']), ('a, b', 'c'))
        equal(lines['discarded'], '0 writes')


def test_sync_waits_and_names_what_is_missing():
    with Cluster() as cluster:
        cluster.start().ready()
        a = cluster['a']
        equal(a.ask('sync'), 'every partition has a primary and all its copies')
        equal(a.json('sync'), {'synced': True})
        cluster['c'].kill()
        eventually(lambda: cluster.states('a')['c'] == 'down')
        eventually(lambda: a.json('members')[0]['primaries'] + cluster['b'].json('members')[0][
            'primaries'] == 8)
        start = time.monotonic()
        fails(a.ctl('sync', '--for', '300'), 1,
              '0 of 8 partitions have no primary, and 8 do not have all their copies yet; '
              'unreachable: c')
        assert time.monotonic() - start < 5
        cluster.start('c')
        equal(a.ask('sync'), 'every partition has a primary and all its copies')


def test_leave_hands_over_everything():
    with Cluster('abc', '--replication_factor', '2') as cluster:
        cluster.start().ready()
        a, b = cluster['a'], cluster['b']
        rows = ''.join(f'{i},x\n' for i in range(500))
        equal(a.json('load', '-', stdin=rows)['stored'], 500)
        equal(a.ask('leave'), 'node a left the cluster; the others have all its data. It can be '
                              'stopped now, or started anew to join again')
        eventually(lambda: cluster.states('b') == {'a': 'left', 'b': 'here', 'c': 'up'})
        row = a.json('members')[0]
        equal((row['primaries'], row['replicas']), (0, 0))
        a.kill()  # a node that has left is not missed
        b.ask('sync')
        eventually(lambda: cluster.states('b')['a'] == 'left')
        equal(b.ask('members').splitlines()[-1], '2 members, all reachable')
        equal(len(b.ask('dump').splitlines()), 500)
        cluster.start('a')
        eventually(lambda: cluster.states('b')['a'] == 'up')
        eventually(lambda: cluster['a'].json('members')[0]['primaries'] > 0)
        b.ask('sync')
        equal(len(cluster['a'].ask('dump').splitlines()), 500)


def test_leave_says_when_it_cannot():
    with Cluster('abc', '--replication_factor', '2') as cluster:
        cluster.start().ready()
        a, b, c = (cluster[name] for name in 'abc')
        rows = ''.join(f'{i},x\n' for i in range(100))
        equal(a.json('load', '-', stdin=rows)['stored'], 100)
        for node in (b, a):
            equal(node.json('leave'), {'left': node.ready['node'].split('@')[0]})
            equal(node.json('members')[0]['state'], 'left')
        eventually(lambda: cluster.states('c') == {'a': 'left', 'b': 'left', 'c': 'here'})
        fails(c.ctl('leave'), 1, '8 partitions still count on node c, and no other node stays that '
                                 'could take its data')
        equal(cluster.states('c')['c'], 'here')
        equal(len(c.ask('dump').splitlines()), 100)
        a.kill()
        cluster.start('a').ready_at('c', 'a')
        equal(c.json('leave'), {'left': 'c'})  # another node is there to take the data
        equal(len(cluster['a'].ask('dump').splitlines()), 100)
        status, seconds = cluster['a'].stop()
        equal(status, 0)  # the last one, with all data
        assert seconds < 5, seconds
        log = cluster['a'].log()
    assert 'leaving the cluster: 8 partitions still count on node a' in log, log


def test_force_primary_knows_which_partitions_there_are():
    with Cluster('a') as cluster:
        cluster.start()
        fails(cluster['a'].ctl('force-primary', '9'), 2,
              'there is no partition 9; they are numbered from 0 to 7')


def test_dead_nodes_that_nobody_expects_are_down():
    """Although the nodes are no longer members, their copies are not taken for restarted ones."""
    with Cluster() as cluster, tempfile.NamedTemporaryFile('w') as nodes:
        nodes.write(cluster.peers.replace(',', '\n'))
        nodes.flush()
        cluster.options = ('--node_monitor.source', 'provider', '--node_monitor.provider',
                           nodes.name, '--node_monitor.refresh_ms', '50ms')
        cluster.start().ready()
        a = cluster['a']
        cluster['b'].kill()
        cluster['c'].kill()
        eventually(lambda: cluster.states('a') == {'a': 'here', 'b': 'down', 'c': 'down'})
        nodes.seek(0)
        nodes.truncate()
        nodes.write(cluster.peers.split(',')[0])
        nodes.flush()
        eventually(lambda: cluster.states('a') == {'a': 'here'})
        text = a.ask('partitions')
        equal((text.count('b (down), c (down)'), text.count('restarted')), (8, 0))


def test_force_primary_says_what_may_be_lost():
    with Cluster() as cluster:
        cluster.start().ready()
        a = cluster['a']
        for i in range(50):
            a.ask('put', str(i), 'x')
        for words in (['0'], ['0', '--yes']):
            answer = a.ctl('force-primary', *words)
            equal((answer.status, answer.out), (1, ''))
            assert 'a majority of its members; there is nothing to force' in answer.err, answer
        cluster['b'].kill()
        cluster['c'].kill()
        eventually(lambda: cluster.states('a') == {'a': 'here', 'b': 'down', 'c': 'down'})
        answer = a.ctl('put', 'k', 'v')
        equal(answer.status, 1)
        for i in range(8):
            answer = a.ctl('force-primary', str(i))
            fails(answer, 1,
                  f'partition {i}: making node a its primary gives up every write that its other '
                  'members (b (down), c (down)) acknowledged and node a did not receive, and what '
                  'they still accept; do it only if a majority of them is lost for good. Nothing '
                  'was done; --yes does it')
            equal(a.ask('force-primary', str(i), '--yes'),
                  f'node a is the primary of partition {i} now, with the data it has')
        equal(a.ask('put', 'k', 'v'), 'stored {"k", "v"}')
        equal(len(a.ask('dump').splitlines()), 51)
        cluster.start('b', 'c')
        a.ask('sync')
        equal(len(cluster['c'].ask('dump').splitlines()), 51)


def test_two_that_restart_at_once_are_named_and_the_third_is_forced():
    with Cluster() as cluster:
        cluster.start().ready()
        a = cluster['a']
        for i in range(50):
            a.ask('put', str(i), 'x')
        cluster['b'].kill()
        cluster['c'].kill()
        cluster.start('b', 'c')
        eventually(lambda: a.ask('partitions').count('b (restarted), c (restarted)') == 8)
        answer = a.ctl('put', 'k', 'v')
        equal(answer.status, 1)
        assert ' of 8 partitions have no primary, and ' in a.ctl('sync', '--for', '100').err
        for i in range(8):
            a.ask('force-primary', str(i), '--yes')
        a.ask('sync')
        equal(a.ask('put', 'k', 'v'), 'stored {"k", "v"}')
        equal(len(cluster['c'].ask('dump').splitlines()), 51)


def test_a_node_in_no_cluster_says_so():
    with Node() as node:
        for words in COMMANDS:
            fails(node.ctl(*words), 1,
                  f'the node at {node.address} is in no cluster: it runs with cluster = local')


def test_one_node_alone():
    with Cluster('a') as cluster:
        cluster.start()
        a = cluster['a']
        equal(eventually(lambda: a.ctl('sync', '--for', '5000')).status, 0)
        equal(a.ask('members').splitlines()[-1], '1 member, all reachable')
        equal(a.ask('put', '1', 'x'), 'stored {1, "x"}')
        equal(a.stop()[0], 0)


def test_wrong_words():
    with Cluster('a') as cluster:
        cluster.start()
        a = cluster['a']
        fails(a.ctl('members', 'all'), 2, "unexpected argument 'all'")
        fails(a.ctl('sync', '--for', '0'), 2, "--for: '0' is no whole number from 1 to 86400000")
        fails(a.ctl('force-primary'), 2,
              'PARTITION is required; see supercachectl force-primary --help')
        fails(a.ctl('force-primary', 'x'), 2,
              "PARTITION: 'x' is no whole number from 0 to 4095")
    for words in COMMANDS:
        answer = run(CTL, words[0], '--help')
        equal((answer.status, answer.err), (0, ''))


def test_how_long_silence_is_suffered_can_be_chosen():
    with Cluster('ab', '--replication_factor', '2', '--node_monitor.heartbeat_ms', '50ms',
                 '--node_monitor.down_ms', '4s') as cluster:
        cluster.start().ready()
        cluster['b'].process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        eventually(lambda: cluster.states('a')['b'] == 'suspect')
        eventually(lambda: cluster.states('a')['b'] == 'down')
        assert 3 < time.monotonic() - start < 8, time.monotonic() - start
        cluster['b'].process.send_signal(signal.SIGCONT)


def test_a_hung_node_is_named():
    with Cluster() as cluster:
        cluster.start().ready()
        cluster['c'].process.send_signal(signal.SIGSTOP)
        eventually(lambda: cluster['a'].ask('members').endswith('unreachable: c'), 5)
        fails(cluster['c'].ctl('members', '--timeout', '500'), 1,
              f'no answer from {cluster["c"].address} within 500 ms')
        cluster['c'].process.send_signal(signal.SIGCONT)
        eventually(lambda: cluster['a'].ask('members').endswith('all reachable'), 10)


main(sys.modules[__name__])
