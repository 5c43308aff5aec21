"""A waiting client learns that it waits in vain: the node died or hangs, or a user interrupts."""

import contextlib
import signal
import subprocess
import sys
import tempfile
import time

from cluster import Cluster
from harness import CTL, ENVIRONMENT, Node, equal, main
from shell_test import Terminal

# A time that says nothing about the node itself: the machine is slow at times.
SOON = 15


@contextlib.contextmanager
def waiting(node, *words):
    """A command that waits for a minute and has begun."""
    process = subprocess.Popen([CTL, '--node', node.address, *words, '--for', '60000'],
                               env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    try:
        time.sleep(1)  # so that it most likely waits; otherwise it would fail with another sentence
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        process.wait()


def ends_with(process, sentence, seconds=SOON):
    out, err = process.communicate(timeout=seconds)
    equal((process.returncode, out, err), (1, '', f'supercachectl: {sentence}\n'))


def test_a_wait_for_an_item_ends_when_its_node_dies():
    with Node() as node, waiting(node, 'queue', 'q', 'wait') as wait:
        node.kill()
        ends_with(wait, f'the connection to {node.address} was lost; whether an item was taken is '
                        'unknown')


def test_sync_and_leave_end_when_their_node_dies():
    with Cluster('ab', '--replication_factor', '2') as cluster:
        cluster.start('a')
        a = cluster['a']
        with waiting(a, 'sync') as wait:
            a.kill()
            ends_with(wait, f'the connection to {a.address} was lost; whether every partition has '
                            'its copies is unknown')
    with Cluster('ab', '--replication_factor', '2', '--node_monitor.down_ms', '60000') as cluster:
        cluster.start().ready()
        a, b = cluster['a'], cluster['b']
        b.pause()
        with waiting(a, 'leave') as wait:
            a.kill()
            ends_with(wait, f'the connection to {a.address} was lost; whether the node has left is '
                            'unknown')


def test_a_command_that_waits_for_an_answer_ends_when_its_node_dies():
    with Node() as node:
        node.ask('put', 'x', '1')
        with Terminal(node, '/nonexistent') as t:
            t.expect('supercache> ')
            node.pause()
            t.type('get x --timeout 60000\r')
            time.sleep(1)
            node.kill()
            t.expect(f'the connection to {node.address} was lost', SOON)


def test_a_wait_ends_when_its_node_hangs():
    with Node() as node, waiting(node, 'queue', 'q', 'wait') as wait:
        node.pause()
        ends_with(wait, f'the connection to {node.address} was lost; whether an item was taken is '
                        'unknown', 40)


def test_an_interrupt_ends_any_wait_in_the_shell():
    with Cluster('ab', '--replication_factor', '2') as cluster, \
            tempfile.TemporaryDirectory() as home:
        cluster.start('a')  # alone it is not a majority
        with Terminal(cluster['a'], home) as t:
            t.expect('supercache> ')
            for line, said in [('queue q wait --for 60000', 'whether an item was taken is unknown'),
                               ('sync --for 60000', 'whether every partition has its copies is '
                                                    'unknown'),
                               ('put x 1 --timeout 60000', None)]:
                t.type(line + '\r')
                time.sleep(1)
                t.process.send_signal(signal.SIGINT)
                t.expect('interrupted; ' + said if said else 'supercache> ', SOON)
                if said:
                    t.expect('supercache> ')
            t.type('quit\r')
            equal(t.process.wait(60), 0)


def test_nothing_is_taken_for_a_wait_that_was_interrupted():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        with Terminal(node, home) as t:
            t.expect('supercache> ')
            t.type('queue q wait --for 60000\r')
            time.sleep(1)
            t.process.send_signal(signal.SIGINT)
            t.expect('interrupted; whether an item was taken is unknown', SOON)
            t.expect('supercache> ')
            time.sleep(1)  # the node learns of it
            node.ask('queue', 'q', 'add', '1')
            equal(node.ask('queue', 'q', 'count'), '1')
            t.type('queue q out\r')
            t.expect('1\r\n')


def test_an_interrupt_ends_an_attempt_to_connect():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        with Terminal(node, home) as t:
            t.expect('supercache> ')
            with Node() as other:
                other.pause()
                t.type(f'get x --node {other.address} --timeout 60000\r')
                time.sleep(1)
                t.process.send_signal(signal.SIGINT)
                t.expect('interrupted', SOON)
                t.expect('supercache> ')


def test_a_sync_does_not_wait_for_that_of_somebody_who_is_gone():
    with Cluster('ab', '--replication_factor', '2') as cluster:
        cluster.start('a')
        with waiting(cluster['a'], 'sync') as first:
            first.kill()
            start = time.monotonic()
            answer = cluster['a'].ctl('sync', '--for', '100', '--timeout', '30000')
            assert 'have no primary' in answer.err, answer
            assert time.monotonic() - start < 20
        with waiting(cluster['a'], 'sync') as first:
            cluster.start('b')
            equal(cluster['a'].ctl('sync', '--for', '30000').status, 0)
            equal(first.wait(60), 0)


main(sys.modules[__name__])
