"""Nodes that die, hang, and come back while others write: acknowledged data stays."""

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time

from cluster import Cluster, Writer
from failover import Load, check_nothing_lost, everything
from harness import equal, eventually, fails, main

ALL = {'a': 'here', 'b': 'up', 'c': 'up'}


def copies(node):
    """How many records the copies on a node have."""
    return sum(p['records'] for p in node.json('partitions'))


def test_a_killed_primary_costs_no_acknowledged_record():
    with Cluster() as cluster:
        cluster.start().ready()
        with Load(cluster, 'a', 'c') as load:
            load.wait(200)
            cluster['b'].kill()
            load.wait(500)
        equal(load.refused, [])
        check_nothing_lost(load, cluster['a'])
        check_nothing_lost(load, cluster['c'])


def test_a_killed_node_that_starts_again_gets_everything_back():
    with Cluster() as cluster:
        cluster.start().ready()
        with Load(cluster, 'a') as load:
            load.wait(200)
            cluster['b'].kill()
            load.wait(100)
            cluster.start('b')
            load.wait(300)
            cluster['b'].ask('sync')
        equal(load.refused, [])
        b = cluster['b']
        eventually(lambda: copies(b) == len(load.acknowledged))
        # Now its copy is as good as the others were.
        cluster['a'].kill()
        eventually(lambda: cluster.states('b')['a'] == 'down')
        equal(b.ask('put', 'more', '1'), 'stored {"more", 1}')
        b.ask('remove', 'more')
        check_nothing_lost(load, b)


def test_every_node_may_be_killed_in_turn():
    with Cluster() as cluster:
        cluster.start().ready()
        for victim, writer in (('a', 'b'), ('b', 'c'), ('c', 'a')):
            with Load(cluster, writer) as load:
                load.wait(100)
                cluster[victim].kill()
                load.wait(200)
                cluster.start(victim)
                load.wait(100)
                cluster[writer].ask('sync')
            equal(load.refused, [])
            check_nothing_lost(load, cluster[victim])
            cluster[writer].ask('remove', '--all')


def test_a_load_goes_on_while_a_node_is_killed():
    with Cluster('abc', '--partition_pos', '1') as cluster, tempfile.TemporaryDirectory() as folder:
        cluster.start().ready()
        path = os.path.join(folder, 'rows.csv')
        count = 60_000
        with open(path, 'w', encoding='utf-8') as rows:
            rows.writelines(f'{i},{i % 37},text\n' for i in range(count))
        results = []
        thread = threading.Thread(
            target=lambda: results.append(cluster['a'].ctl('load', path, '--json')))
        thread.start()
        eventually(lambda: copies(cluster['a']) > 2_000, pause=0.01)
        cluster['b'].kill()
        thread.join(60)
        equal((results[0].status, results[0].err), (0, ''))
        for name in 'ac':
            equal(len(cluster[name].ask('dump').splitlines()), count)


def test_counters_and_queues_are_exact_while_their_primary_is_killed():
    """A request that is sent again because its answer was lost is done once."""
    with Cluster() as cluster:
        cluster.start().ready()
        names = [f'n{i}' for i in range(8)]  # of several partitions
        with Writer(cluster['a']) as one, Writer(cluster['c']) as other:
            for step in range(1, 61):
                if step == 20:
                    cluster['b'].kill()
                for writer in (one, other):
                    for name in names:
                        said = writer.say(f'kv {name} incr k')
                        equal(said, str(2 * step - (writer is one)))
                for name in names:
                    equal(one.say(f'queue {name} add {step}'), str(step))
            for name in names:
                taken = [other.say(f'queue {name} out') for _ in range(60)]
                equal(taken, [str(i) for i in range(1, 61)])
                equal(one.say(f'queue {name} count'), '0')


def test_a_node_that_leaves_under_load_costs_nothing():
    with Cluster() as cluster:
        cluster.start().ready()
        with Load(cluster, 'a', 'b') as load:
            load.wait(100)
            status, seconds = cluster['c'].stop(wait=20)
            equal(status, 0)
            assert seconds < 15, seconds
            load.wait(200)
        equal(load.refused, [])
        check_nothing_lost(load, cluster['b'])
        assert 'left the cluster' in cluster['c'].log()


def test_a_hung_node_counts_as_down_and_comes_back():
    with Cluster() as cluster:
        cluster.start().ready()
        with Load(cluster, 'a') as load:
            load.wait(100)
            cluster['b'].process.send_signal(signal.SIGSTOP)
            eventually(lambda: cluster.states('a')['b'] == 'down', 5)
            load.wait(300)
            cluster['b'].process.send_signal(signal.SIGCONT)
            eventually(lambda: cluster.states('a') == ALL, 10)
            load.wait(100)
            cluster['a'].ask('sync')
        equal(load.refused, [])
        eventually(lambda: copies(cluster['b']) == len(load.acknowledged))
        check_nothing_lost(load, cluster['b'])
        with Load(cluster, 'b') as more:
            more.wait(50)
        equal(more.refused, [])


def test_a_hung_primary_is_given_up_when_it_is_declared_down():
    """Otherwise the deadline of a call, five seconds, would end it with an error."""
    with Cluster() as cluster:
        cluster.start().ready()
        a, b = cluster['a'], cluster['b']
        with Writer(a) as writer:
            for i in range(32):
                equal(writer.put(i, 1), None)
            assert b.json('members')[0]['primaries'] > 0
            b.process.send_signal(signal.SIGSTOP)
            for i in range(32):
                equal(writer.put(i, 2), None)
            b.process.send_signal(signal.SIGCONT)
            eventually(lambda: cluster.states('a') == ALL)
            eventually(lambda: b.json('members')[0]['primaries'] > 0)
            a.ask('sync')
            b.process.send_signal(signal.SIGSTOP)
            equal(everything(a), {str(i): 2 for i in range(32)})  # reads the primaries


def test_without_a_majority_writes_fail_in_time_and_work_again_when_it_is_back():
    with Cluster() as cluster:
        cluster.start().ready()
        a = cluster['a']
        with Writer(a) as writer:
            for i in range(16):
                equal(writer.put(i, 'x'), None)
        stopped = [cluster[n].process for n in 'bc']
        for process in stopped:
            process.send_signal(signal.SIGSTOP)
        eventually(lambda: cluster.states('a') == {'a': 'here', 'b': 'down', 'c': 'down'}, 5)
        reasons = set()
        for i in range(8):
            start = time.monotonic()
            answer = a.ctl('put', f'k{i}', 'y')
            assert time.monotonic() - start < 6.5
            equal((answer.status, answer.out, answer.err.count('\n')), (1, '', 1))
            reasons.add(answer.err.split(': ')[1].split(';')[0].rstrip('\n'))
            if len(reasons) == 2:
                break
        for reason in reasons:
            assert ('within the deadline' in reason
                    or reason == 'too few members of the partition can be reached'), reasons
        equal(a.ask('get', '1'), '{1, "x"}')  # a local read is not a write
        for process in stopped:
            process.send_signal(signal.SIGCONT)
        start = time.monotonic()
        equal(a.ask('put', 'back', 'z'), 'stored {"back", "z"}')
        assert time.monotonic() - start < 6
        eventually(lambda: cluster.states('a') == ALL, 10)
        a.ask('sync')
        for i in range(16):
            equal(a.ask('put', str(i), 'z'), f'stored {{{i}, "z"}}')


def primary_of(cluster, partition=0, asked=None):
    """The primary of a partition according to one node, or to any that runs."""
    node = asked or next(n for n in cluster.nodes.values() if n.process.poll() is None)
    return node.json('partitions')[partition]['primary']


def freeze(*nodes):
    """Stops nodes, and waits until they are stopped."""
    for node in nodes:
        node.process.send_signal(signal.SIGSTOP)
    for node in nodes:
        os.waitid(os.P_PID, node.process.pid, os.WSTOPPED)


def thaw(*nodes):
    for node in nodes:
        node.process.send_signal(signal.SIGCONT)


def test_a_primary_that_was_frozen_answers_with_nothing_old():
    """Reads as primary that wait at the primary when it wakes up: another one has taken a write
    meanwhile."""
    with Cluster('abc', '--num_partition', '1') as cluster, contextlib.ExitStack() as stack:
        cluster.start().ready()
        name = primary_of(cluster)
        frozen, other = cluster[name], cluster['b' if name == 'a' else 'a']
        equal(other.ask('put', 'k', '0'), 'stored {"k", 0}')
        shells = [stack.enter_context(Writer(frozen)) for _ in range(8)]
        for number in range(1, 7):
            for shell in shells:  # each is connected, and sees the present value
                equal(shell.say('dump'), f'["k",{number - 1}]')
            freeze(frozen)
            eventually(lambda: primary_of(cluster, 0, other) not in (None, name), 10)
            equal(other.ask('put', 'k', str(number)), f'stored {{"k", {number}}}')
            for shell in shells:
                shell.process.stdin.write('dump\n')
            time.sleep(0.2)  # the requests have arrived and wait
            thaw(frozen)
            for shell in shells:
                equal(shell.process.stdout.readline(), f'["k",{number}]\n')
            eventually(lambda: primary_of(cluster, 0, other) == name)
            other.ask('sync')


def test_a_write_waits_for_its_majority_only_so_long():
    with Cluster('abc', '--num_partition', '1', '--wal.majority_timeout', '400') as cluster:
        cluster.start().ready()
        name = primary_of(cluster)
        others = [node for other, node in cluster.nodes.items() if other != name]
        with Writer(cluster[name]) as writer:
            equal(writer.put('k', 1), None)
            freeze(*others)
            start = time.monotonic()
            why = writer.put('k', 2)
            took = time.monotonic() - start
            thaw(*others)
        assert 'no majority confirmed it within 400 ms; it may survive or vanish' in why, why
        assert took < 1.3, took  # before the others declare it down
        counted = cluster[name].json('stats', 'api')['replicate_sync']
        assert counted['calls'] >= 2 and counted['errors'] == 1, counted
        equal(eventually(lambda: cluster[name].ask('put', 'k', '3')), 'stored {"k", 3}')


def test_who_waits_for_an_item_without_a_majority_is_told_so():
    with Cluster('abc', '--num_partition', '1') as cluster:
        cluster.start().ready()
        name = primary_of(cluster)
        asked = cluster[name]
        others = [node for other, node in cluster.nodes.items() if other != name]
        equal(asked.ask('queue', 'q', 'add', '1'), '1')
        fails(asked.ctl('queue', 'empty', 'wait', '--for', '300'), 3,
              'no value came to empty within 300 ms')
        freeze(*others)
        eventually(lambda: sorted(cluster.states(name).values()) == ['down', 'down', 'here'], 5)
        start = time.monotonic()
        answer = asked.ctl('queue', 'q', 'wait', '--for', '500')
        took = time.monotonic() - start
        thaw(*others)
        equal((answer.status, answer.out), (1, ''))
        assert 'no value came' not in answer.err and 'partition' in answer.err, answer
        assert took < 2, took
        eventually(lambda: set(cluster.states(name).values()) == {'here', 'up'})
        equal(asked.ask('queue', 'q', 'wait'), '1')


def test_what_only_one_node_had_is_counted_when_it_is_given_up():
    with Cluster('abc', '--num_partition', '1', '--replication_mode', 'async') as cluster:
        cluster.start().ready()
        name = primary_of(cluster)
        first = cluster[name]
        others = [node for other, node in cluster.nodes.items() if other != name]
        equal(first.ask('put', 'k', '1'), 'stored {"k", 1}')
        equal(first.json('cluster-stats')['discarded'], 0)
        freeze(*others)
        eventually(lambda: sorted(cluster.states(name).values()) == ['down', 'down', 'here'], 5)
        for i in range(3):
            first.ask('put', f'alone{i}', '1')
        freeze(first)
        thaw(*others)
        # For a moment each may lead alone; then they agree.
        eventually(lambda: primary_of(cluster, 0, others[0]) not in (None, name)
                   and primary_of(cluster, 0, others[0]) == primary_of(cluster, 0, others[1])
                   and 'up' in cluster.states(next(n for n in 'abc' if n != name)).values(), 10)
        others[0].ask('put', 'k', '2')
        before = others[0].json('cluster-stats')['discarded']
        thaw(first)
        eventually(lambda: first.json('cluster-stats')['discarded'] == 3)
        assert 'discarded     3 writes' in first.ask('cluster-stats').splitlines()
        equal(others[0].json('cluster-stats')['discarded'], before)


main(sys.modules[__name__])
